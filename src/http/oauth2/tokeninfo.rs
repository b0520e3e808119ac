//! What an access token says, as the dialect's older clients ask for it.

use doorward_core::domain::error::ErrorKind;
use doorward_core::domain::secret::Secret;
use poem::{FromRequest, Request, RequestBody, Response, Result, handler};

use super::error::Failure;
use super::parameters::Anywhere;
use super::reply;
use crate::extract::bearer;
use crate::shared::App;

/// The access token in question: of query or form, else of the header, which may hold the caller's own.
pub(super) struct Questioned(Secret<String>);

impl<'a> FromRequest<'a> for Questioned {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let Anywhere(mut parameters) = Anywhere::from_request(request, body).await?;
        if let Some(token) = parameters.take("access_token") {
            return Ok(Self(Secret::new(token)));
        }
        let of_header = bearer::of_header(request.headers()).map_err(Failure::from)?;
        Ok(Self(of_header.ok_or_else(|| Failure::from(ErrorKind::BearerMissing))?))
    }
}

/// `GET` and `POST /oauth2/tokeninfo`
#[handler]
pub(super) async fn tokeninfo(app: App, token: Questioned) -> Result<Response, Failure> {
    Ok(reply::object(app.core.token_info(&token.0).await?))
}
