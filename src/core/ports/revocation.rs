//! The in-memory view of what was revoked, fed from SQL (the truth) and by the node's own writes.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::error::Error;
use crate::domain::revocation::{Revocation, TokenProbe};
use crate::domain::time::Timestamp;

/// Answers without a network round trip whether a token was revoked.
#[async_trait]
pub trait RevocationStore: Send + Sync {
    /// Makes committed revocations effective: here at once, on other nodes as fast as the adapter can carry them.
    /// Best effort towards others: the SQL row is already committed, and every node tails it.
    async fn announce(&self, revocations: &[Revocation]);

    /// Takes in what the tail of the SQL table brought and notes that the view is as fresh as of `read_at`: the monotonic
    /// time at which the read *began*. What was committed while a slow read was under way may be missing from it.
    fn absorb(&self, revocations: &[Revocation], now: Timestamp, read_at: Duration);

    /// Whether anything the token depends on was revoked.
    ///
    /// # Errors
    /// Unavailable while the view is older than `revocation.max_staleness`, or was never loaded: never "allowed".
    fn is_revoked(&self, probe: &TokenProbe, now: Timestamp) -> Result<bool, Error>;

    /// Whether the view is loaded and fresh enough to answer.
    fn is_fresh(&self) -> bool;
}
