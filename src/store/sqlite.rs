//! SQLite: one file, readers beside one writer at a time.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::activity::ActiveRange;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Semaphore;

use crate::class::Class;
use crate::suspicion::Suspicion;
use crate::{Backend, OpenError, Opened, StoreOptions};
use readers::Readers;
use rotations::Rotations;

#[cfg(test)]
mod plans;
mod readers;
mod rotations;
#[path = "sql/mod.rs"]
mod sql;
#[cfg(test)]
mod tests;

pub(crate) type Db = sqlx::Sqlite;

/// Takes the write lock at once: a lock taken later fails, without waiting, when another writer came between.
const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
/// A little longer than [`BUSY_TIMEOUT`], which leaves the connection usable.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(6);
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(2);
const LONG_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a writer of this process waits for its turn.
const GATE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long SQLite waits for writers of other processes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: usize = 4;
/// One, as there is one writer at a time: it finds the pages in its memory that it wrote before.
const WRITERS: u32 = 1;
/// Pages of the write-ahead log before they are carried into the database: 16 MiB, so that a page that changes often is
/// carried once for many changes.
const CHECKPOINT_PAGES: &str = "4000";

const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_foundation.sql", include_str!("../../migrations/sqlite/0001_foundation.sql")),
    ("0002_attempts.sql", include_str!("../../migrations/sqlite/0002_attempts.sql")),
    ("0003_federation.sql", include_str!("../../migrations/sqlite/0003_federation.sql")),
    ("0004_verification.sql", include_str!("../../migrations/sqlite/0004_verification.sql")),
    ("0005_pending_upstream.sql", include_str!("../../migrations/sqlite/0005_pending_upstream.sql")),
    ("0006_oauth.sql", include_str!("../../migrations/sqlite/0006_oauth.sql")),
    ("0007_activity_by_type.sql", include_str!("../../migrations/sqlite/0007_activity_by_type.sql")),
    ("0008_drop_active_users.sql", include_str!("../../migrations/sqlite/0008_drop_active_users.sql")),
];
const HISTORY_EXISTS: &str =
    "SELECT COUNT(*) AS present FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";

/// One writer at a time, and numbers are never used again: their order is the order of commits, and nothing stays open.
const TAIL_POSITION: &str = "SELECT COALESCE(MAX(seq), 0) AS position, '' AS open FROM revocations";
const TAIL_SINCE: &str = "SELECT seq, kind, subject, epoch, until FROM revocations
    WHERE seq > $1 AND '' = $2 AND seq > $3 ORDER BY seq LIMIT $4";

/// One writer at a time: nobody else claims meanwhile.
const SKIP_LOCKED: &str = "";

/// `LIKE` ignores the case of ASCII letters here; `GLOB` does not.
const LIKE: &str = "GLOB";

/// A `LIKE` pattern (`%`, `_`, escape `\`) in the language of `GLOB`.
fn like_pattern(pattern: &str) -> String {
    let mut glob = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            '%' => {
                glob.push('*');
                continue;
            }
            '_' => {
                glob.push('?');
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        if matches!(literal, '*' | '?' | '[') {
            glob.extend(['[', literal, ']']);
        } else {
            glob.push(literal);
        }
    }
    glob
}

/// The column with ASCII letters in lower case.
fn folded(column: &str) -> String {
    format!("lower({column})")
}

/// The UTC bucket of `login_time`, whose text begins with the date: cut out, because SQLite's date functions cost more than
/// the rest of a report.
fn bucket(range: ActiveRange) -> &'static str {
    match range {
        ActiveRange::Daily => "substr(login_time, 1, 10)",
        ActiveRange::Monthly => "substr(login_time, 6, 2) || '-' || substr(login_time, 1, 4)",
        ActiveRange::Yearly => "substr(login_time, 1, 4)",
    }
}

/// Result codes: <https://www.sqlite.org/rescode.html>; the low byte of an extended code is its primary code.
fn classify(code: &str) -> Class {
    match code.parse::<i32>().map(|code| code & 0xff) {
        Ok(BUSY | LOCKED) => Class::Conflict,
        Ok(READ_ONLY | IO_ERROR | FULL | CANNOT_OPEN) => Class::Unavailable,
        _ => Class::Other,
    }
}
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const IO_ERROR: i32 = 10;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;

/// There is no server to go away.
fn is_shutdown(_code: &str) -> bool {
    false
}

/// All steps in one transaction: the lock that keeps two processes apart is SQLite's own.
async fn run_migrations(connection: &mut SqliteConnection, migrator: &Migrator) -> Result<(), MigrateError> {
    let mut transaction = connection.begin_with(BEGIN_WRITE).await?;
    migrator.run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
}

fn create(path: &Path) -> Result<(), OpenError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Create { path, source }
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))?;
    }
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    file.map(|_| ()).map_err(failed(path))
}

pub(crate) async fn open(options: &StoreOptions) -> Result<Opened, OpenError> {
    let (store, schema) = connect(options).await?;
    Ok(Opened { store: Arc::new(store), migrations: Arc::new(schema), backend: Backend::Sqlite })
}

async fn connect(options: &StoreOptions) -> Result<(sql::SqlStore, sql::Schema), OpenError> {
    let url = options.url.as_str();
    if url.contains(":memory:") || url.contains("mode=memory") {
        let reason = "a database in memory would be a different one for every connection".to_owned();
        return Err(OpenError::Url { reason });
    }
    let parsed = SqliteConnectOptions::from_str(url);
    let readers = parsed
        .map_err(|error| OpenError::Url { reason: error.to_string() })?
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    create(readers.get_filename())?;
    let writers = readers
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        // What a failing statement would undo is noted in memory rather than in a file.
        .pragma("temp_store", "MEMORY");
    let pool = |size| {
        SqlitePoolOptions::new()
            .max_connections(size)
            .acquire_timeout(GATE_TIMEOUT)
            .test_before_acquire(false)
            // Connections to a file do not age, and sqlx' reaper can count down from -1 idle connections: a core for ever.
            .idle_timeout(None)
            .max_lifetime(None)
    };
    // A full disk, or an error of it, makes SQLite roll back by itself. The `ROLLBACK` of sqlx then fails, and sqlx, which
    // counts one transaction still, would refuse every further one. The pool had the connection answer a ping when it came
    // back, so what its last transaction left to do is done.
    let only_idle = pool(WRITERS).before_acquire(|connection, _| {
        let is_idle = !connection.is_in_transaction();
        Box::pin(async move { Ok(is_idle) })
    });
    // Connects now, so that a file that is no database is known at start.
    let connected = only_idle.connect_with(writers.clone()).await;
    let store = sql::SqlStore {
        tail: pool(1).connect_lazy_with(readers.clone().read_only(true)),
        readers: Readers::new(readers.read_only(true), READERS),
        reports: sql::reports(READERS),
        writers: connected.map_err(|error| OpenError::Connect { source: error.into() })?,
        gate: Some(Arc::new(Semaphore::new(1))),
        suspicion: Suspicion::none(0),
        rotations: Rotations::default(),
    };
    // To build an index takes as much as the index, which may be more than there is memory.
    Ok((store, sql::Schema::new(writers.pragma("temp_store", "FILE"))))
}
