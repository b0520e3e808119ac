//! Where the facts about an identity provider come from: the configuration alone, a file, or an address. Files and
//! addresses are read again from time to time, and at once (but not often) when a signature does not verify.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::ports::clock::Clock;
use doorward_core::ports::provider::ProviderError;
use tokio::sync::Mutex;

use super::metadata::{self, IdentityProvider, Overrides};
use super::xml::untrusted;
use crate::engine::fetch::{Fetch, Request};

/// How long metadata is used before it is read again.
const FRESH: Duration = Duration::from_hours(1);
/// Between two attempts to read it.
const PAUSE: Duration = Duration::from_mins(1);
/// How long metadata is used when it cannot be read again.
const STALE: Duration = Duration::from_hours(24);

/// Where metadata is.
pub(super) enum Place {
    /// On disk.
    File(PathBuf),
    /// At an https address, on whose TLS all trust in it rests.
    Address(String, Fetch),
}

/// The facts, as of now.
pub(super) enum Source {
    /// Only what the configuration says.
    Fixed(Arc<IdentityProvider>),
    /// Metadata.
    Read(Box<Reader>),
}

/// Reads metadata.
pub(super) struct Reader {
    provider: String,
    place: Place,
    overrides: Overrides,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What was read, and when (monotonic).
    known: Option<(Arc<IdentityProvider>, Duration)>,
    /// The last attempt, and why it failed.
    tried: Option<(Duration, Option<String>)>,
}

impl Source {
    /// What is true now.
    ///
    /// # Errors
    /// Unreachable, Faulty, Misconfigured.
    pub(super) async fn current(&self) -> Result<Arc<IdentityProvider>, ProviderError> {
        match self {
            Self::Fixed(known) => Ok(Arc::clone(known)),
            Self::Read(reader) => reader.current().await,
        }
    }

    /// What is true now that `old` did not verify a signature; `None` when nothing newer is to be had.
    pub(super) async fn newer(&self, old: &Arc<IdentityProvider>) -> Option<Arc<IdentityProvider>> {
        match self {
            Self::Fixed(_) => None,
            Self::Read(reader) => reader.newer(old).await,
        }
    }
}

impl Reader {
    /// Nothing is read yet.
    pub(super) fn new(provider: &str, place: Place, overrides: Overrides, clock: Arc<dyn Clock>) -> Self {
        Self { provider: provider.to_owned(), place, overrides, clock, state: Mutex::default() }
    }

    async fn current(&self) -> Result<Arc<IdentityProvider>, ProviderError> {
        let mut state = self.state.lock().await;
        let now = self.clock.monotonic();
        let age = state.known.as_ref().map(|(_, read)| now.saturating_sub(*read));
        if age.is_none_or(|age| age >= FRESH) {
            self.read_again(&mut state).await;
        }
        let reason = || match &state.tried {
            Some((_, Some(reason))) => reason.clone(),
            _ => "it has not been read yet".to_owned(),
        };
        let (known, read) = state
            .known
            .as_ref()
            .ok_or_else(|| ProviderError::Unreachable(format!("metadata: {}", reason())))?;
        if now.saturating_sub(*read) >= STALE {
            return Err(ProviderError::Unreachable(format!("metadata is too old: {}", reason())));
        }
        if known.valid_until.is_some_and(|end| self.clock.now() >= end) {
            return Err(ProviderError::Misconfigured("the metadata's validUntil is over".to_owned()));
        }
        Ok(Arc::clone(known))
    }

    async fn newer(&self, old: &Arc<IdentityProvider>) -> Option<Arc<IdentityProvider>> {
        let mut state = self.state.lock().await;
        if state.known.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, old)) {
            self.read_again(&mut state).await;
        }
        let (known, _) = state.known.as_ref()?;
        (known != old).then(|| Arc::clone(known))
    }

    /// At most once a [`PAUSE`]; what is known stays when it fails.
    async fn read_again(&self, state: &mut State) {
        let now = self.clock.monotonic();
        if state.tried.as_ref().is_some_and(|(tried, _)| now.saturating_sub(*tried) < PAUSE) {
            return;
        }
        match self.read().await {
            Ok(found) => {
                let is_same = state.known.as_ref().is_some_and(|(known, _)| **known == found);
                let found = match &state.known {
                    Some((known, _)) if is_same => Arc::clone(known),
                    _ => Arc::new(found),
                };
                if !is_same {
                    let (entity_id, certificates) = (&found.entity_id, found.certificates.len());
                    tracing::info!(
                        event = "saml_metadata_read",
                        provider = self.provider,
                        entity_id,
                        certificates
                    );
                }
                state.known = Some((found, now));
                state.tried = Some((now, None));
            }
            Err(error) => {
                tracing::warn!(event = "saml_metadata_failed", provider = self.provider, reason = %error);
                state.tried = Some((now, Some(error.to_string())));
            }
        }
    }

    async fn read(&self) -> Result<IdentityProvider, ProviderError> {
        let text = match &self.place {
            Place::File(path) => tokio::fs::read_to_string(path)
                .await
                .map_err(|error| ProviderError::Misconfigured(format!("`metadata_file`: {error}")))?,
            Place::Address(url, fetch) => {
                let answer = fetch.send(Request::get(url)).await?;
                if !answer.is_success() {
                    let status = answer.status.as_u16();
                    return Err(ProviderError::Faulty(format!("{} answered {status}", answer.source)));
                }
                String::from_utf8(answer.body.expose().clone())
                    .map_err(|_| untrusted("the metadata is no UTF-8"))?
            }
        };
        metadata::read(text.trim_start_matches('\u{feff}'), &self.overrides)
            .map_err(|what| ProviderError::Misconfigured(format!("the metadata {what}")))
    }
}
