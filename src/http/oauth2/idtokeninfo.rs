//! What an ID token says, as the dialect's older clients ask for it: everything may be in the query, the secret too.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::IdTokenInfo;
use poem::{Response, handler};

use super::client::Basic;
use super::error::Failure;
use super::parameters::Anywhere;
use super::reply;
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

/// `POST /oauth2/idtokeninfo`; `claims` names the wanted ones, with commas between them.
#[handler]
pub(super) async fn idtokeninfo(
    app: App,
    origin: RequestOrigin,
    basic: Basic,
    parameters: Anywhere,
) -> Result<Response, Failure> {
    let Anywhere(mut parameters) = parameters;
    let client = basic.with(&mut parameters);
    let id_token = Secret::new(parameters.require("id_token")?);
    let claims = parameters.take("claims").unwrap_or_default();
    let claims = claims.split(',').map(str::trim).filter(|name| !name.is_empty());
    let claims = claims.map(str::to_owned).collect();
    let command = IdTokenInfo { origin: origin.0, client, id_token, claims };
    Ok(reply::object(app.core.id_token_info(command).await?))
}
