//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

use doorward_core::usecase::oauth::Authorize;
use poem::{Response, Result, handler};

use super::parameters::Everything;
use super::visitor::{Visitor, uncached};
use crate::page::routes::reply::{error_page, respond};

/// `GET` and `POST /oauth2/authorize`
///
/// # Security
/// What the core does not send to the client is shown here and never redirected (RFC 9700 §4.11).
#[handler]
pub(super) async fn authorize(visitor: Visitor, parameters: Result<Everything>) -> Response {
    let parameters = match parameters {
        Ok(Everything(parameters)) => parameters,
        Err(error) => return visitor.unreadable(error),
    };
    let visit = visitor.0;
    let command = Authorize { origin: visit.origin.clone(), parameters, cookies: visit.cookies.clone() };
    uncached(match visit.app.run_to_end(|core| async move { core.authorize(command).await }).await {
        Ok(turn) => respond(&visit, turn),
        Err(error) => error_page(&visit, &error),
    })
}
