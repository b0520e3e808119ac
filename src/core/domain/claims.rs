//! Claims of access tokens: the native contract's, in its order, then the registered ones (RFC 7519 §4.1, RFC 9068 §2.2).

mod flat;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ids::{ClientKey, Id as _, MembershipId, SessionId, TenantId, TokenId, UserId};
use super::membership::Membership;
use super::refresh::IssuedAccess;
use super::revocation::{Epochs, TokenProbe};
use super::session::Session;
use super::time::Timestamp;
use super::user::{User, age_in_years};

/// `userPreferences` of the native dialect.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserPreferences {
    /// The membership's locale, or the server's default.
    pub locale: String,
}

/// The part of the claims that describes the user: what `GET /auth/me` answers, in the contract's order.
///
/// Absent values are present as `null`, except `age`, which needs a date of birth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserClaims {
    /// User id.
    pub id: UserId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: Option<String>,
    /// Middle name.
    pub middle_name: Option<String>,
    /// Username as stored.
    pub username: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// The sign-in before this one, ISO 8601.
    pub last_login: Option<String>,
    /// Picture.
    pub photo_url: Option<String>,
    /// Job title.
    pub designation: Option<String>,
    /// Date of birth at midnight UTC, ISO 8601.
    pub dob: Option<String>,
    /// One letter.
    pub gender: Option<String>,
    /// The tenant a sign-in lands in.
    pub default_tenant_id: Option<TenantId>,
    /// What the user may do in this tenant.
    pub permissions: Vec<String>,
    /// The role's name.
    pub role: String,
    /// Full years, only with a date of birth.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub age: Option<i32>,
    /// Preferences.
    pub user_preferences: UserPreferences,
    /// The tenant the token speaks for.
    pub tenant_id: TenantId,
    /// The membership the token speaks for.
    pub user_tenant_id: MembershipId,
    /// The membership's status number.
    pub status: i64,
}

impl UserClaims {
    /// Describes `user` in `membership` at `now`.
    #[must_use]
    pub fn describe(user: &User, membership: &Membership, default_locale: &str, now: Timestamp) -> Self {
        Self {
            id: user.id,
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            middle_name: user.middle_name.clone(),
            username: user.username.clone(),
            email: user.email.clone(),
            phone: user.phone.clone(),
            last_login: user.last_login.map(Timestamp::to_iso_millis),
            photo_url: user.photo_url.clone(),
            designation: user.designation.clone(),
            dob: user.dob.map(|dob| format!("{}T00:00:00.000Z", dob.format("%Y-%m-%d"))),
            gender: user.gender.clone(),
            default_tenant_id: user.default_tenant,
            permissions: membership.permissions(),
            role: membership.role.clone(),
            age: user.dob.map(|dob| age_in_years(dob, now.datetime().date_naive())),
            user_preferences: UserPreferences {
                locale: membership.locale.clone().unwrap_or_else(|| default_locale.to_owned()),
            },
            tenant_id: membership.tenant,
            user_tenant_id: membership.id,
            status: membership.status.code(),
        }
    }
}

/// All claims of an access token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "flat::FlatClaims")]
pub struct Claims {
    /// About the user.
    #[serde(flatten)]
    pub user: UserClaims,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Expires at, Unix seconds.
    pub exp: i64,
    /// `tokens.issuer`.
    pub iss: String,
    /// Not before, Unix seconds.
    pub nbf: i64,
    /// The user id (RFC 9068 §2.2).
    pub sub: UserId,
    /// Audience: the issuer in the native dialect.
    pub aud: String,
    /// Unique id of this token.
    pub jti: TokenId,
    /// The session.
    pub sid: SessionId,
    /// Public identifier of the client (RFC 9068 §2.2).
    pub client_id: String,
    /// Internal key of the client, for revocation.
    pub client_key: ClientKey,
    /// When the sign-in of the session was, Unix seconds (RFC 9068 §2.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How strong the sign-in was (RFC 9068 §2.2.1): `aal1`, or `aal2` with a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// What the sign-in proved (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Granted scopes, space separated (RFC 9068 §2.2.3).
    pub scope: String,
    /// Epochs at issue, for revocation.
    pub epochs: Epochs,
}

/// What is needed beside user and membership to write an access token.
#[derive(Clone, Copy, Debug)]
pub struct TokenContext<'a> {
    /// `tokens.issuer`.
    pub issuer: &'a str,
    /// Locale of users without one.
    pub default_locale: &'a str,
    /// The client.
    pub client: &'a super::client::Client,
    /// The session.
    pub session: &'a Session,
    /// `jti`, `iat`, `exp`.
    pub access: IssuedAccess,
}

impl Claims {
    /// The claims of one access token.
    #[must_use]
    pub fn access_token(user: &User, membership: &Membership, context: TokenContext<'_>) -> Self {
        let issued_at = context.access.issued_at;
        Self {
            user: UserClaims::describe(user, membership, context.default_locale, issued_at),
            iat: issued_at.unix_seconds(),
            exp: context.access.expires_at.unix_seconds(),
            iss: context.issuer.to_owned(),
            nbf: issued_at.unix_seconds(),
            sub: user.id,
            aud: context.issuer.to_owned(),
            jti: context.access.id,
            sid: context.session.id,
            client_id: context.client.client_id.clone(),
            client_key: context.client.key,
            auth_time: Some(context.session.created_at.unix_seconds()),
            acr: context.session.methods.acr().map(str::to_owned),
            amr: context.session.methods.amr(),
            scope: context.client.scopes.join(" "),
            epochs: Epochs {
                user: user.epoch,
                membership: membership.epoch,
                tenant: membership.tenant_epoch,
                client: context.client.epoch,
            },
        }
    }

    /// Whether the token was issued by the service that Doorward replaced: it names no client, which ours always do.
    #[must_use]
    pub fn is_of_predecessor(&self) -> bool {
        self.client_key.uuid().is_nil()
    }

    /// The token's identity for the revocation check.
    #[must_use]
    pub fn probe(&self) -> TokenProbe {
        TokenProbe {
            token: self.jti,
            session: self.sid,
            user: self.sub,
            membership: self.user.user_tenant_id,
            tenant: self.user.tenant_id,
            client: self.client_key,
            epochs: self.epochs,
        }
    }
}

/// An access token whose signature, type, issuer, audience and times were checked. Revocation is checked apart, each time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedToken {
    /// Its claims, shared with the cache of verified tokens: a request does not copy them.
    pub claims: Arc<Claims>,
}

impl VerifiedToken {
    /// With these claims, which were checked.
    #[must_use]
    pub fn new(claims: Claims) -> Self {
        Self { claims: Arc::new(claims) }
    }

    /// Whether the token's permissions contain `permission`.
    #[must_use]
    pub fn permits(&self, permission: &str) -> bool {
        self.claims.user.permissions.iter().any(|held| held == permission)
    }
}
