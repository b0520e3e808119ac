//! The few pages that a browser sees.

use std::fmt::Write as _;

use crate::persona::{self, Persona};
use crate::serve::Asked;

const STYLE: &str = "body{font:16px system-ui;max-width:36rem;margin:4rem auto;padding:0 1rem}\
    a,button{display:block;width:100%;box-sizing:border-box;padding:.8rem;margin:.5rem 0;border:1px solid #888;\
    border-radius:.4rem;background:#fff;color:#111;text-decoration:none;text-align:left;font:inherit}\
    small{color:#555}";

/// What `./dev run` asks for a code with: the verifier of RFC 7636 appendix B. Real applications make one each time.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Text as it may stand in HTML, also in an attribute.
pub(crate) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}

pub(crate) fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\
         <h1>{title}</h1>{body}</html>"
    )
}

/// Whom to be; `address` ends where the persona's key is to stand.
pub(crate) fn personas(provider: &str, address: &str, personas: &[Persona]) -> String {
    let mut body =
        String::from("<p>This provider is a fake for local development. Whom do you want to be?</p>");
    for persona in personas {
        let (key, remark) = (escape(&persona.key), escape(&persona::remark(persona)));
        let address = escape(address);
        // Writing to a String never fails.
        let _ = write!(body, "<a id=\"{key}\" href=\"{address}{key}\">{key} <small>{remark}</small></a>");
    }
    page(&format!("Sign in with {provider}"), &body)
}

/// The application at `own`: what it was brought, and how to redeem it at `server`.
pub(crate) fn landing(asked: &Asked, server: &str, own: &str) -> String {
    let Some(code) = asked.parameter("code") else {
        let brought = escape(&asked.raw_query);
        return page(
            "Nobody signed in",
            &format!("<p id=\"error\">The application was brought: {brought}</p>"),
        );
    };
    if let (Some(issuer), Some(client)) = (asked.parameter("iss"), asked.parameter("client_id")) {
        return authorized(&escape(code), &escape(issuer), &escape(client), &escape(own));
    }
    let (code, server) = (escape(code), escape(server));
    let body = format!(
        "<p>This page plays your application. It was brought the code <b id=\"code\">{code}</b>, which buys tokens \
         once:</p><pre>curl -H 'Content-Type: application/json' {server}/auth/token \\\n  -d \
         '{{\"clientId\":\"demo\",\"code\":\"{code}\"}}'</pre>"
    );
    page("You are signed in", &body)
}

/// The same after a request at `/oauth2/authorize`, which names who answers (RFC 9207) and `own`, where it comes back to.
fn authorized(code: &str, issuer: &str, client: &str, own: &str) -> String {
    let body = format!(
        "<p>This page plays your application. It was brought the code <b id=\"code\">{code}</b> by {issuer}, which buys \
         tokens once (the verifier is the example of RFC 7636):</p><pre>curl {issuer}/oauth2/token -d \
         grant_type=authorization_code \\\n  -d client_id={client} -d redirect_uri={own}/_app \\\n  -d \
         code_verifier={VERIFIER} \\\n  -d code={code}</pre><p><a \
         href=\"{issuer}/oauth2/connect/endSession?client_id={client}&amp;post_logout_redirect_uri={own}/_app\">Sign \
         out</a></p>"
    );
    page("You are signed in", &body)
}

/// A form that sends itself (OAuth 2.0 Form Post Response Mode §2).
pub(crate) fn form_post(action: &str, fields: &[(String, String)]) -> String {
    let mut form = format!("<form method=\"post\" action=\"{}\">", escape(action));
    for (name, value) in fields {
        let (name, value) = (escape(name), escape(value));
        let _ = write!(form, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    }
    form.push_str("<button>Continue</button></form><script>document.forms[0].submit()</script>");
    page("Signing in", &form)
}
