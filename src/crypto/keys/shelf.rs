//! What keys need of the store: each method is one short transaction.

use std::sync::Arc;

use async_trait::async_trait;
use doorward_core::domain::client::Client;
use doorward_core::domain::ids::ClientKey;
use doorward_core::domain::key::{Algorithm, SigningKey};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Mode, Store, StoreError, Stored, Tx};

use super::plan::Change;

/// How often a section that lost a race is run.
const ATTEMPTS: usize = 3;

/// Decides from the stored keys what to change; may be asked again after a lost race.
pub(crate) type Planner<'a> = dyn for<'k> Fn(&'k [SigningKey]) -> Change + Send + Sync + 'a;

/// The rows behind keys.
#[async_trait]
pub(crate) trait Shelf: Send + Sync {
    /// Every key that was not forgotten, oldest first.
    async fn signing_keys(&self) -> Stored<Vec<SigningKey>>;
    /// Adds the first two keys of an algorithm; `false` when it has one already.
    async fn add_first(&self, current: &SigningKey, next: &SigningKey) -> Stored<bool>;
    /// Reads the keys, lets `plan` decide, and does what it decided, all in one transaction.
    async fn change(&self, plan: &Planner<'_>) -> Stored<Change>;
    /// Forgets keys retired before that moment; answers how many.
    async fn purge(&self, algorithm: Algorithm, retired_before: Timestamp) -> Stored<u64>;
    /// A client.
    async fn client(&self, key: ClientKey) -> Stored<Option<Client>>;
    /// A sealed server key: the given version, or the newest.
    async fn server_key(&self, version: Option<i64>) -> Stored<Option<(i64, Vec<u8>)>>;
    /// Adds a server key; `false` when the version exists.
    async fn add_server_key(&self, version: i64, sealed: &[u8], now: Timestamp) -> Stored<bool>;
}

/// The shelf in the store.
pub(crate) struct StoreShelf(pub(crate) Arc<dyn Store>);

impl StoreShelf {
    async fn write(&self, name: &'static str) -> Stored<Box<dyn Tx>> {
        self.0.begin(name, Mode::Write).await
    }
}

#[async_trait]
impl Shelf for StoreShelf {
    async fn signing_keys(&self) -> Stored<Vec<SigningKey>> {
        self.0.begin("read_signing_keys", Mode::Read).await?.signing_keys().await
    }

    async fn add_first(&self, current: &SigningKey, next: &SigningKey) -> Stored<bool> {
        for attempt in 1..=ATTEMPTS {
            match self.try_add_first(current, next).await {
                Err(StoreError::Conflict { .. }) if attempt < ATTEMPTS => {}
                done => return done,
            }
        }
        Ok(false)
    }

    async fn change(&self, plan: &Planner<'_>) -> Stored<Change> {
        let mut attempt = 1;
        loop {
            let is_last = attempt == ATTEMPTS;
            match self.try_change(plan).await {
                Err(StoreError::Conflict { .. }) if !is_last => attempt += 1,
                done => return done,
            }
        }
    }

    async fn purge(&self, algorithm: Algorithm, retired_before: Timestamp) -> Stored<u64> {
        let mut tx = self.write("purge_signing_keys").await?;
        let count = tx.purge_signing_keys(algorithm, retired_before).await?;
        tx.commit().await?;
        Ok(count)
    }

    async fn client(&self, key: ClientKey) -> Stored<Option<Client>> {
        self.0.begin("read_shared_key", Mode::Read).await?.client(key).await
    }

    async fn server_key(&self, version: Option<i64>) -> Stored<Option<(i64, Vec<u8>)>> {
        self.0.begin("read_server_key", Mode::Read).await?.server_key(version).await
    }

    async fn add_server_key(&self, version: i64, sealed: &[u8], now: Timestamp) -> Stored<bool> {
        let mut tx = self.write("add_server_key").await?;
        let is_added = tx.add_server_key(version, sealed, now).await?;
        tx.commit().await?;
        Ok(is_added)
    }
}

impl StoreShelf {
    async fn try_add_first(&self, current: &SigningKey, next: &SigningKey) -> Stored<bool> {
        let mut tx = self.write("add_first_signing_key").await?;
        if !tx.add_signing_key(current, true).await? {
            return Ok(false);
        }
        tx.add_signing_key(next, false).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn try_change(&self, plan: &Planner<'_>) -> Stored<Change> {
        let lost = || StoreError::Conflict {
            transaction: "change_signing_keys",
            source: "another process changed the keys".into(),
        };
        let mut tx = self.write("change_signing_keys").await?;
        let change = plan(&tx.signing_keys().await?);
        for (key, is_first) in &change.add {
            if !tx.add_signing_key(key, *is_first).await? {
                return Err(lost());
            }
        }
        if let Some((kid, at)) = &change.schedule
            && !tx.schedule_signing_key(kid, *at).await?
        {
            return Err(lost());
        }
        for (kid, at) in &change.retire {
            if !tx.retire_signing_key(kid, *at).await? {
                return Err(lost());
            }
        }
        tx.commit().await?;
        Ok(change)
    }
}
