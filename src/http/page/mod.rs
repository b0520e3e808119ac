//! Pages that this service renders itself: one form each, no asset, no text of a stranger that is not escaped.

pub(crate) mod alert;
pub(crate) mod language;
pub(crate) mod look;
mod policy;
pub(crate) mod render;
pub(crate) mod routes;
mod texts;
pub(crate) mod view;

use std::fmt::Write as _;

use poem::Response;
use poem::http::{StatusCode, header};

/// Submits the page's form; the policy names it by its hash.
pub(crate) const SUBMIT_SCRIPT: &str = "document.forms[0].submit();";

/// No `form-action`: browsers apply it to redirects after the form too, and the form leads to a provider or an app.
const POLICY: &str = "default-src 'none'; script-src 'sha256-8lDeP0UDwCO6/RhblgeH/ctdBzjVpJxrXizsnIk3cEQ='; \
    base-uri 'none'; frame-ancestors 'none'";
const POLICY_WITHOUT_SCRIPT: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";

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
        let policy = if self.submits_itself { POLICY } else { POLICY_WITHOUT_SCRIPT };
        Response::builder()
            .status(StatusCode::OK)
            .content_type("text/html; charset=utf-8")
            .header(header::CONTENT_SECURITY_POLICY, policy)
            .body(self.html())
    }

    fn html(&self) -> String {
        let mut inputs = String::new();
        for (name, value) in self.fields {
            // Writing to a String cannot fail.
            let _ = writeln!(
                inputs,
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                escaped(name),
                escaped(value)
            );
        }
        let script =
            if self.submits_itself { format!("<script>{SUBMIT_SCRIPT}</script>\n") } else { String::new() };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n</head>\n<body>\n\
             <h1>{title}</h1>\n<form method=\"post\" action=\"{action}\">\n{inputs}<p>{text}</p>\n\
             <button type=\"submit\">Continue</button>\n</form>\n{script}</body>\n</html>\n",
            title = escaped(self.title),
            action = escaped(self.action),
            text = escaped(self.text),
        )
    }
}

/// Safe between tags and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out() {
        let hostile = "\"><script>alert('x')</script>&amp;";
        let page = FormPage {
            title: hostile,
            text: hostile,
            action: hostile,
            fields: &[(hostile, hostile)],
            submits_itself: false,
        };
        let html = page.html();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(
            html.matches("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;").count(),
            6
        );
    }

    #[test]
    fn the_policy_names_the_script() {
        use doorward_core::domain::secret::TokenHash;
        let hash = TokenHash::of(SUBMIT_SCRIPT);
        let named = POLICY.split("'sha256-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a hash");
        assert_eq!(named, base64(hash.as_bytes()));
    }

    /// RFC 4648 §4, for the one check above.
    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte));
            let group = group << (8 * (3 - chunk.len()));
            for place in 0..4 {
                let letter = LETTERS[(group >> (18 - 6 * place)) as usize & 63];
                text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
            }
        }
        text
    }
}
