//! Federated sign-in: who came back from an identity provider, and the attempt he set out with.

use serde_json::Value;

use super::ids::{ClientKey, IdentityId, LoginAttemptId, UpstreamSessionId, UserId};
use super::secret::{Secret, TokenHash};
use super::time::Timestamp;

/// What an identity provider vouched for. Accounts are keyed on (`issuer`, `subject`), never on the e-mail address.
#[derive(Clone, Debug, Default)]
pub struct ExternalIdentity {
    /// The canonical issuer: OIDC `iss`, SAML entity id, or a fixed URL for providers without one.
    pub issuer: String,
    /// Stable id at that issuer, unique among all accounts of the provider instance (Azure: `tid.oid`). Never empty.
    pub subject: String,
    /// A name the account could sign in with, as a suggestion only.
    pub username: Option<String>,
    /// E-mail address as claimed.
    pub email: Option<String>,
    /// Whether the provider is authoritative for the address and has verified it, as the adapter judged (providers.md).
    pub email_verified: bool,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Telephone number as claimed.
    pub phone: Option<String>,
    /// Preferred locale.
    pub locale: Option<String>,
    /// Address of a picture.
    pub photo_url: Option<String>,
    /// What signing out or refreshing at the provider needs later; sealed with the session.
    pub tokens: UpstreamTokens,
    /// A one-time mark of the message itself (SAML assertion id, `jti`), which must not have been seen before.
    pub replay_mark: Option<ReplayMark>,
    /// Claims that nobody asked for; for the log at debug level's `keys` only, never stored.
    pub raw: Value,
}

/// Tokens of the provider.
#[derive(Clone, Debug, Default)]
pub struct UpstreamTokens {
    /// Refresh token.
    pub refresh_token: Option<Secret<String>>,
    /// Access token.
    pub access_token: Option<Secret<String>>,
    /// ID token, the `id_token_hint` of a logout (OIDC RP-Initiated Logout §2).
    pub id_token: Option<Secret<String>>,
    /// The provider's own name of its session: OIDC `sid`, SAML SessionIndex.
    pub session: Option<String>,
}

/// A message id that works once until the message itself is too old to be accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplayMark {
    /// The id, unique within the issuer.
    pub id: String,
    /// When the message is refused for its age anyway.
    pub until: Timestamp,
}

/// Why somebody was sent to a provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intent {
    /// To sign in through the client.
    SignIn,
    /// To link the account there to this signed-in user.
    Link(UserId),
    /// A mobile SDK will bring an ID token with our nonce: nobody was sent anywhere.
    Native,
}

impl Intent {
    /// The stored word, and who links.
    #[must_use]
    pub fn to_columns(self) -> (&'static str, Option<UserId>) {
        match self {
            Self::SignIn => ("sign_in", None),
            Self::Link(user) => ("link", Some(user)),
            Self::Native => ("native", None),
        }
    }

    /// From the stored word; `None` when word and user do not fit.
    #[must_use]
    pub fn from_columns(word: &str, user: Option<UserId>) -> Option<Self> {
        match (word, user) {
            ("sign_in", None) => Some(Self::SignIn),
            ("link", Some(user)) => Some(Self::Link(user)),
            ("native", None) => Some(Self::Native),
            _ => None,
        }
    }
}

/// A sign-in at a provider that has begun and is not back yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoginAttempt {
    /// Row id.
    pub id: LoginAttemptId,
    /// SHA-256 of `state` (RelayState); of the nonce for [`Intent::Native`]; of a ticket to link.
    pub state_hash: TokenHash,
    /// SHA-256 of the cookie of the browser that began; `None` for [`Intent::Native`] and for a ticket to link.
    pub browser_hash: Option<TokenHash>,
    /// Provider instance.
    pub provider: String,
    /// The client it is for.
    pub client: ClientKey,
    /// Why.
    pub intent: Intent,
    /// The provider's [`Memo`](crate::ports::provider::Memo), sealed.
    pub sealed_memo: Vec<u8>,
    /// The sealed transaction of the hosted pages that the browser returns to; `None` = it goes to the client.
    pub transaction: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// From when it is worthless.
    pub expires_at: Timestamp,
}

/// The upstream side of a sign-in: kept from the callback until the session it led to is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UpstreamSession {
    /// Row id.
    pub id: UpstreamSessionId,
    /// Provider instance.
    pub provider: String,
    /// The identity that signed in.
    pub identity: IdentityId,
    /// [`UpstreamTokens`] as JSON, sealed.
    pub sealed_tokens: Vec<u8>,
}
