//! `bench seed`: many users and much login activity, made inside the database.

mod dialect;

use std::time::Instant;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use doorward_store::{Backend, StoreOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};
use uuid::Uuid;

use self::dialect::Dialect;
use crate::raw::hash::{self, Kind};

/// Rows of one statement.
const BATCH: u64 = 250_000;
/// From here on it is quicker to build the indexes of `login_activity` afterwards.
const REBUILD_INDEXES_FROM: u64 = 500_000;
/// Login activity lies in so many days, the last of which is today.
pub(crate) const DAYS: u64 = 730;
/// So many users are active on one day.
pub(crate) const ACTORS_A_DAY: u64 = 1000;
const MILLIS_OF_DAY: i64 = 86_400_000;

/// How much there is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    pub(crate) users: u64,
    pub(crate) activity: u64,
    /// Of every user's password.
    pub(crate) password: Kind,
}

/// The name of a seeded user.
pub(crate) fn username(number: u64) -> String {
    format!("user{number:07}")
}

/// Midnight of the first of [`DAYS`] days, in milliseconds since 1970.
pub(crate) fn first_day(now: DateTime<Utc>) -> i64 {
    let today = now.timestamp_millis().div_euclid(MILLIS_OF_DAY) * MILLIS_OF_DAY;
    today - i64::try_from(DAYS - 1).unwrap_or_default() * MILLIS_OF_DAY
}

/// One connection to either database.
enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connection {
    async fn open(url: &str, backend: Backend) -> anyhow::Result<Self> {
        Ok(match backend {
            Backend::Sqlite => {
                let mut connection = SqliteConnection::connect(url).await?;
                // Seeding may be done again; nothing here needs to survive a power cut.
                connection.execute("PRAGMA synchronous = OFF").await?;
                connection.execute("PRAGMA cache_size = -1000000").await?;
                connection.execute("PRAGMA temp_store = FILE").await?;
                Self::Sqlite(connection)
            }
            Backend::Postgres => {
                let mut connection = PgConnection::connect(url).await?;
                connection.execute("SET synchronous_commit = off").await?;
                connection.execute("SET maintenance_work_mem = '512MB'").await?;
                Self::Postgres(connection)
            }
        })
    }

    async fn run(&mut self, statement: &str) -> anyhow::Result<()> {
        let sql = AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(connection) => connection.execute(sql).await.map(drop),
            Self::Postgres(connection) => connection.execute(sql).await.map(drop),
        }
        .with_context(|| statement.to_owned())
    }

    async fn id(&mut self, statement: &str) -> anyhow::Result<Option<Uuid>> {
        let sql = AssertSqlSafe(statement.to_owned());
        Ok(match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_optional(connection).await?,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_optional(connection).await?,
        })
    }

    async fn pairs(&mut self, statement: &str) -> anyhow::Result<Vec<(String, String)>> {
        let sql = AssertSqlSafe(statement.to_owned());
        Ok(match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::query(sql).fetch_all(connection).await?;
                rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<sqlx::Result<_>>()?
            }
            Self::Postgres(connection) => {
                let rows = sqlx::query(sql).fetch_all(connection).await?;
                rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<sqlx::Result<_>>()?
            }
        })
    }
}

/// What the rows refer to.
struct Context {
    tenant: Uuid,
    other_tenant: Option<Uuid>,
    role: Uuid,
    client: Uuid,
    /// First moment of the activity, in milliseconds since 1970.
    first_day: i64,
}

/// Migrates the database, then adds users and activity. Tenant, role and client come from `bench/host/bootstrap.toml`.
///
/// # Errors
/// The bootstrap file was not applied, or the database was seeded before.
pub(crate) async fn run(url: &str, seed: &Seed) -> anyhow::Result<()> {
    let opened = doorward_store::open(&StoreOptions { url: url.to_owned(), max_connections: 2 }).await?;
    opened.migrations.migrate().await?;
    let (backend, dialect) = (opened.backend, Dialect(opened.backend));
    drop(opened);
    let mut connection = Connection::open(url, backend).await?;
    let context = find_context(&mut connection).await?;
    let hash = hash::stored(seed.password, crate::host::PASSWORD).await?;
    for (first, end) in batches(seed.users) {
        for statement in user_statements(dialect, &context, &hash, seed.password, first, end) {
            connection.run(&statement).await?;
        }
    }
    seed_activity(&mut connection, dialect, &context, seed).await?;
    for statement in dialect.refresh_statistics() {
        connection.run(statement).await?;
    }
    Ok(())
}

/// As [`run`], and says how long it took.
///
/// # Errors
/// As [`run`].
pub(crate) async fn command(url: &str, seed: &Seed) -> anyhow::Result<()> {
    let began = Instant::now();
    run(url, seed).await?;
    println!(
        "{} users and {} rows of login activity in {:.1} s",
        seed.users,
        seed.activity,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn find_context(connection: &mut Connection) -> anyhow::Result<Context> {
    let tenant = connection.id("SELECT id FROM tenants WHERE key = 'bench'").await?;
    let role = connection.id("SELECT id FROM roles WHERE name = 'BenchUser'").await?;
    let client = connection.id("SELECT key FROM clients WHERE client_id = 'bench'").await?;
    let (Some(tenant), Some(role), Some(client)) = (tenant, role, client) else {
        bail!("apply bench/host/bootstrap.toml to this database first: `doorward apply`");
    };
    let other_tenant = connection.id("SELECT id FROM tenants WHERE key = 'other'").await?;
    Ok(Context { tenant, other_tenant, role, client, first_day: first_day(Utc::now()) })
}

fn batches(total: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..total.div_ceil(BATCH)).map(move |batch| (batch * BATCH, ((batch + 1) * BATCH).min(total)))
}

/// Users were created one a millisecond before the first activity.
fn user_statements(
    dialect: Dialect,
    context: &Context,
    hash: &str,
    kind: Kind,
    first: u64,
    end: u64,
) -> Vec<String> {
    let numbers = dialect.numbers(first, end);
    let created_millis = user_millis(context);
    let (id, created) = (dialect.id(1, &created_millis, "n"), dialect.time(&created_millis));
    let name = dialect.name("user", "n");
    let (tenant, role) = (dialect.uuid(context.tenant), dialect.uuid(context.role));
    let client = dialect.uuid(context.client);
    let membership = |kind: u16, tenant: &str| {
        format!(
            "{numbers} INSERT INTO memberships (id, user_id, tenant_id, role_id, status, locale, epoch, created_at,
                 updated_at) SELECT {}, {id}, {tenant}, {role}, 1, NULL, 0, {created}, {created} FROM s",
            dialect.id(kind, &created_millis, "n")
        )
    };
    let mut statements = vec![
        format!(
            "{numbers} INSERT INTO users (id, username, username_key, email, email_verified, first_name, last_name,
                 default_tenant_id, credential_version, epoch, created_at, updated_at)
             SELECT {id}, {name}, {name}, {name} || '@example.com', TRUE, 'User', 'Number', {tenant}, 0, 0, {created},
                 {created} FROM s"
        ),
        format!(
            "{numbers} INSERT INTO password_credentials (user_id, hash, scheme, changed_at)
             SELECT {id}, '{hash}', '{}', {created} FROM s",
            kind.scheme()
        ),
        format!("{numbers} INSERT INTO user_clients (user_id, client_key) SELECT {id}, {client} FROM s"),
        membership(2, &tenant),
    ];
    if let Some(other) = context.other_tenant {
        statements.push(membership(3, &dialect.uuid(other)));
    }
    statements
}

/// When user `n` was created, as an expression.
fn user_millis(context: &Context) -> String {
    format!("({} + n)", context.first_day - 30 * MILLIS_OF_DAY)
}

async fn seed_activity(
    connection: &mut Connection,
    dialect: Dialect,
    context: &Context,
    seed: &Seed,
) -> anyhow::Result<()> {
    if seed.activity == 0 {
        return Ok(());
    }
    let mut indexes = Vec::new();
    if seed.activity >= REBUILD_INDEXES_FROM {
        indexes = connection.pairs(&dialect.indexes_of("login_activity")).await?;
    }
    for statement in dialect.keep_statistics() {
        connection.run(statement).await?;
    }
    for (name, _) in &indexes {
        connection.run(&format!("DROP INDEX {name}")).await?;
    }
    for (first, end) in batches(seed.activity) {
        connection.run(&activity_statement(dialect, context, seed, first, end)).await?;
    }
    for (_, definition) in &indexes {
        connection.run(definition).await?;
    }
    for statement in dialect.restore_statistics() {
        connection.run(statement).await?;
    }
    Ok(())
}

/// Rows are spread evenly over the days; on each, [`ACTORS_A_DAY`] users take turns.
fn activity_statement(dialect: Dialect, context: &Context, seed: &Seed, first: u64, end: u64) -> String {
    let numbers = dialect.numbers(first, end);
    let a_day = seed.activity.div_ceil(DAYS);
    let millis = format!(
        "({} + (n / {a_day}) * {MILLIS_OF_DAY} + (n % {a_day}) * {MILLIS_OF_DAY} / {a_day})",
        context.first_day
    );
    let user = format!("(((n / {a_day}) * 37 + (n % {a_day}) % {ACTORS_A_DAY}) % {})", seed.users.max(1));
    let user_millis = format!("({} + {user})", context.first_day - 30 * MILLIS_OF_DAY);
    let (id, time) = (dialect.id(4, &millis, "n"), dialect.time(&millis));
    let actor = dialect.id_text(1, &user_millis, &user);
    let tenant = dialect.uuid(context.tenant);
    format!(
        "{numbers} INSERT INTO login_activity (id, actor, tenant_id, login_time, token_payload, login_type, device_info,
             ip_address)
         SELECT {id}, {actor}, {tenant}, {time},
             '{{\"id\":\"' || {actor} || '\",\"firstName\":\"User\",\"lastName\":\"Number\",\"username\":\"' || {name} ||
             '\",\"permissions\":[\"ViewLoginActivity\",\"CreateUser\",\"ViewUser\",\"UpdateUser\"],\"role\":\"BenchUser\",\
             \"status\":1,\"clientId\":\"bench\"}}',
             CASE WHEN n % 20 = 0 THEN 'FAILED' WHEN n % 20 < 3 THEN 'LOGOUT' WHEN n % 20 < 8 THEN 'ACCESS'
                 ELSE 'RELOGIN' END,
             'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', '192.0.2.17'
         FROM s",
        name = dialect.name("user", &user),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_cover_everything_once() {
        assert_eq!(batches(0).count(), 0);
        let all: Vec<_> = batches(600_000).collect();
        assert_eq!(all, [(0, 250_000), (250_000, 500_000), (500_000, 600_000)]);
    }

    #[test]
    fn today_is_the_last_day() {
        let now: DateTime<Utc> = "2026-11-22T13:00:00Z".parse().unwrap();
        let first = DateTime::from_timestamp_millis(first_day(now)).unwrap();
        assert_eq!(first.to_rfc3339(), "2024-11-23T00:00:00+00:00");
    }
}
