//! What the worker does between requests.

use std::time::Duration;

use super::{Core, MAX_ACCESS_TOKEN_TTL};
use crate::domain::error::Error;
use crate::ports::store::TailCursor;

/// How long a used or expired code still answers as used, so that a late replay ends its session.
const CODE_MEMORY: Duration = Duration::from_hours(24);
/// How long a message that was given up can be sent again.
const DEAD_MESSAGE_MEMORY: Duration = Duration::from_hours(30 * 24);

impl Core {
    /// Takes in what other processes revoked since `cursor`; answers where to go on.
    ///
    /// # Errors
    /// Unavailable when the database does not answer.
    pub async fn follow_revocations(&self, cursor: Option<&TailCursor>) -> Result<TailCursor, Error> {
        // Before the read: the view is as old as the snapshot it was made of, however long that took to arrive.
        let read_at = self.ports.clock.monotonic();
        let now = self.now();
        let (revocations, cursor) = self.ports.store.tail_revocations(cursor, now).await?;
        self.ports.revocations.absorb(&revocations, now, read_at);
        Ok(cursor)
    }

    /// Tells the hasher which hash parameters most accounts have.
    ///
    /// # Errors
    /// Unavailable when the database does not answer.
    pub async fn imitate_commonest_hash(&self) -> Result<(), Error> {
        if let Some(scheme) = self.reading("commonest_hash").await?.commonest_password_scheme().await? {
            self.ports.passwords.imitate(&scheme);
        }
        Ok(())
    }

    /// Removes codes, sessions, revocations, links and messages that cannot matter any more, a batch per transaction so that
    /// nobody waits long.
    ///
    /// # Errors
    /// Unavailable when the database does not answer.
    pub async fn purge(&self) -> Result<(), Error> {
        while self.purge_batch().await? > 0 {}
        Ok(())
    }

    async fn purge_batch(&self) -> Result<u64, Error> {
        let now = self.now();
        let mut tx = self.writing("purge").await?;
        let codes = tx.purge_grants(now.minus(CODE_MEMORY)).await?;
        let sessions = tx.purge_sessions(now.minus(MAX_ACCESS_TOKEN_TTL)).await?;
        // After the codes that were given out in them: their sessions name them.
        let browsers = tx.purge_browser_sessions(now.minus(MAX_ACCESS_TOKEN_TTL)).await?;
        let revocations = tx.purge_revocations(now).await?;
        let attempts = tx.purge_attempts(now).await?;
        let sign_ins = tx.purge_login_attempts(now).await? + tx.purge_replay_marks(now).await?;
        let proofs = tx.purge_challenges(now).await? + tx.purge_links(now).await?;
        let messages = tx.purge_dead_messages(now.minus(DEAD_MESSAGE_MEMORY)).await?;
        tx.commit().await?;
        let count = codes + sessions + browsers + revocations + attempts + sign_ins + proofs + messages;
        if count > 0 {
            tracing::debug!(event = "purged", codes, sessions, revocations);
        }
        Ok(count)
    }

    /// Whether requests can be served: the database answers and the revocation view is fresh.
    pub async fn is_ready(&self) -> bool {
        self.ports.revocations.is_fresh() && self.ports.store.ping().await.is_ok()
    }

    /// The public keys (RFC 7517 §5).
    ///
    /// # Errors
    /// Unavailable when the keys cannot be loaded.
    pub async fn jwks(&self) -> Result<serde_json::Value, Error> {
        self.ports.signer.jwks().await
    }
}
