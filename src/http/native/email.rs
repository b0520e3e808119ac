//! Proving and changing the address of an account; the old service had neither.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{ChangeEmail, VerifyEmail};
use poem_openapi::OpenApi;

use super::Tag;
use super::body::Body;
use super::error::Failure;
use super::reply::{Done, Reply};
use super::wire::{ChangeEmailRequest, SuccessResponse, VerifyEmailRequest};
use crate::extract::bearer::Bearer;
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

pub(crate) struct EmailApi;

#[OpenApi(tag = "Tag::EmailController")]
impl EmailApi {
    /// Sends a link that proves the caller's address
    #[oai(
        path = "/auth/verify-email/create-token",
        method = "post",
        operation_id = "EmailController.requestVerification"
    )]
    async fn request_verification(
        &self,
        app: App,
        origin: RequestOrigin,
        caller: Bearer,
    ) -> Result<Done, Failure> {
        let (token, origin) = (caller.0, origin.0);
        app.run_to_end(|core| async move { core.request_email_verification(token, origin).await }).await?;
        Ok(Done)
    }

    /// Sends a link to the new address; it is the account's once the link was followed
    #[oai(path = "/auth/change-email", method = "patch", operation_id = "EmailController.change")]
    async fn change(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<ChangeEmailRequest>,
        caller: Bearer,
    ) -> Result<Done, Failure> {
        let ChangeEmailRequest { email, password } = body.0;
        let command =
            ChangeEmail { token: caller.0, origin: origin.0, email, password: Secret::new(password) };
        app.run_to_end(|core| async move { core.change_email(command).await }).await?;
        Ok(Done)
    }

    /// The link's address is proved, and the account's; the link works once
    #[oai(path = "/auth/verify-email", method = "post", operation_id = "EmailController.verify")]
    async fn verify(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<VerifyEmailRequest>,
    ) -> Result<Reply<SuccessResponse>, Failure> {
        let command = VerifyEmail { actor: origin.anonymous(), token: Secret::new(body.0.token) };
        app.run_to_end(|core| async move { core.verify_email(command).await }).await?;
        Reply::of(&SuccessResponse::done())
    }
}
