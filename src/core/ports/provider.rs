//! Identity providers: where a federated sign-in departs to and what it brings back.
//!
//! `state`, its expiry, single use and its tie to the browser are the core's job; a provider only embeds it. Nonce, PKCE
//! verifier and request id travel in the [`Memo`], sealed on the server, never through the browser.

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::error::Error;
use crate::domain::federation::{ExternalIdentity, UpstreamTokens};
use crate::domain::secret::Secret;

/// One configured instance (`[providers.<id>]`) of an identity provider.
#[async_trait]
pub trait Provider: Send + Sync {
    /// What is true of it without asking anybody.
    fn info(&self) -> &ProviderInfo;

    /// Where the browser goes, and what must be remembered until it is back.
    ///
    /// # Errors
    /// Unreachable or Misconfigured (discovery failed).
    async fn depart(&self, departure: &Departure) -> Result<Handoff, ProviderError>;

    /// Who came back. Called once per attempt, after the attempt was used up; outside any transaction.
    ///
    /// # Errors
    /// Denied (the user pressed cancel), Refused, Untrusted, Unreachable, Misconfigured.
    async fn arrive(&self, memo: Option<&Memo>, arrival: &Arrival)
    -> Result<ExternalIdentity, ProviderError>;

    /// Verifies an ID token that a mobile SDK obtained, if the provider has such.
    fn exchanger(&self) -> Option<&dyn TokenExchanger> {
        None
    }

    /// Signs out at the provider, if it can.
    fn terminator(&self) -> Option<&dyn Terminator> {
        None
    }

    /// Our own metadata for the provider's administrator (SAML metadata XML), if there is such. `callback_url` is the
    /// absolute address of the callback, as it is given to `depart`.
    fn metadata(&self, callback_url: &str) -> Option<Result<String, ProviderError>> {
        let _ = callback_url;
        None
    }
}

/// Verifies ID tokens that native apps bring (Google, Apple, Azure, Facebook Limited Login, any OpenID provider).
#[async_trait]
pub trait TokenExchanger: Send + Sync {
    /// Whose token it is. `nonce` was issued by us and must be in the token (plain, or as SHA-256 hex where the SDK hashes).
    ///
    /// # Errors
    /// Untrusted, Unreachable, Misconfigured.
    async fn exchange(
        &self,
        id_token: &Secret<String>,
        nonce: &str,
    ) -> Result<ExternalIdentity, ProviderError>;
}

/// Signs out at the provider, after our own session ended.
#[async_trait]
pub trait Terminator: Send + Sync {
    /// Best effort from server to server (revokes the upstream refresh or access token).
    ///
    /// # Errors
    /// Unreachable, Refused; our own session is over in any case.
    async fn terminate(&self, tokens: &UpstreamTokens) -> Result<(), ProviderError>;

    /// Where the browser can go to end the provider's session too (RP-initiated logout), if there is such a place.
    fn logout_url(&self, tokens: &UpstreamTokens, return_to: Option<&str>) -> Option<String>;
}

/// Static facts of a provider instance.
#[derive(Clone, Debug)]
pub struct ProviderInfo {
    /// `<id>` of `[providers.<id>]`.
    pub id: String,
    /// Which of the known kinds.
    pub kind: ProviderKind,
    /// The path of its callback under `server.public_url`, such as `/auth/google-auth-redirect`.
    pub callback_path: String,
    /// Whether the answer comes as a cross-site POST (Apple, SAML): its cookie needs `SameSite=None` on https.
    pub answers_by_post: bool,
    /// The parameter that carries `state`: `state`, or `RelayState` for SAML.
    pub state_parameter: &'static str,
    /// The client of sign-ins that the provider begins by itself (SAML IdP-initiated); `None` = refused.
    pub unsolicited_client: Option<String>,
    /// What happens to identities that nobody here has.
    pub sign_up: SignUp,
    /// Whether an existing account may be recognised by its address.
    pub link: LinkPolicy,
    /// Whether the provider asks for a second factor itself, so that nobody is asked for one here.
    pub trusts_second_factor: bool,
}

/// The kinds of `[providers.<id>] kind`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ProviderKind {
    /// Google.
    Google,
    /// Microsoft Entra ID.
    Azure,
    /// Amazon Cognito.
    Cognito,
    /// Keycloak.
    Keycloak,
    /// Sign in with Apple.
    Apple,
    /// Facebook.
    Facebook,
    /// Instagram.
    Instagram,
    /// Any SAML 2.0 identity provider.
    Saml,
    /// Any OpenID provider.
    Oidc,
}

impl ProviderKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Google,
        Self::Azure,
        Self::Cognito,
        Self::Keycloak,
        Self::Apple,
        Self::Facebook,
        Self::Instagram,
        Self::Saml,
        Self::Oidc,
    ];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Azure => "azure",
            Self::Cognito => "cognito",
            Self::Keycloak => "keycloak",
            Self::Apple => "apple",
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Saml => "saml",
            Self::Oidc => "oidc",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The path the old service answers the provider at; the instance whose id is the kind's word uses it.
    #[must_use]
    pub fn native_callback_path(self) -> Option<&'static str> {
        match self {
            Self::Google => Some("/auth/google-auth-redirect"),
            Self::Azure => Some("/auth/azure-oauth-redirect"),
            Self::Cognito => Some("/auth/cognito-auth-redirect"),
            Self::Keycloak => Some("/auth/keycloak-auth-redirect"),
            Self::Apple => Some("/auth/apple-oauth-redirect"),
            Self::Facebook => Some("/auth/facebook-auth-redirect"),
            Self::Instagram => Some("/auth/instagram-auth-redirect"),
            Self::Saml => Some("/auth/saml-redirect"),
            Self::Oidc => None,
        }
    }
}

/// What happens to an identity that no account here has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum SignUp {
    /// It is refused.
    #[default]
    Deny,
    /// An account is made in this tenant with this role (key and name, resolved when it happens).
    Create {
        /// The tenant's key.
        tenant: String,
        /// The role's name.
        role: String,
    },
}

/// Whether an account may be recognised by its e-mail address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LinkPolicy {
    /// Never.
    #[default]
    Never,
    /// When the provider is authoritative for the address and both sides have it verified.
    VerifiedEmail,
}

/// The wish to send a browser to a provider.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Random, single use; to be embedded as `state` or RelayState.
    pub state: Secret<String>,
    /// The absolute address the provider must send the browser back to.
    pub callback_url: String,
}

/// A browser on its way to a provider.
#[derive(Clone, Debug)]
pub struct Handoff {
    /// Where to, and how.
    pub destination: Destination,
    /// What `arrive` needs again.
    pub memo: Memo,
}

/// How a browser gets to the provider.
#[derive(Clone, Debug)]
pub enum Destination {
    /// 302 to this address.
    Redirect(String),
    /// A form that submits itself.
    AutoPost {
        /// Its action.
        action: String,
        /// Its fields.
        fields: Vec<(String, String)>,
    },
}

/// What a provider remembers between departure and arrival; JSON, sealed at rest by the core.
#[derive(Clone, Debug)]
pub struct Memo(Secret<Vec<u8>>);

impl Memo {
    /// Takes a serialisable value in.
    ///
    /// # Errors
    /// Internal: the value is no JSON.
    pub fn of<T: Serialize>(value: &T) -> Result<Self, Error> {
        Ok(Self(Secret::new(serde_json::to_vec(value).map_err(Error::internal)?)))
    }

    /// Gives it back.
    ///
    /// # Errors
    /// Internal: it was written by another version or provider.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(self.0.expose()).map_err(Error::internal)
    }

    /// As stored, before sealing.
    #[must_use]
    pub fn from_bytes(bytes: Secret<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// To be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

/// What the browser brought back. A parameter that came twice never gets here.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// Query (GET) or form (POST) parameters.
    pub parameters: Vec<(String, Secret<String>)>,
    /// Whether it came by POST.
    pub by_post: bool,
    /// The callback's own absolute address, as it was given to `depart`.
    pub callback_url: String,
}

impl Arrival {
    /// A parameter that is there and not empty.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.expose().as_str()).filter(|value| !value.is_empty())
    }
}

/// Why a provider could not be used. The texts are for the log; they hold no token, secret or code.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The user, or the provider's policy for this user, said no (`access_denied`).
    #[error("denied: {0}")]
    Denied(String),
    /// The provider refused our request (`invalid_grant`, a status other than Success).
    #[error("refused by the provider: {0}")]
    Refused(String),
    /// What it sent does not prove what it should: signature, issuer, audience, nonce, time, replay.
    #[error("not trusted: {0}")]
    Untrusted(String),
    /// No connection, no answer in time, or it asks us to come back later: worth another try (503).
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It answers, but with a server error or with something that is no answer (502).
    #[error("faulty: {0}")]
    Faulty(String),
    /// The operator must change something; the text says what.
    #[error("misconfigured: {0}")]
    Misconfigured(String),
}

/// No instance at all.
#[derive(Clone, Copy, Debug)]
pub struct NoProviders;

impl Registry for NoProviders {
    fn provider(&self, _id: &str) -> Option<std::sync::Arc<dyn Provider>> {
        None
    }

    fn all(&self) -> Vec<std::sync::Arc<dyn Provider>> {
        Vec::new()
    }
}

/// The configured instances.
pub trait Registry: Send + Sync {
    /// By id.
    fn provider(&self, id: &str) -> Option<std::sync::Arc<dyn Provider>>;
    /// All, in the order of their ids.
    fn all(&self) -> Vec<std::sync::Arc<dyn Provider>>;
}
