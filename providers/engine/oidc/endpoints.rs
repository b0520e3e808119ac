//! Where a provider's endpoints are: from its discovery document (OpenID Connect Discovery §4), cached, under what the
//! configuration says.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use doorward_core::ports::clock::Clock;
use doorward_core::ports::provider::ProviderError;
use serde::Deserialize;

use crate::engine::fetch::Fetch;
use crate::settings::ProviderSettings;

/// The document is asked for anew after this time.
const MAX_AGE: Duration = Duration::from_hours(1);

/// Addresses that the configuration or the kind knows; they count more than the document's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// authorization_endpoint.
    pub(crate) authorization: Option<String>,
    /// token_endpoint.
    pub(crate) token: Option<String>,
    /// userinfo_endpoint.
    pub(crate) userinfo: Option<String>,
    /// jwks_uri.
    pub(crate) jwks: Option<String>,
    /// revocation_endpoint.
    pub(crate) revocation: Option<String>,
    /// end_session_endpoint.
    pub(crate) end_session: Option<String>,
}

impl Known {
    /// What the configuration says.
    pub(crate) fn from_settings(settings: &ProviderSettings) -> Self {
        Self {
            authorization: settings.authorization_endpoint.clone(),
            token: settings.token_endpoint.clone(),
            userinfo: settings.userinfo_endpoint.clone(),
            jwks: settings.jwks_uri.clone(),
            revocation: settings.revocation_endpoint.clone(),
            end_session: settings.end_session_endpoint.clone(),
        }
    }

    /// What is said here, and where nothing is said, what the other says.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            authorization: self.authorization.or(other.authorization),
            token: self.token.or(other.token),
            userinfo: self.userinfo.or(other.userinfo),
            jwks: self.jwks.or(other.jwks),
            revocation: self.revocation.or(other.revocation),
            end_session: self.end_session.or(other.end_session),
        }
    }

    /// Whether nobody needs to be asked.
    fn is_enough(&self) -> bool {
        self.authorization.is_some() && self.token.is_some() && self.jwks.is_some()
    }
}

/// The provider's address book.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Endpoints {
    /// `issuer` as the provider announces it; Microsoft's holds a placeholder.
    pub(crate) issuer: String,
    /// authorization_endpoint.
    pub(crate) authorization: String,
    /// token_endpoint.
    pub(crate) token: String,
    /// userinfo_endpoint.
    pub(crate) userinfo: Option<String>,
    /// jwks_uri.
    pub(crate) jwks: String,
    /// revocation_endpoint (RFC 7009).
    pub(crate) revocation: Option<String>,
    /// end_session_endpoint.
    pub(crate) end_session: Option<String>,
    /// How clients may authenticate; empty when nothing is said.
    pub(crate) authentication: Vec<String>,
    /// Whether every authorization response names its issuer (RFC 9207 §2.3).
    pub(crate) names_issuer: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: Option<String>,
    revocation_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Finds the endpoints of one provider.
pub(crate) struct Directory {
    clock: Arc<dyn Clock>,
    issuer: String,
    known: Known,
    /// With the time until which they are fresh.
    cached: Mutex<Option<(Arc<Endpoints>, Duration)>>,
    asking: tokio::sync::Mutex<()>,
}

/// Whether the issuer that a document announces is the one it was asked for.
pub(crate) type AcceptsIssuer<'a> = &'a (dyn Fn(&str) -> bool + Send + Sync);

impl Directory {
    /// Of the provider whose discovery document is below `issuer`.
    pub(crate) fn new(clock: Arc<dyn Clock>, issuer: &str, known: Known) -> Self {
        let (cached, asking) = (Mutex::new(None), tokio::sync::Mutex::new(()));
        Self { clock, issuer: issuer.to_owned(), known, cached, asking }
    }

    /// The endpoints.
    ///
    /// # Errors
    /// Unreachable, Faulty; Misconfigured when the document is another issuer's or lacks an endpoint.
    pub(crate) async fn endpoints(
        &self,
        fetch: &Fetch,
        accepts: AcceptsIssuer<'_>,
    ) -> Result<Arc<Endpoints>, ProviderError> {
        if self.known.is_enough() {
            return Ok(Arc::new(self.configured()));
        }
        if let (Some(endpoints), true) = self.peek() {
            return Ok(endpoints);
        }
        let _asking = self.asking.lock().await;
        let old = match self.peek() {
            (Some(endpoints), true) => return Ok(endpoints),
            (old, _) => old,
        };
        match (self.discover(fetch, accepts).await, old) {
            (Ok(endpoints), _) => Ok(self.remember(endpoints)),
            (Err(error), None) => Err(error),
            // It worked before: its endpoints will tell whether the provider is really gone.
            (Err(error), Some(old)) => {
                tracing::warn!(event = "provider_discovery_stale", error = %error, "discovery failed");
                Ok(old)
            }
        }
    }

    /// What is known at this moment without asking.
    pub(crate) fn known_now(&self) -> Known {
        let cached = self.peek().0;
        let found = cached.map(|found| Known {
            authorization: Some(found.authorization.clone()),
            token: Some(found.token.clone()),
            userinfo: found.userinfo.clone(),
            jwks: Some(found.jwks.clone()),
            revocation: found.revocation.clone(),
            end_session: found.end_session.clone(),
        });
        self.known.clone().or(found.unwrap_or_default())
    }

    /// The next one to ask looks again: an endpoint did not do what it should.
    pub(crate) fn doubt(&self) {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, fresh_until)) = cached.as_mut() {
            *fresh_until = Duration::ZERO;
        }
    }

    fn peek(&self) -> (Option<Arc<Endpoints>>, bool) {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((endpoints, fresh_until)) = cached.as_ref() else { return (None, false) };
        (Some(endpoints.clone()), self.clock.monotonic() < *fresh_until)
    }

    fn remember(&self, endpoints: Endpoints) -> Arc<Endpoints> {
        let endpoints = Arc::new(endpoints);
        let cached = (endpoints.clone(), self.clock.monotonic().saturating_add(MAX_AGE));
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(cached);
        endpoints
    }

    async fn discover(&self, fetch: &Fetch, accepts: AcceptsIssuer<'_>) -> Result<Endpoints, ProviderError> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let document: Document = fetch.get_json(&address).await?;
        if !accepts(&document.issuer) {
            return Err(ProviderError::Misconfigured(format!(
                "{address} says that its issuer is \"{}\", not \"{}\": correct `issuer`",
                clip(&document.issuer),
                self.issuer
            )));
        }
        let found = Known {
            authorization: document.authorization_endpoint,
            token: document.token_endpoint,
            userinfo: document.userinfo_endpoint,
            jwks: document.jwks_uri,
            revocation: document.revocation_endpoint,
            end_session: document.end_session_endpoint,
        };
        let all = self.known.clone().or(found);
        let missing =
            |name: &str| ProviderError::Misconfigured(format!("{address} names no {name}: set `{name}`"));
        Ok(Endpoints {
            issuer: document.issuer,
            authorization: all.authorization.ok_or_else(|| missing("authorization_endpoint"))?,
            token: all.token.ok_or_else(|| missing("token_endpoint"))?,
            userinfo: all.userinfo,
            jwks: all.jwks.ok_or_else(|| missing("jwks_uri"))?,
            revocation: all.revocation,
            end_session: all.end_session,
            authentication: document.token_endpoint_auth_methods_supported,
            names_issuer: document.authorization_response_iss_parameter_supported,
        })
    }

    /// With enough of them known, the others are simply absent.
    fn configured(&self) -> Endpoints {
        let known = self.known.clone();
        Endpoints {
            issuer: self.issuer.clone(),
            authorization: known.authorization.unwrap_or_default(),
            token: known.token.unwrap_or_default(),
            userinfo: known.userinfo,
            jwks: known.jwks.unwrap_or_default(),
            revocation: known.revocation,
            end_session: known.end_session,
            authentication: Vec::new(),
            names_issuer: false,
        }
    }
}

/// A text of somebody else's, fit for a line of the log.
pub(crate) fn clip(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests;
