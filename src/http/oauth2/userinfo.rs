//! The userinfo endpoint (OpenID Connect Core §5.3).

use poem::http::Method;
use poem::{FromRequest, Request, RequestBody, Response, Result, handler};

use doorward_core::domain::error::ErrorKind;
use doorward_core::domain::secret::Secret;

use super::error::Failure;
use super::parameters::Form;
use super::reply;
use crate::extract::bearer;
use crate::shared::App;

/// The access token of the header or, by POST, of the form (RFC 6750 §2.1, §2.2). One in the query is refused.
pub(super) struct AccessToken(Secret<String>);

impl<'a> FromRequest<'a> for AccessToken {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let of_header = bearer::of_header(request.headers()).map_err(Failure::from)?;
        let Form(mut parameters) = Form::from_request(request, body).await?;
        let of_form = parameters.take("access_token").filter(|_| request.method() == Method::POST);
        match (of_header, of_form.map(Secret::new)) {
            (Some(_), Some(_)) => Err(Failure::from(ErrorKind::BearerMalformed).into()),
            (Some(token), None) | (None, Some(token)) => Ok(Self(token)),
            (None, None) => Err(Failure::from(ErrorKind::BearerMissing).into()),
        }
    }
}

/// `GET` and `POST /oauth2/userinfo`
#[handler]
pub(super) async fn userinfo(app: App, token: AccessToken) -> Result<Response, Failure> {
    Ok(reply::object(app.core.user_info(&token.0).await?))
}
