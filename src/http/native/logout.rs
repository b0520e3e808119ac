//! Signing out.

use doorward_core::usecase::{LogOut, LoggedOut};
use poem_openapi::OpenApi;

use super::Tag;
use super::body::Body;
use super::error::Failure;
use super::reply::Reply;
use super::wire::{RefreshTokenRequestPartial, SuccessResponse, secret};
use crate::extract::bearer::Bearer;
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

pub(crate) struct LogoutApi;

#[OpenApi(tag = "Tag::LogoutController")]
impl LogoutApi {
    /// To logout
    #[oai(path = "/logout", method = "post", operation_id = "LogoutController.logout")]
    async fn logout(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<RefreshTokenRequestPartial>,
        caller: Bearer,
    ) -> Result<Reply<SuccessResponse>, Failure> {
        let command =
            LogOut { token: caller.0, origin: origin.0, refresh_token: secret(body.0.refresh_token) };
        let done = app.run_to_end(|core| async move { core.log_out(command).await }).await?;
        Reply::of(&SuccessResponse::from(done))
    }
}

impl From<LoggedOut> for SuccessResponse {
    fn from(done: LoggedOut) -> Self {
        let LoggedOut { user, provider_logout_url } = done;
        Self { success: true, key: Some(user.to_string()), provider_logout_url }
    }
}
