//! `POST /auth/switch-token`, which never worked in the old service (design §6.1, security.md M1).

use std::time::Duration;

use doorward_tests::bootstrap::{ACME, CLOSED, GLOBEX};
use doorward_tests::{App, Tokens, jwt, on_both};
use serde_json::json;

on_both![
    a_switch_speaks_for_the_other_tenant,
    a_switch_is_kept_by_later_refreshes,
    a_retry_inside_grace_gets_the_same_pair,
    without_membership_nothing_is_consumed,
    odd_tenant_ids_are_no_membership,
    a_tenant_id_is_needed,
    an_inactive_tenant_cannot_be_entered,
    the_bearer_must_be_alive_and_the_tokens_own,
    a_switch_to_the_same_tenant_is_a_rotation,
];

async fn a_switch_speaks_for_the_other_tenant(app: &App) {
    let tokens = app.sign_in("twofold").await;
    let before = app.me(&tokens.access).await.ok();
    let reply = app.switch(&tokens, GLOBEX).await;
    let switched = Tokens::of(&reply);
    let me = app.me(&switched.access).await.ok();
    assert_eq!((&me["tenantId"], &me["defaultTenantId"]), (&json!(GLOBEX), &json!(ACME)));
    assert_eq!((&me["role"], &me["permissions"]), (&json!("Auditor"), &json!(["ViewLoginActivity"])));
    assert_eq!(me["userPreferences"]["locale"], "fr");
    assert_ne!(me["userTenantId"], before["userTenantId"]);
    app.me(&tokens.access).await.assert_wrapped_error(401, "TokenRevoked");
    assert_eq!(jwt::claims(&tokens.access)["sid"], jwt::claims(&switched.access)["sid"]);

    let rows = app.activity(&switched, &json!({})).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((&rows[0]["loginType"], &rows[0]["tenantId"]), (&json!("RELOGIN"), &json!(GLOBEX)));
}

async fn a_switch_is_kept_by_later_refreshes(app: &App) {
    let tokens = app.sign_in("twofold").await;
    let switched = Tokens::of(&app.switch(&tokens, GLOBEX).await);
    let refreshed = Tokens::of(&app.refresh(&switched).await);
    assert_eq!(jwt::claims(&refreshed.access)["tenantId"], GLOBEX);
    let back = Tokens::of(&app.switch(&refreshed, ACME).await);
    assert_eq!(jwt::claims(&back.access)["tenantId"], ACME);
    assert_eq!(jwt::claims(&back.access)["permissions"], json!(["ViewUser", "CreateUser"]));
}

async fn a_retry_inside_grace_gets_the_same_pair(app: &App) {
    let tokens = app.sign_in("twofold").await;
    let first = Tokens::of(&app.switch(&tokens, GLOBEX).await);
    app.advance(Duration::from_secs(9));
    let retry = Tokens::of(&app.switch(&tokens, GLOBEX).await);
    assert_eq!((&first.refresh, first.expires), (&retry.refresh, retry.expires));
    assert_eq!(jwt::claims(&first.access)["jti"], jwt::claims(&retry.access)["jti"]);
    app.switch(&tokens, ACME).await.assert_error(401, "Token Expired");
    assert!(app.accepts(&first.access).await);
    app.advance(Duration::from_secs(1));
    app.switch(&tokens, GLOBEX).await.assert_wrapped_error(401, "TokenRevoked");
}

async fn without_membership_nothing_is_consumed(app: &App) {
    let tokens = app.sign_in("alice").await;
    app.switch(&tokens, GLOBEX).await.assert_error(401, "UserDoesNotExist");
    app.switch(&tokens, &uuid::Uuid::nil().to_string()).await.assert_error(401, "UserDoesNotExist");
    assert!(app.accepts(&tokens.access).await);
    app.advance(Duration::from_mins(1));
    let refreshed = Tokens::of(&app.refresh(&tokens).await);
    let rows = app.activity(&refreshed, &json!({ "where": { "loginType": "RELOGIN" } })).await;
    assert_eq!(rows.len(), 1, "only the refresh: {rows:?}");
}

async fn odd_tenant_ids_are_no_membership(app: &App) {
    let tokens = app.sign_in("twofold").await;
    for tenant in ["globex", "' OR 1=1--", &format!("{GLOBEX} "), "x", &"2".repeat(5000)] {
        app.switch(&tokens, tenant).await.assert_error(401, "UserDoesNotExist");
    }
    let body = json!({ "refreshToken": tokens.refresh, "tenantId": [GLOBEX] });
    let failures = app.post_as(&tokens.access, "/auth/switch-token", &body).await.validation_failures();
    assert_eq!(failures, [("/tenantId".to_owned(), "type".to_owned())]);
    assert!(app.accepts(&tokens.access).await);
}

async fn a_tenant_id_is_needed(app: &App) {
    let tokens = app.sign_in("twofold").await;
    for body in
        [json!({ "refreshToken": tokens.refresh }), json!({ "refreshToken": tokens.refresh, "tenantId": "" })]
    {
        let reply = app.post_as(&tokens.access, "/auth/switch-token", &body).await;
        reply.assert_error(400, "Tenant ID is required");
    }
    let _ = Tokens::of(&app.switch(&tokens, GLOBEX).await);
}

async fn an_inactive_tenant_cannot_be_entered(app: &App) {
    let tokens = app.sign_in("twofold").await;
    app.switch(&tokens, CLOSED).await.assert_error(401, "UserInactive");
    assert!(app.accepts(&tokens.access).await);
    let _ = Tokens::of(&app.switch(&tokens, GLOBEX).await);
}

async fn the_bearer_must_be_alive_and_the_tokens_own(app: &App) {
    let tokens = app.sign_in("twofold").await;
    let other = app.sign_in("twofold").await;
    let body = json!({ "refreshToken": tokens.refresh, "tenantId": GLOBEX });
    let path = "/auth/switch-token";
    app.post(path, &body).await.assert_error(401, "Bearer realm=\"Users\"");
    app.post_as("x", path, &body).await.assert_wrapped_error(401, "TokenExpired");
    app.post_as(&other.access, path, &body).await.assert_error(401, "Token Invalid");
    let unknown = json!({ "refreshToken": "0".repeat(64), "tenantId": GLOBEX });
    app.post_as(&tokens.access, path, &unknown).await.assert_error(401, "Token Expired");
    app.advance(Duration::from_mins(15));
    app.post_as(&tokens.access, path, &body).await.assert_wrapped_error(401, "TokenExpired");
    let refreshed = Tokens::of(&app.refresh(&tokens).await);
    let _ = Tokens::of(&app.switch(&refreshed, GLOBEX).await);
}

async fn a_switch_to_the_same_tenant_is_a_rotation(app: &App) {
    let tokens = app.sign_in("alice").await;
    let switched = Tokens::of(&app.switch(&tokens, ACME).await);
    assert_ne!(tokens.refresh, switched.refresh);
    assert!(app.accepts(&switched.access).await && !app.accepts(&tokens.access).await);
}
