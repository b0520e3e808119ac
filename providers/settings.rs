//! `[providers.<id>]` as the adapters read it, already checked for form by the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{LinkPolicy, ProviderKind, SignUp};

/// One instance. What a kind does not use stays `None`; what it needs and lacks is Misconfigured at start.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// `<id>`.
    pub id: String,
    /// `kind`.
    pub kind: ProviderKind,
    /// OAuth client id at the provider; SAML: our entity id.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<Secret<String>>,
    /// Further accepted audiences of ID tokens (iOS and Android client ids).
    pub audiences: Vec<String>,
    /// OIDC issuer, overriding the kind's own.
    pub issuer: Option<String>,
    /// Overrides what discovery or the kind says.
    pub authorization_endpoint: Option<String>,
    /// Overrides what discovery or the kind says.
    pub token_endpoint: Option<String>,
    /// Overrides what discovery or the kind says.
    pub userinfo_endpoint: Option<String>,
    /// Overrides what discovery or the kind says.
    pub jwks_uri: Option<String>,
    /// Overrides what discovery or the kind says.
    pub revocation_endpoint: Option<String>,
    /// Overrides what discovery or the kind says.
    pub end_session_endpoint: Option<String>,
    /// Scopes to ask for, instead of the kind's own.
    pub scopes: Option<Vec<String>>,
    /// The absolute callback address, instead of the one derived from `server.public_url`.
    pub redirect_uri: Option<String>,
    /// Path of the callback under `server.public_url`.
    pub callback_path: String,
    /// What happens to unknown identities.
    pub sign_up: SignUp,
    /// Whether accounts are recognised by address.
    pub link: LinkPolicy,
    /// Plain http and private addresses are accepted for this provider (tests, local development).
    pub allow_loopback: bool,
    /// Longest wait for any one answer of the provider; at most 5 seconds.
    pub timeout: Duration,
    /// Kind-specific texts: `client_authentication`, `access_type`, `identity_provider`, `tenant` and `tenants` (azure), `hosted_domain` (google), `region`, `user_pool`, `domain`
    /// (cognito), `host`, `realm` (keycloak), `team_id`, `key_id` (apple), `version` (facebook),
    /// `idp_entity_id`, `idp_sso_url`, `name_id_format`, `unsolicited_client`, `sign_requests`, `force_authn`,
    /// `subject_attribute`, `email_attribute`, `first_name_attribute`, `last_name_attribute`, `username_attribute`,
    /// `phone_attribute`, `trust_email`, `email_domains` (saml).
    pub extra: BTreeMap<String, String>,
    /// Apple's `.p8` key, or SAML's private key for decryption: PEM.
    pub private_key: Option<Secret<String>>,
    /// SAML: PEM certificate that belongs to `private_key`.
    pub certificate: Option<String>,
    /// SAML: the identity provider's signing certificates (PEM or bare base64), several during a roll-over.
    pub idp_certificates: Vec<String>,
    /// SAML: metadata of the identity provider, from a file.
    pub metadata_file: Option<PathBuf>,
    /// SAML: metadata of the identity provider, from an address.
    pub metadata_url: Option<String>,
}
