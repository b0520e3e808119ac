//! Replies that send a browser somewhere, and the address they send it to.

use doorward_core::ports::provider::ProviderKind;
use doorward_core::usecase::{Brought, Returned};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};

use crate::urlencoded::percent_encoded;

/// A reply of its own making, documented by status and type.
macro_rules! reply {
    ($(#[doc = $doc:literal])+ $name:ident, $status:literal, $content:expr) => {
        $(#[doc = $doc])+
        pub(crate) struct $name(pub(super) Response);

        impl ApiResponse for $name {
            fn meta() -> MetaResponses {
                let response = MetaResponse {
                    description: "",
                    status: Some($status),
                    status_range: None,
                    content: $content,
                    headers: vec![],
                };
                MetaResponses { responses: vec![response] }
            }

            fn register(_registry: &mut Registry) {}
        }

        impl IntoResponse for $name {
            fn into_response(self) -> Response {
                self.0
            }
        }
    };
}
reply!(
    /// A 302, or a page whose form does the same by POST.
    Redirect, 302, vec![]
);
reply!(
    /// A page.
    Page, 200, vec![text("text/html")]
);
reply!(
    /// Metadata of this service.
    Metadata, 200, vec![text("application/samlmetadata+xml")]
);

fn text(content_type: &'static str) -> MetaMediaType {
    MetaMediaType { content_type, schema: <String as poem_openapi::types::Type>::schema_ref() }
}

/// Where a browser that is back from a provider goes next: the client's redirect URL, with what it brings in the query.
pub(super) fn client_location(returned: &Returned, web_app_url: Option<&str>) -> String {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    match &returned.brought {
        Brought::Code { code, role } => {
            pairs.push(("code", code.expose()));
            if tells_role(returned.kind) {
                pairs.push(("role", role));
            }
        }
        Brought::Linked => pairs.push(("linked", "true")),
        Brought::LinkedToAnother => pairs.push(("error", "identity_taken")),
        Brought::Denied => pairs.push(("error", "access_denied")),
    }
    let url = returned.redirect_url.as_str();
    let base = web_app_url.filter(|_| tells_role(returned.kind) && url.starts_with('/')).unwrap_or_default();
    with_query(&format!("{}{url}", base.trim_end_matches('/')), &pairs)
}

/// The old service prefixed the web app's URL and told the role after these two.
fn tells_role(kind: ProviderKind) -> bool {
    matches!(kind, ProviderKind::Azure | ProviderKind::Apple)
}

/// The URL with these parameters, in place of what it has under their names.
fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let is_other = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !pairs.iter().any(|(own, _)| *own == name)
    };
    let kept = query.split('&').filter(is_other).map(str::to_owned);
    let added = pairs.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value)));
    let query: Vec<String> = kept.chain(added).collect();
    format!("{base}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use doorward_core::domain::secret::Secret;

    use super::*;

    fn location(redirect_url: &str, kind: ProviderKind, web_app_url: Option<&str>) -> String {
        let brought = Brought::Code { code: Secret::from("c-_1"), role: "Süper & Co".to_owned() };
        client_location(
            &Returned { redirect_url: redirect_url.to_owned(), kind, brought, refused: None, page: None },
            web_app_url,
        )
    }

    #[test]
    fn the_query_is_merged() {
        let google = |url: &str| location(url, ProviderKind::Google, Some("https://app.test/"));
        assert_eq!(google("https://a.test/cb"), "https://a.test/cb?code=c-_1");
        assert_eq!(google("https://a.test/cb?"), "https://a.test/cb?code=c-_1");
        assert_eq!(google("https://a.test/cb?x=1&y"), "https://a.test/cb?x=1&y&code=c-_1");
        assert_eq!(google("https://a.test/cb?code=old&x=1"), "https://a.test/cb?x=1&code=c-_1");
        assert_eq!(google("myapp://callback"), "myapp://callback?code=c-_1");
        assert_eq!(google("/cb"), "/cb?code=c-_1");
    }

    #[test]
    fn azure_and_apple_tell_the_role_and_begin_at_the_web_app() {
        for kind in [ProviderKind::Azure, ProviderKind::Apple] {
            let role = "role=S%C3%BCper%20%26%20Co";
            let prefixed = location("/cb", kind, Some("https://app.test/"));
            assert_eq!(prefixed, format!("https://app.test/cb?code=c-_1&{role}"));
            assert_eq!(location("/cb", kind, None), format!("/cb?code=c-_1&{role}"));
            let absolute = location("https://a.test/cb?x=1", kind, Some("https://app.test"));
            assert_eq!(absolute, format!("https://a.test/cb?x=1&code=c-_1&{role}"));
        }
    }
}
