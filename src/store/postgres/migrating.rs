//! One process at a time migrates, and none of them in the way of an index that is built beside running nodes.

use std::time::Duration;

use sqlx::migrate::{Migrate as _, MigrateError, Migration, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};

use super::sql::migrate::HISTORY;

/// Advisory locks belong to one database; nobody else of it uses this number.
const TURN: i64 = 0x0d00_4a4d;
const PAUSE: Duration = Duration::from_millis(100);

/// Each step in its own transaction, but those that say they can have none. The turn ends with the connection, also when a
/// step fails.
pub(super) async fn run_migrations(
    connection: &mut PgConnection,
    migrator: &Migrator,
) -> Result<(), MigrateError> {
    // What an operator or a role grants a request is too little for an index of a large table.
    connection.execute("SET statement_timeout = 0; SET lock_timeout = 0").await?;
    wait_for_turn(connection).await?;
    drop_leftovers(connection, migrator).await?;
    migrator.run_direct(None, connection, false).await
}

/// Asks again and again. To wait in `pg_advisory_lock`, as sqlx does, is a transaction, and a concurrent build of an index
/// waits for every transaction: for one that waits for its turn until the other gives up.
async fn wait_for_turn(connection: &mut PgConnection) -> Result<(), MigrateError> {
    loop {
        let asked = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(TURN);
        if asked.fetch_one(&mut *connection).await? {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// An interrupted concurrent build leaves an index that takes every write and answers no read. It goes before its step is
/// done again.
async fn drop_leftovers(connection: &mut PgConnection, migrator: &Migrator) -> Result<(), MigrateError> {
    connection.ensure_migrations_table(HISTORY).await?;
    let applied = connection.list_applied_migrations(HISTORY).await?;
    let missing = migrator.iter().filter(|step| applied.iter().all(|done| done.version != step.version));
    for index in missing.filter_map(built_concurrently) {
        let statement = format!("DROP INDEX CONCURRENTLY IF EXISTS {index}");
        // The name is a word of our own file.
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

/// The index that the step builds beside running nodes.
fn built_concurrently(step: &Migration) -> Option<&str> {
    step.sql.as_str().split_once("CREATE INDEX CONCURRENTLY ")?.1.split_whitespace().next()
}
