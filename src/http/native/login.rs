//! Signing in with username and password: to a code, or straight to tokens.

use doorward_core::domain::error::Error;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{LoggedIn, PasswordLogin};
use poem_openapi::OpenApi;

use super::Tag;
use super::body::Body;
use super::error::{Failure, Place};
use super::reply::Reply;
use super::wire::{CodeResponse, LoginRequest, TokenResponse, secret};
use crate::extract::origin::RequestOrigin;
use crate::meter;
use crate::shared::App;

pub(crate) struct LoginApi;

#[OpenApi(tag = "Tag::LoginController")]
impl LoginApi {
    /// Gets you the code that will be used for getting token (webapps)
    #[oai(path = "/auth/login", method = "post", operation_id = "LoginController.login")]
    async fn login(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<LoginRequest>,
    ) -> Result<Reply<CodeResponse>, Failure> {
        let command = body.0.into_command(origin);
        let issued =
            app.run_to_end(|core| async move { meter::sign_in(core.password_login(command).await) }).await;
        let issued = issued.map_err(raised_in(Place::Login))?;
        Reply::of(&CodeResponse { code: issued.code.expose().clone() })
    }

    /// Gets you refresh token and access token in one hit. (mobile app)
    #[oai(path = "/auth/login-token", method = "post", operation_id = "LoginController.loginWithClientUser")]
    async fn login_with_client_user(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<LoginRequest>,
    ) -> Result<Reply<TokenResponse>, Failure> {
        let command = body.0.into_command(origin);
        let done =
            app.run_to_end(|core| async move { meter::sign_in(core.login_token(command).await) }).await;
        match done.map_err(raised_in(Place::LoginToken))? {
            LoggedIn::Tokens(pair) => Reply::of(&TokenResponse::from(pair)),
            LoggedIn::SecondFactorWanted(issued) => Err(Failure::second_factor_wanted(&issued.code)),
        }
    }
}

fn raised_in(place: Place) -> impl Fn(Error) -> Failure {
    move |error| Failure::raised(&error, place)
}

impl LoginRequest {
    fn into_command(self, origin: RequestOrigin) -> PasswordLogin {
        PasswordLogin {
            actor: origin.anonymous(),
            client_id: self.client_id,
            client_secret: secret(self.client_secret),
            username: self.username,
            password: Secret::new(self.password),
        }
    }
}
