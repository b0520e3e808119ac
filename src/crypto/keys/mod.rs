//! Signing keys as an operator handles them: list, rotate, import.

pub(crate) mod material;
pub(crate) mod plan;
pub(crate) mod shelf;

use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::error::Error;
use doorward_core::domain::key::{Algorithm, KeyStage, SigningKey};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::sealer::Sealer;
use doorward_core::ports::store::Store;

use material::PrivateKey;
use plan::Moment;
use shelf::{Shelf, StoreShelf};

pub use plan::Rotation;

/// A key without its material.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyInfo {
    /// `kid`.
    pub kid: String,
    /// Its one algorithm.
    pub algorithm: Algorithm,
    /// Where it stands now.
    pub stage: KeyStage,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it signs.
    pub signs_from: Option<Timestamp>,
    /// From when it no longer signs.
    pub retired_at: Option<Timestamp>,
}

/// Why a key was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no signing key; the text says what is expected.
    #[error("{0}")]
    Refused(String),
    /// This very key is known.
    #[error("the key is known already, as {kid}")]
    Known {
        /// Its `kid`.
        kid: String,
    },
    /// Another key of the algorithm is about to take over.
    #[error("{kid} takes over {algorithm} at {}; import after that", at.to_iso_millis())]
    UnderWay {
        /// Whose keys.
        algorithm: Algorithm,
        /// The key that takes over.
        kid: String,
        /// When.
        at: Timestamp,
    },
    /// The store or the sealer failed.
    #[error("{0}")]
    Failed(Error),
}

impl From<Error> for ImportError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What `doorward keys` does. Running servers notice within seconds, by [`reload`](crate::KeyRing).
pub struct KeyOperations {
    shelf: Box<dyn Shelf>,
    sealer: Arc<dyn Sealer>,
    clock: Arc<dyn Clock>,
    jwks_cache: Duration,
}

impl KeyOperations {
    /// Over a store; `jwks_cache` = how long others may keep a JWKS.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        sealer: Arc<dyn Sealer>,
        clock: Arc<dyn Clock>,
        jwks_cache: Duration,
    ) -> Self {
        Self::over(Box::new(StoreShelf(store)), sealer, clock, jwks_cache)
    }

    pub(crate) fn over(
        shelf: Box<dyn Shelf>,
        sealer: Arc<dyn Sealer>,
        clock: Arc<dyn Clock>,
        jwks_cache: Duration,
    ) -> Self {
        Self { shelf, sealer, clock, jwks_cache }
    }

    /// Every key, oldest first.
    ///
    /// # Errors
    /// Unavailable when the store cannot be reached.
    pub async fn list(&self) -> Result<Vec<KeyInfo>, Error> {
        let now = self.clock.now();
        let keys = self.shelf.signing_keys().await?;
        Ok(keys.into_iter().map(|key| describe(key, now)).collect())
    }

    /// The algorithm's `next` key takes over, as soon as every JWKS cache can know it, and a fresh `next` is published.
    /// The old key verifies on. An algorithm without keys gets its first two. While a change is under way: no effect.
    ///
    /// # Errors
    /// Internal for HS256, whose keys belong to clients; Unavailable when the store cannot be reached.
    pub async fn rotate(&self, algorithm: Algorithm) -> Result<Rotation, Error> {
        let fresh = self.fresh(algorithm, 2).await?;
        let [first, second] =
            <[SigningKey; 2]>::try_from(fresh).map_err(|_| Error::internal("two keys were asked for"))?;
        let moment = self.moment();
        let change =
            self.shelf.change(&|keys| plan::rotate(keys, [first.clone(), second.clone()], moment)).await?;
        Ok(change.rotation)
    }

    /// A private key from PEM (PKCS#8, PKCS#1 or SEC1; RSA of 2048 bits or more, P-256, Ed25519) becomes its algorithm's
    /// current key: at once if it is the first, otherwise as soon as every JWKS cache can know it.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub async fn import(&self, pem: &str) -> Result<Rotation, ImportError> {
        let private =
            PrivateKey::from_pem(pem).map_err(|refused| ImportError::Refused(refused.to_string()))?;
        let imported = private.to_row(self.sealer.as_ref(), self.clock.now())?;
        let known = self.shelf.signing_keys().await.map_err(Error::from)?;
        if let Some(known) = known.into_iter().find(|key| key.kid == imported.kid) {
            return Err(ImportError::Known { kid: known.kid });
        }
        let fresh = self
            .fresh(private.algorithm(), 1)
            .await?
            .pop()
            .ok_or_else(|| Error::internal("a key was asked for"))?;
        let moment = self.moment();
        let change = self
            .shelf
            .change(&|keys| plan::import(keys, imported.clone(), fresh.clone(), moment))
            .await
            .map_err(Error::from)?;
        let rotation = change.rotation;
        if rotation.is_changed {
            return Ok(rotation);
        }
        Err(ImportError::UnderWay {
            algorithm: rotation.algorithm,
            kid: rotation.current,
            at: rotation.signs_from,
        })
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), jwks_cache: self.jwks_cache }
    }

    async fn fresh(&self, algorithm: Algorithm, count: usize) -> Result<Vec<SigningKey>, Error> {
        make_rows(algorithm, count, &self.sealer, self.clock.now()).await
    }
}

/// New keys as rows, made on a blocking thread.
///
/// # Errors
/// Internal for HS256, or when the generator fails.
pub(crate) async fn make_rows(
    algorithm: Algorithm,
    count: usize,
    sealer: &Arc<dyn Sealer>,
    now: Timestamp,
) -> Result<Vec<SigningKey>, Error> {
    let sealer = Arc::clone(sealer);
    tokio::task::spawn_blocking(move || {
        (0..count).map(|_| PrivateKey::generate(algorithm)?.to_row(sealer.as_ref(), now)).collect()
    })
    .await
    .map_err(Error::internal)?
}

fn describe(key: SigningKey, now: Timestamp) -> KeyInfo {
    KeyInfo {
        stage: key.stage(now),
        kid: key.kid,
        algorithm: key.algorithm,
        created_at: key.created_at,
        signs_from: key.signs_from,
        retired_at: key.retired_at,
    }
}
