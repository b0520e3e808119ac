//! Who asks at the token endpoint (RFC 6749 §2.3, RFC 7523; TK7, TK8, TK15).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward_tests::bootstrap::CLIENT_SECRET;
use doorward_tests::harness::app::{BEGINNING, ISSUER};
use doorward_tests::harness::relying_party::{Granted, ROBOT, SHOP, SPA, basic};
use doorward_tests::{App, Reply, on_both};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

on_both![
    rfc6749_2_3_1_basic_and_post_are_both_accepted,
    rfc6749_5_2_whoever_fails_is_told_so_with_401,
    rfc6749_2_3_only_one_method_at_a_time,
    rfc6749_2_3_1_encoded_and_raw_secrets_are_accepted,
    rfc6749_2_3_1_a_secret_in_the_query_does_not_count,
    rfc6749_3_2_only_posted_forms_count,
    a_public_client_has_no_secret_and_no_client_credentials,
    a_disabled_client_is_refused,
    rfc7523_3_a_signed_assertion_is_accepted_once,
    rfc7523_3_what_is_wrong_with_an_assertion,
    of_32_parallel_uses_of_an_assertion_one_succeeds,
];

const FORM: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "orders.read")];

async fn ask(app: &App, authorization: Option<&str>, form: &[(&str, &str)]) -> Reply {
    let request = app.request(Method::POST, "/oauth2/token");
    let request =
        authorization.into_iter().fold(request, |request, value| request.header("authorization", value));
    app.send(request.form(form)).await
}

async fn rfc6749_2_3_1_basic_and_post_are_both_accepted(app: &App) {
    app.introduce_relying_parties().await;
    let _ = Granted::of(&ask(app, Some(&basic(ROBOT, CLIENT_SECRET)), &FORM).await);
    let mut posted = FORM.to_vec();
    posted.extend([("client_id", ROBOT), ("client_secret", CLIENT_SECRET)]);
    let _ = Granted::of(&ask(app, None, &posted).await);
    // The collection sends the client's name beside the header.
    let mut named = FORM.to_vec();
    named.push(("client_id", ROBOT));
    let _ = Granted::of(&ask(app, Some(&basic(ROBOT, CLIENT_SECRET)), &named).await);
    let reply = app
        .request(Method::POST, "/oauth2/access_token")
        .header("authorization", basic(ROBOT, CLIENT_SECRET));
    let _ = Granted::of(&app.send(reply.form(&FORM)).await);
}

async fn rfc6749_5_2_whoever_fails_is_told_so_with_401(app: &App) {
    app.introduce_relying_parties().await;
    let not_text = format!("Basic {}", STANDARD.encode([b'r', 0xff, b':', b'x']));
    let no_colon = format!("Basic {}", STANDARD.encode("robot"));
    let headers = [
        basic(ROBOT, "wrong"),
        basic(ROBOT, ""),
        basic("nobody", CLIENT_SECRET),
        basic("", ""),
        basic(ROBOT, "websecret-0123456789 "),
        "Basic %%%".to_owned(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        not_text,
        no_colon,
    ];
    for header in headers {
        let reply = ask(app, Some(&header), &FORM).await;
        reply.assert_oauth_error(401, "invalid_client");
        assert!(reply.header("www-authenticate").starts_with("Basic"), "{header}: {:?}", reply.headers);
    }
    for posted in [
        vec![],
        vec![("client_id", ROBOT)],
        vec![("client_id", ROBOT), ("client_secret", "")],
        vec![("client_id", ROBOT), ("client_secret", "wrong")],
        vec![("client_id", "nobody"), ("client_secret", CLIENT_SECRET)],
        vec![("client_secret", CLIENT_SECRET)],
    ] {
        let form: Vec<_> = FORM.into_iter().chain(posted).collect();
        ask(app, None, &form).await.assert_oauth_error(401, "invalid_client");
    }
}

async fn rfc6749_2_3_only_one_method_at_a_time(app: &App) {
    app.introduce_relying_parties().await;
    let header = basic(ROBOT, CLIENT_SECRET);
    let mut both = FORM.to_vec();
    both.push(("client_secret", CLIENT_SECRET));
    ask(app, Some(&header), &both).await.assert_oauth_error(400, "invalid_request");
    let mut foreign = FORM.to_vec();
    foreign.push(("client_id", SHOP));
    let reply = ask(app, Some(&header), &foreign).await;
    assert!((400..402).contains(&reply.status), "{}", reply.text);
    for (name, value) in [("grant_type", "client_credentials"), ("scope", "orders.read"), ("x", "y")] {
        let mut twice = FORM.to_vec();
        twice.extend([(name, value), (name, value)]);
        ask(app, Some(&header), &twice).await.assert_oauth_error(400, "invalid_request");
    }
}

async fn rfc6749_2_3_1_encoded_and_raw_secrets_are_accepted(app: &App) {
    let secret = "uYCx/9aGUgwTrPiM2hrsgI2zl71YNerz0T+WVqhrNZ0c=";
    app.apply(&format!(
        "[[clients]]\nclient_id = \"odd client\"\nclient_secret = \"{secret}\"\ntype = \"m2m\"\n\
         grants = [\"client_credentials\"]\nscopes = [\"orders.read\"]"
    ))
    .await;
    let raw = basic("odd client", secret);
    let encoded = basic("odd+client", &secret.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D"));
    let percent = basic("odd%20client", &secret.replace('/', "%2f").replace('+', "%2b").replace('=', "%3d"));
    for header in [raw, encoded, percent] {
        let _ = Granted::of(&ask(app, Some(&header), &FORM).await);
    }
}

async fn rfc6749_2_3_1_a_secret_in_the_query_does_not_count(app: &App) {
    app.introduce_relying_parties().await;
    let path = format!("/oauth2/token?client_id={ROBOT}&client_secret={CLIENT_SECRET}");
    let reply = app.send(app.request(Method::POST, &path).form(&FORM)).await;
    assert!((400..402).contains(&reply.status), "{}", reply.text);
}

async fn rfc6749_3_2_only_posted_forms_count(app: &App) {
    app.introduce_relying_parties().await;
    let header = basic(ROBOT, CLIENT_SECRET);
    let get = app.request(Method::GET, "/oauth2/token?grant_type=client_credentials");
    let reply = app.send(get.header("authorization", &header)).await;
    assert!([400, 404, 405].contains(&reply.status), "{}", reply.status);
    let json = app.request(Method::POST, "/oauth2/token").header("authorization", &header);
    let reply = app.send(json.json(&json!({"grant_type": "client_credentials"}))).await;
    assert!((400..500).contains(&reply.status), "{}", reply.text);
    for (grant, error) in [
        ("", "invalid_request"),
        ("implicit", "unsupported_grant_type"),
        ("urn:ietf:params:oauth:grant-type:device_code", "unsupported_grant_type"),
        ("authorization_code", "unauthorized_client"),
        ("password", "unauthorized_client"),
        ("refresh_token", "unauthorized_client"),
    ] {
        let form = [
            ("grant_type", grant),
            ("code", "x"),
            ("redirect_uri", "x"),
            ("refresh_token", "x"),
            ("username", "carol"),
            ("password", "x"),
        ];
        ask(app, Some(&header), &form).await.assert_oauth_error(400, error);
    }
}

async fn a_public_client_has_no_secret_and_no_client_credentials(app: &App) {
    app.introduce_relying_parties().await;
    for form in [
        vec![("client_id", SPA), ("grant_type", "client_credentials")],
        vec![("client_id", SPA), ("grant_type", "password"), ("username", "carol"), ("password", "x")],
    ] {
        ask(app, None, &form).await.assert_oauth_error(400, "unauthorized_client");
    }
}

async fn a_disabled_client_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    let token = Granted::of(&ask(app, Some(&basic(ROBOT, CLIENT_SECRET)), &FORM).await);
    assert_eq!(
        app.introspect(SHOP, token.access()).await,
        json!({"active": false}),
        "it is another client's"
    );
    assert_eq!(app.introspect(ROBOT, token.access()).await["active"], true);
    app.apply("[[clients]]\nclient_id = \"robot\"\nenabled = false").await;
    // A client read a moment ago may be remembered for a second.
    app.advance(Duration::from_secs(2));
    ask(app, Some(&basic(ROBOT, CLIENT_SECRET)), &FORM).await.assert_oauth_error(401, "invalid_client");
}

/// An ES256 key: what signs, and its public JWK.
fn key() -> (EncodingKey, Value) {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key can be made");
    let point = pair.public_key().as_ref().to_vec();
    let (x, y) = point[1..].split_at(32);
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "app-1", "use": "sig",
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)});
    let pkcs8 = pair.to_pkcs8v1().expect("a key can be written");
    (EncodingKey::from_ec_der(pkcs8.as_ref()), jwk)
}

/// Adds a client that signs.
async fn introduce_signer(app: &App) -> EncodingKey {
    let (private, jwk) = key();
    let jwks = json!({"keys": [jwk]}).to_string();
    app.apply(&format!(
        "[[clients]]\nclient_id = \"signer\"\ntype = \"m2m\"\nauth_method = \"private_key_jwt\"\njwks = '{jwks}'\n\
         grants = [\"client_credentials\"]\nscopes = [\"orders.read\"]"
    ))
    .await;
    private
}

fn assertion(key: &EncodingKey, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({"iss": "signer", "sub": "signer", "aud": ISSUER, "jti": "one",
        "iat": BEGINNING, "exp": BEGINNING + 60});
    change(&mut claims);
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("app-1".to_owned());
    jsonwebtoken::encode(&header, &claims, key).expect("it can be signed")
}

async fn assert_with(app: &App, assertion: &str) -> Reply {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    ask(app, None, &form).await
}

async fn rfc7523_3_a_signed_assertion_is_accepted_once(app: &App) {
    let key = introduce_signer(app).await;
    let first = assertion(&key, |_| {});
    let _ = Granted::of(&assert_with(app, &first).await);
    assert_with(app, &first).await.assert_oauth_error(401, "invalid_client");
    let metadata = app.get("/.well-known/openid-configuration").await.ok();
    let endpoint = metadata["token_endpoint"].as_str().expect("text").to_owned();
    let other = assertion(&key, |claims| {
        claims["jti"] = "two".into();
        claims["aud"] = json!([endpoint, "https://elsewhere.test"]);
    });
    let _ = Granted::of(&assert_with(app, &other).await);
}

async fn rfc7523_3_what_is_wrong_with_an_assertion(app: &App) {
    let key = introduce_signer(app).await;
    let (stranger, _) = self::key();
    let wrong = [
        assertion(&stranger, |_| {}),
        assertion(&key, |claims| claims["aud"] = "https://elsewhere.test".into()),
        assertion(&key, |claims| claims["iss"] = "robot".into()),
        assertion(&key, |claims| claims["sub"] = "robot".into()),
        assertion(&key, |claims| claims["exp"] = BEGINNING.into()),
        assertion(&key, |claims| claims["exp"] = (BEGINNING + 24 * 3600).into()),
        assertion(&key, |claims| claims["exp"] = "9999999999".into()),
        assertion(&key, |claims| claims["nbf"] = (BEGINNING + 120).into()),
        assertion(&key, |claims| claims["jti"] = Value::Null),
        assertion(&key, |claims| {
            let _ = claims.as_object_mut().expect("an object").remove("exp");
        }),
        "x.y.z".to_owned(),
    ];
    for assertion in wrong {
        assert_with(app, &assertion).await.assert_oauth_error(401, "invalid_client");
    }
    assert_with(app, "").await.assert_oauth_error(400, "invalid_request");
    let mut secret = FORM.to_vec();
    secret.extend([("client_id", "signer"), ("client_secret", CLIENT_SECRET)]);
    ask(app, None, &secret).await.assert_oauth_error(401, "invalid_client");
    let good = assertion(&key, |claims| claims["jti"] = "good".into());
    let odd = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "magic"),
        ("client_assertion", &*good),
    ];
    let reply = ask(app, None, &odd).await;
    assert!((400..402).contains(&reply.status), "{}", reply.text);
    let _ = Granted::of(&assert_with(app, &good).await);
}

async fn of_32_parallel_uses_of_an_assertion_one_succeeds(app: &App) {
    let key = introduce_signer(app).await;
    let one = assertion(&key, |_| {});
    let replies = futures_util::future::join_all((0..32).map(|_| assert_with(app, &one))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
}
