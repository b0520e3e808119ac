//! `grant_type=refresh_token` (RFC 6749 §6, RFC 9700 §4.14; TK9–TK13).

use std::time::Duration;

use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD};
use doorward_tests::harness::app::BEGINNING;
use doorward_tests::harness::relying_party::{API, CAROL, DESK, Granted, SHOP, SPA};
use doorward_tests::{App, on_both};
use futures_util::future::join_all;
use serde_json::json;

on_both![
    rfc6749_6_a_new_refresh_token_replaces_the_old_one,
    rfc6749_6_scope_may_shrink_but_never_grow,
    rfc9700_4_14_2_reuse_ends_the_family,
    of_20_parallel_refreshes_all_get_the_same_successor,
    rfc6749_6_a_refresh_token_is_bound_to_its_client,
    refresh_tokens_of_the_other_dialect_are_worthless,
    rfc6749_10_4_whoever_was_shut_out_cannot_refresh,
    a_session_ends_however_often_it_is_refreshed,
    oidc_core_12_2_the_new_id_token_speaks_of_the_same_sign_in,
    rfc8707_2_2_a_resource_of_the_grant_may_be_chosen,
];

async fn rfc6749_6_a_new_refresh_token_replaces_the_old_one(app: &App) {
    app.introduce_relying_parties().await;
    for client in [SHOP, SPA] {
        let first = app.grant(client, CAROL, &[]).await;
        let second = Granted::of(&app.refresh_grant(client, first.refresh(), &[]).await);
        assert_ne!(first.refresh(), second.refresh());
        assert_eq!(second.access_claims()["grant_type"], "refresh_token");
        assert_eq!(second.access_claims()["authGrantId"], first.access_claims()["authGrantId"]);
        assert_eq!(app.userinfo(second.access()).await.status, 200);
        assert_eq!(
            app.userinfo(first.access()).await.status,
            401,
            "rotation revokes the access token before"
        );
    }
}

async fn rfc6749_6_scope_may_shrink_but_never_grow(app: &App) {
    app.introduce_relying_parties().await;
    let first = app.grant(SHOP, CAROL, &[("scope", "openid email orders.read")]).await;
    for scope in ["openid orders.write", "openid profile", "x"] {
        let reply = app.refresh_grant(SHOP, first.refresh(), &[("scope", scope)]).await;
        reply.assert_oauth_error(400, "invalid_scope");
    }
    let narrow = Granted::of(&app.refresh_grant(SHOP, first.refresh(), &[("scope", "orders.read")]).await);
    assert_eq!(narrow.text("scope"), "orders.read");
    assert_eq!(narrow.access_claims()["scope"], json!(["orders.read"]));
    assert!(narrow.body["id_token"].is_null());
    let whole = Granted::of(&app.refresh_grant(SHOP, narrow.refresh(), &[]).await);
    assert_eq!(whole.access_claims()["scope"], json!(["openid", "email", "orders.read"]));
}

async fn rfc9700_4_14_2_reuse_ends_the_family(app: &App) {
    app.introduce_relying_parties().await;
    let first = app.grant(SHOP, CAROL, &[]).await;
    let second = Granted::of(&app.refresh_grant(SHOP, first.refresh(), &[]).await);
    app.advance(Duration::from_secs(11));
    app.refresh_grant(SHOP, first.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
    app.refresh_grant(SHOP, second.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
    assert_eq!(app.userinfo(second.access()).await.status, 401);
    assert_eq!(app.introspect(SHOP, second.access()).await, json!({"active": false}));
}

async fn of_20_parallel_refreshes_all_get_the_same_successor(app: &App) {
    app.introduce_relying_parties().await;
    let first = app.grant(SHOP, CAROL, &[]).await;
    let replies = join_all((0..20).map(|_| app.refresh_grant(SHOP, first.refresh(), &[]))).await;
    let granted: Vec<Granted> = replies.iter().map(Granted::of).collect();
    assert!(granted.iter().all(|pair| pair.refresh() == granted[0].refresh()));
    assert!(granted.iter().all(|pair| pair.access_claims()["jti"] == granted[0].access_claims()["jti"]));
    assert_eq!(app.userinfo(granted[0].access()).await.status, 200);
}

async fn rfc6749_6_a_refresh_token_is_bound_to_its_client(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    for thief in [DESK, SPA] {
        app.refresh_grant(thief, granted.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
    }
    let _ = Granted::of(&app.refresh_grant(SHOP, granted.refresh(), &[]).await);
    let public = app.grant(SPA, CAROL, &[]).await;
    app.refresh_grant(SHOP, public.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
}

async fn refresh_tokens_of_the_other_dialect_are_worthless(app: &App) {
    app.introduce_relying_parties().await;
    let native = app.sign_in_through(SHOP, CAROL).await;
    app.refresh_grant(SHOP, &native.refresh, &[]).await.assert_oauth_error(400, "invalid_grant");
    assert_eq!(app.refresh(&native).await.status, 200, "it was not used up");
    let ours = app.grant(SHOP, CAROL, &[]).await;
    let body = json!({ "refreshToken": ours.refresh() });
    assert_eq!(app.post_as(ours.access(), "/auth/token-refresh", &body).await.status, 401);
    let _ = Granted::of(&app.refresh_grant(SHOP, ours.refresh(), &[]).await);
}

async fn rfc6749_10_4_whoever_was_shut_out_cannot_refresh(app: &App) {
    app.introduce_relying_parties().await;
    let native = app.sign_in_through(SHOP, CAROL).await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let body = json!({ "username": CAROL, "password": NEW_PASSWORD, "oldPassword": PASSWORD, "refreshToken": native.refresh });
    assert_eq!(app.change_password(&native.access, &body).await.status, 200);
    app.refresh_grant(SHOP, granted.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
    assert_eq!(app.userinfo(granted.access()).await.status, 401, "a new password ends every session");
    app.apply(&format!("[[users]]\nusername = \"dave\"\npassword = \"{PASSWORD}\"")).await;
    let dave = app.grant(SHOP, "dave", &[]).await;
    app.apply("[[users]]\nusername = \"dave\"\nmemberships = [{ tenant = \"acme\", role = \"Member\", status = \"inactive\" }]")
        .await;
    app.refresh_grant(SHOP, dave.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
    assert_eq!(app.userinfo(dave.access()).await.status, 401);
}

async fn a_session_ends_however_often_it_is_refreshed(app: &App) {
    app.introduce_relying_parties().await;
    let mut granted = app.grant(SHOP, CAROL, &[]).await;
    for _ in 0..40 {
        app.advance(Duration::from_hours(18));
        let reply = app.refresh_grant(SHOP, granted.refresh(), &[]).await;
        if reply.status != 200 {
            reply.assert_oauth_error(400, "invalid_grant");
            return;
        }
        granted = Granted::of(&reply);
    }
    unreachable!("thirty days are the most a session lives");
}

async fn oidc_core_12_2_the_new_id_token_speaks_of_the_same_sign_in(app: &App) {
    app.introduce_relying_parties().await;
    let first = app.grant(SHOP, CAROL, &[]).await;
    app.advance(Duration::from_mins(5));
    let second = Granted::of(&app.refresh_grant(SHOP, first.refresh(), &[]).await);
    let (before, after) = (first.id_claims(), second.id_claims());
    for same in ["iss", "sub", "aud", "azp", "auth_time", "sid"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(after["iat"], BEGINNING + 300);
    assert!(after["nonce"].is_null() && after["c_hash"].is_null() && after["s_hash"].is_null());
    assert!(after["at_hash"].is_string());
}

async fn rfc8707_2_2_a_resource_of_the_grant_may_be_chosen(app: &App) {
    app.introduce_relying_parties().await;
    let both = [("resource", API), ("resource", "https://files.test"), ("scope", "orders.read")];
    let first = app.grant(SHOP, CAROL, &both).await;
    let one = Granted::of(&app.refresh_grant(SHOP, first.refresh(), &[("resource", API)]).await);
    assert_eq!(one.access_claims()["aud"], API);
    let foreign = app.refresh_grant(SHOP, one.refresh(), &[("resource", "https://elsewhere.test")]).await;
    foreign.assert_oauth_error(400, "invalid_target");
}
