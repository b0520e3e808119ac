//! Carries the news of revocations between nodes in milliseconds, by Redis' publish and subscribe.
//!
//! SQL stays the truth, and only its tail makes a view fresh: Redis can make a revocation known sooner, never later, and
//! never undo one. So nothing is *stored* in Redis. A key with a lifetime would help a node that was away for a while, but
//! such a node reads the SQL tail as soon as it is connected again ([`Courier::run`]), which is complete where a copy in
//! Redis might not be. What is not there cannot be stale, forged at leisure, or left over.
//!
//! # Security
//! Messages are not signed. Who can publish on the channel can declare tokens dead (for at most a day), but can revive
//! none, and learns ids only, no token and no name. Redis belongs into the same protected network as the database.

mod courier;
mod link;
mod news;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use doorward_core::domain::error::Error;
use doorward_core::domain::revocation::{Revocation, TokenProbe};
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::revocation::RevocationStore;
use tokio::sync::mpsc;

use crate::MemoryRevocations;
pub use courier::Courier;
use link::Dialler;

/// Messages that wait for the courier; beyond, the SQL tail alone carries the news.
const MAX_WAITING: usize = 1024;

/// The URL is not one of Redis. The text says nothing of the URL, which may hold a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "expected \"redis://<user>:<password>@<host>:<port>/<database>\", \"rediss://…\" (TLS) or \"redis+unix:///<path>\""
)]
pub struct UnusableUrl;

/// Whether [`RedisRevocations::new`] can use the URL.
#[must_use]
pub fn is_redis_url(url: &str) -> bool {
    Dialler::new(&Secret::from(url), "").is_ok()
}

/// A [`MemoryRevocations`] whose news is handed to a [`Courier`], who brings that of the other nodes.
pub struct RedisRevocations {
    memory: Arc<MemoryRevocations>,
    outgoing: mpsc::Sender<Vec<u8>>,
}

impl RedisRevocations {
    /// The view of this node and its courier, who does nothing until he runs. No connection is made here.
    ///
    /// `realm` is what nodes on one database share and others do not (the issuer): publish and subscribe of Redis know no
    /// databases, so the channel bears its name.
    ///
    /// # Errors
    /// The URL cannot be one of Redis.
    pub fn new(
        url: &Secret<String>,
        realm: &str,
        clock: Arc<dyn Clock>,
        max_staleness: Duration,
    ) -> Result<(Self, Courier), UnusableUrl> {
        let dialler = Dialler::new(url, realm)?;
        let memory = Arc::new(MemoryRevocations::new(clock.clone(), max_staleness));
        let (outgoing, waiting) = mpsc::channel(MAX_WAITING);
        let courier = Courier::new(dialler, waiting, memory.clone(), clock);
        Ok((Self { memory, outgoing }, courier))
    }
}

#[async_trait]
impl RevocationStore for RedisRevocations {
    /// Waits for nobody: the courier takes it from here.
    async fn announce(&self, revocations: &[Revocation]) {
        self.memory.announce(revocations).await;
        for message in news::write(revocations) {
            // The queue is full while Redis is away for long. Other nodes have the tail.
            if self.outgoing.try_send(message).is_err() {
                return;
            }
        }
    }

    fn absorb(&self, revocations: &[Revocation], now: Timestamp, read_at: Duration) {
        self.memory.absorb(revocations, now, read_at);
    }

    fn is_revoked(&self, probe: &TokenProbe, now: Timestamp) -> Result<bool, Error> {
        self.memory.is_revoked(probe, now)
    }

    fn is_fresh(&self) -> bool {
        self.memory.is_fresh()
    }
}

#[cfg(test)]
mod tests;
