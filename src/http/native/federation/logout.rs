//! Signing out here, and then at the provider the session came from. The old service had a path for each kind; the session
//! knows its provider by itself.

use doorward_core::usecase::LogOut;
use poem_openapi::OpenApi;

use crate::extract::bearer::Bearer;
use crate::extract::origin::RequestOrigin;
use crate::native::Tag;
use crate::native::body::Body;
use crate::native::error::Failure;
use crate::native::reply::Reply;
use crate::native::wire::{RefreshTokenRequestPartial, SuccessResponse, secret};
use crate::shared::App;

pub(crate) struct ProviderLogoutApi;

#[OpenApi(tag = "Tag::LogoutController")]
impl ProviderLogoutApi {
    /// This API will log out the user from application as well as google
    #[oai(path = "/google/logout", method = "post", operation_id = "LogoutController.googleLogout")]
    async fn google(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<RefreshTokenRequestPartial>,
        caller: Bearer,
    ) -> Result<Reply<SuccessResponse>, Failure> {
        log_out(app, origin, body, caller).await
    }

    /// This API will log out the user from application as well as keycloak
    #[oai(path = "/keycloak/logout", method = "post", operation_id = "LogoutController.keycloakLogout")]
    async fn keycloak(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<RefreshTokenRequestPartial>,
        caller: Bearer,
    ) -> Result<Reply<SuccessResponse>, Failure> {
        log_out(app, origin, body, caller).await
    }

    /// This API will log out the user from application as well as cognito
    #[oai(path = "/cognito/logout", method = "post", operation_id = "LogoutController.cognitoLogout")]
    async fn cognito(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<RefreshTokenRequestPartial>,
        caller: Bearer,
    ) -> Result<Reply<SuccessResponse>, Failure> {
        log_out(app, origin, body, caller).await
    }
}

async fn log_out(
    app: App,
    origin: RequestOrigin,
    body: Body<RefreshTokenRequestPartial>,
    caller: Bearer,
) -> Result<Reply<SuccessResponse>, Failure> {
    let refresh_token = secret(body.0.refresh_token);
    let command = LogOut { token: caller.0, origin: origin.0, refresh_token };
    let done = app.run_to_end(|core| async move { core.log_out(command).await }).await?;
    Reply::of(&SuccessResponse::from(done))
}
