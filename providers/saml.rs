//! Any SAML 2.0 identity provider: Okta, Entra ID, AD FS, Keycloak, Shibboleth, SimpleSAMLphp.

use std::sync::Arc;

use doorward_core::ports::provider::Provider;

use crate::engine::saml::Saml;
use crate::{ConfigurationError, Parts};

/// Builds it.
pub(crate) fn build(parts: Parts) -> Result<Arc<dyn Provider>, ConfigurationError> {
    Ok(Arc::new(Saml::new(parts)?))
}
