//! Login activity: which rows there are, who may read them, and what they say (design §6.13, security.md M2, M8, M9).

use std::time::Duration;

use doorward_tests::bootstrap::{ACME, ALICE, GLOBEX, PASSWORD, WEBAPP};
use doorward_tests::{App, Tokens, on_both};
use serde_json::{Value, json};

on_both![
    every_issue_of_tokens_is_noted,
    a_failed_sign_in_of_a_known_account_is_noted,
    an_unknown_account_leaves_no_row,
    a_login_without_redemption_is_no_access,
    a_row_has_the_contracts_fields,
    the_payload_holds_no_secret,
    device_and_address_are_noted,
    reading_needs_the_permission,
    reading_needs_a_bearer,
    a_row_is_found_by_id,
    ids_of_nobody_and_of_other_tenants_are_unknown_alike,
    another_tenants_rows_are_never_seen,
];

fn texts(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

async fn every_issue_of_tokens_is_noted(app: &App) {
    let tokens = app.sign_in("bob").await;
    app.advance(Duration::from_secs(1));
    let _ = app.login_token(WEBAPP, "bob").await;
    app.advance(Duration::from_secs(1));
    let tokens = Tokens::of(&app.refresh(&tokens).await);
    app.advance(Duration::from_secs(1));
    let _ = app.log_out(&tokens).await.ok();
    let reader = app.sign_in("alice").await;
    let filter = json!({ "where": { "actor": { "neq": ALICE } }, "order": "loginTime ASC" });
    let rows = app.activity(&reader, &filter).await;
    assert_eq!(texts(&rows, "loginType"), ["ACCESS", "ACCESS", "RELOGIN", "LOGOUT"]);
    let times = texts(&rows, "loginTime");
    assert_eq!(times[0], "2026-11-21T09:30:00.000Z");
    assert_eq!(times[3], "2026-11-21T09:30:03.000Z");
}

async fn a_failed_sign_in_of_a_known_account_is_noted(app: &App) {
    let wrong = App::credentials(WEBAPP, "bob", "wrong");
    app.post("/auth/login", &wrong).await.assert_wrapped_error(401, "Invalid Credentials");
    app.post("/auth/login-token", &wrong).await.assert_wrapped_error(401, "Invalid Credentials");
    let reader = app.sign_in("alice").await;
    let filter = json!({ "where": { "loginType": "FAILED" } });
    let rows = app
        .eventually("both failures are noted", async || {
            let rows = app.activity(&reader, &filter).await;
            (rows.len() == 2).then_some(rows)
        })
        .await;
    assert_eq!(rows[0]["tenantId"], ACME);
    let payload: Value =
        serde_json::from_str(rows[0]["tokenPayload"].as_str().unwrap_or_default()).expect("JSON");
    assert_eq!((&payload["id"], &payload["clientId"]), (&rows[0]["actor"], &json!(WEBAPP)));
}

async fn an_unknown_account_leaves_no_row(app: &App) {
    for username in ["nobody", "removed", "federated"] {
        let reply = app.post("/auth/login", &App::credentials(WEBAPP, username, "wrong")).await;
        reply.assert_wrapped_error(401, "Invalid Credentials");
    }
    // A failure that is noted comes after those that are not: when its row is there, theirs would be.
    let _ = app.post("/auth/login", &App::credentials(WEBAPP, "bob", "wrong")).await;
    let reader = app.sign_in("alice").await;
    let filter = json!({ "where": { "loginType": "FAILED" } });
    let rows = app
        .eventually("the failure of a known account is noted", async || {
            let rows = app.activity(&reader, &filter).await;
            (!rows.is_empty()).then_some(rows)
        })
        .await;
    assert_eq!(rows.len(), 1);
}

async fn a_login_without_redemption_is_no_access(app: &App) {
    let _ = app.code(WEBAPP, "bob").await;
    let reader = app.sign_in("alice").await;
    assert_eq!(texts(&app.activity(&reader, &json!({})).await, "actor"), [ALICE]);
}

async fn a_row_has_the_contracts_fields(app: &App) {
    let reader = app.sign_in("alice").await;
    let rows = app.activity(&reader, &json!({})).await;
    let names: Vec<&String> = rows[0].as_object().map(|row| row.keys().collect()).unwrap_or_default();
    assert_eq!(
        names,
        ["id", "actor", "tenantId", "loginTime", "tokenPayload", "loginType", "deviceInfo", "ipAddress"]
    );
    assert_eq!((&rows[0]["actor"], &rows[0]["tenantId"]), (&json!(ALICE), &json!(ACME)));
    assert!(rows[0]["id"].as_str().is_some_and(|id| uuid::Uuid::parse_str(id).is_ok()));
}

async fn the_payload_holds_no_secret(app: &App) {
    let reader = app.sign_in("alice").await;
    let refreshed = Tokens::of(&app.refresh(&reader).await);
    let rows = app.activity(&refreshed, &json!({})).await;
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let payload: Value =
            serde_json::from_str(row["tokenPayload"].as_str().unwrap_or_default()).expect("JSON");
        assert_eq!((&payload["id"], &payload["username"]), (&json!(ALICE), &json!("alice")));
        assert_eq!(payload["clientId"], WEBAPP);
        let text = row.to_string();
        for secret in
            [&reader.access, &reader.refresh, &refreshed.access, &refreshed.refresh, &PASSWORD.to_owned()]
        {
            assert!(!text.contains(secret.as_str()));
        }
        assert!(!text.contains("$argon2") && !text.contains("epochs") && !text.contains("\"jti"));
    }
}

async fn device_and_address_are_noted(app: &App) {
    let long_agent = "x".repeat(2000);
    for agent in ["Mozilla/5.0 (probe)", &long_agent] {
        let request = app.request(reqwest::Method::POST, "/auth/login-token");
        let request = request.json(&App::credentials(WEBAPP, "alice", PASSWORD));
        let reader = Tokens::of(&app.send(request.header("user-agent", agent)).await);
        let cut: String = agent.chars().take(512).collect();
        let rows = app.activity(&reader, &json!({ "where": { "deviceInfo": cut } })).await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["ipAddress"], "127.0.0.1");
    }
}

const ROUTES: [&str; 4] = [
    "/login-activity",
    "/login-activity/count",
    "/login-activity/0191e7c2-5c1e-7b2a-9d3f-2f6a1c0b4e5d",
    "/active-users/daily?startDate=2026-11-21T00:00:00Z&endDate=2026-11-22T00:00:00Z",
];

async fn reading_needs_the_permission(app: &App) {
    let bob = app.sign_in("bob").await;
    for route in ROUTES {
        app.get_as(&bob.access, route).await.assert_error(403, "NotAllowedAccess");
    }
    let twofold = app.sign_in("twofold").await;
    app.get_as(&twofold.access, ROUTES[0]).await.assert_error(403, "NotAllowedAccess");
    let auditor = Tokens::of(&app.switch(&twofold, GLOBEX).await);
    let _ = app.get_as(&auditor.access, ROUTES[0]).await.ok();
}

async fn reading_needs_a_bearer(app: &App) {
    for route in ROUTES {
        app.get(route).await.assert_error(401, "Bearer realm=\"Users\"");
        app.get_as("x.y.z", route).await.assert_wrapped_error(401, "TokenExpired");
    }
}

async fn a_row_is_found_by_id(app: &App) {
    let reader = app.sign_in("alice").await;
    let row = app.activity(&reader, &json!({})).await.remove(0);
    let path = format!("/login-activity/{}", row["id"].as_str().unwrap_or_default());
    assert_eq!(app.get_as(&reader.access, &path).await.ok(), row);
    let fields = json!({ "fields": ["id", "loginType"] });
    let some = app.query_as(&reader.access, &path, "filter", &fields).await.ok();
    assert_eq!(some, json!({ "id": row["id"], "loginType": "ACCESS" }));
}

async fn ids_of_nobody_and_of_other_tenants_are_unknown_alike(app: &App) {
    let gloria = app.sign_in("gloria").await;
    let hers = app.activity(&gloria, &json!({})).await.remove(0);
    let hers = hers["id"].as_str().unwrap_or_default();
    let alice = app.sign_in("alice").await;
    for id in [hers, "0191e7c2-5c1e-7b2a-9d3f-2f6a1c0b4e5d", "not-a-uuid", "%00", "%27%20OR%201=1--"] {
        let reply = app.get_as(&alice.access, &format!("/login-activity/{id}")).await;
        let error = reply.json()["error"].clone();
        assert_eq!((reply.status, &error["code"]), (404, &json!("ENTITY_NOT_FOUND")), "{}", reply.text);
        assert_eq!(error["name"], "EntityNotFoundError");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.starts_with("Entity not found: LoginActivity with id "), "{message}");
    }
    assert_eq!(app.get_as(&gloria.access, &format!("/login-activity/{hers}")).await.status, 200);
}

async fn another_tenants_rows_are_never_seen(app: &App) {
    let alice = app.sign_in("alice").await;
    let _ = app.sign_in("bob").await;
    let gloria = app.sign_in("gloria").await;
    for condition in [
        json!({}),
        json!({ "tenantId": ACME }),
        json!({ "or": [{ "tenantId": ACME }, { "id": { "neq": "0191e7c2-5c1e-7b2a-9d3f-2f6a1c0b4e5d" } }] }),
        json!({ "or": [{}, { "tenantId": { "inq": [ACME, GLOBEX] } }] }),
        json!({ "tenantId": { "neq": GLOBEX } }),
        json!({ "and": [{ "or": [{ "tenantId": ACME }, { "tenantId": GLOBEX }] }] }),
    ] {
        let rows = app.activity(&gloria, &json!({ "where": condition })).await;
        assert!(rows.iter().all(|row| row["tenantId"] == GLOBEX), "{condition} {rows:?}");
        let count = app.query_as(&gloria.access, "/login-activity/count", "where", &condition).await.ok();
        assert_eq!(count["count"], rows.len());
    }
    let range = "/active-users/yearly?startDate=2020-01-01T00:00:00Z&endDate=2030-01-01T00:00:00Z";
    let active = app.get_as(&gloria.access, range).await.ok();
    assert_eq!(active["2026"]["ACCESS"].as_array().map(Vec::len), Some(1));
    let active = app.get_as(&alice.access, range).await.ok();
    assert_eq!(active["2026"]["ACCESS"].as_array().map(Vec::len), Some(2));
}
