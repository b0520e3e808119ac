//! What an operator declares. An absent value (`None`) leaves the stored one as it is.

use std::time::Duration;

use chrono::NaiveDate;
use serde_json::Value;

use crate::domain::client::{AuthMethod, ClientType};
use crate::domain::hosted_pages::HostedPages;
use crate::domain::ids::{TenantId, UserId};
use crate::domain::key::Algorithm;
use crate::domain::membership::MembershipStatus;
use crate::domain::profile::ProfileDetails;
use crate::domain::second_factor::SecondFactorPolicy;
use crate::domain::secret::Secret;
use crate::domain::tenant::TenantStatus;
use crate::domain::user::Password;

/// Everything to be there afterwards.
#[derive(Debug, Default)]
pub struct Bootstrap {
    /// Tenants, by key.
    pub tenants: Vec<TenantSpec>,
    /// Roles, by tenant and name.
    pub roles: Vec<RoleSpec>,
    /// Clients, by `client_id`.
    pub clients: Vec<ClientSpec>,
    /// Users, by id when given, else by username.
    pub users: Vec<UserSpec>,
}

/// A tenant.
#[derive(Debug)]
pub struct TenantSpec {
    /// The operator's name for it, unique.
    pub key: String,
    /// Shown to people; the key when absent.
    pub name: Option<String>,
    /// Its id, only used when it is created.
    pub id: Option<TenantId>,
    /// Active when absent at creation.
    pub status: Option<TenantStatus>,
    /// How the hosted pages look.
    pub pages: HostedPages,
}

/// A role.
#[derive(Debug)]
pub struct RoleSpec {
    /// Its name.
    pub name: String,
    /// Key of its tenant; `None` = usable in every tenant.
    pub tenant: Option<String>,
    /// Its permissions, all of them; none when absent at creation.
    pub permissions: Option<Vec<String>>,
    /// When its holders are asked for a second factor.
    pub second_factor: Option<SecondFactorPolicy>,
}

/// A client.
#[derive(Debug)]
pub struct ClientSpec {
    /// Public identifier.
    pub client_id: String,
    /// Set at creation, or with `reset_secrets`.
    pub client_secret: Option<Secret<String>>,
    /// Shown to people; the `client_id` when absent.
    pub name: Option<String>,
    /// Web when absent at creation.
    pub client_type: Option<ClientType>,
    /// Key of the owning tenant.
    pub tenant: Option<String>,
    /// Exact redirect URIs.
    pub redirect_uris: Option<Vec<String>>,
    /// Exact post-logout redirect URIs.
    pub logout_redirect_uris: Option<Vec<String>>,
    /// Grant types.
    pub grants: Option<Vec<String>>,
    /// Scopes.
    pub scopes: Option<Vec<String>>,
    /// Lifetime of access tokens.
    pub access_token_ttl: Option<Duration>,
    /// Idle lifetime of refresh tokens.
    pub refresh_token_ttl: Option<Duration>,
    /// Lifetime of codes.
    pub auth_code_ttl: Option<Duration>,
    /// Signature algorithm of access tokens.
    pub algorithm: Option<Algorithm>,
    /// Shared key for HS256; set at creation, or with `reset_secrets`.
    pub hs256_secret: Option<Secret<String>>,
    /// When a second factor is asked for.
    pub second_factor: Option<SecondFactorPolicy>,
    /// What only the OAuth 2.0 dialect asks.
    pub oauth: ClientOAuthSpec,
    /// Enabled when absent at creation.
    pub enabled: Option<bool>,
}

/// What a client is to the OAuth 2.0 dialect.
#[derive(Debug, Default)]
pub struct ClientOAuthSpec {
    /// Whether it is the operator's own; not when absent at creation.
    pub first_party: Option<bool>,
    /// How it authenticates.
    pub auth_method: Option<AuthMethod>,
    /// Whether codes need PKCE; they do when absent at creation.
    pub require_pkce: Option<bool>,
    /// Signature algorithm of ID tokens.
    pub id_token_algorithm: Option<Algorithm>,
    /// Lifetime of ID tokens.
    pub id_token_ttl: Option<Duration>,
    /// Public keys.
    pub jwks: Option<Value>,
    /// Resources, all of them.
    pub resources: Option<Vec<String>>,
    /// Where it is told that a session ended.
    pub backchannel_logout_uri: Option<String>,
    /// Whether it needs `sid` there.
    pub backchannel_logout_session_required: Option<bool>,
    /// How the hosted pages look on the way to it.
    pub pages: HostedPages,
}

/// The password of a new user.
#[derive(Debug)]
pub enum PasswordSpec {
    /// In clear; hashed here.
    Clear(Password),
    /// A hash made elsewhere.
    Hash(Secret<String>),
}

/// A user.
#[derive(Debug)]
pub struct UserSpec {
    /// As it will be stored; looked up without regard to case.
    pub username: String,
    /// Its id, used to find it, and when it is created.
    pub id: Option<UserId>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the address was proved.
    pub email_verified: Option<bool>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Given name; the username when absent at creation.
    pub first_name: Option<String>,
    /// Middle name.
    pub middle_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// One letter.
    pub gender: Option<String>,
    /// Date of birth.
    pub dob: Option<NaiveDate>,
    /// The address of a picture.
    pub photo_url: Option<String>,
    /// What only OpenID Connect clients learn; an address replaces the stored one as a whole.
    pub profile: ProfileDetails,
    /// Set at creation, or with `reset_secrets`.
    pub password: Option<PasswordSpec>,
    /// `client_id`s the user may sign in through, all of them.
    pub clients: Option<Vec<String>>,
    /// Key of the tenant a sign-in lands in; a membership there is not needed.
    pub default_tenant: Option<String>,
    /// Whether the account is removed.
    pub deleted: Option<bool>,
    /// Places in tenants.
    pub memberships: Vec<MembershipSpec>,
    /// Accounts at providers.
    pub identities: Vec<IdentitySpec>,
}

/// A user's place in a tenant.
#[derive(Debug)]
pub struct MembershipSpec {
    /// Key of the tenant.
    pub tenant: String,
    /// Name of a role of the tenant, or of all tenants; needed at creation.
    pub role: Option<String>,
    /// Active when absent at creation.
    pub status: Option<MembershipStatus>,
    /// Extra permissions, all of them.
    pub allow: Option<Vec<String>>,
    /// Permissions taken away, all of them.
    pub deny: Option<Vec<String>>,
    /// Preferred locale.
    pub locale: Option<String>,
}

/// An account at a provider.
#[derive(Debug)]
pub struct IdentitySpec {
    /// Provider instance.
    pub provider: String,
    /// Its stable id there.
    pub subject: String,
}
