//! LoopBack's `filter` and `where` over login activity: what works, and what is refused (design §6.13, security.md M6).

use std::time::Duration;

use doorward_tests::bootstrap::{ACME, ALICE, GLOBEX, PASSWORD, WEBAPP};
use doorward_tests::{App, Tokens, on_both};
use serde_json::{Value, json};

on_both![
    every_operator_selects,
    patterns_know_case_and_escapes,
    brackets_say_the_same_as_json,
    rows_come_in_the_order_asked_for,
    fields_choose_columns,
    pages_follow_one_another,
    without_a_limit_there_are_100_rows,
    count_counts,
    what_is_not_allowed_is_refused_with_what_is,
    values_are_bound_never_pasted,
];

/// Four rows of tenant acme: two ACCESS of different devices, a RELOGIN, a LOGOUT; 10 s apart. Then the reader's own.
async fn furnish(app: &App) -> Tokens {
    let mut last = None;
    for device in ["Probe/1.0", "probe_2"] {
        let request = app.request(reqwest::Method::POST, "/auth/login-token").header("user-agent", device);
        let reply = app.send(request.json(&App::credentials(WEBAPP, "bob", PASSWORD))).await;
        last = Some(Tokens::of(&reply));
        app.advance(Duration::from_secs(10));
    }
    let tokens = Tokens::of(&app.refresh(&last.expect("two sign-ins")).await);
    app.advance(Duration::from_secs(10));
    let _ = app.log_out(&tokens).await.ok();
    app.advance(Duration::from_secs(10));
    app.sign_in("alice").await
}

/// How many of bob's four rows fulfil a condition.
async fn count(app: &App, reader: &Tokens, condition: &Value) -> i64 {
    let all = json!({ "and": [{ "actor": { "neq": ALICE } }, condition] });
    let body = app.query_as(&reader.access, "/login-activity/count", "where", &all).await.ok();
    let listed = app.activity(reader, &json!({ "where": all })).await.len();
    assert_eq!(body["count"], listed, "{condition}");
    body["count"].as_i64().unwrap_or(-1)
}

async fn every_operator_selects(app: &App) {
    let reader = furnish(app).await;
    let at = |seconds: i64| format!("2026-11-21T09:30:{seconds:02}.000Z");
    for (condition, expected) in [
        (json!({}), 4),
        (json!({ "loginType": "ACCESS" }), 2),
        (json!({ "loginType": { "eq": "ACCESS" } }), 2),
        (json!({ "loginType": { "neq": "ACCESS" } }), 2),
        (json!({ "loginType": { "inq": ["RELOGIN", "LOGOUT", "x"] } }), 2),
        (json!({ "loginType": { "inq": [] } }), 0),
        (json!({ "loginType": { "nin": ["RELOGIN"] } }), 3),
        (json!({ "loginType": { "nin": [] } }), 4),
        (json!({ "loginTime": at(10) }), 1),
        (json!({ "loginTime": "2026-11-21T10:30:10+01:00" }), 1),
        (json!({ "loginTime": { "gt": at(10) } }), 2),
        (json!({ "loginTime": { "gte": at(10) } }), 3),
        (json!({ "loginTime": { "lt": at(10) } }), 1),
        (json!({ "loginTime": { "lte": at(10) } }), 2),
        (json!({ "loginTime": { "gte": at(10), "lt": at(30) } }), 2),
        (json!({ "loginTime": { "between": [at(10), at(20)] } }), 2),
        (json!({ "loginTime": { "between": [at(20), at(10)] } }), 0),
        (json!({ "loginTime": { "gt": "2026-11-21" } }), 4),
        (json!({ "loginTime": { "gt": "0001-01-01", "lt": "9999-12-31" } }), 4),
        (json!({ "tenantId": ACME }), 4),
        (json!({ "tenantId": ACME.to_uppercase() }), 4),
        (json!({ "tenantId": GLOBEX }), 0),
        (json!({ "deviceInfo": null }), 2),
        (json!({ "deviceInfo": { "neq": null } }), 2),
        (json!({ "deviceInfo": { "exists": true } }), 2),
        (json!({ "deviceInfo": { "exists": false } }), 2),
        (json!({ "deviceInfo": { "neq": "Probe/1.0" } }), 3),
        (json!({ "deviceInfo": { "nin": ["Probe/1.0"] } }), 3),
        (json!({ "or": [{ "loginType": "LOGOUT" }, { "deviceInfo": "Probe/1.0" }] }), 2),
        (json!({ "or": [] }), 0),
        (json!({ "and": [] }), 4),
        (json!({ "and": [{ "loginType": "ACCESS" }, { "deviceInfo": { "like": "%2" } }] }), 1),
        (json!({ "ipAddress": { "between": ["127.0.0.0", "127.0.0.9"] } }), 4),
    ] {
        assert_eq!(count(app, &reader, &condition).await, expected, "{condition}");
    }
}

async fn patterns_know_case_and_escapes(app: &App) {
    let reader = furnish(app).await;
    for (operator, pattern, expected) in [
        ("like", "Probe%", 1),
        ("like", "probe%", 1),
        ("ilike", "PROBE%", 2),
        ("nlike", "Probe%", 3),
        ("nilike", "PROBE%", 2),
        ("like", "%", 2),
        ("like", "probe_2", 1),
        ("like", "probe\\_2", 1),
        ("like", "Probe\\_1.0", 0),
        ("like", "Probe_1.0", 1),
        ("ilike", "probe\\_%", 1),
        ("like", "%'%", 0),
        ("like", "", 0),
    ] {
        let condition = json!({ "deviceInfo": { operator: pattern } });
        assert_eq!(count(app, &reader, &condition).await, expected, "{condition}");
    }
}

async fn brackets_say_the_same_as_json(app: &App) {
    let reader = furnish(app).await;
    for (brackets, json) in [
        ("filter[limit]=2&filter[order]=loginTime%20ASC", json!({ "limit": 2, "order": "loginTime ASC" })),
        ("filter[skip]=3", json!({ "offset": 3 })),
        ("filter[where][loginType]=ACCESS", json!({ "where": { "loginType": "ACCESS" } })),
        ("filter[where][deviceInfo][like]=%25_2", json!({ "where": { "deviceInfo": { "like": "%_2" } } })),
        (
            "filter[where][or][0][loginType]=LOGOUT&filter[where][or][1][loginType]=RELOGIN",
            json!({ "where": { "or": [{ "loginType": "LOGOUT" }, { "loginType": "RELOGIN" }] } }),
        ),
        (
            "filter[where][loginType][inq][0]=LOGOUT&filter[where][loginType][inq][]=RELOGIN",
            json!({ "where": { "loginType": { "inq": ["LOGOUT", "RELOGIN"] } } }),
        ),
        ("filter[fields][id]=true&filter[fields][actor]=true", json!({ "fields": ["id", "actor"] })),
        ("filter%5Bwhere%5D%5BloginType%5D=LOGOUT", json!({ "where": { "loginType": "LOGOUT" } })),
    ] {
        let rows = app.get_as(&reader.access, &format!("/login-activity?{brackets}")).await.ok();
        assert_eq!(rows, Value::Array(app.activity(&reader, &json).await), "{brackets}");
        assert_ne!(rows, json!([]), "{brackets}");
    }
    let path = "/login-activity/count?where[loginType]=ACCESS";
    assert_eq!(app.get_as(&reader.access, path).await.ok(), json!({ "count": 3 }));
}

async fn rows_come_in_the_order_asked_for(app: &App) {
    let reader = furnish(app).await;
    for (order, expected) in [
        (json!("loginTime ASC"), "ACCESS ACCESS RELOGIN LOGOUT ACCESS"),
        (json!("loginTime"), "ACCESS ACCESS RELOGIN LOGOUT ACCESS"),
        (json!("loginTime DESC"), "ACCESS LOGOUT RELOGIN ACCESS ACCESS"),
        (json!(["loginType desc"]), "RELOGIN LOGOUT ACCESS ACCESS ACCESS"),
        (json!(["loginType ASC", "loginTime DESC"]), "ACCESS ACCESS ACCESS LOGOUT RELOGIN"),
    ] {
        let rows = app.activity(&reader, &json!({ "order": order })).await;
        let types: Vec<&str> = rows.iter().filter_map(|row| row["loginType"].as_str()).collect();
        assert_eq!(types.join(" "), expected, "{order}");
    }
}

async fn fields_choose_columns(app: &App) {
    let reader = app.sign_in("alice").await;
    for (fields, expected) in [
        (json!(["loginType"]), "loginType"),
        (json!(["loginType", "id"]), "id loginType"),
        (json!({ "actor": true }), "actor"),
        (
            json!({ "tokenPayload": false, "deviceInfo": false }),
            "id actor tenantId loginTime loginType ipAddress",
        ),
    ] {
        let row = app.activity(&reader, &json!({ "fields": fields })).await.remove(0);
        let names: Vec<String> = row.as_object().map(|row| row.keys().cloned().collect()).unwrap_or_default();
        assert_eq!(names.join(" "), expected, "{fields}");
    }
}

async fn pages_follow_one_another(app: &App) {
    let reader = furnish(app).await;
    let all = app.activity(&reader, &json!({ "order": "loginType ASC" })).await;
    assert_eq!(all.len(), 5);
    for name in ["skip", "offset"] {
        let mut seen = Vec::new();
        for start in [0, 2, 4] {
            let filter = json!({ "order": "loginType ASC", "limit": 2, name: start });
            seen.extend(app.activity(&reader, &filter).await);
        }
        assert_eq!(seen, all);
    }
    assert!(app.activity(&reader, &json!({ "skip": 5 })).await.is_empty());
    assert!(app.activity(&reader, &json!({ "skip": i64::MAX })).await.is_empty());
}

async fn without_a_limit_there_are_100_rows(app: &App) {
    let mut tokens = app.sign_in("alice").await;
    for _ in 0..101 {
        tokens = Tokens::of(&app.refresh(&tokens).await);
    }
    assert_eq!(app.activity(&tokens, &json!({})).await.len(), 100);
    assert_eq!(app.activity(&tokens, &json!({ "limit": 1000 })).await.len(), 102);
    assert_eq!(app.activity(&tokens, &json!({ "limit": 1 })).await.len(), 1);
}

async fn count_counts(app: &App) {
    let reader = furnish(app).await;
    let path = "/login-activity/count";
    assert_eq!(app.get_as(&reader.access, path).await.ok(), json!({ "count": 5 }));
    let none = app.query_as(&reader.access, path, "where", &json!({ "actor": "nobody" })).await.ok();
    assert_eq!(none, json!({ "count": 0 }));
}

async fn what_is_not_allowed_is_refused_with_what_is(app: &App) {
    let reader = app.sign_in("alice").await;
    let condition = |condition: Value| json!({ "where": condition });
    let deep = (0..20).fold(json!({}), |inner, _| json!({ "and": [inner] }));
    let wide: Vec<Value> = (0..101).map(|_| json!({ "actor": "x" })).collect();
    for filter in [
        json!([]),
        json!("x"),
        json!({ "limit": 0 }),
        json!({ "limit": -1 }),
        json!({ "limit": 1001 }),
        json!({ "limit": 1.5 }),
        json!({ "limit": 1_000_000_000_000_i64 }),
        json!({ "limit": null }),
        json!({ "skip": -1 }),
        json!({ "skip": 0, "offset": 0 }),
        json!({ "offset": u64::MAX }),
        json!({ "include": [{ "relation": "user" }] }),
        json!({ "unknown": 1 }),
        json!({ "order": "password DESC" }),
        json!({ "order": "loginTime SIDEWAYS" }),
        json!({ "order": "loginTime DESC; DROP TABLE users" }),
        json!({ "order": [1] }),
        json!({ "fields": ["password"] }),
        json!({ "fields": { "id": "maybe" } }),
        condition(json!({ "password": "x" })),
        condition(json!({ "id' OR 1=1--": 1 })),
        condition(json!({ "actor": { "regexp": "(a+)+$" } })),
        condition(json!({ "actor": { "$where": "1" } })),
        condition(json!({ "actor": { "inq": "no list" , "like": 5.5, "exists": 3 } })),
        condition(json!({ "actor": { "between": ["a"] } })),
        condition(json!({ "actor": ["a"] })),
        condition(json!({ "actor": "a\u{0}b" })),
        condition(json!({ "loginTime": "yesterday" })),
        condition(json!({ "loginTime": { "gt": "2026-02-30T00:00:00Z" } })),
        condition(json!({ "loginTime": { "gt": "10000-01-01T00:00:00Z" } })),
        condition(json!({ "loginTime": { "like": "2026%" } })),
        condition(json!({ "id": "not-a-uuid" })),
        condition(json!({ "id": { "like": "%" } })),
        condition(json!({ "actor": { "like": "\\" } })),
        condition(json!({ "or": {} })),
        condition(json!({ "or": wide })),
        condition(deep),
    ] {
        let reply = app.query_as(&reader.access, "/login-activity", "filter", &filter).await;
        let error = reply.json()["error"].clone();
        assert_eq!((reply.status, &error["code"]), (400, &json!("INVALID_PARAMETER_VALUE")), "{filter}");
        assert_eq!(error["details"]["parameter"], "filter", "{filter} {error}");
    }
    let reply = app.get_as(&reader.access, "/login-activity?filter=%7Bbad").await;
    let error = reply.json()["error"].clone();
    assert_eq!(error["message"], "Invalid data \"{bad\" for parameter \"filter\".");
    assert!(error["details"]["syntaxError"].is_string());
    let allowed =
        app.query_as(&reader.access, "/login-activity", "filter", &condition(json!({ "x": 1 }))).await;
    let allowed = allowed.json()["error"]["details"]["allowed"].clone();
    assert!(allowed.as_array().is_some_and(|names| names.contains(&json!("loginTime"))), "{allowed}");
}

async fn values_are_bound_never_pasted(app: &App) {
    let reader = app.sign_in("alice").await;
    for value in
        ["' OR '1'='1", "'; DROP TABLE users; --", "\" OR 1=1 --", "$1", "?1", "\\", "%", "é\u{202e}"]
    {
        for operator in ["eq", "gt", "lt", "neq"] {
            let filter = json!({ "where": { "actor": { operator: value } } });
            let reply = app.query_as(&reader.access, "/login-activity", "filter", &filter).await;
            assert_eq!(reply.status, 200, "{filter} {}", reply.text);
        }
        let filter = json!({ "where": { "actor": { "inq": [value, value] } } });
        assert!(app.activity(&reader, &filter).await.is_empty());
    }
    assert_eq!(app.activity(&reader, &json!({})).await.len(), 1);
}
