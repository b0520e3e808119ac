//! The signing keys of a provider (RFC 7517), cached.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use doorward_core::ports::clock::Clock;
use doorward_core::ports::provider::ProviderError;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::engine::fetch::Fetch;

/// Keys are asked for anew after this time, so that withdrawn ones stop working.
const MAX_AGE: Duration = Duration::from_hours(1);
/// Tokens with unknown keys make us ask at most this often.
const REFETCH_PAUSE: Duration = Duration::from_mins(1);
/// More keys than any provider has.
const MAX_KEYS: usize = 100;

/// Keys of one set, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeySet(Vec<Jwk>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a JWK Set; entries that are no key we understand are left out (RFC 7517 §5).
    pub(crate) fn of(keys: Vec<Value>) -> Self {
        let keys = keys.into_iter().take(MAX_KEYS);
        Self(keys.filter_map(|key| serde_json::from_value(key).ok()).collect())
    }

    /// The key of that id for that algorithm; without an id, the only one that fits the algorithm.
    pub(crate) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let named = |key: &&Jwk| kid.is_none() || key.common.key_id.as_deref() == kid;
        let mut fitting = self.0.iter().filter(named).filter(|key| fits(key, algorithm));
        let key = fitting.next()?;
        if fitting.next().is_some() {
            return None;
        }
        DecodingKey::from_jwk(key).ok()
    }
}

/// Whether the key is for signatures of that algorithm. The key decides, not the token (RFC 8725 §3.1).
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let for_signatures = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let same_algorithm = key.common.key_algorithm.is_none_or(|known| known == KeyAlgorithm::from(algorithm));
    let same_type = match (&key.algorithm, algorithm) {
        (
            AlgorithmParameters::RSA(_),
            Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512,
        ) => true,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES384) => key.curve == EllipticCurve::P384,
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    for_signatures && same_algorithm && same_type
}

struct Cached {
    uri: String,
    keys: Arc<KeySet>,
    loaded_at: Duration,
}

/// The keys at `jwks_uri`.
pub(crate) struct KeyCache {
    clock: Arc<dyn Clock>,
    cached: Mutex<Option<Cached>>,
    /// When an unknown key, or a failure to renew, last made us ask.
    refetched_at: Mutex<Option<Duration>>,
    /// One question at a time; others wait for its answer.
    asking: tokio::sync::Mutex<()>,
}

impl KeyCache {
    /// Empty.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            cached: Mutex::new(None),
            refetched_at: Mutex::new(None),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// The key with which a token was signed, after asking for new keys when it is unknown.
    ///
    /// # Errors
    /// Untrusted (the provider has no such key), or why the keys could not be had.
    pub(crate) async fn find(
        &self,
        fetch: &Fetch,
        uri: &str,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<DecodingKey, ProviderError> {
        let known = self.current(fetch, uri).await?;
        if let Some(key) = known.find(kid, algorithm) {
            return Ok(key);
        }
        let unknown =
            || ProviderError::Untrusted("signed with a key that the provider does not publish".into());
        let newer = self.after(fetch, uri, &known).await?.ok_or_else(unknown)?;
        newer.find(kid, algorithm).ok_or_else(unknown)
    }

    /// The keys, not older than an hour unless new ones cannot be had.
    async fn current(&self, fetch: &Fetch, uri: &str) -> Result<Arc<KeySet>, ProviderError> {
        if let (Some(keys), true) = self.peek(uri) {
            return Ok(keys);
        }
        let _asking = self.asking.lock().await;
        match self.peek(uri) {
            (Some(keys), true) => Ok(keys),
            (None, _) => self.load(fetch, uri).await,
            (Some(old), false) => {
                if !self.may_refetch() {
                    return Ok(old);
                }
                Ok(self.load(fetch, uri).await.unwrap_or_else(|error| {
                    tracing::warn!(event = "provider_keys_stale", error = %error, "keys could not be renewed");
                    old
                }))
            }
        }
    }

    /// A set other than `known`: what somebody else just brought, or what asking brings, if asking is due.
    async fn after(
        &self,
        fetch: &Fetch,
        uri: &str,
        known: &Arc<KeySet>,
    ) -> Result<Option<Arc<KeySet>>, ProviderError> {
        let _asking = self.asking.lock().await;
        if let (Some(keys), _) = self.peek(uri)
            && !Arc::ptr_eq(&keys, known)
        {
            return Ok(Some(keys));
        }
        if !self.may_refetch() {
            return Ok(None);
        }
        self.load(fetch, uri).await.map(Some)
    }

    /// The cached keys, and whether they are fresh.
    fn peek(&self, uri: &str) -> (Option<Arc<KeySet>>, bool) {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cached) = cached.as_ref().filter(|cached| cached.uri == uri) else {
            return (None, false);
        };
        let age = self.clock.monotonic().saturating_sub(cached.loaded_at);
        (Some(cached.keys.clone()), age < MAX_AGE)
    }

    /// Whether a minute has passed since the last time; if so, this is the next.
    fn may_refetch(&self) -> bool {
        let now = self.clock.monotonic();
        let mut last = self.refetched_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| now.saturating_sub(last) >= REFETCH_PAUSE);
        if due {
            *last = Some(now);
        }
        due
    }

    async fn load(&self, fetch: &Fetch, uri: &str) -> Result<Arc<KeySet>, ProviderError> {
        let document: Document = fetch.get_json(uri).await?;
        let keys = Arc::new(KeySet::of(document.keys));
        let loaded_at = self.clock.monotonic();
        let cached = Cached { uri: uri.to_owned(), keys: keys.clone(), loaded_at };
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(cached);
        Ok(keys)
    }
}

#[cfg(test)]
mod tests;
