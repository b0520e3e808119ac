//! Revocation (RFC 7009; RV1).

use std::time::Duration;

use doorward_tests::bootstrap::{CLIENT_SECRET, WEBAPP};
use doorward_tests::harness::relying_party::{CAROL, DESK, Granted, ROBOT, SHOP, SPA};
use doorward_tests::{App, Reply, on_both};
use reqwest::Method;
use serde_json::json;

on_both![
    rfc7009_2_a_refresh_token_takes_its_family_along,
    rfc7009_2_an_access_token_goes_alone,
    rfc7009_2_1_a_foreign_token_stays,
    rfc7009_2_2_an_unknown_token_is_a_success,
    rfc7009_2_1_the_client_is_authenticated,
    a_clients_own_token_can_be_revoked,
    a_public_client_revokes_its_own,
    tokens_of_the_other_dialect_can_be_revoked,
    what_was_revoked_stays_revoked_after_a_restart,
];

async fn revoke(app: &App, client: &str, token: &str, more: &[(&str, &str)]) -> Reply {
    let form: Vec<_> = [("token", token)].into_iter().chain(more.iter().copied()).collect();
    app.post_form(client, "/oauth2/revoke", &form).await
}

async fn rfc7009_2_a_refresh_token_takes_its_family_along(app: &App) {
    app.introduce_relying_parties().await;
    for hint in ["refresh_token", "access_token", "magic"] {
        let first = app.grant(SHOP, CAROL, &[]).await;
        let granted = Granted::of(&app.refresh_grant(SHOP, first.refresh(), &[]).await);
        let reply = revoke(app, SHOP, granted.refresh(), &[("token_type_hint", hint)]).await;
        assert_eq!((reply.status, &*reply.text), (200, "{}"));
        assert_eq!(app.userinfo(granted.access()).await.status, 401);
        app.refresh_grant(SHOP, granted.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
        assert_eq!(revoke(app, SHOP, granted.refresh(), &[]).await.status, 200, "twice");
    }
}

async fn rfc7009_2_an_access_token_goes_alone(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    assert_eq!(revoke(app, SHOP, granted.access(), &[]).await.status, 200);
    assert_eq!(app.userinfo(granted.access()).await.status, 401);
    assert_eq!(app.introspect(SHOP, granted.access()).await, json!({"active": false}));
    let next = Granted::of(&app.refresh_grant(SHOP, granted.refresh(), &[]).await);
    assert_eq!(app.userinfo(next.access()).await.status, 200);
}

async fn rfc7009_2_1_a_foreign_token_stays(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    for token in [granted.access(), granted.refresh()] {
        let reply = revoke(app, DESK, token, &[]).await;
        reply.assert_oauth_error(400, "invalid_grant");
        assert!(!reply.text.contains(token), "the token is not told again");
    }
    assert_eq!(app.userinfo(granted.access()).await.status, 200);
    let _ = Granted::of(&app.refresh_grant(SHOP, granted.refresh(), &[]).await);
}

async fn rfc7009_2_2_an_unknown_token_is_a_success(app: &App) {
    app.introduce_relying_parties().await;
    for token in ["x", "a.b.c", &"0".repeat(64)] {
        let reply = revoke(app, SHOP, token, &[]).await;
        assert_eq!((reply.status, &*reply.text), (200, "{}"));
    }
    let granted = app.grant(SHOP, CAROL, &[]).await;
    revoke(app, SHOP, granted.text("id_token"), &[]).await.assert_oauth_error(400, "invalid_request");
    app.post_form(SHOP, "/oauth2/revoke", &[]).await.assert_oauth_error(400, "invalid_request");
    app.advance(Duration::from_mins(16));
    assert_eq!(revoke(app, SHOP, granted.access(), &[]).await.status, 200, "expired");
}

async fn rfc7009_2_1_the_client_is_authenticated(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let form = [("token", granted.access()), ("client_id", SHOP), ("client_secret", "wrong")];
    let request = app.request(Method::POST, "/oauth2/token/revoke").form(&form);
    app.send(request).await.assert_oauth_error(401, "invalid_client");
    assert_eq!(app.userinfo(granted.access()).await.status, 200);
    // The collection's form: credentials in the body, the longer path.
    let form = [("token", granted.access()), ("client_id", SHOP), ("client_secret", CLIENT_SECRET)];
    let request = app.request(Method::POST, "/oauth2/token/revoke").form(&form);
    assert_eq!(app.send(request).await.status, 200);
    assert_eq!(app.userinfo(granted.access()).await.status, 401);
}

async fn a_clients_own_token_can_be_revoked(app: &App) {
    app.introduce_relying_parties().await;
    let granted = Granted::of(&app.token(ROBOT, &[("grant_type", "client_credentials")]).await);
    assert_eq!(app.introspect(ROBOT, granted.access()).await["active"], true);
    assert_eq!(revoke(app, ROBOT, granted.access(), &[]).await.status, 200);
    assert_eq!(app.introspect(ROBOT, granted.access()).await, json!({"active": false}));
}

async fn a_public_client_revokes_its_own(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SPA, CAROL, &[]).await;
    let form = [("token", granted.refresh()), ("client_id", SPA)];
    assert_eq!(app.send(app.request(Method::POST, "/oauth2/revoke").form(&form)).await.status, 200);
    assert_eq!(app.userinfo(granted.access()).await.status, 401);
}

async fn tokens_of_the_other_dialect_can_be_revoked(app: &App) {
    app.introduce_relying_parties().await;
    let native = app.sign_in_through(WEBAPP, CAROL).await;
    assert_eq!(revoke(app, WEBAPP, &native.access, &[]).await.status, 200);
    assert!(!app.accepts(&native.access).await);
    let native = app.sign_in_through(WEBAPP, CAROL).await;
    assert_eq!(revoke(app, WEBAPP, &native.refresh, &[]).await.status, 200);
    assert!(!app.accepts(&native.access).await);
}

async fn what_was_revoked_stays_revoked_after_a_restart(app: &App) {
    app.introduce_relying_parties().await;
    let (alone, family) = (app.grant(SHOP, CAROL, &[]).await, app.grant(SHOP, CAROL, &[]).await);
    revoke(app, SHOP, alone.access(), &[]).await;
    revoke(app, SHOP, family.refresh(), &[]).await;
    app.restart().await;
    for granted in [&alone, &family] {
        assert_eq!(app.userinfo(granted.access()).await.status, 401);
    }
}
