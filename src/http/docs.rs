//! The document and a page to read it with; every asset comes from this binary.

use std::sync::Arc;

use poem::endpoint::{EndpointExt as _, make_sync};
use poem::http::header;
use poem::{Endpoint, Response};
use poem_openapi::OpenApiService;

/// The page runs its own scripts only; Swagger UI sets styles on its elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Doorward: native API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="/docs/swagger-ui.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"#;

const START: &str = "SwaggerUIBundle({ dom_id: '#ui', url: '/openapi.json', deepLinking: true });\n";

/// Paths and what they answer.
pub(crate) fn files(document: String) -> Vec<(&'static str, impl Endpoint<Output = Response> + 'static)> {
    let (styles, script) = swagger_ui();
    [
        ("/openapi.json", "application/json", document),
        ("/docs", "text/html; charset=utf-8", PAGE.to_owned()),
        ("/docs/start.js", "text/javascript; charset=utf-8", START.to_owned()),
        ("/docs/swagger-ui.js", "text/javascript; charset=utf-8", script),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8", styles),
    ]
    .into_iter()
    .map(|(path, content_type, content)| (path, file(content_type, content)))
    .collect()
}

fn file(content_type: &'static str, content: String) -> impl Endpoint<Output = Response> + 'static {
    let content: Arc<[u8]> = content.into_bytes().into();
    make_sync(move |_| {
        Response::builder()
            .content_type(content_type)
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::CACHE_CONTROL, "public, max-age=300")
            .body(content.to_vec())
    })
    .map_to_response()
}

/// Styles and script of Swagger UI, cut out of the one page in which poem-openapi ships them.
fn swagger_ui() -> (String, String) {
    let page = OpenApiService::new((), "", "").swagger_ui_html();
    let styles = between(&page, "<style charset=\"UTF-8\">", "</style>");
    let script = between(&page, "<script charset=\"UTF-8\">", "</script>\n</head>");
    (styles.unwrap_or_default().to_owned(), script.unwrap_or_default().to_owned())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swagger_ui_is_whole() {
        let (styles, script) = swagger_ui();
        assert!(styles.len() > 50_000 && styles.contains(".swagger-ui"));
        assert!(script.len() > 500_000 && script.contains("SwaggerUIBundle"));
        assert!(!script.contains("</script>") && !script.contains("let spec ="));
    }
}
