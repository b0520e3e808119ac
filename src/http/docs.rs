//! The documents and pages to read them with; every asset comes from this binary.

use std::sync::Arc;

use poem::endpoint::{EndpointExt as _, make_sync};
use poem::http::header;
use poem::{Endpoint, Response};
use poem_openapi::OpenApiService;

/// The page runs its own scripts only; Swagger UI sets styles on its elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const NATIVE_START: &str = "SwaggerUIBundle({ dom_id: '#ui', url: '/openapi.json', deepLinking: true });\n";
const OAUTH2_START: &str =
    "SwaggerUIBundle({ dom_id: '#ui', url: '/openapi/oauth2.json', deepLinking: true });\n";

/// The page that shows one document and leads to the other.
fn page(title: &str, start: &str, (other_path, other_title): (&str, &str)) -> String {
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Doorward: {title}</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<p><a href="{other_path}">{other_title}</a></p>
<script src="/docs/swagger-ui.js"></script>
<script src="{start}"></script>
</body>
</html>
"#
    )
}

/// Paths and what they answer.
pub(crate) fn files(
    native: String,
    oauth2: String,
) -> Vec<(&'static str, impl Endpoint<Output = Response> + 'static)> {
    let (styles, script) = swagger_ui();
    [
        ("/openapi.json", "application/json", native),
        ("/openapi/oauth2.json", "application/json", oauth2),
        (
            "/docs",
            PAGE,
            page("native API", "/docs/start.js", ("/docs/oauth2", "OAuth 2.0 and OpenID Connect")),
        ),
        ("/docs/start.js", SCRIPT, NATIVE_START.to_owned()),
        ("/docs/oauth2", PAGE, page("OAuth 2.0", "/docs/oauth2/start.js", ("/docs", "The native API"))),
        ("/docs/oauth2/start.js", SCRIPT, OAUTH2_START.to_owned()),
        ("/docs/swagger-ui.js", SCRIPT, script),
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
