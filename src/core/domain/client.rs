//! OAuth clients (RFC 6749 §2).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::authorization::GrantType;
use super::hosted_pages::HostedPages;
use super::ids::{ClientKey, TenantId};
use super::key::Algorithm;
use super::second_factor::SecondFactorPolicy;

/// What kind of program a client is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientType {
    /// A server-side web app: confidential.
    Web,
    /// A browser or mobile app: public, has no secret (RFC 6749 §2.1).
    Spa,
    /// A machine: confidential, no user.
    MachineToMachine,
}

impl ClientType {
    /// The word in the `apply` file and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Spa => "spa",
            Self::MachineToMachine => "m2m",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "web" => Some(Self::Web),
            "spa" => Some(Self::Spa),
            "m2m" => Some(Self::MachineToMachine),
            _ => None,
        }
    }

    /// Whether the client cannot keep a secret (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(self) -> bool {
        self == Self::Spa
    }
}

/// How a client authenticates (OpenID Connect Core §9).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Secret in the `Authorization` header; the form is accepted as well.
    ClientSecretBasic,
    /// Secret in the form; the header is accepted as well.
    ClientSecretPost,
    /// A JWT signed with the client's own key (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// Not at all: public clients.
    None,
}

impl AuthMethod {
    const ALL: [Self; 4] = [Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt, Self::None];

    /// The word in metadata and `apply` file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// Default lifetime of ID tokens, in seconds.
const ID_TOKEN_TTL_SECONDS: u64 = 3600;

/// What a client is to the OAuth 2.0 dialect; stored as JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientOAuth {
    /// Whether it is the operator's own: users are not asked to consent.
    pub first_party: bool,
    /// How it authenticates; `None` = by secret, in header or form, or not at all for public clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_method: Option<AuthMethod>,
    /// Whether codes need PKCE (RFC 7636); public clients always do.
    pub require_pkce: bool,
    /// Signature algorithm of its ID tokens: RS256, ES256 or EdDSA.
    pub id_token_algorithm: Algorithm,
    /// Lifetime of its ID tokens, in seconds.
    pub id_token_ttl_seconds: u64,
    /// Its public keys (RFC 7517 §5), for `private_key_jwt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<serde_json::Value>,
    /// Resources it may ask tokens for (RFC 8707 §2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Where it is told that a session ended (OpenID Connect Back-Channel Logout §2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether it needs `sid` there.
    pub backchannel_logout_session_required: bool,
    /// How the hosted pages look on the way to it.
    pub pages: HostedPages,
}

impl Default for ClientOAuth {
    fn default() -> Self {
        Self {
            first_party: false,
            auth_method: None,
            require_pkce: true,
            id_token_algorithm: Algorithm::RS256,
            id_token_ttl_seconds: ID_TOKEN_TTL_SECONDS,
            jwks: None,
            resources: Vec::new(),
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            pages: HostedPages::default(),
        }
    }
}

impl ClientOAuth {
    /// Lifetime of its ID tokens.
    #[must_use]
    pub fn id_token_ttl(&self) -> Duration {
        Duration::from_secs(self.id_token_ttl_seconds)
    }
}

/// A registered client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// Internal key.
    pub key: ClientKey,
    /// Public identifier (RFC 6749 §2.2).
    pub client_id: String,
    /// HMAC-SHA-256 of the secret under a server key; `None` for public clients.
    pub secret_hash: Option<Vec<u8>>,
    /// Shown to people.
    pub name: String,
    /// Kind of program.
    pub client_type: ClientType,
    /// Owner of the client; `None` = the operator's.
    pub tenant: Option<TenantId>,
    /// Exact redirect URIs; the first is the native dialect's `redirectUrl`.
    pub redirect_uris: Vec<String>,
    /// Exact post-logout redirect URIs.
    pub logout_redirect_uris: Vec<String>,
    /// Grant types it may use (RFC 6749 §1.3).
    pub grants: Vec<String>,
    /// Scopes it may ask for.
    pub scopes: Vec<String>,
    /// Lifetime of access tokens.
    pub access_token_ttl: Duration,
    /// Idle lifetime of refresh tokens.
    pub refresh_token_ttl: Duration,
    /// Lifetime of authorization codes.
    pub auth_code_ttl: Duration,
    /// Signature algorithm of its access tokens; `None` = the server's default.
    pub algorithm: Option<Algorithm>,
    /// The shared HS256 key, sealed; present when the algorithm is HS256.
    pub hs256_secret: Option<Vec<u8>>,
    /// When a second factor is asked for here; `None` = as the server says.
    pub second_factor: Option<SecondFactorPolicy>,
    /// What only the OAuth 2.0 dialect asks.
    pub oauth: ClientOAuth,
    /// A disabled client fails client authentication, and its tokens are dead.
    pub enabled: bool,
    /// Bumped to invalidate every token of the client.
    pub epoch: i64,
}

impl Client {
    /// Whether the grant is one of its own.
    #[must_use]
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grants.iter().any(|allowed| allowed == grant.as_str())
    }
}

#[cfg(test)]
impl Client {
    /// A confidential client that signs people in.
    pub(crate) fn sample(client_id: &str) -> Self {
        use super::ids::Id as _;
        Self {
            key: ClientKey::from_uuid(uuid::Uuid::from_u128(1)),
            client_id: client_id.to_owned(),
            secret_hash: None,
            name: "A".to_owned(),
            client_type: ClientType::Web,
            tenant: None,
            redirect_uris: vec!["https://a.test/cb".to_owned()],
            logout_redirect_uris: Vec::new(),
            grants: ["authorization_code", "refresh_token"].map(str::to_owned).to_vec(),
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            access_token_ttl: Duration::from_mins(15),
            refresh_token_ttl: Duration::from_hours(24),
            auth_code_ttl: Duration::from_mins(3),
            algorithm: None,
            hs256_secret: None,
            second_factor: None,
            oauth: ClientOAuth::default(),
            enabled: true,
            epoch: 0,
        }
    }
}
