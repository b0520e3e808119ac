//! `client_credentials` and `password` (RFC 6749 §4.3, §4.4; TK8, TK9), and the access tokens they give (RFC 9068).

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::app::{BEGINNING, ISSUER};
use doorward_tests::harness::people::GWEN;
use doorward_tests::harness::relying_party::{API, CAROL, DESK, Granted, ROBOT, SHOP};
use doorward_tests::{App, jwt, on_both};
use serde_json::json;

on_both![
    rfc6749_4_4_3_client_credentials_give_no_refresh_token,
    rfc6749_4_4_2_scopes_are_the_clients,
    rfc9068_2_access_tokens_of_clients,
    rfc9068_2_access_tokens_of_users,
    rfc8707_2_2_a_resource_is_the_audience,
    rfc6749_4_3_password_only_where_an_app_enables_it,
    rfc6749_4_3_a_wrong_password_is_an_invalid_grant,
    a_password_alone_is_not_enough_where_two_factors_are_asked,
];

async fn rfc6749_4_4_3_client_credentials_give_no_refresh_token(app: &App) {
    app.introduce_relying_parties().await;
    let granted = Granted::of(
        &app.token(ROBOT, &[("grant_type", "client_credentials"), ("scope", "orders.read")]).await,
    );
    let mut names: Vec<&String> = granted.body.as_object().expect("an object").keys().collect();
    names.sort();
    assert_eq!(names, ["access_token", "expires_in", "scope", "token_type"]);
    assert_eq!(granted.text("scope"), "orders.read");
}

async fn rfc6749_4_4_2_scopes_are_the_clients(app: &App) {
    app.introduce_relying_parties().await;
    let all = Granted::of(&app.token(ROBOT, &[("grant_type", "client_credentials")]).await);
    let mut scopes: Vec<&str> = all.text("scope").split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["orders.read", "orders.write"]);
    for scope in ["openid", "user.read", "orders.read orders.delete", "orders.read\u{7f}", "\"", "a\\b"] {
        let reply = app.token(ROBOT, &[("grant_type", "client_credentials"), ("scope", scope)]).await;
        reply.assert_oauth_error(400, "invalid_scope");
    }
    let shop = app.token(SHOP, &[("grant_type", "client_credentials"), ("scope", "openid")]).await;
    shop.assert_oauth_error(400, "invalid_scope");
}

async fn rfc9068_2_access_tokens_of_clients(app: &App) {
    app.introduce_relying_parties().await;
    let form = [("grant_type", "client_credentials"), ("scope", "orders.read")];
    let granted = Granted::of(&app.token(ROBOT, &form).await);
    let (header, claims) = jwt::parts(granted.access());
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    for (name, value) in [
        ("iss", json!(ISSUER)),
        ("sub", json!(ROBOT)),
        ("client_id", json!(ROBOT)),
        ("aud", json!(ROBOT)),
        ("iat", json!(BEGINNING)),
        ("nbf", json!(BEGINNING)),
        ("exp", json!(BEGINNING + 900)),
        ("scope", json!(["orders.read"])),
        ("tokenName", json!("access_token")),
        ("token_type", json!("Bearer")),
        ("grant_type", json!("client_credentials")),
        ("expires_in", json!(900)),
        ("realm", json!("/")),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["jti"].is_string());
    assert_eq!(claims["auth_time"], BEGINNING, "the contract has it here too");
    assert!(claims["sid"].is_null());
}

async fn rfc9068_2_access_tokens_of_users(app: &App) {
    app.introduce_relying_parties().await;
    let claims = app.grant(SHOP, CAROL, &[]).await.access_claims();
    let id = app.grant(SHOP, CAROL, &[]).await.id_claims();
    assert_eq!(claims["sub"], id["sub"]);
    assert_eq!(claims["auth_time"], BEGINNING);
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("aal1"), &json!(["pwd"])));
    assert_eq!(claims["grant_type"], "authorization_code");
    assert_eq!(claims["aud"], SHOP);
    assert_eq!(claims["scope"], json!(["openid", "email"]));
    for private in ["email", "username", "permissions", "firstName", "role"] {
        assert!(claims[private].is_null(), "{private} is nobody's business who checks an access token");
    }
}

async fn rfc8707_2_2_a_resource_is_the_audience(app: &App) {
    app.introduce_relying_parties().await;
    let form = [("grant_type", "client_credentials"), ("scope", "orders.read"), ("resource", API)];
    assert_eq!(Granted::of(&app.token(ROBOT, &form).await).access_claims()["aud"], API);
    let foreign = [("grant_type", "client_credentials"), ("resource", "https://files.test")];
    app.token(ROBOT, &foreign).await.assert_oauth_error(400, "invalid_target");
    let with_openid = app.grant(SHOP, CAROL, &[("resource", API)]).await;
    assert_eq!(with_openid.access_claims()["aud"], json!([API, ISSUER]));
    assert_eq!(app.userinfo(with_openid.access()).await.status, 200);
}

fn password(username: &'static str, password: &'static str) -> [(&'static str, &'static str); 4] {
    [("grant_type", "password"), ("username", username), ("password", password), ("scope", "openid email")]
}

async fn rfc6749_4_3_password_only_where_an_app_enables_it(app: &App) {
    app.introduce_relying_parties().await;
    let granted = Granted::of(&app.token(SHOP, &password(CAROL, PASSWORD)).await);
    assert_eq!(granted.access_claims()["grant_type"], "password");
    assert!(granted.body["id_token"].is_string() && granted.body["refresh_token"].is_string());
    assert_eq!(app.userinfo(granted.access()).await.status, 200);
    app.token(DESK, &password(CAROL, PASSWORD)).await.assert_oauth_error(400, "unauthorized_client");
}

async fn rfc6749_4_3_a_wrong_password_is_an_invalid_grant(app: &App) {
    app.introduce_relying_parties().await;
    let wrong = app.token(SHOP, &password(CAROL, "wrong")).await;
    wrong.assert_oauth_error(400, "invalid_grant");
    let unknown = app.token(SHOP, &password("nobody", PASSWORD)).await;
    assert_eq!((unknown.status, unknown.text), (wrong.status, wrong.text));
    app.token(SHOP, &password("", "")).await.assert_oauth_error(400, "invalid_request");
    app.token(SHOP, &password("alice", PASSWORD)).await.assert_oauth_error(400, "invalid_grant");
}

async fn a_password_alone_is_not_enough_where_two_factors_are_asked(app: &App) {
    app.introduce_relying_parties().await;
    app.introduce_people().await;
    app.apply("[[users]]\nusername = \"gwen\"\nclients = [\"shop\"]\nmemberships = [{ tenant = \"acme\", role = \"Guarded\" }]")
        .await;
    app.token(SHOP, &password(GWEN, PASSWORD)).await.assert_oauth_error(400, "invalid_grant");
}
