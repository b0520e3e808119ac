//! Login activity: rows, order, count, active users. Conditions are in `conditions.rs`.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{read, write};
use crate::domain::activity::{ActiveRange, ActiveUsers, Activity};
use crate::domain::activity_query::{ActivityQuery, Column, Comparison, Condition, Value};
use crate::domain::ids::{ActivityId, Id as _, TenantId};
use crate::domain::time::Timestamp;
use crate::ports::store::{Store, Stored};
use crate::testkit::Checked;
use crate::testkit::samples::{Samples, sample_time};

const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn record(store: &Arc<dyn Store>, rows: &[Activity]) -> Stored<()> {
    let mut tx = write(store).await?;
    for row in rows {
        tx.record_activity(row).await?;
    }
    tx.commit().await
}

fn ids<'a>(rows: impl IntoIterator<Item = &'a Activity>) -> Vec<ActivityId> {
    rows.into_iter().map(|row| row.id).collect()
}

/// Rows come back as they were written, and only to their own tenant.
///
/// # Errors
/// What the store refused.
pub async fn activity_rows(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(14);
    let (own, foreign): (TenantId, TenantId) = (samples.id(), samples.id());
    let mut rows = [
        samples.activity("alice", Some(own), sample_time()),
        samples.activity("alice", Some(foreign), sample_time()),
        samples.activity("alice", None, sample_time()),
    ];
    rows[0].device_info = None;
    rows[0].ip_address = None;
    record(&store, &rows).await?;
    let mut tx = read(&store).await?;
    assert_eq!(tx.activity(own, rows[0].id).await?.as_ref(), Some(&rows[0]));
    assert_eq!(tx.activity(own, rows[1].id).await?, None);
    assert_eq!(tx.activity(own, rows[2].id).await?, None);
    assert_eq!(tx.find_activity(own, &ActivityQuery::default()).await?, rows[..1]);
    assert_eq!(tx.find_activity(foreign, &ActivityQuery::default()).await?, rows[1..2]);
    // Not even by asking for it.
    let escape = Condition::Or(vec![
        Condition::And(Vec::new()),
        Condition::Compare(Column::TenantId, Comparison::NotEqual, Value::Uuid(own.uuid())),
        Condition::IsNull(Column::TenantId, true),
    ]);
    let query = ActivityQuery { condition: Some(escape.clone()), ..ActivityQuery::default() };
    assert_eq!(tx.find_activity(own, &query).await?, rows[..1]);
    assert_eq!(tx.count_activity(own, Some(&escape)).await?, 1);
    Ok(())
}

/// Oldest first, or order by any column in both directions, ties by id; rows without a value last when ascending; limit
/// and offset.
///
/// # Errors
/// What the store refused.
pub async fn activity_order(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(15);
    let tenant: TenantId = samples.id();
    let mut rows: Vec<Activity> =
        ["b", "a", "B", "ä", "A"].map(|actor| samples.activity(actor, Some(tenant), sample_time())).into();
    rows[1].login_time = sample_time().plus(SECOND);
    rows[3].ip_address = None;
    record(&store, &rows).await?;
    let mut tx = read(&store).await?;
    let mut page = async |order: &[(Column, bool)], offset, limit| {
        let query = ActivityQuery { condition: None, order: order.to_vec(), offset, limit };
        tx.find_activity(tenant, &query).await.map(|rows| ids(&rows))
    };
    let pick = |places: &[usize]| places.iter().map(|place| rows[*place].id).collect::<Vec<_>>();
    assert_eq!(page(&[], 0, 100).await?, pick(&[0, 2, 3, 4, 1]), "oldest first");
    assert_eq!(page(&[(Column::Id, false)], 0, 100).await?, pick(&[0, 1, 2, 3, 4]));
    assert_eq!(page(&[(Column::Id, true)], 0, 2).await?, pick(&[4, 3]));
    assert_eq!(page(&[(Column::Actor, false)], 0, 100).await?, pick(&[4, 2, 1, 0, 3]), "byte order");
    assert_eq!(page(&[(Column::LoginTime, true)], 0, 100).await?, pick(&[1, 4, 3, 2, 0]));
    assert_eq!(page(&[(Column::LoginTime, false)], 0, 100).await?, pick(&[0, 2, 3, 4, 1]));
    assert_eq!(page(&[(Column::IpAddress, false)], 3, 2).await?, pick(&[4, 3]), "no value: last");
    assert_eq!(page(&[(Column::IpAddress, true)], 0, 1).await?, pick(&[3]), "no value: first");
    let keys = [(Column::LoginTime, true), (Column::Actor, false)];
    assert_eq!(page(&keys, 1, 3).await?, pick(&[4, 2, 0]));
    assert_eq!(page(&[], 4, 100).await?, pick(&[1]));
    assert_eq!(page(&[], u64::MAX, 1).await?, Vec::new());
    Ok(())
}

/// The count is of the tenant's rows, under the condition.
///
/// # Errors
/// What the store refused.
pub async fn activity_count(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(16);
    let (own, foreign): (TenantId, TenantId) = (samples.id(), samples.id());
    let rows: Vec<_> = (0..5)
        .map(|number| samples.activity("alice", Some(if number < 3 { own } else { foreign }), sample_time()))
        .collect();
    record(&store, &rows).await?;
    let mut tx = read(&store).await?;
    assert_eq!(tx.count_activity(own, None).await?, 3);
    assert_eq!(tx.count_activity(samples.id(), None).await?, 0);
    let alice = Condition::Compare(Column::Actor, Comparison::Equal, Value::Text("alice".to_owned()));
    assert_eq!(tx.count_activity(foreign, Some(&alice)).await?, 2);
    Ok(())
}

fn moment(text: &str) -> Result<Timestamp, chrono::ParseError> {
    text.parse::<DateTime<Utc>>().map(Timestamp::new)
}

/// Bucket, login type and row ids, flat.
fn flat(report: &ActiveUsers) -> Vec<(&str, &str, Vec<ActivityId>)> {
    report
        .iter()
        .flat_map(|(bucket, types)| {
            types.iter().map(move |(login_type, rows)| (bucket.as_str(), login_type.as_str(), ids(rows)))
        })
        .collect()
}

/// The first row of each user per bucket and login type; buckets in UTC; both ends included; failures left out.
///
/// # Errors
/// What the store refused.
pub async fn active_users(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(17);
    let (own, foreign): (TenantId, TenantId) = (samples.id(), samples.id());
    let make = |actor: &str, time: &str, login_type: &str| {
        let mut row = samples.activity(actor, Some(own), moment(time)?);
        login_type.clone_into(&mut row.login_type);
        Ok::<_, chrono::ParseError>(row)
    };
    let rows = [
        make("bob", "2025-12-31T23:59:59.999999Z", "ACCESS")?,
        make("alice", "2026-01-01T12:00:00Z", "ACCESS")?,
        make("alice", "2026-01-01T00:00:00Z", "ACCESS")?,
        make("alice", "2026-01-01T00:00:00Z", "ACCESS")?,
        make("alice", "2026-01-01T13:00:00Z", "LOGOUT")?,
        make("bob", "2026-01-01T11:00:00Z", "ACCESS")?,
        make("bob", "2026-01-02T11:00:00Z", "ACCESS")?,
        make("bob", "2026-01-02T11:00:00Z", "FAILED")?,
        make("bob", "2026-02-01T00:00:00Z", "RELOGIN")?,
    ];
    record(&store, &rows).await?;
    record(&store, &[samples.activity("alice", Some(foreign), moment("2026-01-01T01:00:00Z")?)]).await?;
    let (from, to) = (moment("2025-12-31T23:59:59.999999Z")?, moment("2026-02-01T00:00:00Z")?);
    let pick = |places: &[usize]| places.iter().map(|place| rows[*place].id).collect::<Vec<_>>();
    let mut tx = read(&store).await?;

    let daily = tx.active_users(own, ActiveRange::Daily, from, to).await?;
    let expected = [
        ("2025-12-31", "ACCESS", pick(&[0])),
        ("2026-01-01", "ACCESS", pick(&[2, 5])),
        ("2026-01-01", "LOGOUT", pick(&[4])),
        ("2026-01-02", "ACCESS", pick(&[6])),
        ("2026-02-01", "RELOGIN", pick(&[8])),
    ];
    assert_eq!(flat(&daily), expected);
    let monthly = tx.active_users(own, ActiveRange::Monthly, from, to).await?;
    let expected = [
        ("01-2026", "ACCESS", pick(&[2, 5])),
        ("01-2026", "LOGOUT", pick(&[4])),
        ("02-2026", "RELOGIN", pick(&[8])),
        ("12-2025", "ACCESS", pick(&[0])),
    ];
    assert_eq!(flat(&monthly), expected);
    let yearly =
        tx.active_users(own, ActiveRange::Yearly, moment("2026-01-01T00:00:00.000001Z")?, to).await?;
    let expected =
        [("2026", "ACCESS", pick(&[5, 1])), ("2026", "LOGOUT", pick(&[4])), ("2026", "RELOGIN", pick(&[8]))];
    assert_eq!(flat(&yearly), expected);
    assert_eq!(tx.active_users(samples.id(), ActiveRange::Daily, from, to).await?, ActiveUsers::new());
    assert_eq!(tx.active_users(own, ActiveRange::Daily, to, from).await?, ActiveUsers::new());
    Ok(())
}
