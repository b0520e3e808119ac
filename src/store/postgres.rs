//! PostgreSQL: a server, READ COMMITTED.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::activity::ActiveRange;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::class::Class;
use crate::suspicion::Suspicion;
use crate::{Backend, OpenError, Opened, StoreOptions};
use migrating::run_migrations;
use readers::Readers;
use rotations::Rotations;

mod migrating;
mod readers;
mod rotations;
#[path = "sql/mod.rs"]
mod sql;

pub(crate) type Db = sqlx::Postgres;

const BEGIN_WRITE: &str = "BEGIN";
/// A free connection and an answer on it. Together with what a request does before it, within two seconds.
const BEGIN_TIMEOUT: Duration = Duration::from_millis(1800);
/// A lookup by key, on a server that may not even say no.
const STATEMENT_TIMEOUT: Duration = Duration::from_millis(1800);
/// A little longer than [`SERVER_TIMEOUT`], which leaves the connection usable.
const LONG_TIMEOUT: Duration = Duration::from_secs(5);
const SERVER_TIMEOUT: &str = "4s";
/// A node that vanished in a transaction must not hold its locks for hours.
const IDLE_TRANSACTION_TIMEOUT: &str = "30s";
/// No gate here; the pool's queue is the only one.
const GATE_TIMEOUT: Duration = Duration::from_secs(2);
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1700);
const PROBE_TIMEOUT: Duration = Duration::from_millis(700);
/// A connection idle for longer is tested before use: firewalls and restarts cut it without a word.
const TRUST: Duration = Duration::from_secs(5);
/// What an older connection holds on the server is freed by taking a new one.
const LIFETIME: Duration = Duration::from_mins(30);

const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_foundation.sql", include_str!("../../migrations/postgres/0001_foundation.sql")),
    ("0002_attempts.sql", include_str!("../../migrations/postgres/0002_attempts.sql")),
    ("0003_federation.sql", include_str!("../../migrations/postgres/0003_federation.sql")),
    ("0004_verification.sql", include_str!("../../migrations/postgres/0004_verification.sql")),
    ("0005_pending_upstream.sql", include_str!("../../migrations/postgres/0005_pending_upstream.sql")),
    ("0006_oauth.sql", include_str!("../../migrations/postgres/0006_oauth.sql")),
    ("0007_activity_by_type.sql", include_str!("../../migrations/postgres/0007_activity_by_type.sql")),
    ("0008_drop_active_users.sql", include_str!("../../migrations/postgres/0008_drop_active_users.sql")),
];
const HISTORY_EXISTS: &str = "SELECT CAST(COUNT(to_regclass('_sqlx_migrations')) AS bigint) AS present";

/// Numbers are given before commits, so a row may appear after one with a higher number. Instead the cursor is a
/// snapshot: its xmax, and the transactions that were open then. The next pass reads what those wrote and all later ones.
const TAIL_POSITION: &str = "SELECT CAST(CAST(pg_snapshot_xmax(s) AS text) AS bigint) AS position,
        COALESCE((SELECT string_agg(CAST(x AS text), ',') FROM pg_snapshot_xip(s) AS x), '') AS open
    FROM (SELECT pg_current_snapshot() AS s) AS seen";
/// Materialised, for else a page may be looked for along the whole table.
const TAIL_SINCE: &str = "WITH fresh AS MATERIALIZED (
        SELECT seq, kind, subject, epoch, until FROM revocations
        WHERE xid >= CAST(CAST($1 AS text) AS xid8) OR xid = ANY(CAST(string_to_array($2, ',') AS xid8[])))
    SELECT seq, kind, subject, epoch, until FROM fresh WHERE seq > $3 ORDER BY seq LIMIT $4";

/// Rows that somebody else is just claiming are his.
const SKIP_LOCKED: &str = "FOR UPDATE SKIP LOCKED";

const LIKE: &str = "LIKE";

/// A lone escape at the end, which PostgreSQL refuses, stands for itself.
fn like_pattern(pattern: &str) -> String {
    let trailing = pattern.chars().rev().take_while(|character| *character == '\\').count();
    let closing = if trailing % 2 == 1 { "\\" } else { "" };
    format!("{pattern}{closing}")
}

/// The column with ASCII letters in lower case; `ILIKE` would fold by the database's locale.
fn folded(column: &str) -> String {
    format!("lower({column} COLLATE \"C\")")
}

/// The UTC bucket of `login_time`.
fn bucket(range: ActiveRange) -> &'static str {
    match range {
        ActiveRange::Daily => "to_char(login_time AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
        ActiveRange::Monthly => "to_char(login_time AT TIME ZONE 'UTC', 'MM-YYYY')",
        ActiveRange::Yearly => "to_char(login_time AT TIME ZONE 'UTC', 'YYYY')",
    }
}

/// SQLSTATEs: PostgreSQL manual, appendix A.
fn classify(code: &str) -> Class {
    match code {
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => Class::Conflict,
        // read_only_sql_transaction (a standby), idle_in_transaction_session_timeout, invalid_password and its class,
        // invalid_catalog_name, lock_not_available, query_canceled (statement_timeout)
        "25006" | "25P03" | "28000" | "28P01" | "3D000" | "55P03" | "57014" => Class::Unavailable,
        other if is_shutdown(other) => Class::Unavailable,
        // connection_exception, insufficient_resources, system_error
        other if other.starts_with("08") || other.starts_with("53") || other.starts_with("58") => {
            Class::Unavailable
        }
        _ => Class::Other,
    }
}

/// admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout.
fn is_shutdown(code: &str) -> bool {
    code.starts_with("57P")
}

async fn probe(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(PROBE_TIMEOUT, connection.ping()).await {
        Ok(answered) => answered.map(|()| true),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

fn pool_options(max_connections: u32, suspicion: &Suspicion) -> PgPoolOptions {
    let (acquiring, releasing) = (suspicion.clone(), suspicion.clone());
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        // sqlx' reaper reads the number of idle connections while others change it, and can count down from -1: a core for
        // ever. What is old is replaced when somebody asks for it instead.
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(move |connection, metadata| {
            let is_old = metadata.age > LIFETIME;
            let suspect = acquiring.take() || metadata.idle_for > TRUST;
            Box::pin(async move {
                match (is_old, suspect) {
                    (true, _) => Ok(false),
                    (false, true) => probe(connection).await,
                    (false, false) => Ok(true),
                }
            })
        })
        // sqlx pings on release without a deadline: a connection cut in silence would keep its place for a quarter of an hour.
        .after_release(move |connection, _| {
            let suspect = releasing.is_raised();
            Box::pin(async move { if suspect { probe(connection).await } else { Ok(true) } })
        })
}

pub(crate) fn open(options: &StoreOptions) -> Result<Opened, OpenError> {
    let parsed = PgConnectOptions::from_str(&options.url);
    let connect = parsed
        .map_err(|error| OpenError::Url { reason: error.to_string() })?
        .application_name("doorward")
        .disable_statement_logging();
    let max_connections = options.max_connections.max(1);
    let suspicion = Suspicion::none(max_connections);
    let bounded = connect.clone().options([
        ("statement_timeout", SERVER_TIMEOUT),
        ("idle_in_transaction_session_timeout", IDLE_TRANSACTION_TIMEOUT),
        // Compiling a statement takes longer than the dearest of ours.
        ("jit", "off"),
    ]);
    let tail = pool_options(1, &suspicion).connect_lazy_with(bounded.clone());
    let pool = pool_options(max_connections, &suspicion).connect_lazy_with(bounded);
    let readers = Readers::new(pool.clone());
    let reports = sql::reports(max_connections as usize);
    let store =
        sql::SqlStore { readers, reports, tail, writers: pool, gate: None, suspicion, rotations: Rotations };
    let migrations = Arc::new(sql::Schema::new(connect));
    Ok(Opened { store: Arc::new(store), migrations, backend: Backend::Postgres })
}

#[cfg(test)]
mod tests {
    use super::{Suspicion, pool_options};

    #[test]
    fn no_reaper_runs() {
        let options = pool_options(3, &Suspicion::none(3));
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime()), (None, None));
        assert_eq!(options.get_min_connections(), 0);
    }
}
