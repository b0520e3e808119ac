//! `GET /auth/me` and what the access token says.

use doorward_tests::bootstrap::{ALICE, WEBAPP};
use doorward_tests::harness::app::{BEGINNING, ISSUER};
use doorward_tests::{App, jwt, on_both};
use serde_json::{Value, json};
use std::time::Duration;

on_both![
    me_answers_the_user,
    me_without_date_of_birth_has_no_age,
    the_token_holds_the_contracts_claims_in_order,
    the_token_names_its_session_and_client,
    a_refreshed_token_tells_of_the_same_sign_in,
    expires_is_the_tokens_expiry_in_milliseconds,
    the_token_is_accepted_until_its_second_of_expiry,
    last_login_is_the_sign_in_before,
    a_first_time_user_keeps_its_last_login,
    the_oldest_usable_membership_serves_without_a_default,
];

const ME: [&str; 20] = [
    "id",
    "firstName",
    "lastName",
    "middleName",
    "username",
    "email",
    "phone",
    "lastLogin",
    "photoUrl",
    "designation",
    "dob",
    "gender",
    "defaultTenantId",
    "permissions",
    "role",
    "age",
    "userPreferences",
    "tenantId",
    "userTenantId",
    "status",
];

fn names(value: &Value) -> Vec<String> {
    value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
}

async fn me_answers_the_user(app: &App) {
    let tokens = app.sign_in("alice").await;
    let me = app.me(&tokens.access).await.ok();
    // Both databases make the same assertion.
    insta::allow_duplicates! {
    insta::assert_json_snapshot!(me, { ".userTenantId" => "[membership]" }, @r#"
    {
      "id": "bbbbbbbb-bbbb-7bbb-8bbb-bbbbbbbbbbbb",
      "firstName": "Alice",
      "lastName": "Testington",
      "middleName": null,
      "username": "alice",
      "email": "alice@example.com",
      "phone": "+15550000001",
      "lastLogin": null,
      "photoUrl": null,
      "designation": null,
      "dob": "1990-05-17T00:00:00.000Z",
      "gender": "F",
      "defaultTenantId": "11111111-1111-7111-8111-111111111111",
      "permissions": [
        "ViewLoginActivity",
        "ViewUser",
        "SpecialPerm"
      ],
      "role": "SuperAdmin",
      "age": 36,
      "userPreferences": {
        "locale": "de"
      },
      "tenantId": "11111111-1111-7111-8111-111111111111",
      "userTenantId": "[membership]",
      "status": 1
    }
    "#);
    }
}

async fn me_without_date_of_birth_has_no_age(app: &App) {
    let tokens = app.sign_in("bob").await;
    let me = app.me(&tokens.access).await.ok();
    let without_age: Vec<&str> = ME.into_iter().filter(|name| *name != "age").collect();
    assert_eq!(names(&me), without_age);
    assert_eq!((&me["dob"], &me["userPreferences"]), (&Value::Null, &json!({ "locale": "en" })));
}

async fn the_token_holds_the_contracts_claims_in_order(app: &App) {
    let tokens = app.sign_in("alice").await;
    let claims = jwt::claims(&tokens.access);
    let me = app.me(&tokens.access).await.ok();
    let names = names(&claims);
    let registered = ["iat", "exp", "iss", "nbf", "sub", "aud", "jti", "sid", "client_id"];
    assert_eq!(names[..ME.len()], ME);
    assert_eq!(names[ME.len()..ME.len() + registered.len()], registered);
    assert!(names.contains(&"scope".to_owned()));
    for name in ME {
        assert_eq!(claims[name], me[name], "{name}");
    }
}

async fn the_token_names_its_session_and_client(app: &App) {
    let (first, second) = (app.sign_in("alice").await, app.sign_in("alice").await);
    let (header, claims) = jwt::parts(&first.access);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("at+jwt")));
    assert!(header["kid"].as_str().is_some_and(|kid| !kid.is_empty()));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!(ISSUER)));
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(ALICE), &json!(WEBAPP)));
    assert_eq!((&claims["iat"], &claims["nbf"]), (&json!(BEGINNING), &json!(BEGINNING)));
    assert_eq!(claims["exp"], BEGINNING + 15 * 60);
    assert_eq!(
        (&claims["auth_time"], &claims["acr"], &claims["amr"]),
        (&json!(BEGINNING), &json!("aal1"), &json!(["pwd"]))
    );
    let other = jwt::claims(&second.access);
    assert_ne!(claims["jti"], other["jti"]);
    assert_ne!(claims["sid"], other["sid"]);
}

async fn a_refreshed_token_tells_of_the_same_sign_in(app: &App) {
    let tokens = app.sign_in("alice").await;
    app.advance(Duration::from_mins(10));
    let refreshed = app.refresh(&tokens).await.ok();
    let (before, after) =
        (jwt::claims(&tokens.access), jwt::claims(refreshed["accessToken"].as_str().expect("a token")));
    for name in ["auth_time", "acr", "amr", "sid"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_eq!(after["iat"], BEGINNING + 10 * 60);
}

async fn expires_is_the_tokens_expiry_in_milliseconds(app: &App) {
    let tokens = app.sign_in("alice").await;
    assert_eq!(jwt::claims(&tokens.access)["exp"], tokens.expires / 1000);
    assert_eq!(tokens.expires, (BEGINNING + 15 * 60) * 1000);
}

async fn the_token_is_accepted_until_its_second_of_expiry(app: &App) {
    let tokens = app.sign_in("alice").await;
    app.advance(Duration::from_secs(15 * 60 - 1));
    assert!(app.accepts(&tokens.access).await);
    app.advance(Duration::from_secs(1));
    app.me(&tokens.access).await.assert_wrapped_error(401, "TokenExpired");
}

async fn last_login_is_the_sign_in_before(app: &App) {
    let first = app.sign_in("alice").await;
    assert_eq!(app.me(&first.access).await.ok()["lastLogin"], Value::Null);
    app.advance(Duration::from_mins(1));
    let second = app.login_token(WEBAPP, "alice").await.ok();
    let me = app.me(second["accessToken"].as_str().unwrap_or_default()).await.ok();
    assert_eq!(me["lastLogin"], "2026-11-21T09:30:00.000Z");
    app.advance(Duration::from_mins(1));
    let third = app.sign_in("alice").await;
    assert_eq!(app.me(&third.access).await.ok()["lastLogin"], "2026-11-21T09:31:00.000Z");
}

async fn a_first_time_user_keeps_its_last_login(app: &App) {
    let _ = app.sign_in("changer").await;
    let again = app.sign_in("changer").await;
    assert_eq!(app.me(&again.access).await.ok()["lastLogin"], Value::Null);
}

async fn the_oldest_usable_membership_serves_without_a_default(app: &App) {
    let tokens = app.sign_in("homeless").await;
    let me = app.me(&tokens.access).await.ok();
    assert_eq!(me["tenantId"], doorward_tests::bootstrap::GLOBEX);
    assert_eq!(me["defaultTenantId"], Value::Null);
    assert_eq!(me["role"], "Auditor");
}
