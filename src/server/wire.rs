//! The composition root: the only place that knows concrete types.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::ports::clock::Clock;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::provider::Registry;
use doorward_core::ports::revocation::RevocationStore;
use doorward_core::ports::sealer::Sealer;
use doorward_core::ports::signer::Signer as _;
use doorward_core::ports::store::{Mode, Store};
use doorward_core::usecase::{Core, CoreSettings, MAX_ACCESS_TOKEN_TTL, Ports};
use doorward_crypto::{
    AesGcmSealer, HashPool, HashSettings, KeyOperations, KeyRing, KeySettings, MasterKey, SystemClock,
    SystemEntropy, TotpCodes,
};
use doorward_notify::HttpLogoutNotifier;
use doorward_revocation::{Courier, MemoryRevocations, RedisRevocations};
use doorward_store::{Backend, Opened, StoreOptions};
use tokio_util::task::TaskTracker;

use crate::carriers::{self, Carriers};
use crate::config::{DatabaseUrl, Settings};
use crate::identity_providers;
use crate::master_key::{self, Source};

/// Time and randomness of somebody else's making; the system's where absent.
#[derive(Clone, Default)]
pub struct Overrides {
    /// Time.
    pub clock: Option<Arc<dyn Clock>>,
    /// Randomness.
    pub entropy: Option<Arc<dyn Entropy>>,
    /// Identity providers, in place of the configured ones.
    pub providers: Option<Arc<dyn Registry>>,
}

/// Everything put together, on a database whose schema is up to date.
pub struct Assembly {
    /// The use-cases.
    pub core: Arc<Core>,
    /// The keys in memory.
    pub ring: Arc<KeyRing>,
    /// `doorward keys`.
    pub keys: KeyOperations,
    /// Carries news between nodes through Redis, if there is one; does nothing until it is told to.
    pub courier: Option<Courier>,
}

/// Opens the database without touching its schema.
///
/// # Errors
/// The URL or the file cannot be used.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Opened> {
    let url = match &settings.database.url {
        DatabaseUrl::Sqlite { path } => format!("sqlite://{}", path.display()),
        DatabaseUrl::Postgres { url } => url.expose().clone(),
    };
    let max_connections = settings.database.max_connections.get();
    doorward_store::open(&StoreOptions { url, max_connections }).await.context("database")
}

/// What everything is put together for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To serve or to apply: the first keys are made where they are missing.
    Work,
    /// To operate on the keys: what is missing stays missing, so that an imported key can be the first.
    Keys,
    /// To look: nothing is written.
    Look,
}

/// Opens the database, brings its schema up to date where the configuration says so, and puts everything together.
///
/// # Errors
/// The database cannot be reached, its schema is older (without `auto_migrate`) or newer than this program, or the
/// master key is not the one its secrets were sealed with.
pub async fn assemble(
    settings: &Settings,
    overrides: Overrides,
    purpose: Purpose,
) -> anyhow::Result<Assembly> {
    let clock = overrides.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
    let entropy = overrides.entropy.unwrap_or_else(|| Arc::new(SystemEntropy));
    // Before the providers are, some of which have keys too.
    doorward_crypto::remember_signing_keys();
    // Before the database is touched: a configuration that cannot work changes nothing.
    let providers = match overrides.providers {
        Some(providers) => providers,
        None => identity_providers::build(settings, &clock, &entropy)?,
    };
    let Carriers { mailer, texter } = carriers::build(settings, &clock)?;
    let opened = open_store(settings).await?;
    bring_up_to_date(settings, &opened, purpose).await?;
    let sealer = sealer(settings, &opened, &entropy, purpose).await?;
    let ring = Arc::new(KeyRing::new(
        opened.store.clone(),
        sealer.clone(),
        clock.clone(),
        entropy.clone(),
        key_settings(settings),
    ));
    match purpose {
        Purpose::Work => ring.prepare().await,
        Purpose::Keys | Purpose::Look => ring.reload().await,
    }
    .map_err(|error| keys_unusable(settings, error))?;
    let keys =
        KeyOperations::new(opened.store.clone(), sealer.clone(), clock.clone(), settings.tokens.jwks_cache);
    let passwords = HashPool::new(hash_settings(settings), entropy.clone()).context("[passwords]")?;
    let (revocations, courier) = revocations(settings, &clock)?;
    let ports = Ports {
        store: opened.store,
        revocations,
        passwords: Arc::new(passwords),
        tasks: TaskTracker::new(),
        clock,
        entropy,
        signer: ring.clone(),
        sealer,
        providers,
        mailer,
        texter,
        totp: Arc::new(TotpCodes),
        logout_notifier: Arc::new(HttpLogoutNotifier::new()),
    };
    Ok(Assembly { core: Arc::new(Core::new(ports, core_settings(settings))), ring, keys, courier })
}

fn revocations(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<(Arc<dyn RevocationStore>, Option<Courier>)> {
    let max_staleness = settings.revocation.max_staleness;
    let Some(url) = &settings.redis.url else {
        return Ok((Arc::new(MemoryRevocations::new(clock.clone(), max_staleness)), None));
    };
    // Nodes on one database share the issuer; what else uses the same Redis has another.
    let built = RedisRevocations::new(url.secret(), &settings.issuer(), clock.clone(), max_staleness);
    let (revocations, courier) = built.context("redis.url")?;
    Ok((Arc::new(revocations), Some(courier)))
}

async fn bring_up_to_date(settings: &Settings, opened: &Opened, purpose: Purpose) -> anyhow::Result<()> {
    let pending = opened.migrations.pending().await.context("database")?;
    if pending.is_empty() {
        return Ok(());
    }
    let count = pending.len();
    if purpose == Purpose::Look {
        bail!("the database lacks {count} migration(s): run `doorward migrate`");
    }
    if !settings.auto_migrate() {
        bail!(
            "the database lacks {count} migration(s): run `doorward migrate`, or set database.auto_migrate = true"
        );
    }
    for migration in opened.migrations.migrate().await.context("database")? {
        tracing::info!(event = "migrated", number = migration.number, name = migration.name);
    }
    Ok(())
}

async fn sealer(
    settings: &Settings,
    opened: &Opened,
    entropy: &Arc<dyn Entropy>,
    purpose: Purpose,
) -> anyhow::Result<Arc<dyn Sealer>> {
    let key = match master_key::find(settings)? {
        Source::Configured(key) | Source::File(key) => key,
        Source::Absent(path) => {
            if holds_secrets(opened.store.as_ref()).await? {
                bail!(
                    "{} is missing, but the database holds secrets sealed with it: restore the file, or give security.master_key",
                    path.display()
                );
            }
            if purpose == Purpose::Look {
                MasterKey::generate(entropy.as_ref())
            } else {
                if opened.backend == Backend::Postgres {
                    tracing::warn!(
                        event = "master_key_is_local",
                        "several nodes on one database must share security.master_key"
                    );
                }
                master_key::create(&path, entropy.as_ref())?
            }
        }
    };
    Ok(Arc::new(AesGcmSealer::new(&key, entropy.clone())))
}

async fn holds_secrets(store: &dyn Store) -> anyhow::Result<bool> {
    let mut tx = store.begin("holds_secrets", Mode::Read).await?;
    Ok(tx.server_key(None).await?.is_some() || !tx.signing_keys().await?.is_empty())
}

/// What is wrong with the signing keys, and where to look: nearly always at the master key.
fn keys_unusable(settings: &Settings, error: Error) -> anyhow::Error {
    if error.kind != ErrorKind::Internal {
        return anyhow::Error::new(error).context("keys");
    }
    let key = match &settings.security.master_key {
        Some(_) => "security.master_key".to_owned(),
        None => settings.data_directory().join("master.key").display().to_string(),
    };
    anyhow::Error::new(error).context(format!(
        "the database's signing keys cannot be opened: is {key} the master key they were sealed with?"
    ))
}

fn core_settings(settings: &Settings) -> CoreSettings {
    CoreSettings {
        issuer: settings.issuer(),
        default_locale: settings.native.locale.clone(),
        session_lifetime: settings.tokens.session_lifetime,
        refresh_grace: settings.tokens.refresh_grace,
        password_policy: settings.passwords.policy(),
        attempt_limits: settings.limits.attempts(),
        second_factor: settings.native.second_factor(),
        links: settings.native.links(&settings.public_url()),
        sign_up: settings.native.sign_up(),
        message_limits: settings.limits.messages(),
        oauth: settings.oauth2.core(settings.public_url()),
    }
}

fn key_settings(settings: &Settings) -> KeySettings {
    KeySettings {
        issuer: settings.issuer(),
        legacy_issuer: settings.tokens.legacy_issuer.clone(),
        default_algorithm: settings.tokens.algorithm,
        longest_access_token: MAX_ACCESS_TOKEN_TTL,
        longest_session: settings.tokens.session_lifetime.max(Duration::from_hours(24)),
    }
}

fn hash_settings(settings: &Settings) -> HashSettings {
    let passwords = &settings.passwords;
    let defaults = HashSettings::default();
    HashSettings {
        memory_kib: u32::try_from(passwords.memory.bytes() / 1024).unwrap_or(u32::MAX),
        iterations: passwords.iterations,
        lanes: passwords.lanes,
        rehash: passwords.rehash,
        workers: if passwords.workers == 0 { defaults.workers } else { passwords.workers },
        max_waiting: passwords.max_waiting,
        // A client told to come again is better served than one that waits.
        max_wait: Duration::from_secs(2),
    }
}
