//! The store: transactions over small traits, one per aggregate, methods named for intent.
//!
//! No network, no hashing, no mail while a [`Tx`] is open. Every transition is one guarded statement.

mod accounts;
mod browsing;
mod events;
mod rotations;
mod verification;

use std::sync::Arc;

use async_trait::async_trait;

pub use self::accounts::{Clients, Identities, Memberships, Roles, Tenants, Users};
pub use self::browsing::{BrowserSessions, Consents, Profiles};
pub use self::events::{
    Activities, Attempts, Federations, Grants, Keys, Refreshes, Revocations, Sessions, UpstreamHolder,
};
pub use self::rotations::{PresentedRefresh, RefreshRotation};
pub use self::verification::{Authenticators, Challenges, Links, Outbox, PasswordHistory, SignUps};
use crate::domain::error::{Error, ErrorKind};
use crate::domain::revocation::Revocation;
use crate::domain::time::Timestamp;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Lost a race with another transaction (40001, 40P01, SQLITE_BUSY): run the section again.
    #[error("serialization conflict in {transaction}: {source}")]
    Conflict {
        /// Name given to `begin`.
        transaction: &'static str,
        /// From the driver.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database cannot be reached, is full, or took too long.
    #[error("database unavailable in {transaction}: {source}")]
    Unavailable {
        /// Name given to `begin`.
        transaction: &'static str,
        /// From the driver.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A unique value is taken.
    #[error("{what} is taken")]
    Taken {
        /// Constraint or column, for the log.
        what: String,
    },
    /// A row does not parse into its domain type.
    #[error("inconsistent row: {table}.{column} of {id}")]
    Inconsistency {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Row.
        id: String,
    },
    /// Anything else the driver reports.
    #[error("database error in {transaction}: {source}")]
    Other {
        /// Name given to `begin`.
        transaction: &'static str,
        /// From the driver.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Conflict { .. } | StoreError::Unavailable { .. } => ErrorKind::Unavailable,
            StoreError::Taken { .. } | StoreError::Inconsistency { .. } | StoreError::Other { .. } => {
                ErrorKind::Internal
            }
        };
        Self::because(kind, error)
    }
}

impl Error {
    /// Whether the section lost a race and may be run again.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.source
            .as_ref()
            .and_then(|source| source.downcast_ref::<StoreError>())
            .is_some_and(|error| matches!(error, StoreError::Conflict { .. }))
    }
}

/// Result of a store call.
pub type Stored<T> = Result<T, StoreError>;

/// Whether a transaction writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Statements run one by one; each sees what is committed.
    Read,
    /// As [`Mode::Read`], for statements over many rows: they may take longer than others before they are given up, and only
    /// some run at once.
    Report,
    /// One transaction; SQLite takes the write lock at once.
    Write,
}

/// A database.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins. `name` is for logs and metrics.
    async fn begin(&self, name: &'static str, mode: Mode) -> Stored<Box<dyn Tx>>;
    /// Uses a refresh token up and writes what follows from it: a transaction of its own, durable when it answers `true`.
    /// `false` = nothing was written: the token was used before or is too old, or its session is over.
    /// When several come at once, a store may write them together; what is wrong with one never touches another.
    /// Asked again after a failure whose effect is unknown, it does not do it twice.
    async fn rotate_refresh(&self, rotation: Arc<RefreshRotation>) -> Stored<bool>;
    /// Whether the database answers.
    async fn ping(&self) -> Stored<()>;
    /// Revocations committed since `cursor` (all that can still matter at `now` when `None`), and the next cursor.
    /// A row whose transaction committed late is not missed; rows may come twice. Reads page by page, and a page after the
    /// cursor ends within 1.5 s, so that there is time for another attempt before the view of revocations gets stale.
    async fn tail_revocations(
        &self,
        cursor: Option<&TailCursor>,
        now: Timestamp,
    ) -> Stored<(Vec<Revocation>, TailCursor)>;
}

/// Where the tail of the revocations table stands; opaque outside the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TailCursor {
    /// What lies beyond is new.
    pub position: i64,
    /// What lies before and was not finished yet.
    pub open: String,
}

/// An open transaction. Dropped without commit = rolled back.
#[async_trait]
pub trait Tx:
    Tenants
    + Roles
    + Users
    + Memberships
    + Clients
    + Identities
    + Grants
    + Sessions
    + Refreshes
    + Revocations
    + Activities
    + Keys
    + Attempts
    + Federations
    + Challenges
    + Authenticators
    + Links
    + Outbox
    + PasswordHistory
    + SignUps
    + BrowserSessions
    + Consents
    + Profiles
    + super::import::Imports
    + Send
{
    /// Makes everything durable.
    async fn commit(self: Box<Self>) -> Stored<()>;
}
