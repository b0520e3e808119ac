//! Forged and misused access tokens (J1, J2, J5–J7, J10, J11).

use doorward_tests::bootstrap::{ALICE, HS256_SECRET};
use doorward_tests::harness::app::BEGINNING;
use doorward_tests::{App, jwt, on_both, raw};
use serde_json::{Value, json};

on_both![
    unsigned_tokens_are_refused,
    a_public_key_is_no_hmac_key,
    tampered_tokens_are_refused,
    claims_of_the_wrong_type_are_refused,
    another_issuer_audience_or_type_is_refused,
    a_shared_key_speaks_for_its_client_only,
    future_tokens_are_refused,
    odd_shapes_are_refused,
    odd_signatures_are_refused,
    the_other_s_of_a_signature_outlives_nothing,
];

/// No route that takes a bearer accepts the token.
pub(super) async fn is_refused(app: &App, token: &str) {
    let shown: String = token.chars().take(200).collect();
    let me = app.me(token).await;
    assert_eq!(me.status, 401, "{shown} {}", me.text);
    let body = json!({ "refreshToken": "0".repeat(64), "tenantId": ALICE });
    for path in ["/logout", "/auth/switch-token"] {
        let body = if path == "/logout" { json!({ "refreshToken": "0" }) } else { body.clone() };
        assert_eq!(app.post_as(token, path, &body).await.status, 401, "{path} {shown}");
    }
    for path in ["/login-activity", "/login-activity/count"] {
        assert_eq!(app.get_as(token, path).await.status, 401, "{path} {shown}");
    }
}

/// J1
async fn unsigned_tokens_are_refused(app: &App) {
    for client in ["webapp", "hs256"] {
        let tokens = app.sign_in_through(client, "alice").await;
        for alg in ["none", "None", "NONE", "nOnE", "", "HS384", "ES512"] {
            is_refused(app, &jwt::unsigned(&tokens.access, alg)).await;
            is_refused(app, jwt::unsigned(&tokens.access, alg).trim_end_matches('.')).await;
            is_refused(app, &jwt::with_header(&tokens.access, |header| header["alg"] = json!(alg))).await;
        }
        let (message, _) = tokens.access.rsplit_once('.').unwrap_or_default();
        is_refused(app, &format!("{message}.")).await;
        is_refused(app, message).await;
        assert!(app.accepts(&tokens.access).await);
    }
}

/// J2
async fn a_public_key_is_no_hmac_key(app: &App) {
    for client in ["webapp", "rs256", "eddsa"] {
        let tokens = app.sign_in_through(client, "alice").await;
        let (header, claims) = jwt::parts(&tokens.access);
        let published = app.get("/.well-known/jwks.json").await.ok();
        let keys = published["keys"].as_array().cloned().unwrap_or_default();
        let key = keys.iter().find(|key| key["kid"] == header["kid"]).cloned().unwrap_or_default();
        let mut candidates =
            vec![key.to_string().into_bytes(), Vec::new(), header["kid"].to_string().into_bytes()];
        for part in ["n", "x", "y", "kid"] {
            let text = key[part].as_str().unwrap_or_default();
            candidates.push(text.as_bytes().to_vec());
            candidates.push(jwt::unsegment(text));
        }
        candidates.extend(jwt::spki_forms(&key));
        for candidate in candidates {
            let mut header = header.clone();
            header["alg"] = json!("HS256");
            is_refused(app, &jwt::forge(&header, &claims.to_string(), &candidate)).await;
        }
    }
}

async fn tampered_tokens_are_refused(app: &App) {
    for client in ["webapp", "hs256", "eddsa", "rs256"] {
        let tokens = app.sign_in_through(client, "alice").await;
        let (header, mut claims) = jwt::parts(&tokens.access);
        let (_, signature) = tokens.access.rsplit_once('.').unwrap_or_default();
        claims["permissions"] = json!(["ViewLoginActivity", "Everything"]);
        let header = jwt::segment(header.to_string());
        is_refused(app, &format!("{header}.{}.{signature}", jwt::segment(claims.to_string()))).await;
        let other = app.sign_in_through(client, "alice").await;
        let (message, _) = other.access.rsplit_once('.').unwrap_or_default();
        is_refused(app, &format!("{message}.{signature}")).await;
    }
}

/// J5: signed with the very key the server verifies with, so only the claims' form can save it.
async fn claims_of_the_wrong_type_are_refused(app: &App) {
    let tokens = app.sign_in_through("hs256", "alice").await;
    let (header, claims) = jwt::parts(&tokens.access);
    let sign = |claims: &str| jwt::forge(&header, claims, HS256_SECRET.as_bytes());
    assert!(app.accepts(&sign(&claims.to_string())).await, "the forger's key is the right one");
    for name in ["exp", "nbf", "iat"] {
        for value in
            ["\"9999999999\"", "null", "1e400", "[]", "{}", "true", "9999999999.5", "99999999999999999999"]
        {
            let good = format!("\"{name}\":{}", claims[name]);
            let text = claims.to_string().replace(&good, &format!("\"{name}\":{value}"));
            assert_ne!(text, claims.to_string());
            is_refused(app, &sign(&text)).await;
        }
    }
    for name in [
        "exp",
        "iss",
        "aud",
        "sub",
        "jti",
        "sid",
        "client_id",
        "iat",
        "id",
        "tenantId",
        "permissions",
        "epochs",
    ] {
        let mut without = claims.clone();
        without.as_object_mut().map(|claims| claims.shift_remove(name));
        is_refused(app, &sign(&without.to_string())).await;
    }
    let mut eternal = claims.clone();
    eternal["exp"] = json!(-1);
    is_refused(app, &sign(&eternal.to_string())).await;
    let text = claims.to_string();
    let duplicate = text.replacen('{', "{\"permissions\":[\"Everything\"],", 1);
    is_refused(app, &sign(&duplicate)).await;
    let duplicate = format!("{},\"exp\":9999999999}}", &text[..text.len() - 1]);
    is_refused(app, &sign(&duplicate)).await;
}

/// J6
async fn another_issuer_audience_or_type_is_refused(app: &App) {
    let tokens = app.sign_in_through("hs256", "alice").await;
    let iss = jwt::claims(&tokens.access)["iss"].clone();
    for (name, value) in [
        ("iss", json!("https://evil.test")),
        ("iss", json!([iss])),
        ("aud", json!("https://evil.test")),
        ("aud", json!([iss, "https://evil.test"])),
        ("aud", json!("hs256")),
        ("sub", json!("22222222-2222-7222-8222-222222222222")),
        ("sub", json!("alice")),
    ] {
        is_refused(app, &jwt::resign_hs256(&tokens.access, |_, claims| claims[name] = value.clone())).await;
    }
    for typ in [
        json!("JWT"),
        json!("logout+jwt"),
        json!("secevent+jwt"),
        json!("id+jwt"),
        json!(""),
        Value::Null,
        json!(1),
    ] {
        is_refused(app, &jwt::resign_hs256(&tokens.access, |header, _| header["typ"] = typ.clone())).await;
    }
}

async fn a_shared_key_speaks_for_its_client_only(app: &App) {
    let tokens = app.sign_in_through("hs256", "alice").await;
    let web = jwt::claims(&app.sign_in("alice").await.access);
    is_refused(app, &jwt::resign_hs256(&tokens.access, |_, claims| claims["client_id"] = json!("webapp")))
        .await;
    let both = |claims: &mut Value| {
        for name in ["client_id", "client_key"] {
            claims[name] = web[name].clone();
        }
    };
    is_refused(app, &jwt::resign_hs256(&tokens.access, |_, claims| both(claims))).await;
    is_refused(
        app,
        &jwt::resign_hs256(&tokens.access, |_, claims| claims["client_key"] = web["client_key"].clone()),
    )
    .await;
}

/// J7
async fn future_tokens_are_refused(app: &App) {
    let tokens = app.sign_in_through("hs256", "alice").await;
    for name in ["nbf", "iat"] {
        let at = |seconds: i64| {
            jwt::resign_hs256(&tokens.access, |_, claims| claims[name] = json!(BEGINNING + seconds))
        };
        assert!(app.accepts(&at(5)).await, "{name}: clocks differ a little");
        is_refused(app, &at(6)).await;
        is_refused(app, &at(3600)).await;
    }
    let expired = jwt::resign_hs256(&tokens.access, |_, claims| claims["exp"] = json!(BEGINNING));
    is_refused(app, &expired).await;
}

/// J10
async fn odd_shapes_are_refused(app: &App) {
    let tokens = app.sign_in("alice").await;
    let access = &tokens.access;
    let (message, signature) = access.rsplit_once('.').unwrap_or_default();
    for odd in [
        format!("{access}.x"),
        format!("{access}.x.y"),
        format!(".{access}"),
        format!("{access}="),
        format!("{message}..{signature}"),
        access.replace('.', ".."),
        access.to_lowercase(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{}.{}", jwt::segment("{}"), jwt::segment("{}"), jwt::segment("")),
        format!("{}.{}.{}", jwt::segment("null"), jwt::segment("null"), jwt::segment("x")),
        format!("{}.{}.{}", jwt::segment("["), jwt::segment([0xff, 0xfe]), jwt::segment("x")),
        "A".repeat(30_000),
    ] {
        is_refused(app, &odd).await;
    }
    let head = format!("GET /auth/me HTTP/1.1\r\nAuthorization: Bearer {}\r\n", "A".repeat(1_000_000));
    assert!(matches!(raw::status(app.address(), &head, b"").await, Some(401 | 431)));
    assert!(app.accepts(access).await);
}

/// J11
async fn odd_signatures_are_refused(app: &App) {
    let tokens = app.sign_in("alice").await;
    let (message, signature) = tokens.access.rsplit_once('.').unwrap_or_default();
    let good = jwt::unsegment(signature);
    assert_eq!(good.len(), 64, "r and s of 32 bytes each (RFC 7518 §3.4)");
    let (r, s) = good.split_at(32);
    let mut der = vec![0x30, 70, 0x02, 33, 0];
    der.extend_from_slice(r);
    der.extend_from_slice(&[0x02, 33, 0]);
    der.extend_from_slice(s);
    for odd in [
        vec![0; 64],
        vec![0xff; 64],
        der,
        good[..63].to_vec(),
        [&good[..], &[0]].concat(),
        [s, r].concat(),
        Vec::new(),
    ] {
        is_refused(app, &format!("{message}.{}", jwt::segment(odd))).await;
    }
    assert!(app.accepts(&tokens.access).await);
}

/// J11: JWS does not ask for the smaller `s` (RFC 7518 §3.4), so a token has two spellings. Whatever the server makes of
/// the second one, it must die with the first.
async fn the_other_s_of_a_signature_outlives_nothing(app: &App) {
    let tokens = app.sign_in("alice").await;
    let (message, signature) = tokens.access.rsplit_once('.').unwrap_or_default();
    let signature = jwt::unsegment(signature);
    let (r, s) = signature.split_at(32);
    let twin = format!("{message}.{}", jwt::segment([r, &negated(s)].concat()));
    let before = app.me(&twin).await;
    assert!(before.status == 200 || before.status == 401, "{}", before.text);
    let _ = app.log_out(&tokens).await.ok();
    is_refused(app, &tokens.access).await;
    is_refused(app, &twin).await;
}

/// `n - s`: the other `s` of the same signature, which many verifiers accept too (SEC 1 §4.1.4 does not forbid it).
fn negated(s: &[u8]) -> Vec<u8> {
    /// The order of P-256 (SEC 2 §2.4.2).
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut difference = vec![0; 32];
    let mut borrow = false;
    for index in (0..32).rev() {
        let (step, under) = N[index].overflowing_sub(s[index]);
        let (step, under_again) = step.overflowing_sub(u8::from(borrow));
        difference[index] = step;
        borrow = under || under_again;
    }
    difference
}
