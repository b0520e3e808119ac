//! The cookie that ties a sign-in at a provider to the browser that began it.

use std::time::Duration;

use doorward_core::domain::secret::{Secret, TokenHash};
use poem::http::header;
use poem::{FromRequest, Request, RequestBody, Result};

use crate::settings::HttpSettings;
use crate::shared::App;

const NAME: &str = "doorward_login";
/// The browser keeps others, subdomains among them, from setting it (RFC 6265bis §4.1.3.2).
const SECURE_NAME: &str = "__Host-doorward_login";

/// Most tokens of one browser that are looked at.
const MAX_TOKENS: usize = 8;

/// What the browser presented. More than one token when it was sent off from another site's form: with that it kept back what
/// it had, and was given another.
pub(crate) struct LoginCookie(pub(crate) Vec<Secret<String>>);

impl<'a> FromRequest<'a> for LoginCookie {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let app = App::of(request)?;
        let prefix = prefix(&app.settings);
        let values = request.headers().get_all(header::COOKIE).iter();
        let pairs = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
        let ours = pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| name.strip_prefix(prefix).is_some_and(|suffix| suffix.starts_with('_')));
        Ok(Self(ours.take(MAX_TOKENS).map(|(_, value)| Secret::from(value)).collect()))
    }
}

fn prefix(settings: &HttpSettings) -> &'static str {
    if settings.is_https() { SECURE_NAME } else { NAME }
}

/// `Set-Cookie`, under a name of the token's own, so that it replaces no other. Browsers send a `Lax` cookie with a provider's redirect, not with its cross-site POST.
pub(crate) fn set_cookie(
    settings: &HttpSettings,
    token: &Secret<String>,
    answers_by_post: bool,
    lifetime: Duration,
) -> String {
    let attributes = match (settings.is_https(), answers_by_post) {
        (true, true) => "; SameSite=None; Secure",
        (true, false) => "; SameSite=Lax; Secure",
        (false, _) => "; SameSite=Lax",
    };
    let (prefix, token, seconds) = (prefix(settings), token.expose(), lifetime.as_secs());
    let [first, second, third, ..] = *TokenHash::of(token).as_bytes();
    format!(
        "{prefix}_{first:02x}{second:02x}{third:02x}={token}; HttpOnly; Path=/; Max-Age={seconds}{attributes}"
    )
}
