//! Reads the PostgreSQL database of the service that Doorward replaces (`@sourceloop/authentication-service`, releases
//! 14 to 19), in one read-only transaction that sees one moment.
//!
//! Rows are asked for as JSON, so that a column which a release does not have is merely absent.

mod rows;

use std::str::FromStr as _;
use std::time::Duration;

use async_trait::async_trait;
use doorward_core::domain::import::{FoundActivity, FoundClient, FoundRole, FoundTenant, FoundUser};
use doorward_core::ports::import::{Found, FoundError, Predecessor};
use serde::de::DeserializeOwned;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What must be there; `login_activity` came late and may be missing.
const TABLES: [&str; 7] =
    ["auth_clients", "roles", "tenants", "users", "user_credentials", "user_tenants", "user_permissions"];
const ACTIVITY: &str = "login_activity";

/// One moment for all statements; nothing can be changed; the time this takes is not limited, and the plans are made for
/// reading everything.
const BEGIN: [&str; 5] = [
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL cursor_tuple_fraction = 1",
    "SET LOCAL TimeZone = 'UTC'",
];

/// Everything that belongs to a user in one row: each table is read once, whatever its size and indexes.
const USERS: &str = "DECLARE found_users NO SCROLL CURSOR FOR
    SELECT to_jsonb(u) AS person, c.credential, COALESCE(m.memberships, '[]'::jsonb) AS memberships
    FROM users u
    LEFT JOIN (
        SELECT user_id, to_jsonb(user_credentials) - 'secret_key'
               || jsonb_build_object('has_second_factor', to_jsonb(user_credentials) ->> 'secret_key' IS NOT NULL) AS credential
        FROM user_credentials WHERE NOT deleted
    ) c ON c.user_id = u.id
    LEFT JOIN (
        SELECT t.user_id, jsonb_agg(to_jsonb(t) || jsonb_build_object('words', COALESCE(p.words, '[]'::jsonb))
                                    ORDER BY t.created_on, t.id) AS memberships
        FROM user_tenants t
        LEFT JOIN (
            SELECT user_tenant_id, jsonb_agg(jsonb_build_object('permission', permission, 'allowed', allowed)
                                             ORDER BY created_on, id) AS words
            FROM user_permissions WHERE NOT deleted GROUP BY user_tenant_id
        ) p ON p.user_tenant_id = t.id
        WHERE NOT t.deleted GROUP BY t.user_id
    ) m ON m.user_id = u.id
    ORDER BY u.deleted, u.username <> lower(u.username), u.created_on, u.id";
const ACTIVITIES: &str = "DECLARE found_activities NO SCROLL CURSOR FOR
    SELECT to_jsonb(a) AS row FROM login_activity a";

/// The old database, open.
struct Legacy {
    connection: PgConnection,
    has_activity: bool,
    users_begun: bool,
    activities_begun: bool,
}

/// Opens the old database for reading. `schema` is `main` unless its operator chose another.
///
/// # Errors
/// The address cannot be used, the server does not let us in, or the database is not one of the old service.
pub async fn open_predecessor(url: &str, schema: &str) -> Found<Box<dyn Predecessor>> {
    let protocol = url.split_once("://").map(|(protocol, _)| protocol);
    if !matches!(protocol, Some("postgres" | "postgresql")) {
        return Err(FoundError::Address("unknown scheme".to_owned()));
    }
    let options = PgConnectOptions::from_str(url).map_err(|error| FoundError::Address(error.to_string()))?;
    let options = options.application_name("doorward import").disable_statement_logging();
    let attempt = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await;
    let connection = attempt
        .map_err(|_| FoundError::Unreachable(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())))?
        .map_err(|error| unreadable(&error))?;
    let mut legacy = Legacy { connection, has_activity: false, users_begun: false, activities_begun: false };
    for statement in BEGIN {
        sqlx::raw_sql(statement).execute(&mut legacy.connection).await.map_err(|error| unreadable(&error))?;
    }
    legacy.find_tables(schema).await?;
    Ok(Box::new(legacy))
}

fn unreadable(error: &sqlx::Error) -> FoundError {
    // A server's message may span lines and quote what was asked; its first line tells enough.
    let text = match error {
        sqlx::Error::Database(inner) => inner.message().to_owned(),
        other => other.to_string(),
    };
    FoundError::Unreachable(text.lines().next().unwrap_or_default().to_owned())
}

impl Legacy {
    async fn find_tables(&mut self, schema: &str) -> Found<()> {
        let listed = sqlx::query_scalar::<_, String>(
            "SELECT CAST(table_name AS text) FROM information_schema.tables WHERE table_schema = $1",
        );
        let listed =
            listed.bind(schema).fetch_all(&mut self.connection).await.map_err(|error| unreadable(&error))?;
        let is_there = |table: &str| listed.iter().any(|found| found == table);
        if let Some(missing) = TABLES.into_iter().find(|table| !is_there(table)) {
            return Err(FoundError::Foreign(format!(
                "the database has no table {schema}.{missing} that this user may read: is it the old service's?"
            )));
        }
        self.has_activity = is_there(ACTIVITY);
        sqlx::query("SELECT set_config('search_path', quote_ident($1), true)")
            .bind(schema)
            .execute(&mut self.connection)
            .await
            .map_err(|error| unreadable(&error))?;
        Ok(())
    }

    /// Every row of a table that is not marked as deleted, from a statement with the one column `row`.
    async fn all<T: DeserializeOwned>(
        &mut self,
        what: &'static str,
        statement: &'static str,
    ) -> Found<Vec<T>> {
        let rows = sqlx::query(statement)
            .fetch_all(&mut self.connection)
            .await
            .map_err(|error| unreadable(&error))?;
        rows.iter().map(|row| read(row, "row", what)).collect()
    }

    async fn fetch(&mut self, cursor: &str, limit: usize) -> Found<Vec<sqlx::postgres::PgRow>> {
        // A number and one of two names of ours.
        let statement = AssertSqlSafe(format!("FETCH {limit} FROM {cursor}"));
        sqlx::query(statement).fetch_all(&mut self.connection).await.map_err(|error| unreadable(&error))
    }

    async fn declare(&mut self, statement: &'static str) -> Found<()> {
        sqlx::raw_sql(statement)
            .execute(&mut self.connection)
            .await
            .map(|_| ())
            .map_err(|error| unreadable(&error))
    }
}

/// A column of JSON. What does not parse is named by its place only: the row may hold secrets.
fn read<T: DeserializeOwned>(row: &sqlx::postgres::PgRow, column: &str, what: &str) -> Found<T> {
    let value: Option<Json<serde_json::Value>> = row.try_get(column).map_err(|error| unreadable(&error))?;
    let value = value.map_or(serde_json::Value::Null, |Json(value)| value);
    let id = value.get("id").map_or_else(|| "without id".to_owned(), ToString::to_string);
    serde_json::from_value(value).map_err(|error| {
        // serde quotes a wrong value's text; its kind of mistake is enough.
        let mistake = error.to_string();
        let mistake = mistake.split(':').next().unwrap_or_default();
        FoundError::Foreign(format!("row {id} of {what} is not as releases 14 to 19 write it ({mistake})"))
    })
}

#[async_trait]
impl Predecessor for Legacy {
    async fn tenants(&mut self) -> Found<Vec<FoundTenant>> {
        let statement = "SELECT to_jsonb(t) AS row FROM tenants t WHERE NOT deleted ORDER BY created_on, id";
        Ok(self.all::<rows::Tenant>("tenants", statement).await?.into_iter().map(Into::into).collect())
    }

    async fn roles(&mut self) -> Found<Vec<FoundRole>> {
        let statement = "SELECT to_jsonb(r) AS row FROM roles r WHERE NOT deleted ORDER BY created_on, id";
        Ok(self.all::<rows::Role>("roles", statement).await?.into_iter().map(Into::into).collect())
    }

    async fn clients(&mut self) -> Found<Vec<FoundClient>> {
        let statement = "SELECT to_jsonb(c) AS row FROM auth_clients c WHERE NOT deleted ORDER BY id";
        Ok(self.all::<rows::Client>("auth_clients", statement).await?.into_iter().map(Into::into).collect())
    }

    async fn next_users(&mut self, limit: usize) -> Found<Vec<FoundUser>> {
        if !self.users_begun {
            self.declare(USERS).await?;
            self.users_begun = true;
        }
        let fetched = self.fetch("found_users", limit).await?;
        let user = |row: &sqlx::postgres::PgRow| {
            let person: rows::Person = read(row, "person", "users")?;
            let credential: Option<rows::Credential> = read(row, "credential", "user_credentials")?;
            let memberships = read(row, "memberships", "user_tenants")?;
            Ok(rows::user(person, credential, memberships))
        };
        fetched.iter().map(user).collect()
    }

    async fn next_activities(&mut self, limit: usize) -> Found<Vec<FoundActivity>> {
        if !self.has_activity {
            return Ok(Vec::new());
        }
        if !self.activities_begun {
            self.declare(ACTIVITIES).await?;
            self.activities_begun = true;
        }
        let fetched = self.fetch("found_activities", limit).await?;
        fetched.iter().map(|row| Ok(read::<rows::Activity>(row, "row", "login_activity")?.into())).collect()
    }
}
