//! `POST /logout` (security.md M12, J9).

use doorward_tests::bootstrap::{ALICE, GLOBEX, PASSWORD};
use doorward_tests::{App, Tokens, on_both};
use serde_json::json;
use std::time::Duration;

on_both![
    a_logout_ends_the_session_on_every_route,
    a_logout_is_noted,
    a_refresh_token_is_needed,
    unknown_and_foreign_refresh_tokens_are_refused,
    a_used_refresh_token_signs_nobody_out,
    a_logged_out_session_stays_out,
];

async fn a_logout_ends_the_session_on_every_route(app: &App) {
    let tokens = app.sign_in("alice").await;
    let reply = app.log_out(&tokens).await;
    assert_eq!(reply.ok(), json!({ "success": true, "key": ALICE }));

    for path in ["/auth/me", "/login-activity", "/login-activity/count", "/login-activity/x"] {
        app.get_as(&tokens.access, path).await.assert_wrapped_error(401, "TokenRevoked");
    }
    let range = "/active-users/daily?startDate=2026-11-21T00:00:00Z&endDate=2026-11-22T00:00:00Z";
    app.get_as(&tokens.access, range).await.assert_wrapped_error(401, "TokenRevoked");
    app.log_out(&tokens).await.assert_wrapped_error(401, "TokenRevoked");
    app.switch(&tokens, GLOBEX).await.assert_wrapped_error(401, "TokenRevoked");
    app.refresh(&tokens).await.assert_error(401, "Token Expired");
    let body = json!({ "refreshToken": tokens.refresh, "username": "alice", "oldPassword": PASSWORD, "password": "x" });
    app.change_password(&tokens.access, &body).await.assert_wrapped_error(401, "TokenRevoked");
}

async fn a_logout_is_noted(app: &App) {
    let tokens = app.sign_in("alice").await;
    let reader = app.sign_in("alice").await;
    app.advance(Duration::from_secs(5));
    let _ = app.log_out(&tokens).await.ok();
    let rows = app.activity(&reader, &json!({ "where": { "loginType": "LOGOUT" } })).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["actor"], ALICE);
    assert_eq!(rows[0]["loginTime"], "2026-11-21T09:30:05.000Z");
    let payload: serde_json::Value =
        serde_json::from_str(rows[0]["tokenPayload"].as_str().unwrap_or_default()).expect("JSON");
    assert_eq!((&payload["username"], &payload["clientId"]), (&json!("alice"), &json!("webapp")));
}

async fn a_refresh_token_is_needed(app: &App) {
    let tokens = app.sign_in("alice").await;
    for body in [json!({}), json!({ "refreshToken": "" })] {
        app.post_as(&tokens.access, "/logout", &body).await.assert_error(422, "TokenMissing");
    }
    let without_body = app.request(reqwest::Method::POST, "/logout").bearer_auth(&tokens.access);
    app.send(without_body).await.assert_error(422, "TokenMissing");
    app.post("/logout", &json!({ "refreshToken": tokens.refresh }))
        .await
        .assert_error(401, "Bearer realm=\"Users\"");
    assert!(app.accepts(&tokens.access).await);
}

async fn unknown_and_foreign_refresh_tokens_are_refused(app: &App) {
    let (tokens, other, bob) =
        (app.sign_in("alice").await, app.sign_in("alice").await, app.sign_in("bob").await);
    let body = json!({ "refreshToken": "0".repeat(64) });
    app.post_as(&tokens.access, "/logout", &body).await.assert_error(401, "Token Expired");
    for stranger in [&other, &bob] {
        let body = json!({ "refreshToken": stranger.refresh });
        app.post_as(&tokens.access, "/logout", &body).await.assert_error(401, "Token Invalid");
    }
    for session in [&tokens, &other, &bob] {
        assert!(app.accepts(&session.access).await);
        let _ = Tokens::of(&app.refresh(session).await);
    }
}

async fn a_used_refresh_token_signs_nobody_out(app: &App) {
    let tokens = app.sign_in("alice").await;
    let rotated = Tokens::of(&app.refresh(&tokens).await);
    let body = json!({ "refreshToken": tokens.refresh });
    app.post_as(&rotated.access, "/logout", &body).await.assert_error(401, "Token Invalid");
    assert!(app.accepts(&rotated.access).await);
}

async fn a_logged_out_session_stays_out(app: &App) {
    let tokens = app.sign_in("alice").await;
    let _ = app.log_out(&tokens).await.ok();
    app.advance(Duration::from_mins(20));
    app.me(&tokens.access).await.assert_wrapped_error(401, "TokenExpired");
    app.refresh(&tokens).await.assert_error(401, "Token Expired");
}
