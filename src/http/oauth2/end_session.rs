//! Signing out at the wish of a client (OpenID Connect RP-Initiated Logout §2).

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::EndBrowserSession;
use poem::{Response, Result, handler};

use super::parameters::Anywhere;
use super::visitor::{Visitor, uncached};
use crate::page::routes::reply::sign_out_reply;

/// `GET` and `POST /oauth2/connect/endSession`
#[handler]
pub(super) async fn end_session(visitor: Visitor, parameters: Result<Anywhere>) -> Response {
    let mut parameters = match parameters {
        Ok(Anywhere(parameters)) => parameters,
        Err(error) => return visitor.unreadable(error),
    };
    let visit = visitor.0;
    let command = EndBrowserSession {
        origin: visit.origin.clone(),
        cookies: visit.cookies.clone(),
        id_token_hint: parameters.take("id_token_hint").map(Secret::new),
        client_id: parameters.take("client_id"),
        post_logout_redirect_uri: parameters.take("post_logout_redirect_uri"),
        state: parameters.take("state"),
        confirmation: None,
    };
    let ended = visit.app.run_to_end(|core| async move { core.end_browser_session(command).await }).await;
    uncached(sign_out_reply(&visit, ended))
}
