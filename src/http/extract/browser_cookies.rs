//! The cookies of the hosted pages: which browser it is, who is signed in in it, and what goes on after a mail was read.

use std::time::Duration;

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::{BrowserCookies, SessionCookie};
use poem::Request;
use poem::http::header;

use crate::settings::HttpSettings;

/// On https browsers keep others, subdomains among them, from setting a cookie of this prefix (RFC 6265bis §4.1.3.2).
const HOST_PREFIX: &str = "__Host-";

const BROWSER: &str = "doorward_browser";
const SESSION: &str = "doorward_session";
/// Read by the session-management iframe, in the frame of another site.
const STATE: &str = "doorward_browser_state";
const RESUME: &str = "doorward_resume";

/// Browsers keep no longer ones (RFC 6265bis §6.1), the name and the attributes counted.
const MAX_RESUME: usize = 3800;
/// As long as a transaction lives.
const RESUME_LIFETIME: Duration = Duration::from_mins(30);

/// What the browser presented.
pub(crate) fn presented(settings: &HttpSettings, request: &Request) -> BrowserCookies {
    BrowserCookies {
        browser: cookie(request, &name(settings, BROWSER)),
        session: cookie(request, &name(settings, SESSION)),
    }
}

/// The transaction that was left when a mail was asked for.
pub(crate) fn left_transaction(settings: &HttpSettings, request: &Request) -> Option<Secret<String>> {
    cookie(request, &name(settings, RESUME))
}

/// `Set-Cookie`: which browser it is, until it is closed.
pub(crate) fn set_browser(settings: &HttpSettings, token: &Secret<String>) -> String {
    hidden(settings, BROWSER, token.expose(), None)
}

/// `Set-Cookie`, twice: who is signed in, and what an iframe may read of it.
pub(crate) fn set_session(settings: &HttpSettings, session: &SessionCookie) -> [String; 2] {
    [
        hidden(settings, SESSION, session.token.expose(), Some(session.lifetime)),
        readable(settings, &session.state, session.lifetime),
    ]
}

/// `Set-Cookie`, twice: nobody is signed in.
pub(crate) fn remove_session(settings: &HttpSettings) -> [String; 2] {
    [hidden(settings, SESSION, "", Some(Duration::ZERO)), readable(settings, "", Duration::ZERO)]
}

/// `Set-Cookie`: the sign-in that goes on once a mail was read; `None` for one too long to be kept.
pub(crate) fn set_left_transaction(settings: &HttpSettings, transaction: &Secret<String>) -> Option<String> {
    let transaction = transaction.expose();
    (transaction.len() <= MAX_RESUME).then(|| hidden(settings, RESUME, transaction, Some(RESUME_LIFETIME)))
}

/// `Set-Cookie`: no sign-in waits for a mail.
pub(crate) fn remove_left_transaction(settings: &HttpSettings) -> String {
    hidden(settings, RESUME, "", Some(Duration::ZERO))
}

/// The first cookie of that name.
fn cookie(request: &Request, name: &str) -> Option<Secret<String>> {
    let values = request.headers().get_all(header::COOKIE).iter();
    let mut pairs = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let value = pairs.find_map(|pair| {
        let (own, value) = pair.trim().split_once('=')?;
        (own == name).then_some(value)
    });
    value.filter(|value| !value.is_empty()).map(Secret::from)
}

fn name(settings: &HttpSettings, name: &str) -> String {
    let prefix = if settings.is_https() { HOST_PREFIX } else { "" };
    format!("{prefix}{name}")
}

/// A cookie that scripts do not see and that other sites' forms do not send.
fn hidden(settings: &HttpSettings, own: &str, value: &str, lifetime: Option<Duration>) -> String {
    let name = name(settings, own);
    let age = lifetime.map(|lifetime| format!("; Max-Age={}", lifetime.as_secs())).unwrap_or_default();
    let secure = if settings.is_https() { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}")
}

/// A cookie that the session-management iframe reads (OpenID Connect Session Management §3.2).
fn readable(settings: &HttpSettings, value: &str, lifetime: Duration) -> String {
    let site = if settings.is_https() { "SameSite=None; Secure" } else { "SameSite=Lax" };
    format!("{STATE}={value}; Path=/; Max-Age={}; {site}", lifetime.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(public_url: &str) -> HttpSettings {
        HttpSettings { public_url: public_url.to_owned(), ..crate::fakes::settings() }
    }

    fn session() -> SessionCookie {
        SessionCookie {
            token: Secret::from("s3cret"),
            state: "abc".to_owned(),
            lifetime: Duration::from_hours(24),
        }
    }

    #[test]
    fn on_https_cookies_belong_to_this_host_alone() {
        let settings = settings("https://auth.test/base");
        assert_eq!(
            set_browser(&settings, &Secret::from("b-1")),
            "__Host-doorward_browser=b-1; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            set_session(&settings, &session()),
            [
                "__Host-doorward_session=s3cret; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400; Secure",
                "doorward_browser_state=abc; Path=/; Max-Age=86400; SameSite=None; Secure",
            ]
        );
    }

    #[test]
    fn on_http_browsers_would_keep_nothing_else() {
        let settings = settings("http://127.0.0.1:3000");
        assert_eq!(
            remove_session(&settings),
            [
                "doorward_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
                "doorward_browser_state=; Path=/; Max-Age=0; SameSite=Lax",
            ]
        );
    }

    #[test]
    fn only_the_own_names_are_read() {
        let request = Request::builder()
            .header("cookie", "doorward_session=plain; __Host-doorward_session=first")
            .header(
                "cookie",
                "__Host-doorward_session=second; x__Host-doorward_browser=no; __Host-doorward_browser=",
            )
            .finish();
        let read = presented(&settings("https://auth.test"), &request);
        assert_eq!(read.session.map(|token| token.expose().clone()).as_deref(), Some("first"));
        assert!(read.browser.is_none());
        let read = presented(&settings("http://auth.test"), &request);
        assert_eq!(read.session.map(|token| token.expose().clone()).as_deref(), Some("plain"));
    }

    #[test]
    fn no_browser_keeps_a_longer_cookie() {
        let settings = settings("https://auth.test");
        let longest = set_left_transaction(&settings, &Secret::new("t".repeat(MAX_RESUME)));
        assert!(longest.expect("kept").len() <= 4096);
        assert!(set_left_transaction(&settings, &Secret::new("t".repeat(MAX_RESUME + 1))).is_none());
    }
}
