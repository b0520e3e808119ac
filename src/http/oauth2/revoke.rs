//! Token revocation (RFC 7009), under its older clients' name and a plainer one.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::RevokeToken;
use poem::{Response, handler};
use serde_json::Map;

use super::client::Basic;
use super::error::Failure;
use super::parameters::Either;
use super::reply;
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

/// `POST /oauth2/revoke`; a wrong `token_type_hint` changes nothing.
#[handler]
pub(super) async fn revoke(
    app: App,
    origin: RequestOrigin,
    basic: Basic,
    parameters: Either,
) -> Result<Response, Failure> {
    let Either(mut parameters) = parameters;
    let client = basic.with(&mut parameters);
    let token = Secret::new(parameters.require("token")?);
    let command = RevokeToken { origin: origin.0, client, token };
    app.run_to_end(|core| async move { core.revoke_token(command).await }).await?;
    Ok(reply::object(Map::new()))
}
