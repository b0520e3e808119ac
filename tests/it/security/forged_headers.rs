//! JOSE headers that lead a verifier astray (J3, J4, J10). The tokens are signed with a key the server accepts.

use doorward_tests::{App, jwt, on_both};
use serde_json::{Value, json};

use super::forged_tokens::is_refused;

on_both![
    the_key_id_finds_keys_and_nothing_else,
    keys_in_the_header_are_not_used,
    critical_and_unencoded_headers_are_refused,
    a_key_of_another_kind_is_refused,
    thousands_of_key_ids_change_nothing,
];

/// J3
async fn the_key_id_finds_keys_and_nothing_else(app: &App) {
    let tokens = app.sign_in_through("hs256", "alice").await;
    for kid in [
        json!("../../../../dev/null"),
        json!("/dev/null"),
        json!("' OR 1=1--"),
        json!("x' UNION SELECT 'key'--"),
        json!("x\n"),
        json!("\u{0}"),
        json!("é"),
        json!(""),
        json!("x".repeat(10_000)),
        json!(1),
        json!(["a"]),
        json!({}),
        Value::Null,
        json!("hs256"),
        json!("webapp"),
    ] {
        is_refused(app, &jwt::resign_hs256(&tokens.access, |header, _| header["kid"] = kid.clone())).await;
    }
    let without = jwt::resign_hs256(&tokens.access, |header, _| {
        header.as_object_mut().map(|header| header.shift_remove("kid"));
    });
    is_refused(app, &without).await;
}

/// J4
async fn keys_in_the_header_are_not_used(app: &App) {
    let tokens = app.sign_in_through("hs256", "alice").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
    for (name, value) in [
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("jwk", json!({ "kty": "oct", "k": jwt::segment("attacker") })),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
    ] {
        is_refused(app, &jwt::resign_hs256(&tokens.access, |header, _| header[name] = value.clone())).await;
        let (mut header, claims) = jwt::parts(&tokens.access);
        header[name] = value;
        is_refused(app, &jwt::forge(&header, &claims.to_string(), b"attacker")).await;
    }
    let called = tokio::time::timeout(std::time::Duration::from_millis(200), listener.accept()).await;
    assert!(called.is_err(), "nobody fetched the attacker's keys");
}

/// J10
async fn critical_and_unencoded_headers_are_refused(app: &App) {
    let tokens = app.sign_in_through("hs256", "alice").await;
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
    ] {
        is_refused(app, &jwt::resign_hs256(&tokens.access, |header, _| header[name] = value.clone())).await;
    }
}

async fn a_key_of_another_kind_is_refused(app: &App) {
    let (web, shared) = (app.sign_in("alice").await, app.sign_in_through("hs256", "alice").await);
    let kid = jwt::parts(&web.access).0["kid"].clone();
    is_refused(app, &jwt::resign_hs256(&shared.access, |header, _| header["kid"] = kid.clone())).await;
    for alg in ["ES256", "RS256", "EdDSA"] {
        is_refused(app, &jwt::resign_hs256(&shared.access, |header, _| header["alg"] = json!(alg))).await;
    }
    let other = jwt::parts(&app.sign_in_through("rs256", "alice").await.access).0["kid"].clone();
    is_refused(app, &jwt::with_header(&web.access, |header| header["kid"] = other.clone())).await;
    is_refused(app, &jwt::with_header(&web.access, |header| header["alg"] = json!("RS256"))).await;
}

async fn thousands_of_key_ids_change_nothing(app: &App) {
    let tokens = app.sign_in("alice").await;
    let many = (0..1000).map(|number| {
        let token = jwt::with_header(&tokens.access, |header| header["kid"] = json!(format!("kid-{number}")));
        async move { app.me(&token).await.status }
    });
    let mut many = futures_util::stream::iter(many);
    let mut pending = Box::pin(futures_util::StreamExt::buffer_unordered(&mut many, 16));
    while let Some(status) = futures_util::StreamExt::next(&mut pending).await {
        assert_eq!(status, 401);
    }
    assert!(app.accepts(&tokens.access).await);
}
