//! The token endpoint (RFC 6749 §3.2), under its older clients' name and the usual one.

use doorward_core::domain::error::ErrorKind;
use doorward_core::domain::secret::Secret;
use doorward_core::domain::user::Password;
use doorward_core::usecase::oauth::{GrantRequest, TokenRequest};
use poem::http::StatusCode;
use poem::{Response, handler};

use super::client::Basic;
use super::error::Failure;
use super::parameters::{Form, Parameters};
use super::reply;
use super::wire::TokenResponse;
use crate::extract::origin::RequestOrigin;
use crate::meter;
use crate::shared::App;

/// `POST /oauth2/token`
#[handler]
pub(super) async fn token(
    app: App,
    origin: RequestOrigin,
    basic: Basic,
    form: Form,
) -> Result<Response, Failure> {
    let Form(mut parameters) = form;
    let client = basic.with(&mut parameters);
    let grant = grant(&mut parameters)?;
    let is_sign_in = matches!(grant, GrantRequest::Password { .. });
    let request = TokenRequest { origin: origin.0, client, grant };
    let issued = app.run_to_end(|core| async move { core.issue_oauth_tokens(request).await }).await;
    let issued = if is_sign_in { meter::sign_in(issued) } else { issued }?;
    Ok(reply::json(StatusCode::OK, TokenResponse::of(&issued).to_json()?))
}

/// What is asked for, by `grant_type`.
fn grant(parameters: &mut Parameters) -> Result<GrantRequest, Failure> {
    let grant_type = parameters.require("grant_type")?;
    let resources = parameters.resources();
    let scope = parameters.take("scope");
    Ok(match grant_type.as_str() {
        "authorization_code" => GrantRequest::Code {
            code: Secret::new(parameters.require("code")?),
            redirect_uri: parameters.take("redirect_uri"),
            code_verifier: parameters.take("code_verifier").map(Secret::new),
            resources,
        },
        "refresh_token" => {
            let refresh_token = Secret::new(parameters.require("refresh_token")?);
            GrantRequest::Refresh { refresh_token, scope, resources }
        }
        "client_credentials" => GrantRequest::Client { scope, resources },
        "password" => GrantRequest::Password {
            username: parameters.require("username")?,
            password: Password::new(parameters.require("password")?),
            scope,
            resources,
        },
        _ => return Err(ErrorKind::GrantTypeUnsupported.into()),
    })
}
