//! From a condition tree to bound SQL: column names come from an enum, every value is a parameter.

use doorward_core::domain::activity_query::{Column, Comparison, Condition, Value};
use sqlx::QueryBuilder;

use super::super::{LIKE, folded, like_pattern};
use super::{Db, at};

fn name(column: Column) -> &'static str {
    match column {
        Column::Id => "id",
        Column::Actor => "actor",
        Column::TenantId => "tenant_id",
        Column::LoginTime => "login_time",
        Column::TokenPayload => "token_payload",
        Column::LoginType => "login_type",
        Column::DeviceInfo => "device_info",
        Column::IpAddress => "ip_address",
    }
}

fn is_nullable(column: Column) -> bool {
    matches!(column, Column::TenantId | Column::DeviceInfo | Column::IpAddress)
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => " = ",
        Comparison::NotEqual => " <> ",
        Comparison::Greater => " > ",
        Comparison::GreaterOrEqual => " >= ",
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
    }
}

fn push_value(builder: &mut QueryBuilder<Db>, value: &Value) {
    match value {
        Value::Uuid(uuid) => builder.push_bind(*uuid),
        Value::Text(text) => builder.push_bind(text.clone()),
        Value::Time(time) => builder.push_bind(at(*time)),
    };
}

/// Adds the condition in parentheses.
pub(super) fn push_condition(builder: &mut QueryBuilder<Db>, condition: &Condition) {
    match condition {
        Condition::And(parts) => push_list(builder, parts, " AND ", "1 = 1"),
        Condition::Or(parts) => push_list(builder, parts, " OR ", "1 = 0"),
        Condition::Compare(column, comparison, value) => {
            builder.push("(").push(name(*column)).push(operator(*comparison));
            push_value(builder, value);
            close(builder, *column, *comparison == Comparison::NotEqual);
        }
        Condition::In { column, negated, values } => push_in(builder, *column, *negated, values),
        Condition::Between(column, low, high) => {
            builder.push("(").push(name(*column)).push(" BETWEEN ");
            push_value(builder, low);
            builder.push(" AND ");
            push_value(builder, high);
            builder.push(")");
        }
        Condition::Like { column, pattern, negated, ignore_case } => {
            push_like(builder, *column, pattern, *negated, *ignore_case);
        }
        Condition::IsNull(column, is_null) => {
            builder.push("(").push(name(*column)).push(if *is_null { " IS NULL)" } else { " IS NOT NULL)" });
        }
    }
}

/// Ends a test; a negated one holds for rows without a value, too.
fn close(builder: &mut QueryBuilder<Db>, column: Column, negated: bool) {
    if negated && is_nullable(column) {
        builder.push(" OR ").push(name(column)).push(" IS NULL");
    }
    builder.push(")");
}

fn push_list(
    builder: &mut QueryBuilder<Db>,
    parts: &[Condition],
    between: &'static str,
    when_empty: &'static str,
) {
    builder.push("(");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            builder.push(between);
        }
        push_condition(builder, part);
    }
    builder.push(if parts.is_empty() { when_empty } else { "" }).push(")");
}

fn push_in(builder: &mut QueryBuilder<Db>, column: Column, negated: bool, values: &[Value]) {
    if values.is_empty() {
        builder.push(if negated { "(1 = 1)" } else { "(1 = 0)" });
        return;
    }
    builder.push("(").push(name(column)).push(if negated { " NOT IN (" } else { " IN (" });
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            builder.push(", ");
        }
        push_value(builder, value);
    }
    builder.push(")");
    close(builder, column, negated);
}

fn push_like(
    builder: &mut QueryBuilder<Db>,
    column: Column,
    pattern: &str,
    negated: bool,
    ignore_case: bool,
) {
    // ASCII only, as SQLite folds no other letters: both databases answer the same.
    let pattern = if ignore_case { pattern.to_ascii_lowercase() } else { pattern.to_owned() };
    builder.push("(");
    if ignore_case {
        builder.push(folded(name(column)));
    } else {
        builder.push(name(column));
    }
    builder.push(if negated { " NOT " } else { " " }).push(LIKE).push(" ");
    builder.push_bind(like_pattern(&pattern));
    close(builder, column, negated);
}

/// Oldest first: what an index answers under a condition on time, type or actor, too. By id, as would be simpler, the rows
/// of a late month are looked for from the first row on.
const DEFAULT_ORDER: &[(Column, bool)] = &[(Column::LoginTime, false)];

/// Adds `ORDER BY` the keys, with rows without a value last (first when descending), and the id as tie-breaker in the
/// direction of the last key: so one index serves both directions.
pub(super) fn push_order(builder: &mut QueryBuilder<Db>, order: &[(Column, bool)]) {
    let order = if order.is_empty() { DEFAULT_ORDER } else { order };
    builder.push(" ORDER BY ");
    for (column, descending) in order {
        builder.push(name(*column)).push(if *descending { " DESC" } else { " ASC" });
        if is_nullable(*column) {
            builder.push(if *descending { " NULLS FIRST" } else { " NULLS LAST" });
        }
        builder.push(", ");
    }
    let descending = order.last().is_some_and(|(_, descending)| *descending);
    builder.push(if descending { "id DESC" } else { "id" });
}
