//! Introspection (RFC 7662; IN1, IN2), token information, and information about ID tokens.

use std::time::Duration;

use doorward_tests::bootstrap::{CLIENT_SECRET, WEBAPP};
use doorward_tests::harness::app::{BEGINNING, ISSUER};
use doorward_tests::harness::relying_party::{API, CAROL, DESK, PARTNER, SHOP, SPA, basic, with_query};
use doorward_tests::{App, on_both};
use reqwest::Method;
use serde_json::json;

on_both![
    rfc7662_2_2_what_is_told_of_a_token,
    rfc7662_2_1_only_clients_may_ask,
    rfc7662_2_2_nothing_is_told_of_other_tokens,
    a_resource_may_ask_about_tokens_for_it,
    tokens_of_the_other_dialect_are_known_too,
    the_collections_form_has_the_token_in_the_query,
    tokeninfo_tells_every_claim_and_scope,
    idtokeninfo_tells_the_claims_of_an_id_token,
];

async fn rfc7662_2_2_what_is_told_of_a_token(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let told = app.introspect(SHOP, granted.access()).await;
    let claims = granted.access_claims();
    for (name, value) in [
        ("active", json!(true)),
        ("client_id", json!(SHOP)),
        ("token_type", json!("Bearer")),
        ("iss", json!(ISSUER)),
        ("exp", json!(BEGINNING + 900)),
        ("iat", json!(BEGINNING)),
        ("sub", claims["sub"].clone()),
        ("jti", claims["jti"].clone()),
        ("aud", json!(SHOP)),
        ("username", json!(CAROL)),
        ("scope", json!("openid email")),
        ("expires_in", json!(900)),
    ] {
        assert_eq!(told[name], value, "{name} in {told}");
    }
    assert!(told["binding"].is_null() && told["permissions"].is_null() && told["email"].is_null(), "{told}");
    let refresh = app.introspect(SHOP, granted.refresh()).await;
    assert_eq!((&refresh["active"], &refresh["client_id"]), (&json!(true), &json!(SHOP)));
}

async fn rfc7662_2_1_only_clients_may_ask(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let form = [("token", granted.access())];
    let nobody = app.request(Method::POST, "/oauth2/introspect").form(&form);
    app.send(nobody).await.assert_oauth_error(401, "invalid_client");
    let wrong = app.request(Method::POST, "/oauth2/introspect").header("authorization", basic(SHOP, "wrong"));
    app.send(wrong.form(&form)).await.assert_oauth_error(401, "invalid_client");
    let public = [("token", granted.access()), ("client_id", SPA)];
    let public = app.send(app.request(Method::POST, "/oauth2/introspect").form(&public)).await;
    assert!([400, 401].contains(&public.status), "a public client proves nothing: {}", public.text);
    app.post_form(SHOP, "/oauth2/introspect", &[]).await.assert_oauth_error(400, "invalid_request");
}

async fn rfc7662_2_2_nothing_is_told_of_other_tokens(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let unknown = "0".repeat(64);
    let inactive = json!({"active": false});
    for token in
        [&*unknown, "x", "a.b.c", granted.text("id_token"), &granted.access()[..granted.access().len() - 2]]
    {
        assert_eq!(app.introspect(SHOP, token).await, inactive);
    }
    for foreign in [granted.access(), granted.refresh()] {
        assert_eq!(app.introspect(DESK, foreign).await, inactive);
    }
    app.advance(Duration::from_mins(15));
    assert_eq!(app.introspect(SHOP, granted.access()).await, inactive, "expired");
}

async fn a_resource_may_ask_about_tokens_for_it(app: &App) {
    app.introduce_relying_parties().await;
    app.apply(&format!(
        "[[clients]]\nclient_id = \"{API}\"\nclient_secret = \"{CLIENT_SECRET}\"\ntype = \"m2m\"\ngrants = []\nscopes = []"
    ))
    .await;
    let granted = app.grant(SHOP, CAROL, &[("resource", API), ("scope", "orders.read")]).await;
    let request = app.request(Method::POST, "/oauth2/introspect");
    let form = [("client_id", API), ("client_secret", CLIENT_SECRET), ("token", granted.access())];
    let told = app.send(request.form(&form)).await.ok();
    assert_eq!((&told["active"], &told["client_id"]), (&json!(true), &json!(SHOP)));
}

async fn tokens_of_the_other_dialect_are_known_too(app: &App) {
    app.introduce_relying_parties().await;
    let native = app.sign_in_through(WEBAPP, CAROL).await;
    let told = app.introspect(WEBAPP, &native.access).await;
    assert_eq!((&told["active"], &told["username"]), (&json!(true), &json!(CAROL)), "{told}");
    assert_eq!(app.introspect(SHOP, &native.access).await, json!({"active": false}));
    app.log_out(&native).await;
    assert_eq!(app.introspect(WEBAPP, &native.access).await, json!({"active": false}));
}

async fn the_collections_form_has_the_token_in_the_query(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let path = with_query("/oauth2/introspect", &[("token", granted.access())]);
    let request = app.request(Method::POST, &path).header("authorization", basic(SHOP, CLIENT_SECRET));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(app.send(request).await.ok()["active"], true);
}

async fn tokeninfo_tells_every_claim_and_scope(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let path = with_query("/oauth2/tokeninfo", &[("access_token", granted.access())]);
    let by_query = app.get(&path).await;
    assert_eq!(by_query.header("cache-control"), "no-store");
    let told = by_query.ok();
    assert_eq!(told, app.get_as(granted.access(), "/oauth2/tokeninfo").await.ok());
    assert_eq!(
        (&told["access_token"], &told["openid"], &told["email"]),
        (&json!(granted.access()), &json!(""), &json!(""))
    );
    assert_eq!(told["scope"], json!(["openid", "email"]));
    assert_eq!((&told["expires_in"], &told["tokenName"]), (&json!(900), &json!("access_token")));
    for bad in ["", "?access_token=", "?access_token=x", "?access_token=a.b.c"] {
        let reply = app.get(&format!("/oauth2/tokeninfo{bad}")).await;
        assert!([400, 401].contains(&reply.status), "{bad}: {}", reply.text);
    }
    let id_token = with_query("/oauth2/tokeninfo", &[("access_token", granted.text("id_token"))]);
    app.get(&id_token).await.assert_oauth_error(401, "invalid_token");
}

async fn idtokeninfo_tells_the_claims_of_an_id_token(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let query =
        [("client_id", SHOP), ("client_secret", CLIENT_SECRET), ("id_token", granted.text("id_token"))];
    let by_query = app.send(app.request(Method::POST, &with_query("/oauth2/idtokeninfo", &query))).await.ok();
    assert_eq!(by_query, granted.id_claims());
    let by_form = app.post_form(SHOP, "/oauth2/idtokeninfo", &query[2..]).await.ok();
    assert_eq!(by_form, granted.id_claims());
    let some = [("id_token", granted.text("id_token")), ("claims", "sub,iss")];
    let some = app.post_form(SHOP, "/oauth2/idtokeninfo", &some).await.ok();
    assert_eq!(some.as_object().expect("an object").len(), 2);
    for other in [DESK, PARTNER] {
        let reply = app.post_form(other, "/oauth2/idtokeninfo", &query[2..]).await;
        assert!([400, 401].contains(&reply.status), "{}", reply.text);
    }
    let access = app.post_form(SHOP, "/oauth2/idtokeninfo", &[("id_token", granted.access())]).await;
    assert!([400, 401].contains(&access.status), "{}", access.text);
}
