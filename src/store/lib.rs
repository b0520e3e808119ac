//! The SQL store: [`doorward_core::ports::store`] on SQLite and on PostgreSQL, from one SQL source.
//!
//! `sql/` is ordinary code against a `Db` type; `sqlite.rs` and `postgres.rs` mount it with their own, and hold the few
//! fragments in which the databases differ.

#![expect(clippy::duplicate_mod, reason = "one SQL source, one build per database")]

mod class;
mod group;
mod legacy;
mod meter;
mod postgres;
mod sqlite;
mod suspicion;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use doorward_core::ports::store::Store;

pub use legacy::open_predecessor;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Most rows one call of a purge removes: a short transaction each, instead of one that holds everybody up.
/// A purge that answers less has removed all there was.
pub const PURGE_BATCH: i64 = 10_000;

/// Where the database is.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite://path/to/file.db` (relative to the working directory, or absolute with three slashes) or
    /// `postgres://user:password@host/database` (Unix sockets: `postgres:///database?host=/folder&user=name`).
    pub url: String,
    /// Most connections to PostgreSQL for requests, beside one for the tail of the revocations; SQLite keeps a fixed few.
    pub max_connections: u32,
}

/// A database ready for use.
pub struct Opened {
    /// The port.
    pub store: Arc<dyn Store>,
    /// Its schema.
    pub migrations: Arc<dyn Migrations>,
    /// Which of the two it is.
    pub backend: Backend,
}

/// The databases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Backend {
    /// The database an URL names; `None` for anything else.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("sqlite") => Some(Self::Sqlite),
            Some("postgres" | "postgresql") => Some(Self::Postgres),
            _ => None,
        }
    }
}

/// One step of the schema.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Migration {
    /// Its place in the order.
    pub number: i64,
    /// File name without number and ending.
    pub name: &'static str,
    /// What it runs.
    pub sql: &'static str,
}

/// The schema of a database. Migrations are part of the binary.
#[async_trait]
pub trait Migrations: Send + Sync {
    /// The steps the database lacks, in order; changes nothing.
    ///
    /// # Errors
    /// [`OpenError::Newer`] and [`OpenError::Changed`] when the database is not one this binary may work on;
    /// [`OpenError::Connect`].
    async fn pending(&self) -> Result<Vec<Migration>, OpenError>;

    /// Takes the steps the database lacks and answers them. Of several nodes at once, one does it and the others wait.
    ///
    /// # Errors
    /// As [`Migrations::pending`], and [`OpenError::Migration`] when a step fails; that step has then changed nothing.
    async fn migrate(&self) -> Result<Vec<Migration>, OpenError>;
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no database; never holds the URL, which may hold a password.
    #[error("expected sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE: {reason}")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// The folder or the file of the database cannot be made.
    #[error("cannot create {}: {source}", path.display())]
    Create {
        /// Folder or file.
        path: PathBuf,
        /// From the system.
        source: std::io::Error,
    },
    /// The database does not let us in.
    #[error("cannot connect to the database: {source}")]
    Connect {
        /// From the driver.
        source: Source,
    },
    /// A newer release of Doorward has been here.
    #[error("the database has migration {found}, this binary knows up to {known}: run the newer release")]
    Newer {
        /// Highest number in the database.
        found: i64,
        /// Highest number in the binary.
        known: i64,
    },
    /// The database holds another text of a step than the binary.
    #[error("migration {number} in the database differs from this binary's")]
    Changed {
        /// Its number.
        number: i64,
    },
    /// A step failed.
    #[error("migration failed: {source}")]
    Migration {
        /// From the driver.
        source: Source,
    },
}

/// Opens a database. Creates a SQLite file and its folder (readable by the owner only); does not touch the schema:
/// see [`Opened::migrations`]. PostgreSQL need not be reachable yet.
///
/// # Errors
/// [`OpenError::Url`], [`OpenError::Create`], and [`OpenError::Connect`] for a SQLite file that cannot be opened.
pub async fn open(options: &StoreOptions) -> Result<Opened, OpenError> {
    match Backend::of_url(&options.url) {
        Some(Backend::Sqlite) => sqlite::open(options).await,
        Some(Backend::Postgres) => postgres::open(options),
        None => Err(OpenError::Url { reason: "unknown scheme".to_owned() }),
    }
}
