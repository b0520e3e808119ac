//! Token introspection (RFC 7662), the token in form or query.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::Introspect;
use poem::{Response, handler};
use serde_json::{Map, Value};

use super::client::Basic;
use super::error::Failure;
use super::parameters::Either;
use super::reply;
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

/// `POST /oauth2/introspect`; a wrong `token_type_hint` changes nothing.
#[handler]
pub(super) async fn introspect(
    app: App,
    origin: RequestOrigin,
    basic: Basic,
    parameters: Either,
) -> Result<Response, Failure> {
    let Either(mut parameters) = parameters;
    let client = basic.with(&mut parameters);
    let token = Secret::new(parameters.require("token")?);
    let command = Introspect { origin: origin.0, client, token };
    let known = app.core.introspect(command).await?;
    let dead = || Map::from_iter([("active".to_owned(), Value::Bool(false))]);
    Ok(reply::object(known.unwrap_or_else(dead)))
}
