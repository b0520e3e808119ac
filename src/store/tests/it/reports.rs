//! Questions about much login activity: what they read, and what they leave to others.

use std::sync::Arc;

use doorward_core::domain::activity::ActiveRange;
use doorward_core::domain::activity_query::{ActivityQuery, Column, Comparison, Condition, Value};
use doorward_core::domain::ids::{Id as _, TenantId};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Mode, Store, StoreError};
use doorward_core::testkit::samples::Samples;
use doorward_store::{StoreOptions, open};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use crate::database::{Postgres, Sqlite, Tested};

/// However many ask the dearest questions, who signs in finds a connection.
async fn leave_room_for_others(store: Arc<dyn Store>, at_once: usize) -> Tested {
    let mut running = Vec::new();
    for _ in 0..at_once {
        running.push(store.begin("report", Mode::Report).await?);
    }
    let refused = store.begin("one more", Mode::Report).await.map(|_| ());
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    let mut reader = store.begin("look", Mode::Read).await?;
    assert!(reader.signing_keys().await?.is_empty());
    let writer = store.begin("write", Mode::Write).await?;
    writer.commit().await?;
    running.pop();
    drop(store.begin("one more", Mode::Report).await?);
    Ok(())
}

#[tokio::test]
async fn sqlite_reports_leave_room_for_others() -> Tested {
    leave_room_for_others(Sqlite::create().await?.store(), 2).await
}

#[tokio::test]
async fn postgres_reports_leave_room_for_others() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    leave_room_for_others(database.store(), 4).await?;
    database.discard().await
}

/// Rows a minute apart; every fourth is an `ACCESS`.
const ROWS: i64 = 20_000;

async fn seed(connection: &mut PgConnection, tenant: TenantId) -> Tested {
    let tenant = tenant.uuid();
    connection
        .execute(AssertSqlSafe(format!(
            "INSERT INTO login_activity (id, actor, tenant_id, login_time, token_payload, login_type)
             SELECT gen_random_uuid(), 'user' || n % 100, '{tenant}', TIMESTAMPTZ '2026-01-01T00:00:00Z' + n * INTERVAL '1 min',
                 '{{}}', CASE WHEN n % 4 = 0 THEN 'ACCESS' WHEN n % 4 = 1 THEN 'FAILED' ELSE 'RELOGIN' END
             FROM generate_series(0, {ROWS} - 1) AS n"
        )))
        .await?;
    connection.execute("VACUUM ANALYZE login_activity").await?;
    Ok(())
}

fn moment(text: &str) -> Result<Timestamp, chrono::ParseError> {
    text.parse::<chrono::DateTime<chrono::Utc>>().map(Timestamp::new)
}

fn day_of(login_type: &str) -> Result<Condition, chrono::ParseError> {
    let time = |comparison, text: &str| {
        moment(text).map(|time| Condition::Compare(Column::LoginTime, comparison, Value::Time(time)))
    };
    Ok(Condition::And(vec![
        Condition::Compare(Column::LoginType, Comparison::Equal, Value::Text(login_type.to_owned())),
        time(Comparison::GreaterOrEqual, "2026-01-05T00:00:00Z")?,
        time(Comparison::Less, "2026-01-06T00:00:00Z")?,
    ]))
}

/// Entries read in an index, once the sessions that read them are over: they tell the server when they end.
async fn entries_read(connection: &mut PgConnection, index: &str, at_least: i64) -> Result<i64, sqlx::Error> {
    loop {
        let statement =
            format!("SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = '{index}'");
        let row = connection.fetch_one(AssertSqlSafe(statement)).await?;
        let read: i64 = row.get("idx_tup_read");
        if read >= at_least {
            return Ok(read);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A day by type reads the entries it counts, and no others.
#[tokio::test]
async fn postgres_reads_what_it_counts() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let tenant: TenantId = Samples::new(1).id();
    let mut connection = database.connect().await?;
    seed(&mut connection, tenant).await?;
    let socket = database.socket()?;
    let url = database.url_through(socket.parent().ok_or("a socket is in a folder")?)?;
    let opened = open(&StoreOptions { url, max_connections: 2 }).await?;
    let mut tx = opened.store.begin("count", Mode::Report).await?;
    let condition = day_of("ACCESS")?;
    assert_eq!(tx.count_activity(tenant, Some(&condition)).await?, 360);
    drop(tx);
    let mut tx = opened.store.begin("page", Mode::Report).await?;
    let query = ActivityQuery { condition: Some(condition), limit: 10, ..ActivityQuery::default() };
    let rows = tx.find_activity(tenant, &query).await?;
    assert_eq!(rows.first().map(|row| row.login_time), Some(moment("2026-01-05T00:00:00Z")?));
    assert_eq!(rows.len(), 10);
    drop(tx);
    let mut tx = opened.store.begin("active users", Mode::Report).await?;
    let (from, to) = (moment("2026-01-05T00:00:00Z")?, moment("2026-01-05T23:59:59Z")?);
    let report = tx.active_users(tenant, ActiveRange::Daily, from, to).await?;
    let types: Vec<_> = report["2026-01-05"].keys().map(String::as_str).collect();
    assert_eq!(types, ["ACCESS", "RELOGIN"]);
    drop(tx);
    drop(opened);
    // 360 counted; a page; the types; a day but its failures, and the first of each user and type.
    let read = entries_read(&mut connection, "login_activity_type", 360 + 10 + 1080).await?;
    assert!(read < 360 + 360 + 10 + 1080 + 200, "{read} entries read");
    connection.close().await?;
    database.discard().await
}
