//! The cookie that ties a sign-in at a provider to the browser that began it.

use std::time::Duration;

use doorward_core::domain::secret::Secret;
use poem::http::header;
use poem::{FromRequest, Request, RequestBody, Result};

use crate::settings::HttpSettings;
use crate::shared::App;

const NAME: &str = "doorward_login";
/// The browser keeps others, subdomains among them, from setting it (RFC 6265bis §4.1.3.2).
const SECURE_NAME: &str = "__Host-doorward_login";

/// What the browser presented, if anything.
pub(crate) struct LoginCookie(pub(crate) Option<Secret<String>>);

impl<'a> FromRequest<'a> for LoginCookie {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let app = App::of(request)?;
        let name = name(&app.settings);
        let values = request.headers().get_all(header::COOKIE).iter();
        let pairs = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
        let found = pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name);
        Ok(Self(found.map(|(_, value)| Secret::from(value))))
    }
}

fn name(settings: &HttpSettings) -> &'static str {
    if settings.is_https() { SECURE_NAME } else { NAME }
}

/// `Set-Cookie`. Browsers send a `Lax` cookie with a provider's redirect, not with its cross-site POST.
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
    let (name, token, seconds) = (name(settings), token.expose(), lifetime.as_secs());
    format!("{name}={token}; HttpOnly; Path=/; Max-Age={seconds}{attributes}")
}
