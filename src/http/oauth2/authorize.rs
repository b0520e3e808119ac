//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

use doorward_core::usecase::oauth::Authorize;
use poem::http::{HeaderMap, StatusCode, header};
use poem::{Response, Result, handler};

use super::parameters::Everything;
use super::visitor::{Visitor, uncached};
use crate::page::routes::reply::{error_page, respond};
use crate::page::routes::visit::Visit;
use crate::urlencoded::percent_encoded;

/// Longest address that a form is turned into; every browser and proxy takes it.
const MAX_LOCATION_BYTES: usize = 4096;

/// `GET` and `POST /oauth2/authorize`
///
/// # Security
/// What the core does not send to the client is shown here and never redirected (RFC 9700 §4.11).
#[handler]
pub(super) async fn authorize(
    visitor: Visitor,
    headers: &HeaderMap,
    parameters: Result<Everything>,
) -> Response {
    let parameters = match parameters {
        Ok(Everything(parameters)) => parameters,
        Err(error) => return visitor.unreadable(error),
    };
    let visit = visitor.0;
    if let Some(location) = address_with_cookies(&visit, headers, &parameters) {
        let reply = Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, location);
        return uncached(reply.finish());
    }
    let command = Authorize { origin: visit.origin.clone(), parameters, cookies: visit.cookies.clone() };
    uncached(match visit.app.run_to_end(|core| async move { core.authorize(command).await }).await {
        Ok(turn) => respond(&visit, turn),
        Err(error) => error_page(&visit, &error),
    })
}

/// Where a form of another site is sent as a GET: our cookies are `SameSite=Lax`, so that the browser kept them back, and
/// somebody who is signed in would be asked again.
fn address_with_cookies(
    visit: &Visit,
    headers: &HeaderMap,
    parameters: &[(String, String)],
) -> Option<String> {
    let is_foreign = headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"cross-site");
    let has_cookies = visit.cookies.browser.is_some() || visit.cookies.session.is_some();
    if !visit.by_post || !is_foreign || has_cookies {
        return None;
    }
    let pairs = parameters.iter();
    let pairs = pairs.map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    let location = format!("{}?{query}", visit.app.settings.path("/oauth2/authorize"));
    (location.len() <= MAX_LOCATION_BYTES).then_some(location)
}
