//! Identity providers behind [`doorward_core::ports::provider`]: one file per provider, most of them a preset on the OpenID
//! Connect engine.

mod apple;
mod azure;
mod cognito;
mod deadline;
mod engine;
mod facebook;
mod google;
mod instagram;
mod keycloak;
mod oidc;
#[cfg(feature = "saml")]
mod saml;
pub mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::provider::{Provider, ProviderInfo, ProviderKind, Registry};

use deadline::Deadline;
use engine::fetch::Fetch;
use settings::ProviderSettings;

/// What providers get from outside.
#[derive(Clone)]
pub struct Tools {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Tools {
    /// 256 random bits as 43 characters that fit everywhere: nonces, PKCE verifiers (RFC 7636 §4.1), ids.
    pub(crate) fn random_text(&self) -> String {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// A section `[providers.<id>]` that cannot work.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("[providers.{id}] {what}")]
pub struct ConfigurationError {
    /// The instance.
    pub id: String,
    /// What must be changed.
    pub what: String,
}

/// What a provider is built from.
pub(crate) struct Parts {
    /// Its section.
    pub(crate) settings: ProviderSettings,
    /// Time and randomness.
    pub(crate) tools: Tools,
    /// Outbound HTTP under this section's rules.
    pub(crate) fetch: Fetch,
}

impl Parts {
    /// The text of a key that the kind cannot do without.
    ///
    /// # Errors
    /// It is missing or empty.
    pub(crate) fn required<'a>(
        &self,
        key: &str,
        value: Option<&'a str>,
    ) -> Result<&'a str, ConfigurationError> {
        value.filter(|text| !text.trim().is_empty()).ok_or_else(|| self.error(format!("needs `{key}`")))
    }

    /// A kind-specific text, if it is there and not empty.
    pub(crate) fn extra(&self, key: &str) -> Option<&str> {
        self.settings.extra.get(key).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// What is true of the instance without asking anybody.
    pub(crate) fn info(&self, answers_by_post: bool, state_parameter: &'static str) -> ProviderInfo {
        ProviderInfo {
            id: self.settings.id.clone(),
            kind: self.settings.kind,
            callback_path: self.settings.callback_path.clone(),
            answers_by_post,
            state_parameter,
            unsolicited_client: self.extra("unsolicited_client").map(str::to_owned),
            sign_up: self.settings.sign_up.clone(),
            link: self.settings.link,
            trusts_second_factor: self.extra("trust_mfa") == Some("true"),
        }
    }

    /// An error of this section.
    pub(crate) fn error(&self, what: impl Into<String>) -> ConfigurationError {
        ConfigurationError { id: self.settings.id.clone(), what: what.into() }
    }
}

/// What a provider's `build` answers.
pub(crate) type Built = Result<Arc<dyn Provider>, ConfigurationError>;

type Constructor = fn(Parts) -> Built;

/// The registration list: one line per provider.
const CONSTRUCTORS: &[(ProviderKind, Constructor)] = &[
    (ProviderKind::Facebook, facebook::build),
    (ProviderKind::Instagram, instagram::build),
    (ProviderKind::Apple, apple::build),
    (ProviderKind::Azure, azure::build),
    (ProviderKind::Cognito, cognito::build),
    (ProviderKind::Google, google::build),
    (ProviderKind::Keycloak, keycloak::build),
    (ProviderKind::Oidc, oidc::build),
    #[cfg(feature = "saml")]
    (ProviderKind::Saml, saml::build),
];

fn constructor(kind: ProviderKind) -> Option<Constructor> {
    CONSTRUCTORS.iter().find(|(known, _)| *known == kind).map(|(_, constructor)| *constructor)
}

/// The configured instances.
pub struct ConfiguredProviders(BTreeMap<String, Arc<dyn Provider>>);

impl Registry for ConfiguredProviders {
    fn provider(&self, id: &str) -> Option<Arc<dyn Provider>> {
        self.0.get(id).cloned()
    }

    fn all(&self) -> Vec<Arc<dyn Provider>> {
        self.0.values().cloned().collect()
    }
}

/// Builds every configured instance. Asks nobody: discovery happens when the first user departs.
///
/// # Errors
/// The first section that cannot work.
#[expect(clippy::needless_pass_by_value, reason = "its callers have no other use for them")]
pub fn build(
    settings: Vec<ProviderSettings>,
    tools: Tools,
) -> Result<ConfiguredProviders, ConfigurationError> {
    let mut built = BTreeMap::new();
    for settings in settings {
        let id = settings.id.clone();
        let error = |what: String| ConfigurationError { id: id.clone(), what };
        let constructor = constructor(settings.kind)
            .ok_or_else(|| error(format!("kind \"{}\" is not part of this build", settings.kind.as_str())))?;
        let fetch = Fetch::new(settings.allow_loopback, settings.timeout).map_err(|cause| {
            error(format!("needs the system's certificate authorities (ca-certificates): {cause}"))
        })?;
        let provider = constructor(Parts { settings, tools: tools.clone(), fetch })?;
        if built.insert(id.clone(), Deadline::around(provider)).is_some() {
            return Err(error("is there twice".to_owned()));
        }
    }
    Ok(ConfiguredProviders(built))
}
