//! A new password by link, for whom the old one is lost.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{ForgetPassword, ResetPassword};
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::OpenApi;

use super::Tag;
use super::body::Body;
use super::error::Failure;
use super::query_string::plain_parameter;
use super::reply::{Done, Reply};
use super::wire::{ForgetPasswordDto, ResetPasswordWithClient, SuccessResponse, secret};
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

pub(crate) struct ResetPasswordApi;

#[OpenApi(tag = "Tag::ForgetPasswordController")]
impl ResetPasswordApi {
    /// Sends a link to a new password to whoever may have one; the reply is the same for everybody
    #[oai(
        path = "/auth/forget-password",
        method = "post",
        operation_id = "ForgetPasswordController.forgetPassword"
    )]
    async fn forget_password(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<ForgetPasswordDto>,
    ) -> Result<Done, Failure> {
        let ForgetPasswordDto { username, client_id, client_secret } = body.0;
        let client_secret = secret(client_secret);
        let command = ForgetPassword { actor: origin.anonymous(), client_id, client_secret, username };
        app.run_to_end(|core| async move { core.forget_password(command).await }).await?;
        Ok(Done)
    }

    /// Whether the link is still good; uses nothing up
    #[oai(
        path = "/auth/verify-reset-password-link",
        method = "get",
        operation_id = "ForgetPasswordController.verifyResetPasswordLink"
    )]
    async fn verify_link(&self, app: App, token: LinkToken) -> Result<Reply<SuccessResponse>, Failure> {
        app.core.check_reset_link(&token.0).await?;
        Reply::of(&SuccessResponse::done())
    }

    /// Sets the password and ends the user's sessions; the link works once
    #[oai(
        path = "/auth/reset-password",
        method = "patch",
        operation_id = "ForgetPasswordController.resetPassword"
    )]
    async fn reset_password(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<ResetPasswordWithClient>,
    ) -> Result<Done, Failure> {
        let ResetPasswordWithClient { token, password, client_id, client_secret } = body.0;
        let command = ResetPassword {
            actor: origin.anonymous(),
            client_id,
            client_secret: secret(client_secret),
            token: Secret::new(token),
            password: Secret::new(password),
        };
        app.run_to_end(|core| async move { core.reset_password(command).await }).await?;
        Ok(Done)
    }
}

/// `token` of the query.
pub(crate) struct LinkToken(Secret<String>);

impl<'a> FromRequest<'a> for LinkToken {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let query = request.uri().query().unwrap_or_default();
        let token = plain_parameter(query, "token")?.ok_or_else(|| Failure::missing_parameter("token"))?;
        Ok(Self(Secret::new(token)))
    }
}
