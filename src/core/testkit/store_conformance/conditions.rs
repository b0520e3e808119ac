//! Every operator of the activity query, on rows with and without values.

use std::sync::Arc;
use std::time::Duration;

use super::activity::record;
use super::read;
use crate::domain::activity::Activity;
use crate::domain::activity_query::{ActivityQuery, Column, Comparison, Condition, Value};
use crate::domain::ids::{Id as _, TenantId};
use crate::ports::store::{Store, Tx};
use crate::testkit::Checked;
use crate::testkit::samples::{Samples, sample_time};

const SECOND: Duration = Duration::from_secs(1);

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Which of the rows a condition finds, by place; `count` must agree.
async fn found(
    tx: &mut Box<dyn Tx>,
    tenant: TenantId,
    rows: &[Activity],
    condition: Condition,
) -> Result<Vec<usize>, Box<dyn std::error::Error + Send + Sync>> {
    let count = tx.count_activity(tenant, Some(&condition)).await?;
    let query = ActivityQuery { condition: Some(condition), ..ActivityQuery::default() };
    let answer = tx.find_activity(tenant, &query).await?;
    assert_eq!(usize::try_from(count)?, answer.len(), "{query:?}");
    Ok(answer.iter().filter_map(|row| rows.iter().position(|known| known.id == row.id)).collect())
}

/// Comparisons, lists, ranges, junctions and the absence of a value.
///
/// # Errors
/// What the store refused.
pub async fn activity_conditions(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(18);
    let tenant: TenantId = samples.id();
    let mut rows: Vec<_> = ["alice", "bob", "carol"]
        .into_iter()
        .zip(1..)
        .map(|(actor, second)| samples.activity(actor, Some(tenant), sample_time().plus(SECOND * second)))
        .collect();
    rows[1].ip_address = None;
    rows[2].ip_address = Some("::1".to_owned());
    record(&store, &rows).await?;
    let mut tx = read(&store).await?;
    let (actor, ip, time) = (Column::Actor, Column::IpAddress, Column::LoginTime);
    let at = |place: usize| Value::Time(rows[place].login_time);
    let compare = |column, comparison, value| Condition::Compare(column, comparison, value);
    let list = |column, negated, values| Condition::In { column, negated, values };
    let mine = compare(actor, Comparison::Equal, text("alice"));
    let cases: Vec<(Condition, &[usize])> = vec![
        (mine.clone(), &[0]),
        (compare(actor, Comparison::Equal, text("ALICE")), &[]),
        (compare(actor, Comparison::NotEqual, text("alice")), &[1, 2]),
        (compare(ip, Comparison::NotEqual, text("::1")), &[0, 1]),
        (compare(ip, Comparison::Greater, text("::1")), &[]),
        (compare(actor, Comparison::Greater, text("bob")), &[2]),
        (compare(actor, Comparison::GreaterOrEqual, text("bob")), &[1, 2]),
        (compare(actor, Comparison::Less, text("bob")), &[0]),
        (compare(actor, Comparison::LessOrEqual, text("bob")), &[0, 1]),
        (compare(time, Comparison::Equal, at(1)), &[1]),
        (compare(time, Comparison::Greater, at(1)), &[2]),
        (compare(time, Comparison::LessOrEqual, at(1)), &[0, 1]),
        (compare(Column::Id, Comparison::Equal, Value::Uuid(rows[2].id.uuid())), &[2]),
        (compare(Column::Id, Comparison::NotEqual, Value::Uuid(rows[2].id.uuid())), &[0, 1]),
        (compare(Column::TenantId, Comparison::Equal, Value::Uuid(tenant.uuid())), &[0, 1, 2]),
        (compare(Column::TenantId, Comparison::NotEqual, Value::Uuid(tenant.uuid())), &[]),
        (list(actor, false, vec![text("alice"), text("carol"), text("nobody")]), &[0, 2]),
        (list(actor, true, vec![text("alice"), text("carol")]), &[1]),
        (list(ip, true, vec![text("::1")]), &[0, 1]),
        (list(ip, false, Vec::new()), &[]),
        (list(ip, true, Vec::new()), &[0, 1, 2]),
        (Condition::Between(time, at(0), at(1)), &[0, 1]),
        (Condition::Between(actor, text("b"), text("z")), &[1, 2]),
        (Condition::Between(time, at(1), at(0)), &[]),
        (Condition::IsNull(ip, true), &[1]),
        (Condition::IsNull(ip, false), &[0, 2]),
        (Condition::And(Vec::new()), &[0, 1, 2]),
        (Condition::Or(Vec::new()), &[]),
        (Condition::And(vec![mine.clone(), Condition::IsNull(ip, true)]), &[]),
        (Condition::Or(vec![mine.clone(), Condition::IsNull(ip, true)]), &[0, 1]),
        (Condition::And(vec![Condition::Or(vec![mine.clone(), Condition::IsNull(ip, true)]), mine]), &[0]),
        (compare(actor, Comparison::Equal, text("' OR 1=1 --")), &[]),
    ];
    for (condition, expected) in cases {
        let message = format!("{condition:?}");
        assert_eq!(found(&mut tx, tenant, &rows, condition).await?, expected, "{message}");
    }
    Ok(())
}

/// `LIKE` means the same everywhere: case counts unless told, `\` escapes, a lone one at the end is itself.
///
/// # Errors
/// What the store refused.
pub async fn activity_patterns(store: Arc<dyn Store>) -> Checked {
    const DEVICES: [Option<&str>; 8] = [
        Some("Mozilla/5.0"),
        Some("mozilla"),
        Some("100%_sure"),
        Some("a*b?[c]"),
        Some("back\\slash\\"),
        Some("Größe\nzwei"),
        Some(""),
        None,
    ];
    let samples = Samples::new(19);
    let tenant: TenantId = samples.id();
    let rows: Vec<_> = DEVICES
        .into_iter()
        .map(|device| {
            let mut row = samples.activity("alice", Some(tenant), sample_time());
            row.device_info = device.map(ToOwned::to_owned);
            row
        })
        .collect();
    record(&store, &rows).await?;
    let mut tx = read(&store).await?;
    let like = |pattern: &str, negated, ignore_case| Condition::Like {
        column: Column::DeviceInfo,
        pattern: pattern.to_owned(),
        negated,
        ignore_case,
    };
    let cases: [(&str, bool, bool, &[usize]); 23] = [
        ("Mozilla%", false, false, &[0]),
        ("mozilla%", false, false, &[1]),
        ("MOZILLA%", false, true, &[0, 1]),
        ("mozilla", false, true, &[1]),
        ("moz%", true, false, &[0, 2, 3, 4, 5, 6, 7]),
        ("MOZ%", true, true, &[2, 3, 4, 5, 6, 7]),
        ("%", false, false, &[0, 1, 2, 3, 4, 5, 6]),
        ("_", false, false, &[]),
        ("", false, false, &[6]),
        ("100\\%\\_sure", false, false, &[2]),
        ("100__sure", false, false, &[2]),
        ("100\\%_SURE", false, true, &[2]),
        ("%\\%%", false, false, &[2]),
        ("a*b?[c]", false, false, &[3]),
        ("A*B?[C]", false, true, &[3]),
        ("a*", false, false, &[]),
        ("%[c]", false, false, &[3]),
        ("back\\\\slash\\\\", false, false, &[4]),
        ("back\\\\slash\\", false, false, &[4]),
        ("\\b\\a%", false, false, &[4]),
        ("Gr__e%", false, false, &[5]),
        ("GRößE%", false, true, &[5]),
        ("gRÖßE%", false, true, &[]),
    ];
    for (pattern, negated, ignore_case, expected) in cases {
        let condition = like(pattern, negated, ignore_case);
        let message = format!("{condition:?}");
        assert_eq!(found(&mut tx, tenant, &rows, condition).await?, expected, "{message}");
    }
    Ok(())
}
