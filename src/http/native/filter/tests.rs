use doorward_core::domain::activity_query::{Comparison, Value as Operand};
use serde_json::json;

use super::*;

fn accepted(value: &Value) -> Filter {
    parse_filter(value).unwrap_or_else(|fault| panic!("{value}: {fault:?}"))
}

fn refused(value: &Value) -> Fault {
    match parse_filter(value) {
        Ok(filter) => panic!("{value} accepted: {filter:?}"),
        Err(fault) => fault,
    }
}

fn condition(value: &Value) -> Condition {
    accepted(&json!({ "where": value })).query.condition.expect("a condition")
}

#[test]
fn an_empty_filter_is_the_first_page() {
    let filter = accepted(&json!({}));
    assert_eq!(filter.query, ActivityQuery::default());
    assert_eq!(filter.columns, Column::ALL);
}

#[test]
fn pages_and_order() {
    let filter = accepted(&json!({ "limit": 5, "skip": 7, "order": "loginTime DESC" }));
    assert_eq!((filter.query.limit, filter.query.offset), (5, 7));
    assert_eq!(filter.query.order, [(Column::LoginTime, true)]);
    let filter = accepted(&json!({ "limit": "5", "offset": "7", "order": ["actor", "id asc"] }));
    assert_eq!((filter.query.limit, filter.query.offset), (5, 7));
    assert_eq!(filter.query.order, [(Column::Actor, false), (Column::Id, false)]);
}

#[test]
fn fields_choose_columns() {
    assert_eq!(accepted(&json!({ "fields": ["actor", "id"] })).columns, [Column::Id, Column::Actor]);
    assert_eq!(accepted(&json!({ "fields": { "id": true, "actor": false } })).columns, [Column::Id]);
    assert_eq!(accepted(&json!({ "fields": { "tokenPayload": "false" } })).columns.len(), 7);
    assert_eq!(accepted(&json!({ "fields": [] })).columns.len(), 8);
}

#[test]
fn operators_become_conditions() {
    let text = |text: &str| Operand::Text(text.to_owned());
    assert_eq!(
        condition(&json!({ "loginType": "ACCESS" })),
        Condition::And(vec![Condition::Compare(Column::LoginType, Comparison::Equal, text("ACCESS"))])
    );
    assert_eq!(
        condition(&json!({ "or": [{ "actor": { "nilike": "%a" } }, { "deviceInfo": null }] })),
        Condition::And(vec![Condition::Or(vec![
            Condition::And(vec![Condition::And(vec![Condition::Like {
                column: Column::Actor,
                pattern: "%a".to_owned(),
                negated: true,
                ignore_case: true,
            }])]),
            Condition::And(vec![Condition::IsNull(Column::DeviceInfo, true)]),
        ])])
    );
    for operator in ["eq", "neq", "gt", "gte", "lt", "lte", "inq", "nin", "like", "nlike", "ilike", "nilike"]
    {
        condition(&json!({ "actor": { operator: "x" } }));
    }
    condition(&json!({ "loginTime": { "between": ["2026-01-01", "2026-01-02T00:00:00+01:00"] } }));
    condition(&json!({ "ipAddress": { "exists": true } }));
    condition(&json!({ "and": { "actor": "a" } }));
    condition(&json!({ "id": { "inq": [uuid::Uuid::nil(), uuid::Uuid::max()] } }));
}

#[test]
fn anything_else_says_what_is_allowed() {
    for (value, path) in [
        (json!([]), ""),
        (json!({ "include": [] }), "/include"),
        (json!({ "limit": 0 }), "/limit"),
        (json!({ "limit": -1 }), "/limit"),
        (json!({ "limit": 1001 }), "/limit"),
        (json!({ "limit": 1.5 }), "/limit"),
        (json!({ "limit": "x" }), "/limit"),
        (json!({ "offset": -1 }), "/offset"),
        (json!({ "skip": u64::MAX }), "/skip"),
        (json!({ "skip": 1, "offset": 1 }), "/skip"),
        (json!({ "order": "nope" }), "/order"),
        (json!({ "order": "id SIDEWAYS" }), "/order"),
        (json!({ "order": "id; DROP TABLE x" }), "/order"),
        (json!({ "order": [1] }), "/order"),
        (json!({ "fields": ["password"] }), "/fields"),
        (json!({ "fields": { "id": "perhaps" } }), "/fields/id"),
        (json!({ "where": [] }), "/where"),
        (json!({ "where": { "nope": 1 } }), "/where/nope"),
        (json!({ "where": { "actor": ["a"] } }), "/where/actor/eq"),
        (json!({ "where": { "actor": { "regexp": "a" } } }), "/where/actor/regexp"),
        (json!({ "where": { "actor": { "like": "a\\" } } }), "/where/actor/like"),
        (json!({ "where": { "actor": "a\u{0}" } }), "/where/actor/eq"),
        (json!({ "where": { "id": "x" } }), "/where/id/eq"),
        (json!({ "where": { "id": { "like": "x" } } }), "/where/id/like"),
        (json!({ "where": { "tenantId": 1 } }), "/where/tenantId/eq"),
        (json!({ "where": { "loginTime": "yesterday" } }), "/where/loginTime/eq"),
        (json!({ "where": { "loginTime": "0000-01-01T00:00:00Z" } }), "/where/loginTime/eq"),
        (json!({ "where": { "loginTime": "+10000-01-01" } }), "/where/loginTime/eq"),
        (json!({ "where": { "loginTime": { "between": ["2026-01-01"] } } }), "/where/loginTime/between"),
        (json!({ "where": { "actor": { "inq": 1 } } }), "/where/actor/inq"),
        (json!({ "where": { "actor": { "inq": [null] } } }), "/where/actor/inq"),
        (json!({ "where": { "actor": { "exists": "x" } } }), "/where/actor/exists"),
        (json!({ "where": { "or": {} } }), "/where/or"),
        (json!({ "where": { "and": "x" } }), "/where/and"),
    ] {
        assert_eq!(refused(&value).path, path, "{value}");
    }
    assert!(refused(&json!({ "where": { "actor": { "regexp": "a" } } })).allowed.is_some());
}

#[test]
fn size_is_limited() {
    let mut deep = json!({ "actor": "a" });
    for _ in 0..12 {
        deep = json!({ "and": [deep] });
    }
    refused(&json!({ "where": deep }));
    let wide: Vec<Value> = (0..101).map(|_| json!({ "actor": "a" })).collect();
    refused(&json!({ "where": { "or": wide } }));
    let list: Vec<Value> = (0..1001).map(|_| json!("a")).collect();
    refused(&json!({ "where": { "actor": { "inq": list } } }));
    refused(&json!({ "where": { "actor": "x".repeat(9000) } }));
}
