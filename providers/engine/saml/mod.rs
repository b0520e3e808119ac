//! SAML 2.0 web sign-in as a service provider: requests by redirect, responses by POST.
//!
//! A message is looked at in four steps, each of which only sees what the one before let through: `precheck` (text and shape),
//! `signature` (libxmlsec1 returns the octets that were signed), `assertion` (issuer, audience, recipient, request, times, read
//! from those octets) and `mapping` (who it is). docs/adr/0008-saml.md says why.

mod assertion;
mod encryption;
mod keys;
mod mapping;
mod metadata;
mod options;
mod precheck;
mod request;
mod response;
mod signature;
mod source;
#[cfg(test)]
mod tests;
mod xml;

use std::sync::Arc;

use async_trait::async_trait;
use doorward_core::domain::federation::ExternalIdentity;
use doorward_core::ports::provider::{
    Arrival, Departure, Handoff, Memo, Provider, ProviderError, ProviderInfo,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::{ConfigurationError, Parts, Tools};
use assertion::{Expected, Facts};
use metadata::IdentityProvider;
use options::Options;
use request::AuthnRequest;
use source::Source;

const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const NO_CERTIFICATE: &str = "there is no certificate of the identity provider to verify signatures with";
/// Verifications at a time: each occupies a thread for about a millisecond.
const AT_WORK: usize = 2;
/// Further ones that may wait.
const WAITING: usize = 64;

/// A SAML identity provider.
pub(crate) struct Saml {
    info: ProviderInfo,
    options: Options,
    source: Source,
    tools: Tools,
    /// Places in the queue, those at work included.
    queue: Arc<Semaphore>,
    work: Arc<Semaphore>,
}

/// What is remembered between departure and arrival.
#[derive(Serialize, Deserialize)]
struct Sent {
    /// The id of our request.
    request: String,
}

impl Saml {
    /// Understands the section; asks nobody.
    ///
    /// # Errors
    /// What must be changed.
    pub(crate) fn new(parts: Parts) -> Result<Self, ConfigurationError> {
        let (options, source) = options::read(&parts)?;
        let settings = parts.settings;
        let info = ProviderInfo {
            id: settings.id,
            kind: settings.kind,
            callback_path: settings.callback_path,
            answers_by_post: true,
            state_parameter: "RelayState",
            unsolicited_client: settings.extra.get("unsolicited_client").filter(|id| !id.is_empty()).cloned(),
            sign_up: settings.sign_up,
            link: settings.link,
            trusts_second_factor: settings.extra.get("trust_mfa").is_some_and(|flag| flag == "true"),
        };
        Ok(Self {
            info,
            options,
            source,
            tools: parts.tools,
            queue: Arc::new(Semaphore::new(AT_WORK + WAITING)),
            work: Arc::new(Semaphore::new(AT_WORK)),
        })
    }

    fn key_for_requests(&self, wanted: bool) -> Result<Option<&keys::OwnKey>, ProviderError> {
        if !wanted && !self.options.sign_requests {
            return Ok(None);
        }
        self.options.own_key.as_deref().map(Some).ok_or_else(|| {
            ProviderError::Misconfigured(
                "the identity provider wants signed requests: set `private_key` and `certificate`".to_owned(),
            )
        })
    }

    /// Verifies on a blocking thread, a few at a time; too many waiting is an answer, not a queue.
    async fn verify(
        &self,
        xml: &Arc<String>,
        identity_provider: &Arc<IdentityProvider>,
        request: Option<&str>,
        callback_url: &str,
    ) -> Result<Facts, ProviderError> {
        let busy = || ProviderError::Unreachable("too many SAML responses are being verified".to_owned());
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| busy())?;
        let permit = Arc::clone(&self.work).acquire_owned().await.map_err(|_| busy())?;
        let (xml, identity_provider) = (Arc::clone(xml), Arc::clone(identity_provider));
        let own = self.options.own_key.clone();
        let audience = self.options.entity_id.clone();
        let request = request.map(str::to_owned);
        let callback_url = callback_url.to_owned();
        let now = self.tools.clock.now();
        let work = move || {
            let expected = Expected {
                issuer: &identity_provider.entity_id,
                audience: &audience,
                callback_url: &callback_url,
                request: request.as_deref(),
                now,
            };
            let own = own.as_deref().map(keys::OwnKey::private);
            let keys = response::Keys { certificates: &identity_provider.certificates, own };
            let outcome = response::verify(&xml, &keys, &expected);
            // Held until here, so that a caller who hangs up makes no room for more.
            drop((place, permit));
            outcome
        };
        // A panic of the libraries refuses this one message.
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(ProviderError::Untrusted("the message cannot be verified".to_owned())))
    }

    fn request_id(&self, memo: Option<&Memo>) -> Result<Option<String>, ProviderError> {
        match memo {
            Some(memo) => {
                let sent = memo.read::<Sent>();
                sent.map(|sent| Some(sent.request)).map_err(|_| {
                    ProviderError::Untrusted("what was remembered of the request is lost".to_owned())
                })
            }
            None if self.info.unsolicited_client.is_some() => Ok(None),
            None => Err(ProviderError::Untrusted(
                "a response without a request (`unsolicited_client` would accept it)".to_owned(),
            )),
        }
    }
}

#[async_trait]
impl Provider for Saml {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    async fn depart(&self, departure: &Departure) -> Result<Handoff, ProviderError> {
        let identity_provider = self.source.current().await?;
        if identity_provider.certificates.is_empty() {
            return Err(ProviderError::Misconfigured(NO_CERTIFICATE.to_owned()));
        }
        let signing = self.key_for_requests(identity_provider.wants_signed_requests)?;
        let id = request::new_id(&*self.tools.entropy);
        let request = AuthnRequest {
            id: &id,
            now: self.tools.clock.now(),
            issuer: &self.options.entity_id,
            destination: identity_provider.sign_on.url(),
            callback_url: &departure.callback_url,
            name_id_format: self.options.name_id_format.as_deref(),
            force_authn: self.options.force_authn,
        };
        let destination = request::hand_off(
            &request.to_xml(),
            departure.state.expose(),
            &identity_provider.sign_on,
            signing,
        )?;
        let memo = Memo::of(&Sent { request: id })
            .map_err(|error| ProviderError::Misconfigured(format!("the request cannot be kept: {error}")))?;
        Ok(Handoff { destination, memo })
    }

    async fn arrive(
        &self,
        memo: Option<&Memo>,
        arrival: &Arrival,
    ) -> Result<ExternalIdentity, ProviderError> {
        if !arrival.by_post {
            return Err(ProviderError::Untrusted("a SAML response comes by POST".to_owned()));
        }
        let request = self.request_id(memo)?;
        let field = arrival.parameter("SAMLResponse");
        let field = field.ok_or_else(|| ProviderError::Untrusted("there is no SAMLResponse".to_owned()))?;
        let xml = Arc::new(response::decode(field)?);
        let identity_provider = self.source.current().await?;
        let callback_url = &arrival.callback_url;
        let facts = self.verify(&xml, &identity_provider, request.as_deref(), callback_url).await;
        let (facts, issuer) = match facts {
            // The identity provider may sign with a new key already.
            Err(refusal @ ProviderError::Untrusted(_)) => match self.source.newer(&identity_provider).await {
                None => return Err(refusal),
                Some(newer) => (self.verify(&xml, &newer, request.as_deref(), callback_url).await?, newer),
            },
            facts => (facts?, identity_provider),
        };
        mapping::identity(&facts, &issuer.entity_id, &self.options.mapping)
    }

    fn metadata(&self, callback_url: &str) -> Option<Result<String, ProviderError>> {
        Some(Ok(request::own_metadata(
            &self.options.entity_id,
            callback_url,
            self.options.own_key.as_deref(),
            self.options.sign_requests,
            self.options.name_id_format.as_deref(),
        )))
    }
}
