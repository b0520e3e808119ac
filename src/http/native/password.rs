//! A new password for the caller.

use doorward_core::usecase::ChangePassword;
use poem_openapi::OpenApi;

use super::Tag;
use super::body::Body;
use super::error::{Failure, Place};
use super::reply::Reply;
use super::wire::{ResetPasswordPartial, SuccessResponse, secret};
use crate::extract::bearer::Bearer;
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

pub(crate) struct PasswordApi;

#[OpenApi(tag = "Tag::LoginController")]
impl PasswordApi {
    /// Changes the password of the caller and ends the user's sessions
    #[oai(path = "/auth/change-password", method = "patch", operation_id = "LoginController.resetPassword")]
    async fn reset_password(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<ResetPasswordPartial>,
        caller: Bearer,
    ) -> Result<Reply<SuccessResponse>, Failure> {
        let place = body.0.place();
        let command = ChangePassword {
            token: caller.0,
            origin: origin.0,
            refresh_token: secret(body.0.refresh_token),
            username: body.0.username,
            old_password: secret(body.0.old_password),
            password: secret(body.0.password),
        };
        let changed = app.run_to_end(|core| async move { core.change_password(command).await }).await;
        changed.map_err(|error| Failure::raised(&error, place))?;
        Reply::of(&SuccessResponse::done())
    }
}

impl ResetPasswordPartial {
    fn place(&self) -> Place {
        self.old_password.as_ref().map_or(Place::Elsewhere, |_| Place::ChangeWithOldPassword)
    }
}
