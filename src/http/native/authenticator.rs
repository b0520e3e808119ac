//! Authenticator apps: whether there is one, and the QR code of a new one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{EnrolAuthenticator, LookAtCode};
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::OpenApi;

use super::Tag;
use super::body::Body;
use super::error::{Failure, Place};
use super::reply::Reply;
use super::wire::{CheckQrCodeResponse, CreateQrCodeRequest, CreateQrCodeResponse, secret};
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

pub(crate) struct AuthenticatorApi;

#[OpenApi(tag = "Tag::OtpController")]
impl AuthenticatorApi {
    /// Whether the user the code stands for has a confirmed authenticator app
    #[oai(path = "/auth/check-qr-code", method = "get", operation_id = "OtpController.checkQr")]
    async fn check_qr(
        &self,
        app: App,
        origin: RequestOrigin,
        shown: ShownCode,
    ) -> Result<Reply<CheckQrCodeResponse>, Failure> {
        let ShownCode { code, client_id } = shown;
        let place = if code.is_empty() { Place::WithoutCode } else { Place::Elsewhere };
        let command = LookAtCode { actor: origin.anonymous(), code: Secret::new(code), client_id };
        let found = app.run_to_end(|core| async move { core.has_authenticator(command).await }).await;
        let is_generated = found.map_err(|error| Failure::raised(&error, place))?;
        Reply::of(&CheckQrCodeResponse { is_generated })
    }

    /// Generates a new qrCode for Authenticator App
    ///
    /// It counts once its first code was given to `POST /auth/verify-otp`.
    #[oai(path = "/auth/create-qr-code", method = "post", operation_id = "OtpController.createQr")]
    async fn create_qr(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<CreateQrCodeRequest>,
    ) -> Result<Reply<CreateQrCodeResponse>, Failure> {
        let CreateQrCodeRequest { code, client_id, otp } = body.0;
        let (code, otp) = (Secret::new(code), secret(otp));
        let command = EnrolAuthenticator { actor: origin.anonymous(), code, client_id, otp };
        let enrolment = app.run_to_end(|core| async move { core.enrol_authenticator(command).await }).await?;
        let image = STANDARD.encode(enrolment.qr_code_png.expose());
        Reply::of(&CreateQrCodeResponse { qr_code: format!("data:image/png;base64,{image}") })
    }
}

/// The headers `code` and `clientId`; empty where they are absent, given twice or no text.
pub(crate) struct ShownCode {
    code: String,
    client_id: String,
}

impl<'a> FromRequest<'a> for ShownCode {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let only = |name: &str| {
            let mut values = request.headers().get_all(name).iter();
            let first = values.next().filter(|_| values.next().is_none());
            first.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        Ok(Self { code: only("code"), client_id: only("clientId") })
    }
}
