//! OAuth clients (RFC 6749 §2).

use std::time::Duration;

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
    /// A disabled client fails client authentication, and its tokens are dead.
    pub enabled: bool,
    /// Bumped to invalidate every token of the client.
    pub epoch: i64,
}
