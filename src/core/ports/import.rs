//! Moving in: what is read from the service that Doorward replaces, and what is written of it, many rows at once.

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::activity::Activity;
use crate::domain::import::{FoundActivity, FoundClient, FoundRole, FoundTenant, FoundUser, Known, NewUser};
use crate::domain::time::Timestamp;
use crate::ports::store::Stored;

/// Why the old database could not be read. The texts never hold its address or its rows.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// The address cannot be used.
    #[error("expected postgres://USER:PASSWORD@HOST/DATABASE: {0}")]
    Address(String),
    /// It does not answer, or not any more.
    #[error("the old database cannot be read: {0}")]
    Unreachable(String),
    /// It is not what it should be.
    #[error("{0}")]
    Foreign(String),
}

/// Result of reading.
pub type Found<T> = Result<T, FoundError>;

/// One unchanging view of the old service's database. It is never written to.
#[async_trait]
pub trait Predecessor: Send {
    /// Every tenant that was not removed, oldest first.
    async fn tenants(&mut self) -> Found<Vec<FoundTenant>>;
    /// Every role that was not removed, oldest first.
    async fn roles(&mut self) -> Found<Vec<FoundRole>>;
    /// Every client that was not removed, by number.
    async fn clients(&mut self) -> Found<Vec<FoundClient>>;
    /// The next users, at most `limit`; none when all were read. Removed ones come last, before them those whose username
    /// has capitals; otherwise the oldest first.
    async fn next_users(&mut self, limit: usize) -> Found<Vec<FoundUser>>;
    /// The next rows of the login activity, at most `limit`; none when all were read.
    async fn next_activities(&mut self, limit: usize) -> Found<Vec<FoundActivity>>;
}

/// Rows of another service, many at once.
#[async_trait]
pub trait Imports {
    /// Which of these roles are stored.
    async fn known_roles(&mut self, ids: &[Uuid]) -> Stored<Vec<Uuid>>;
    /// Which of these activity rows are stored.
    async fn known_activities(&mut self, ids: &[Uuid]) -> Stored<Vec<Uuid>>;
    /// Which of what is asked for is stored.
    async fn known(&mut self, asked: &Known) -> Stored<Known>;
    /// Adds users with everything that belongs to them; Taken when anything unique is.
    async fn add_users(&mut self, users: &[NewUser], now: Timestamp) -> Stored<()>;
    /// Adds activity rows; those whose id is stored are left alone.
    async fn add_activities(&mut self, activities: &[Activity]) -> Stored<()>;
}
