//! What somebody allowed a client, from the code to the end of the session (RFC 6749 §1.3, OpenID Connect Core §3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::BrowserSessionId;
use super::time::Timestamp;

/// How a client gets tokens (RFC 6749 §1.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// With a code (RFC 6749 §4.1).
    AuthorizationCode,
    /// With a refresh token (RFC 6749 §6).
    RefreshToken,
    /// With the client's own credentials (RFC 6749 §4.4).
    ClientCredentials,
    /// With the user's password (RFC 6749 §4.3), only where an app enables it.
    Password,
}

impl GrantType {
    const ALL: [Self; 4] =
        [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials, Self::Password];

    /// The word on the wire and in the `apply` file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// Claims asked for one by one (OpenID Connect Core §5.5). What is asked of each is kept as it came.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// For the userinfo endpoint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub userinfo: BTreeMap<String, Value>,
    /// For the ID token.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub id_token: BTreeMap<String, Value>,
}

/// What was allowed; kept with code and session as JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Authorization {
    /// By which grant it began.
    pub grant_type: GrantType,
    /// Granted scopes, in the order asked.
    pub scopes: Vec<String>,
    /// Resources the tokens are for (RFC 8707 §2); empty = the client itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Claims asked for.
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// When the user signed in, Unix seconds; kept over every refresh.
    pub auth_time: i64,
    /// The browser session it was granted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser_session: Option<BrowserSessionId>,
}

impl Authorization {
    /// Whether the scope was granted.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

/// What a code of this dialect is bound to (RFC 6749 §4.1.3, RFC 7636 §4.4).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CodeBinding {
    /// What was allowed.
    pub authorization: Authorization,
    /// The redirect URI of the request, as it was given.
    pub redirect_uri: String,
    /// PKCE challenge, method S256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    /// `nonce` of the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// `s_hash` of the ID token, if there was a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_hash: Option<String>,
}

/// What a user allowed a client once and need not be asked again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consent {
    /// Who.
    pub user: super::ids::UserId,
    /// Which client.
    pub client: super::ids::ClientKey,
    /// Every scope allowed so far.
    pub scopes: Vec<String>,
    /// When, last.
    pub granted_at: Timestamp,
}
