//! A page that is one form: on the way to a provider, and back from one. It is the same for every visitor, so its policy
//! names what it wrote by hashes.

use std::sync::LazyLock;

use askama::Template as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::TokenHash;
use poem::Response;
use poem::http::{StatusCode, header};

use super::language::Language;
use super::look::{Look, Nonce};
use super::render::{FormPageSheet, Frame, STYLE, SUBMIT_SCRIPT};

/// No `form-action`: browsers apply it to redirects after the form too, and the form leads to a provider or an app.
static POLICY: LazyLock<String> =
    LazyLock::new(|| policy(&format!("script-src '{}'; ", hash(SUBMIT_SCRIPT))));
static POLICY_WITHOUT_SCRIPT: LazyLock<String> = LazyLock::new(|| policy(""));

/// A page that is one form.
pub(crate) struct FormPage<'a> {
    /// The heading.
    pub(crate) title: &'a str,
    /// A sentence above the button.
    pub(crate) text: &'a str,
    /// Where the form goes.
    pub(crate) action: &'a str,
    /// Hidden fields.
    pub(crate) fields: &'a [(&'a str, &'a str)],
    /// Whether the form submits itself; the button is for browsers without scripts then.
    pub(crate) submits_itself: bool,
}

impl FormPage<'_> {
    /// The page as a reply.
    pub(crate) fn response(&self) -> Response {
        let Ok(html) = self.html() else {
            tracing::error!(event = "page_not_drawn");
            return Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).finish();
        };
        let policy = if self.submits_itself { &*POLICY } else { &*POLICY_WITHOUT_SCRIPT };
        Response::builder()
            .status(StatusCode::OK)
            .content_type("text/html; charset=utf-8")
            .header(header::CONTENT_SECURITY_POLICY, policy)
            .header(header::X_FRAME_OPTIONS, "DENY")
            .body(html)
    }

    fn html(&self) -> Result<String, askama::Error> {
        let look = Look::new("", Nonce::none(), Language::English);
        FormPageSheet { view: self, frame: &Frame::of(&look), script: SUBMIT_SCRIPT }.render()
    }
}

fn policy(script: &str) -> String {
    let style = hash(STYLE);
    format!(
        "default-src 'none'; {script}style-src '{style}'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// A source that is a hash (CSP Level 3 §2.3.1).
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(TokenHash::of(text).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between the tags.
    fn inside<'a>(html: &'a str, tag: &str) -> &'a str {
        let (_, rest) = html.split_once(&format!("<{tag}")).expect("the tag");
        let (_, rest) = rest.split_once('>').expect("its end");
        rest.split_once(&format!("</{tag}>")).expect("the end tag").0
    }

    fn page(submits_itself: bool) -> String {
        let page = FormPage { title: "T", text: "X", action: "/x", fields: &[("a", "b")], submits_itself };
        page.html().expect("the template is drawn")
    }

    #[test]
    fn nothing_breaks_out() {
        let hostile = "\"><script>alert('x')</script>&amp;{{7*7}}";
        let page = FormPage {
            title: hostile,
            text: hostile,
            action: hostile,
            fields: &[(hostile, hostile)],
            submits_itself: false,
        };
        let html = page.html().expect("the template is drawn");
        assert!(!html.contains("<script"), "{html}");
        let escaped = "&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#38;amp;{{7*7}}";
        assert_eq!(html.matches(escaped).count(), 6, "{html}");
    }

    #[test]
    fn the_policy_names_what_the_page_wrote() {
        let html = page(true);
        assert!(POLICY.contains(&format!("script-src '{}'", hash(inside(&html, "script")))), "{}", *POLICY);
        assert!(POLICY.contains(&format!("style-src '{}'", hash(inside(&html, "style")))), "{}", *POLICY);
    }

    #[test]
    fn a_page_that_waits_for_a_click_has_no_script() {
        assert!(!page(false).contains("<script"));
        assert!(!POLICY_WITHOUT_SCRIPT.contains("script-src"));
    }
}
