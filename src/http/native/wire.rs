//! The dialect's requests and responses, with the names of the old service's document.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::TokenPair;
use poem_openapi::Object;
use serde::Serialize;

use super::body::request_body;

mod verification;

pub(crate) use self::verification::*;

/// This is the signature for login request.
#[derive(Object)]
pub(crate) struct LoginRequest {
    /// Public identifier of the client.
    pub(crate) client_id: String,
    /// Secret of the client; public clients have none.
    pub(crate) client_secret: Option<String>,
    /// Username, in any case.
    pub(crate) username: String,
    /// Password.
    pub(crate) password: String,
}
request_body!(LoginRequest);

/// This is the signature for requesting the accessToken and refreshToken.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub(crate) struct AuthTokenRequest {
    /// The code of `POST /auth/login`.
    pub(crate) code: String,
    /// Public identifier of the client the code was issued to.
    pub(crate) client_id: String,
}
request_body!(AuthTokenRequest);

/// This is signature for client authentication request.
#[derive(Object)]
pub(crate) struct ClientAuthRequest {
    /// Public identifier of the client.
    pub(crate) client_id: String,
    /// Secret of the client; public clients have none.
    pub(crate) client_secret: Option<String>,
}
request_body!(ClientAuthRequest);

/// An ID token that an app's SDK obtained from a provider.
#[derive(Object)]
pub(crate) struct IdTokenRequest {
    /// Public identifier of the client.
    pub(crate) client_id: String,
    /// Secret of the client; public clients have none.
    pub(crate) client_secret: Option<String>,
    /// The ID token.
    pub(crate) id_token: String,
    /// The nonce it was asked for with.
    pub(crate) nonce: String,
    /// `code` (the default) or `tokens`.
    pub(crate) response: Option<String>,
}
request_body!(IdTokenRequest);

/// A ticket to link an account at a provider.
#[derive(Object)]
pub(crate) struct TicketRequest {
    /// The ticket.
    pub(crate) ticket: String,
}
request_body!(TicketRequest);

/// A nonce for an ID token.
#[derive(Object, Serialize)]
pub(crate) struct NonceResponse {
    /// Works once.
    pub(crate) nonce: String,
    /// From when it is worthless, in milliseconds since 1970.
    pub(crate) expires: i64,
}

/// Where the browser goes to link.
#[derive(Object, Serialize)]
pub(crate) struct LinkResponse {
    /// Works once, for two minutes.
    pub(crate) url: String,
}

/// An account at an identity provider.
#[derive(Object, Serialize)]
pub(crate) struct IdentityResponse {
    /// Identifier of the link.
    pub(crate) id: String,
    /// The provider.
    pub(crate) provider: String,
    /// The account's stable id there.
    pub(crate) subject: String,
    /// The issuer it was first seen with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
}

/// A refresh token, and for a switch the tenant to go to.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub(crate) struct AuthRefreshTokenRequest {
    /// The refresh token issued together with the access token.
    pub(crate) refresh_token: String,
    /// Where to switch to; a refresh keeps its tenant.
    pub(crate) tenant_id: Option<String>,
}
request_body!(AuthRefreshTokenRequest);

/// This is a signature for reset password.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub(crate) struct ResetPasswordPartial {
    /// The refresh token issued together with the access token.
    pub(crate) refresh_token: Option<String>,
    /// The caller's own username.
    pub(crate) username: Option<String>,
    /// The new password.
    pub(crate) password: Option<String>,
    /// The current password; needed unless a change is demanded.
    pub(crate) old_password: Option<String>,
}
request_body!(ResetPasswordPartial);

/// The session to leave.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub(crate) struct RefreshTokenRequestPartial {
    /// The refresh token issued together with the access token.
    pub(crate) refresh_token: Option<String>,
}
request_body!(RefreshTokenRequestPartial);

/// An authorization code.
#[derive(Object, Serialize)]
pub(crate) struct CodeResponse {
    /// Works once, for a short time, for the client it was issued to.
    pub(crate) code: String,
}

/// This is signature for successful token response.
#[derive(Object, Serialize)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub(crate) struct TokenResponse {
    /// The access token, a JWT.
    pub(crate) access_token: String,
    /// The refresh token; works once.
    pub(crate) refresh_token: String,
    /// When the access token expires, in milliseconds since 1970.
    pub(crate) expires: i64,
    /// Never sent; the old service's document has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pubnub_token: Option<String>,
}

impl From<TokenPair> for TokenResponse {
    fn from(pair: TokenPair) -> Self {
        Self {
            access_token: pair.access_token.expose().clone(),
            refresh_token: pair.refresh_token.expose().clone(),
            expires: pair.expires_at.unix_millis(),
            pubnub_token: None,
        }
    }
}

/// Done.
#[derive(Object, Serialize)]
pub(crate) struct SuccessResponse {
    /// Always true.
    pub(crate) success: bool,
    /// After a sign-out: the user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// After a sign-out: where the browser can end the session at the identity provider too.
    #[serde(rename = "providerLogoutUrl", skip_serializing_if = "Option::is_none")]
    #[oai(rename = "providerLogoutUrl")]
    pub(crate) provider_logout_url: Option<String>,
}

impl SuccessResponse {
    /// Nothing more to say.
    pub(crate) fn done() -> Self {
        Self { success: true, key: None, provider_logout_url: None }
    }
}

/// `userPreferences` of a user.
#[derive(Object)]
pub(crate) struct UserPreferences {
    /// Language tag.
    pub(crate) locale: String,
}

// Only documents `UserClaims` of the core, which is what is sent; a test compares the two.
/// The user an access token speaks for.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub(crate) struct AuthUser {
    /// User id.
    pub(crate) id: String,
    /// Given name.
    pub(crate) first_name: String,
    /// Family name.
    pub(crate) last_name: Option<String>,
    /// Middle name.
    pub(crate) middle_name: Option<String>,
    /// Username as stored.
    pub(crate) username: String,
    /// E-mail address.
    pub(crate) email: Option<String>,
    /// Telephone number.
    pub(crate) phone: Option<String>,
    /// The sign-in before this one.
    pub(crate) last_login: Option<String>,
    /// Picture.
    pub(crate) photo_url: Option<String>,
    /// Job title.
    pub(crate) designation: Option<String>,
    /// Date of birth.
    pub(crate) dob: Option<String>,
    /// One letter.
    pub(crate) gender: Option<String>,
    /// The tenant a sign-in lands in.
    pub(crate) default_tenant_id: Option<String>,
    /// What the user may do in this tenant.
    pub(crate) permissions: Vec<String>,
    /// The role's name.
    pub(crate) role: String,
    /// Full years; only with a date of birth.
    pub(crate) age: Option<i32>,
    /// Preferences.
    pub(crate) user_preferences: UserPreferences,
    /// The tenant the token speaks for.
    pub(crate) tenant_id: String,
    /// The membership the token speaks for.
    pub(crate) user_tenant_id: String,
    /// The membership's status: 0 registered, 1 active, 2 inactive, 3 password change needed, 4 rejected.
    pub(crate) status: i64,
}

/// This is to maintain the daily login activity.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub(crate) struct LoginActivityWithRelations {
    /// Row id.
    pub(crate) id: Option<String>,
    /// Who.
    pub(crate) actor: Option<String>,
    /// In which tenant.
    pub(crate) tenant_id: Option<String>,
    /// When.
    pub(crate) login_time: Option<String>,
    /// A JSON text about user and client, without secrets.
    pub(crate) token_payload: Option<String>,
    /// ACCESS, RELOGIN, LOGOUT or FAILED.
    pub(crate) login_type: Option<String>,
    /// `User-Agent`.
    pub(crate) device_info: Option<String>,
    /// Client address.
    pub(crate) ip_address: Option<String>,
}

/// A number of rows.
#[derive(Object, Serialize)]
#[oai(rename = "loopback.Count")]
pub(crate) struct Count {
    /// How many.
    pub(crate) count: i64,
}

/// A secret of the body, in the type that is never shown.
pub(crate) fn secret(value: Option<String>) -> Option<Secret<String>> {
    value.map(Secret::new)
}
