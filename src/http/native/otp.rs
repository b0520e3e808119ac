//! One-time codes: sent, and given.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{SendOneTimeCode, Verified, VerifyOneTimeCode};
use poem_openapi::OpenApi;

use super::Tag;
use super::body::Body;
use super::error::Failure;
use super::reply::{Done, Reply};
use super::wire::{OtpLoginRequest, OtpLoginResponse, OtpSendRequest, secret};
use crate::extract::origin::RequestOrigin;
use crate::meter;
use crate::shared::App;

pub(crate) struct OtpApi;

#[OpenApi(tag = "Tag::OtpController")]
impl OtpApi {
    /// Sends a one-time code to whoever may sign in with one; the reply is the same for everybody
    #[oai(path = "/auth/send-otp", method = "post", operation_id = "OtpController.sendOtp")]
    async fn send_otp(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<OtpSendRequest>,
    ) -> Result<Done, Failure> {
        let OtpSendRequest { client_id, client_secret, key: username } = body.0;
        let client_secret = secret(client_secret);
        let command = SendOneTimeCode { actor: origin.anonymous(), client_id, client_secret, username };
        app.run_to_end(|core| async move { core.send_one_time_code(command).await }).await?;
        Ok(Done)
    }

    /// Gets you the code that will be used for getting token (webapps)
    ///
    /// With `code`, what the first step answered: its second factor. Without: a sign-in by the code of `POST /auth/send-otp`.
    #[oai(path = "/auth/verify-otp", method = "post", operation_id = "OtpController.verifyOtp")]
    async fn verify_otp(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<OtpLoginRequest>,
    ) -> Result<Reply<OtpLoginResponse>, Failure> {
        let OtpLoginRequest { key: username, otp, client_id, code } = body.0;
        let (otp, code) = (Secret::new(otp), secret(code));
        let command = VerifyOneTimeCode { actor: origin.anonymous(), username, otp, client_id, code };
        let verified = app
            .run_to_end(|core| async move { meter::sign_in(core.verify_one_time_code(command).await) })
            .await?;
        Reply::of(&OtpLoginResponse::from(verified))
    }
}

impl From<Verified> for OtpLoginResponse {
    fn from(verified: Verified) -> Self {
        let shown = verified.recovery_codes.iter().map(|code| code.expose().clone());
        let recovery_codes: Vec<String> = shown.collect();
        Self {
            code: verified.code.expose().clone(),
            recovery_codes: (!recovery_codes.is_empty()).then_some(recovery_codes),
        }
    }
}
