//! Requests and responses about one-time codes, authenticator apps, links and sign-up.

use std::borrow::Cow;

use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::native::body::request_body;

/// This is the signature for OTP login request.
#[derive(Object)]
pub(crate) struct OtpSendRequest {
    /// Public identifier of the client.
    pub(crate) client_id: String,
    /// Secret of the client; public clients have none.
    pub(crate) client_secret: Option<String>,
    /// Username, in any case.
    pub(crate) key: String,
}
request_body!(OtpSendRequest);

/// This is the signature for OTP login request.
#[derive(Object)]
pub(crate) struct OtpLoginRequest {
    /// Username, in any case.
    pub(crate) key: String,
    /// The one-time code: as it was sent, of the authenticator app, or a recovery code.
    pub(crate) otp: String,
    /// Public identifier of the client; the code counts for no other anyway.
    #[oai(rename = "clientId")]
    pub(crate) client_id: Option<String>,
    /// The code of the first step, where this is a second factor.
    pub(crate) code: Option<String>,
}
request_body!(OtpLoginRequest);

/// An authorization code after a one-time code.
#[derive(Object, Serialize)]
pub(crate) struct OtpLoginResponse {
    /// Works once, for a short time, for the client it was issued to.
    pub(crate) code: String,
    /// Only when an authenticator app has just been confirmed: each of them takes its place once. Never shown again.
    #[serde(rename = "recoveryCodes", skip_serializing_if = "Option::is_none")]
    #[oai(rename = "recoveryCodes")]
    pub(crate) recovery_codes: Option<Vec<String>>,
}

/// Whether there is an authenticator app.
#[derive(Object, Serialize)]
pub(crate) struct CheckQrCodeResponse {
    /// Whether one is confirmed.
    #[serde(rename = "isGenerated")]
    #[oai(rename = "isGenerated")]
    pub(crate) is_generated: bool,
}

/// Asks for the QR code of a new authenticator app.
#[derive(Object)]
pub(crate) struct CreateQrCodeRequest {
    /// The code of the first step.
    pub(crate) code: String,
    /// Public identifier of the client the code was issued to.
    #[oai(rename = "clientId")]
    pub(crate) client_id: String,
    /// Where an authenticator app is in force: one of its codes, or a recovery code.
    pub(crate) otp: Option<String>,
}
request_body!(CreateQrCodeRequest);

/// What an authenticator app scans.
#[derive(Object, Serialize)]
pub(crate) struct CreateQrCodeResponse {
    /// A PNG image as a data URI.
    #[serde(rename = "qrCode")]
    #[oai(rename = "qrCode")]
    pub(crate) qr_code: String,
}

/// Asks for a link to a new password.
#[derive(Object)]
pub(crate) struct ForgetPasswordDto {
    /// Username, in any case.
    pub(crate) username: String,
    /// Public identifier of the client.
    pub(crate) client_id: String,
    /// Secret of the client; public clients have none.
    pub(crate) client_secret: Option<String>,
}
request_body!(ForgetPasswordDto);

/// A new password by link.
#[derive(Object)]
pub(crate) struct ResetPasswordWithClient {
    /// The link's token.
    pub(crate) token: String,
    /// The new password.
    pub(crate) password: String,
    /// Public identifier of the client the link was asked for with.
    pub(crate) client_id: String,
    /// Secret of the client; public clients have none.
    pub(crate) client_secret: Option<String>,
}
request_body!(ResetPasswordWithClient);

/// Asks for a link to a new account.
#[derive(Object)]
pub(crate) struct SignupRequestDto {
    /// Where the link goes.
    pub(crate) email: String,
    /// Kept with the account; 8 KiB of JSON at most.
    pub(crate) data: Option<JsonObject>,
}
request_body!(SignupRequestDto);

/// Whom a sign-up token is for.
#[derive(Object, Serialize)]
pub(crate) struct SignupRequest {
    /// The address the link went to.
    pub(crate) email: String,
    /// Never sent; the old service's document has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expiry: Option<String>,
}

/// A new account. Of whatever else the body holds, nothing is read.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub(crate) struct LocalUserProfileDto {
    /// The address the link went to.
    pub(crate) email: String,
    /// The password.
    pub(crate) password: String,
    /// Given name.
    pub(crate) first_name: Option<String>,
    /// Middle name.
    pub(crate) middle_name: Option<String>,
    /// Family name.
    pub(crate) last_name: Option<String>,
}
request_body!(LocalUserProfileDto, open);

/// The new account.
#[derive(Object, Serialize)]
pub(crate) struct LocalUserProfile {
    /// Its address.
    pub(crate) email: String,
    /// The user.
    pub(crate) user: SignedUpUser,
}

/// A user who has just signed up.
#[derive(Object, Serialize)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub(crate) struct SignedUpUser {
    /// User id.
    pub(crate) id: String,
    /// Username: the address.
    pub(crate) username: String,
    /// E-mail address.
    pub(crate) email: Option<String>,
    /// Given name.
    pub(crate) first_name: String,
    /// Middle name.
    pub(crate) middle_name: Option<String>,
    /// Family name.
    pub(crate) last_name: Option<String>,
    /// The tenant a sign-in lands in.
    pub(crate) default_tenant_id: Option<String>,
}

/// Another address for the caller's account.
#[derive(Object)]
pub(crate) struct ChangeEmailRequest {
    /// The new address; it counts once the link sent there was followed.
    pub(crate) email: String,
    /// The caller's password.
    pub(crate) password: String,
}
request_body!(ChangeEmailRequest);

/// Proves an address.
#[derive(Object)]
pub(crate) struct VerifyEmailRequest {
    /// The link's token.
    pub(crate) token: String,
}
request_body!(VerifyEmailRequest);

/// Any JSON object.
pub(crate) struct JsonObject(pub(crate) Map<String, Value>);

impl Type for JsonObject {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;

    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        Cow::Borrowed("object")
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema::new("object")))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for JsonObject {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value {
            Some(Value::Object(members)) => Ok(Self(members)),
            other => Err(ParseError::expected_type(other.unwrap_or_default())),
        }
    }
}

impl ToJSON for JsonObject {
    fn to_json(&self) -> Option<Value> {
        Some(Value::Object(self.0.clone()))
    }
}
