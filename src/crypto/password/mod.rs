//! Password hashing on a bounded pool: argon2id by default, imported kinds verified.

mod memory;
mod meter;
mod scheme;
mod stored;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use argon2::Params;
use async_trait::async_trait;
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::password_policy::MAX_PASSWORD_BYTES;
use doorward_core::domain::user::Password;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::password::{PasswordHasher, Verdict};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use memory::Memory;
use scheme::Scheme;
use stored::StoredHash;

/// When to come again after the queue was full.
const RETRY_AFTER_FULL: Duration = Duration::from_secs(1);
/// When to come again after having waited in vain.
const RETRY_AFTER_WAIT: Duration = Duration::from_secs(2);

/// Cost of new hashes and size of the pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HashSettings {
    /// Memory of one argon2id hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub iterations: u32,
    /// Parallelism.
    pub lanes: u32,
    /// Whether a stored hash of another kind or cost is to be replaced when its password is known.
    pub rehash: bool,
    /// How many hashes run at once; memory use is at most this times the dearest stored hash.
    pub workers: usize,
    /// How many callers wait for a worker; whoever comes then is sent away.
    pub max_waiting: usize,
    /// How long a caller waits at most.
    pub max_wait: Duration,
}

impl Default for HashSettings {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            iterations: 2,
            lanes: 1,
            rehash: true,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            max_waiting: 64,
            max_wait: Duration::from_secs(5),
        }
    }
}

/// Hashes and verifies on the runtime's blocking threads, a few at a time.
pub struct HashPool {
    settings: HashSettings,
    params: Params,
    current: Scheme,
    entropy: Arc<dyn Entropy>,
    workers: Arc<Semaphore>,
    waiting: AtomicUsize,
    nobody: RwLock<Arc<StoredHash>>,
    memory: Arc<Memory>,
}

impl HashPool {
    /// A pool; `entropy` makes the salts.
    ///
    /// # Errors
    /// Internal when argon2 refuses the parameters, or one hash would need more than 256 MiB.
    pub fn new(settings: HashSettings, entropy: Arc<dyn Entropy>) -> Result<Self, Error> {
        let HashSettings { memory_kib, iterations, lanes, workers, .. } = settings;
        let params = Params::new(memory_kib, iterations, lanes, None)
            .map_err(|error| Error::internal(format!("passwords: argon2 refuses the parameters: {error}")))?;
        let current = Scheme::Argon2 { id: true, memory: memory_kib, iterations, lanes };
        let nobody = current
            .is_bearable()
            .then(|| StoredHash::imitation(current, entropy.as_ref()))
            .flatten()
            .ok_or_else(|| {
                Error::internal(format!(
                    "passwords: {current} is too dear: at most m=262144, m*t=1048576, p=64"
                ))
            })?;
        Ok(Self {
            settings,
            memory: Arc::new(Memory::new(params.block_count())),
            params,
            current,
            entropy,
            workers: Arc::new(Semaphore::new(workers.clamp(1, Semaphore::MAX_PERMITS))),
            waiting: AtomicUsize::new(0),
            nobody: RwLock::new(Arc::new(nobody)),
        })
    }

    /// The right to occupy a worker, at once or after a bounded wait.
    async fn permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(permit) = Arc::clone(&self.workers).try_acquire_owned() {
            return Ok(permit);
        }
        let Some(_place) = Place::take(&self.waiting, self.settings.max_waiting) else {
            meter::refused("queue_full");
            return Err(ErrorKind::Overloaded(RETRY_AFTER_FULL).into());
        };
        let _waiting = meter::Present::in_queue();
        let Ok(permit) =
            tokio::time::timeout(self.settings.max_wait, Arc::clone(&self.workers).acquire_owned()).await
        else {
            meter::refused("waited_too_long");
            return Err(ErrorKind::Overloaded(RETRY_AFTER_WAIT).into());
        };
        permit.map_err(Error::internal)
    }

    /// Runs `work` on a blocking thread. The permit goes along, so that a caller who hangs up frees nothing too early.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let permit = self.permit().await?;
        let running = meter::Present::at_work();
        tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(running);
            drop(permit);
            outcome
        })
        .await
        .map_err(Error::internal)
    }

    fn nobody(&self) -> Arc<StoredHash> {
        Arc::clone(&self.nobody.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A place in the queue, given back on drop (also when the caller hangs up).
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::SeqCst) < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl PasswordHasher for HashPool {
    async fn hash(&self, password: Password) -> Result<String, Error> {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            let text = format!("must have at most {MAX_PASSWORD_BYTES} bytes");
            return Err(Error::with_public(ErrorKind::PasswordWeak, text));
        }
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let (params, memory) = (self.params.clone(), Arc::clone(&self.memory));
        self.run(move || stored::hash(password.expose().as_bytes(), &params, &salt, &memory))
            .await?
            .map_err(Error::internal)
    }

    async fn verify(&self, password: Password, stored: &str) -> Result<Verdict, Error> {
        let Some(hash) = StoredHash::parse(stored) else {
            tracing::error!(
                "password_hash_unusable: a stored hash is broken, of an unknown kind, or too dear"
            );
            self.verify_nobody(password).await?;
            return Ok(Verdict::NoMatch);
        };
        let (current, memory) = (self.current, Arc::clone(&self.memory));
        let outcome = self
            .run(move || {
                let bytes = password.expose().as_bytes();
                match bytes.get(..MAX_PASSWORD_BYTES) {
                    // Too long to have been hashed by us; the same work, the same answer as for a wrong one.
                    Some(start) if bytes.len() > MAX_PASSWORD_BYTES => {
                        hash.verify(start, current, &memory).map(|_| Verdict::NoMatch)
                    }
                    _ => hash.verify(bytes, current, &memory),
                }
            })
            .await?;
        let verdict = outcome.unwrap_or_else(|_broken| {
            tracing::error!("password_hash_unusable: a stored hash is refused by its own function");
            Verdict::NoMatch
        });
        let is_kept = verdict == Verdict::MatchRehash && !self.settings.rehash;
        Ok(if is_kept { Verdict::Match } else { verdict })
    }

    async fn verify_nobody(&self, password: Password) -> Result<(), Error> {
        let (nobody, current, memory) = (self.nobody(), self.current, Arc::clone(&self.memory));
        self.run(move || {
            let bytes = password.expose().as_bytes();
            let outcome = nobody.verify(bytes.get(..MAX_PASSWORD_BYTES).unwrap_or(bytes), current, &memory);
            debug_assert!(outcome.is_ok(), "imitations are well formed");
        })
        .await
    }

    fn imitate(&self, commonest_scheme: &str) {
        let imitation = Scheme::parse(commonest_scheme)
            .and_then(|scheme| StoredHash::imitation(scheme, self.entropy.as_ref()));
        if let Some(imitation) = imitation {
            *self.nobody.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(imitation);
        }
    }

    fn scheme(&self, stored: &str) -> String {
        StoredHash::parse(stored).map_or_else(|| "unknown".to_owned(), |hash| hash.scheme.to_string())
    }
}

#[cfg(test)]
mod tests;
