//! The userinfo endpoint (OpenID Connect Core §5.3, RFC 6750; UI1).

use std::time::Duration;

use doorward_tests::harness::relying_party::{CAROL, Granted, ROBOT, SHOP};
use doorward_tests::{App, on_both};
use reqwest::Method;

on_both![
    oidc_core_5_3_1_get_and_post_are_the_same,
    oidc_core_5_3_2_the_subject_is_the_id_tokens,
    rfc6750_2_3_a_token_in_the_query_is_refused,
    rfc6750_2_only_one_way_at_a_time,
    rfc6750_3_1_what_is_wrong_is_said,
];

async fn oidc_core_5_3_1_get_and_post_are_the_same(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let told = app.userinfo(granted.access()).await.ok();
    let post = || app.request(Method::POST, "/oauth2/userinfo");
    assert_eq!(app.send(post().bearer_auth(granted.access())).await.ok(), told);
    assert_eq!(app.send(post().form(&[("access_token", granted.access())])).await.ok(), told);
    let origin = app.request(Method::GET, "/oauth2/userinfo").bearer_auth(granted.access());
    let reply = app.send(origin.header("origin", "https://spa.test")).await;
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("access-control-allow-credentials"), "");
}

async fn oidc_core_5_3_2_the_subject_is_the_id_tokens(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    assert_eq!(app.userinfo(granted.access()).await.ok()["sub"], granted.id_claims()["sub"]);
}

async fn rfc6750_2_3_a_token_in_the_query_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let reply = app.get(&format!("/oauth2/userinfo?access_token={}", granted.access())).await;
    assert!([400, 401].contains(&reply.status), "{}", reply.text);
}

async fn rfc6750_2_only_one_way_at_a_time(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let both = app.request(Method::POST, "/oauth2/userinfo").bearer_auth(granted.access());
    let reply = app.send(both.form(&[("access_token", granted.access())])).await;
    assert_eq!(reply.status, 400, "{}", reply.text);
}

async fn rfc6750_3_1_what_is_wrong_is_said(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let missing = app.get("/oauth2/userinfo").await;
    assert_eq!(missing.status, 401);
    assert!(missing.header("www-authenticate").starts_with("Bearer"), "{:?}", missing.headers);
    let long = "x".repeat(20_000);
    for token in ["x", "a.b.c", granted.text("id_token"), granted.refresh(), &long] {
        let reply = app.userinfo(token).await;
        assert_eq!(reply.status, 401, "{}", reply.text);
        assert!(reply.header("www-authenticate").contains("error=\"invalid_token\""), "{:?}", reply.headers);
    }
    let plain = app.grant(SHOP, CAROL, &[("scope", "orders.read")]).await;
    let reply = app.userinfo(plain.access()).await;
    assert_eq!(reply.status, 403, "{}", reply.text);
    assert!(reply.header("www-authenticate").contains("error=\"insufficient_scope\""), "{:?}", reply.headers);
    let robot = Granted::of(&app.token(ROBOT, &[("grant_type", "client_credentials")]).await);
    assert_eq!(app.userinfo(robot.access()).await.status, 403);
    let native = app.sign_in_through(SHOP, CAROL).await;
    assert_eq!(app.userinfo(&native.access).await.status, 401, "a token of another dialect");
    app.advance(Duration::from_mins(15));
    assert_eq!(app.userinfo(granted.access()).await.status, 401, "expired");
}
