//! Authorization codes at the token endpoint (RFC 6749 §4.1.3; TK1–TK4, TK6).

use std::time::Duration;

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::relying_party::{
    CAROL, DESK, Granted, PARTNER, SHOP, SHOP_CALLBACK, SHOP_OTHER_CALLBACK, SPA, VERIFIER,
};
use doorward_tests::{App, on_both};
use futures_util::future::join_all;

on_both![
    rfc6749_5_1_the_answer_to_a_code,
    rfc6749_4_1_3_code_is_single_use,
    rfc6749_4_1_2_a_replay_revokes_what_the_code_gave,
    a_double_click_is_only_refused,
    of_100_parallel_redemptions_one_succeeds,
    rfc6749_4_1_3_code_is_bound_to_its_client,
    rfc6749_4_1_3_code_is_bound_to_its_redirect_uri,
    rfc6749_4_1_2_code_expires,
    codes_of_the_other_dialect_are_worthless,
    whoever_was_shut_out_meanwhile_gets_no_tokens,
    unknown_codes_are_refused_alike,
];

fn form(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", SHOP_CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

async fn rfc6749_5_1_the_answer_to_a_code(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[("scope", "openid email orders.read")]).await;
    let mut names: Vec<&String> = granted.body.as_object().expect("an object").keys().collect();
    names.sort();
    assert_eq!(names, ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"]);
    assert_eq!(granted.body["token_type"], "Bearer");
    assert_eq!(granted.body["expires_in"], 15 * 60 - 1);
    let mut scopes: Vec<&str> = granted.text("scope").split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["email", "openid", "orders.read"]);
    let plain = app.grant(SHOP, CAROL, &[("scope", "orders.read")]).await;
    assert!(plain.body["id_token"].is_null(), "openid was not granted");
    let without_refresh = app.grant(PARTNER, CAROL, &[]).await;
    assert!(without_refresh.body["refresh_token"].is_null(), "the app has no refresh_token grant");
}

async fn rfc6749_4_1_3_code_is_single_use(app: &App) {
    app.introduce_relying_parties().await;
    let departure = app.authorize(SHOP, CAROL, &[]).await;
    let _ = Granted::of(&app.redeem_code(SHOP, &departure).await);
    app.redeem_code(SHOP, &departure).await.assert_oauth_error(400, "invalid_grant");
}

async fn rfc6749_4_1_2_a_replay_revokes_what_the_code_gave(app: &App) {
    app.introduce_relying_parties().await;
    for wait in [Duration::from_secs(2), Duration::from_secs(30), Duration::from_mins(5)] {
        let departure = app.authorize(SHOP, CAROL, &[]).await;
        let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
        assert_eq!(app.userinfo(granted.access()).await.status, 200);
        app.advance(wait);
        app.redeem_code(SHOP, &departure).await.assert_oauth_error(400, "invalid_grant");
        assert_eq!(app.userinfo(granted.access()).await.status, 401);
        app.refresh_grant(SHOP, granted.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
    }
}

async fn a_double_click_is_only_refused(app: &App) {
    app.introduce_relying_parties().await;
    let departure = app.authorize(SHOP, CAROL, &[]).await;
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    app.advance(Duration::from_millis(1999));
    app.redeem_code(SHOP, &departure).await.assert_oauth_error(400, "invalid_grant");
    assert_eq!(app.userinfo(granted.access()).await.status, 200);
}

async fn of_100_parallel_redemptions_one_succeeds(app: &App) {
    app.introduce_relying_parties().await;
    let departure = app.authorize(SHOP, CAROL, &[]).await;
    let replies = join_all((0..100).map(|_| app.redeem_code(SHOP, &departure))).await;
    let granted: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(granted.len(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.assert_oauth_error(400, "invalid_grant");
    }
    let granted = Granted::of(granted[0]);
    assert_eq!(app.userinfo(granted.access()).await.status, 200, "parallel duplicates punish nobody");
}

async fn rfc6749_4_1_3_code_is_bound_to_its_client(app: &App) {
    app.introduce_relying_parties().await;
    for thief in [DESK, SPA] {
        let code = app.authorize(SHOP, CAROL, &[]).await.code();
        app.token(thief, &form(&code)).await.assert_oauth_error(400, "invalid_grant");
    }
    let code = app.authorize(SHOP, CAROL, &[]).await.code();
    let anonymous = app.request(reqwest::Method::POST, "/oauth2/token").form(&form(&code));
    app.send(anonymous).await.assert_oauth_error(401, "invalid_client");
}

async fn rfc6749_4_1_3_code_is_bound_to_its_redirect_uri(app: &App) {
    app.introduce_relying_parties().await;
    for uri in [None, Some(""), Some(SHOP_OTHER_CALLBACK), Some("https://shop.test/cb/"), Some("x")] {
        let code = app.authorize(SHOP, CAROL, &[]).await.code();
        let mut changed: Vec<_> =
            form(&code).into_iter().filter(|(name, _)| *name != "redirect_uri").collect();
        changed.extend(uri.map(|uri| ("redirect_uri", uri)));
        app.token(SHOP, &changed).await.assert_oauth_error(400, "invalid_grant");
        app.token(SHOP, &form(&code)).await.assert_oauth_error(400, "invalid_grant");
    }
}

async fn rfc6749_4_1_2_code_expires(app: &App) {
    app.introduce_relying_parties().await;
    let (in_time, late) = (app.authorize(SHOP, CAROL, &[]).await, app.authorize(SHOP, CAROL, &[]).await);
    app.advance(Duration::from_secs(59));
    let _ = Granted::of(&app.redeem_code(SHOP, &in_time).await);
    app.advance(Duration::from_secs(1));
    app.redeem_code(SHOP, &late).await.assert_oauth_error(400, "invalid_grant");
}

async fn codes_of_the_other_dialect_are_worthless(app: &App) {
    app.introduce_relying_parties().await;
    let native = app.code(WEBAPP, CAROL).await;
    app.token(WEBAPP, &form(&native)).await.assert_oauth_error(400, "invalid_grant");
    let ours = app.authorize(SHOP, CAROL, &[]).await.code();
    app.redeem(SHOP, &ours).await.assert_error(401, "Invalid Credentials");
}

async fn whoever_was_shut_out_meanwhile_gets_no_tokens(app: &App) {
    app.introduce_relying_parties().await;
    let shut_outs = [
        "[[users]]\nusername = \"carol\"\nmemberships = [{ tenant = \"acme\", role = \"Member\", status = \"inactive\" }]",
        "[[users]]\nusername = \"carol\"\nclients = [\"desk\"]\nmemberships = [{ tenant = \"acme\", role = \"Member\", status = \"active\" }]",
        "[[users]]\nusername = \"carol\"\ndeleted = true",
    ];
    let codes = [
        app.authorize(SHOP, CAROL, &[]).await,
        app.authorize(SHOP, CAROL, &[]).await,
        app.authorize(SHOP, CAROL, &[]).await,
    ];
    for (shut_out, departure) in shut_outs.iter().zip(&codes) {
        app.apply(shut_out).await;
        app.redeem_code(SHOP, departure).await.assert_oauth_error(400, "invalid_grant");
    }
}

async fn unknown_codes_are_refused_alike(app: &App) {
    app.introduce_relying_parties().await;
    let long = "A".repeat(8192);
    for code in ["x", "' OR 1=1--", "é", &*long, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        app.token(SHOP, &form(code)).await.assert_oauth_error(400, "invalid_grant");
    }
    app.token(SHOP, &form("")).await.assert_oauth_error(400, "invalid_request");
}
