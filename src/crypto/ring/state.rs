//! The keys in memory at one moment, with the tokens they verified lately.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::claims::VerifiedToken;
use doorward_core::domain::error::Error;
use doorward_core::domain::key::{Algorithm, KeyStage, SigningKey};
use doorward_core::domain::oauth_claims::OAuthToken;
use doorward_core::domain::secret::TokenHash;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::sealer::Sealer;
use jsonwebtoken::{DecodingKey, EncodingKey};
use moka::sync::Cache;
use serde_json::Value;

use crate::keys::material;

/// Memory that verified tokens may take, in bytes; some tens of thousands of tokens.
const VERIFIED_BYTES: u64 = 32 * 1024 * 1024;
/// What a token weighs beside its text, in bytes.
const ENTRY_BYTES: usize = 512;
/// How long a verified signature is believed.
const VERIFIED_TTL: Duration = Duration::from_mins(1);

/// One key: its row, and its parsed parts, which outlive reloads.
pub(super) struct RingKey {
    row: SigningKey,
    parts: Arc<Parts>,
}

struct Parts {
    verifying: DecodingKey,
    published: Value,
    signing: Option<EncodingKey>,
}

impl RingKey {
    fn load(row: SigningKey, known: Option<&Arc<Self>>, sealer: &dyn Sealer) -> Result<Self, Error> {
        let unchanged = known.filter(|known| {
            known.row.public_jwk == row.public_jwk
                && known.row.sealed_private == row.sealed_private
                && known.row.algorithm == row.algorithm
        });
        if let Some(known) = unchanged {
            return Ok(Self { parts: Arc::clone(&known.parts), row });
        }
        let (verifying, published) = material::public_part(&row)?;
        // A key whose end is set may sign until then; one that a purge is about to take is not worth an error.
        let signing = match material::signing_part(&row, sealer) {
            Ok(key) => Some(key),
            Err(error) if row.retired_at.is_none() => return Err(error),
            Err(_) => None,
        };
        Ok(Self { parts: Arc::new(Parts { verifying, published, signing }), row })
    }

    pub(super) fn kid(&self) -> &str {
        &self.row.kid
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.row.algorithm
    }

    pub(super) fn verifying(&self) -> &DecodingKey {
        &self.parts.verifying
    }

    pub(super) fn signing(&self) -> Option<&EncodingKey> {
        self.parts.signing.as_ref()
    }

    /// Whether the key's tokens still count, when they do for `period` after its retirement.
    pub(super) fn counts(&self, now: Timestamp, period: Duration) -> bool {
        self.row.retired_at.is_none_or(|at| at.plus(period) > now)
    }
}

/// A verified token of either dialect.
#[derive(Clone)]
pub(super) enum Known {
    Native(VerifiedToken),
    OAuth(OAuthToken),
}

/// The same with its weight.
#[derive(Clone)]
pub(super) struct Verified {
    pub(super) token: Known,
    weight: u32,
}

impl Verified {
    pub(super) fn new(token: Known, text: &str) -> Self {
        let weight = u32::try_from(text.len() * 2 + ENTRY_BYTES).unwrap_or(u32::MAX);
        Self { token, weight }
    }
}

/// All keys. A change of keys makes a new one, with an empty cache of tokens.
pub(super) struct State {
    keys: HashMap<String, Arc<RingKey>>,
    rows: Vec<SigningKey>,
    pub(super) verified: Cache<TokenHash, Verified>,
}

impl State {
    /// Parses the rows; those that `before` knows unchanged are taken over.
    ///
    /// # Errors
    /// Internal when a key is damaged, weak, or sealed with another master key.
    pub(super) fn load(
        rows: Vec<SigningKey>,
        before: Option<&Self>,
        sealer: &dyn Sealer,
    ) -> Result<Self, Error> {
        let mut keys = HashMap::with_capacity(rows.len());
        for row in &rows {
            let known = before.and_then(|state| state.keys.get(&row.kid));
            keys.insert(row.kid.clone(), Arc::new(RingKey::load(row.clone(), known, sealer)?));
        }
        let verified = Cache::builder()
            .max_capacity(VERIFIED_BYTES)
            .weigher(|_: &TokenHash, verified: &Verified| verified.weight)
            .time_to_live(VERIFIED_TTL)
            .build();
        Ok(Self { keys, rows, verified })
    }

    /// Whether these rows are the ones it was made of.
    pub(super) fn is_of(&self, rows: &[SigningKey]) -> bool {
        self.rows == rows
    }

    pub(super) fn key(&self, kid: &str) -> Option<&Arc<RingKey>> {
        self.keys.get(kid)
    }

    /// Every key of the algorithm.
    pub(super) fn keys_of(&self, algorithm: Algorithm) -> impl Iterator<Item = &Arc<RingKey>> {
        self.keys.values().filter(move |key| key.algorithm() == algorithm)
    }

    /// Whether the algorithm has any key.
    pub(super) fn has(&self, algorithm: Algorithm) -> bool {
        self.rows.iter().any(|row| row.algorithm == algorithm)
    }

    /// Whether there is any key.
    pub(super) fn has_any(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The key that signs at `now`: the latest to have taken over.
    ///
    /// An algorithm's first key may seem to lie in the future when another node's clock is ahead: then it signs already.
    pub(super) fn signing_key(&self, algorithm: Algorithm, now: Timestamp) -> Option<&Arc<RingKey>> {
        let of_algorithm = || self.rows.iter().filter(move |row| row.algorithm == algorithm);
        let current = of_algorithm()
            .filter(|row| row.stage(now) == KeyStage::Current)
            .max_by_key(|row| (row.signs_from, &row.kid));
        let row = current.or_else(|| {
            of_algorithm()
                .filter(|row| row.retired_at.is_none() && row.signs_from.is_some())
                .min_by_key(|row| (row.signs_from, &row.kid))
        })?;
        self.keys.get(&row.kid)
    }

    /// RFC 7517 §5: every key whose tokens, living `longest_access_token` at most, can be alive now or later.
    pub(super) fn jwks(&self, now: Timestamp, longest_access_token: Duration) -> Value {
        let keys: Vec<&Value> = self
            .rows
            .iter()
            .filter_map(|row| self.keys.get(&row.kid))
            .filter(|key| key.counts(now, longest_access_token))
            .map(|key| &key.parts.published)
            .collect();
        serde_json::json!({ "keys": keys })
    }
}
