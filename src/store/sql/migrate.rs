//! The schema: migrations embedded in the binary.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::{Migrate as _, MigrateError, MigrationType, Migrator};
use sqlx::{Connection as _, Database, SqlSafeStr as _};

use super::super::{HISTORY_EXISTS, MIGRATIONS, run_migrations};
use super::{Db, row, within};
use crate::{Migration, Migrations, OpenError};

/// sqlx's record of what was applied.
pub(crate) const HISTORY: &str = "_sqlx_migrations";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

type Connection = <Db as Database>::Connection;
type ConnectOptions = <Connection as sqlx::Connection>::Options;

/// The schema of one database.
pub(crate) struct Schema {
    connect: ConnectOptions,
}

impl Schema {
    pub(crate) fn new(connect: ConnectOptions) -> Self {
        Self { connect }
    }

    async fn connect(&self) -> Result<Connection, OpenError> {
        let connected = within(CONNECT_TIMEOUT, Connection::connect_with(&self.connect)).await;
        connected.map_err(|error| OpenError::Connect { source: error.into_store("connect").into() })
    }
}

/// `0001_foundation.sql` → 1, `foundation`.
fn known() -> Vec<Migration> {
    let parse = |(file, sql): &(&'static str, &'static str)| {
        let (number, name) = file.strip_suffix(".sql")?.split_once('_')?;
        Some(Migration { number: number.parse().ok()?, name, sql })
    };
    MIGRATIONS.iter().filter_map(parse).collect()
}

fn migrator() -> Migrator {
    let steps = known().into_iter().map(|step| {
        let kind = MigrationType::Simple;
        // PostgreSQL cannot build an index concurrently inside a transaction; the first line of a file may say so.
        let alone = step.sql.starts_with("-- no-transaction");
        sqlx::migrate::Migration::new(step.number, step.name.into(), kind, step.sql.into_sql_str(), alone)
    });
    let mut migrator = Migrator::with_migrations(steps.collect());
    // Each database has a better way to keep two processes apart.
    migrator.set_locking(false);
    migrator
}

async fn missing(connection: &mut Connection, migrator: &Migrator) -> Result<Vec<Migration>, OpenError> {
    let failed = |error: sqlx::Error| OpenError::Connect { source: error.into() };
    let row = sqlx::query(HISTORY_EXISTS).fetch_one(&mut *connection).await.map_err(failed)?;
    let present: i64 = row::Fields::new(&row, HISTORY)
        .get("present")
        .map_err(|error| OpenError::Connect { source: error.into() })?;
    let applied = if present == 0 {
        Vec::new()
    } else {
        let applied = connection.list_applied_migrations(HISTORY).await;
        applied.map_err(|error| OpenError::Connect { source: error.into() })?
    };
    let highest = migrator.iter().map(|step| step.version).max().unwrap_or(0);
    for step in &applied {
        match migrator.iter().find(|known| known.version == step.version) {
            Some(known) if known.checksum == step.checksum => {}
            None if step.version > highest => {
                return Err(OpenError::Newer { found: step.version, known: highest });
            }
            _ => return Err(OpenError::Changed { number: step.version }),
        }
    }
    let mut missing = known();
    missing.retain(|step| applied.iter().all(|done| done.version != step.number));
    Ok(missing)
}

#[async_trait]
impl Migrations for Schema {
    async fn pending(&self) -> Result<Vec<Migration>, OpenError> {
        let mut connection = self.connect().await?;
        let missing = missing(&mut connection, &migrator()).await?;
        // A connection that does not close cleanly has done its work all the same.
        drop(connection.close().await);
        Ok(missing)
    }

    async fn migrate(&self) -> Result<Vec<Migration>, OpenError> {
        let migrator = migrator();
        let mut connection = self.connect().await?;
        let missing = missing(&mut connection, &migrator).await?;
        if !missing.is_empty() {
            let migrated = run_migrations(&mut connection, &migrator).await;
            migrated.map_err(|error: MigrateError| OpenError::Migration { source: error.into() })?;
        }
        drop(connection.close().await);
        Ok(missing)
    }
}
