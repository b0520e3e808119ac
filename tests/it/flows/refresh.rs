//! `POST /auth/token-refresh`: rotation, what it needs, and how long it goes on (security.md TK12–TK14).

use std::time::Duration;

use doorward_tests::bootstrap::{GLOBEX, MOBILE, WEBAPP};
use doorward_tests::harness::app::Options;
use doorward_tests::{App, Tokens, jwt, on_both};
use reqwest::Method;
use serde_json::json;

on_both![
    a_refresh_rotates_both_tokens,
    the_access_token_may_be_expired,
    the_authorization_header_is_needed,
    any_scheme_word_will_do,
    another_sessions_access_token_is_refused_and_nothing_consumed,
    a_tampered_access_token_is_refused_and_nothing_consumed,
    unknown_refresh_tokens_are_expired,
    a_tenant_in_the_body_is_ignored,
    claims_are_read_afresh,
    an_idle_session_ends,
];
on_both![short_sessions; no_session_outlives_its_absolute_lifetime];

async fn a_refresh_rotates_both_tokens(app: &App) {
    let old = app.sign_in("alice").await;
    app.advance(Duration::from_mins(1));
    let reply = app.refresh(&old).await;
    let new = Tokens::of(&reply);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(new.refresh != old.refresh && new.refresh.len() == 64);
    assert_eq!(new.expires, old.expires + 60_000);
    let (before, after) = (jwt::claims(&old.access), jwt::claims(&new.access));
    assert_eq!(before["sid"], after["sid"]);
    assert_ne!(before["jti"], after["jti"]);
    app.me(&old.access).await.assert_wrapped_error(401, "TokenRevoked");
    assert!(app.accepts(&new.access).await);
    assert!(app.accepts(&Tokens::of(&app.refresh(&new).await).access).await);
}

async fn the_access_token_may_be_expired(app: &App) {
    let tokens = app.sign_in("alice").await;
    app.advance(Duration::from_hours(23));
    assert!(!app.accepts(&tokens.access).await);
    assert!(app.accepts(&Tokens::of(&app.refresh(&tokens).await).access).await);
}

async fn the_authorization_header_is_needed(app: &App) {
    let tokens = app.sign_in("alice").await;
    let body = json!({ "refreshToken": tokens.refresh });
    app.post("/auth/token-refresh", &body).await.assert_error(401, "Token Invalid");
    for value in ["", "Bearer", "Bearer ", "x", "Bearer x", "Bearer x y"] {
        let request = app.request(Method::POST, "/auth/token-refresh").json(&body);
        let reply = app.send(request.header("authorization", value)).await;
        reply.assert_error(401, "Token Invalid");
    }
    let _ = Tokens::of(&app.refresh(&tokens).await);
}

async fn any_scheme_word_will_do(app: &App) {
    let mut tokens = app.sign_in("alice").await;
    for scheme in ["bearer", "BEARER", "Token"] {
        let request = app.request(Method::POST, "/auth/token-refresh");
        let request = request.json(&json!({ "refreshToken": tokens.refresh }));
        let value = format!("{scheme} {}", tokens.access);
        tokens = Tokens::of(&app.send(request.header("authorization", value)).await);
    }
}

async fn another_sessions_access_token_is_refused_and_nothing_consumed(app: &App) {
    let (alice, again, bob) =
        (app.sign_in("alice").await, app.sign_in("alice").await, app.sign_in("bob").await);
    let body = json!({ "refreshToken": alice.refresh });
    for stranger in [&again.access, &bob.access] {
        app.post_as(stranger, "/auth/token-refresh", &body).await.assert_error(401, "Token Invalid");
    }
    app.advance(Duration::from_mins(1));
    let rotated = Tokens::of(&app.refresh(&alice).await);
    app.post_as(&alice.access, "/auth/token-refresh", &json!({ "refreshToken": rotated.refresh }))
        .await
        .assert_error(401, "Token Invalid");
    for tokens in [&rotated, &again, &bob] {
        assert!(app.accepts(&tokens.access).await);
        let _ = Tokens::of(&app.refresh(tokens).await);
    }
}

async fn a_tampered_access_token_is_refused_and_nothing_consumed(app: &App) {
    let tokens = app.sign_in("alice").await;
    let body = json!({ "refreshToken": tokens.refresh });
    let (message, _) = tokens.access.rsplit_once('.').unwrap_or_default();
    for forged in [format!("{message}."), format!("{message}.AAAA"), jwt::unsigned(&tokens.access, "none")] {
        app.post_as(&forged, "/auth/token-refresh", &body).await.assert_error(401, "Token Invalid");
    }
    assert!(app.accepts(&tokens.access).await);
    let _ = Tokens::of(&app.refresh(&tokens).await);
}

async fn unknown_refresh_tokens_are_expired(app: &App) {
    let tokens = app.sign_in("alice").await;
    let code = app.code(WEBAPP, "alice").await;
    for unknown in ["", "x", &"0".repeat(64), &tokens.refresh.to_uppercase(), &tokens.access, &code] {
        let body = json!({ "refreshToken": unknown });
        app.post_as(&tokens.access, "/auth/token-refresh", &body).await.assert_error(401, "Token Expired");
    }
    let _ = Tokens::of(&app.refresh(&tokens).await);
}

async fn a_tenant_in_the_body_is_ignored(app: &App) {
    let tokens = app.sign_in("twofold").await;
    let body = json!({ "refreshToken": tokens.refresh, "tenantId": GLOBEX });
    let refreshed = Tokens::of(&app.post_as(&tokens.access, "/auth/token-refresh", &body).await);
    assert_eq!(jwt::claims(&refreshed.access)["tenantId"], jwt::claims(&tokens.access)["tenantId"]);
}

async fn claims_are_read_afresh(app: &App) {
    let tokens = app.sign_in_through(MOBILE, "alice").await;
    app.advance(Duration::from_hours(1));
    let _ = app.sign_in("alice").await;
    let refreshed = Tokens::of(&app.refresh(&tokens).await);
    assert_eq!(jwt::claims(&tokens.access)["lastLogin"], json!(null));
    assert_eq!(jwt::claims(&refreshed.access)["lastLogin"], "2026-11-21T10:30:00.000Z");
}

async fn an_idle_session_ends(app: &App) {
    let (used, idle) = (app.sign_in("alice").await, app.sign_in("alice").await);
    app.advance(Duration::from_secs(24 * 3600 - 1));
    let used = Tokens::of(&app.refresh(&used).await);
    app.advance(Duration::from_secs(1));
    app.refresh(&idle).await.assert_error(401, "Token Expired");
    app.advance(Duration::from_hours(23));
    let _ = Tokens::of(&app.refresh(&used).await);
}

fn short_sessions() -> Options {
    Options::default().set("tokens.session_lifetime", "3d")
}

async fn no_session_outlives_its_absolute_lifetime(app: &App) {
    let mut tokens = app.sign_in("alice").await;
    let end = tokens.expires - 15 * 60_000 + 3 * 24 * 3_600_000;
    for _ in 0..5 {
        app.advance(Duration::from_hours(14));
        tokens = Tokens::of(&app.refresh(&tokens).await);
    }
    app.advance(Duration::from_mins(115));
    tokens = Tokens::of(&app.refresh(&tokens).await);
    assert_eq!(tokens.expires, end, "no access token reaches beyond the session's end");
    app.advance(Duration::from_secs(299));
    assert!(app.accepts(&tokens.access).await);
    app.advance(Duration::from_secs(1));
    app.me(&tokens.access).await.assert_wrapped_error(401, "TokenExpired");
    app.refresh(&tokens).await.assert_error(401, "Token Expired");
}
