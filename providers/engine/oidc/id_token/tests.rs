//! OpenID Connect Core §3.1.3.7, point by point.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::provider::ProviderError;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{Expectation, Nonce, key_hint, verify};
use crate::engine::claims::Claims;
use crate::engine::oidc::keys::KeySet;
use crate::engine::testing::{ACCESS_TOKEN, CLIENT, Key, NOW, ed25519_key, overlay, p256_key, rsa_key};

const APP: &str = "our-app";

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).expect("a moment")
}

fn token(key: &Key, over: &Value) -> String {
    let mut claims = json!({
        "iss": "https://idp.test", "aud": CLIENT, "sub": "user-1", "iat": NOW, "exp": NOW + 300, "nonce": "n-1",
    });
    overlay(&mut claims, over);
    key.sign(&claims)
}

fn expected(nonce: Nonce<'_>) -> Expectation<'_> {
    Expectation {
        recipients: &[CLIENT],
        trusted: &[CLIENT, APP],
        nonce,
        not_before: moment(NOW),
        access_token: Some(ACCESS_TOKEN),
    }
}

fn judge_with(token: &str, keys: &KeySet, expected: &Expectation<'_>) -> Result<Claims, ProviderError> {
    let hint = key_hint(token)?;
    let key = keys.find(hint.kid.as_deref(), hint.algorithm);
    let key = key.ok_or_else(|| ProviderError::Untrusted("no such key".to_owned()))?;
    verify(token, &hint, &key, expected, moment(NOW))
}

fn judge(token: &str, key: &Key) -> Result<Claims, ProviderError> {
    judge_with(token, &KeySet::of(vec![key.jwk.clone()]), &expected(Nonce::Exact("n-1")))
}

#[track_caller]
fn refused(outcome: Result<Claims, ProviderError>, reason: &str) {
    match outcome {
        Err(ProviderError::Untrusted(text)) => assert!(text.contains(reason), "{text} is not about {reason}"),
        other => panic!("not refused for {reason}: {other:?}"),
    }
}

#[test]
fn good_tokens_of_every_kind_of_key() {
    let mut pss = rsa_key("k");
    for key in [p256_key("k"), ed25519_key("k"), pss.clone()] {
        let claims = judge(&token(&key, &json!({})), &key).expect("a good token");
        assert_eq!(claims.subject(), Some("user-1"));
    }
    for algorithm in [Algorithm::PS256, Algorithm::RS512] {
        pss.header.alg = algorithm;
        judge(&token(&pss, &json!({})), &pss).expect("a good token");
    }
}

#[test]
fn signatures() {
    let (key, other) = (p256_key("k"), p256_key("k"));
    refused(judge(&token(&other, &json!({})), &key), "wrong signature");
    let good = token(&key, &json!({}));
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    refused(judge(&format!("{message}."), &key), "wrong signature");
    let (header, _) = message.split_once('.').expect("two parts");
    let forged = URL_SAFE_NO_PAD.encode(json!({ "sub": "somebody" }).to_string());
    refused(judge(&format!("{header}.{forged}.{signature}"), &key), "wrong signature");
    refused(judge(&format!("{header}.{signature}"), &key), "three parts");
    refused(judge(&format!("{good}.x.y"), &key), "three parts");
    refused(judge(&"x".repeat(70 * 1024), &key), "three parts");
    refused(judge("a.b.c", &key), "header");
}

#[test]
fn algorithms() {
    let key = rsa_key("k");
    let good = token(&key, &json!({}));
    let (_, rest) = good.split_once('.').expect("parts");
    for name in ["none", "None", "NONE", ""] {
        let header = URL_SAFE_NO_PAD.encode(json!({ "alg": name, "kid": "k" }).to_string());
        refused(judge(&format!("{header}.{rest}"), &key), "header");
    }
    let modulus = key.jwk["n"].as_str().expect("a modulus");
    for secret in [b"our secret+".as_slice(), key.pem.as_bytes(), modulus.as_bytes()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut forged = key.clone();
            forged.header.alg = algorithm;
            forged.encoding = EncodingKey::from_secret(secret);
            refused(judge(&token(&forged, &json!({})), &key), "not accepted");
        }
    }
}

#[test]
fn keys_are_only_used_for_what_they_are() {
    let key = p256_key("k");
    let good = token(&key, &json!({}));
    let changed = |name: &str, value: Value| {
        let mut jwk = key.jwk.clone();
        jwk[name] = value;
        judge_with(&good, &KeySet::of(vec![jwk]), &expected(Nonce::Exact("n-1")))
    };
    assert!(changed("alg", json!("ES256")).is_ok());
    refused(changed("use", json!("enc")), "no such key");
    refused(changed("alg", json!("ES384")), "no such key");
    refused(changed("kid", json!("other")), "no such key");
    // A symmetric key in the set is never one for us.
    let mut forged = key.clone();
    (forged.header.alg, forged.encoding) = (Algorithm::HS256, EncodingKey::from_secret(b"k"));
    let set = KeySet::of(vec![json!({ "kty": "oct", "kid": "k", "k": "aw" })]);
    refused(judge_with(&token(&forged, &json!({})), &set, &expected(Nonce::Exact("n-1"))), "not accepted");
}

#[test]
fn a_token_without_kid_needs_a_single_fitting_key() {
    let mut key = p256_key("k");
    key.header.kid = None;
    let good = token(&key, &json!({}));
    let with = |others: Vec<Value>| {
        let mut keys = vec![key.jwk.clone()];
        keys.extend(others);
        judge_with(&good, &KeySet::of(keys), &expected(Nonce::Exact("n-1")))
    };
    assert!(with(vec![]).is_ok());
    assert!(with(vec![ed25519_key("e").jwk, json!({ "kty": "new" }), json!(7)]).is_ok());
    refused(with(vec![p256_key("other").jwk]), "no such key");
}

#[test]
fn headers_that_ask_for_more() {
    let mut key = p256_key("k");
    key.header.crit = Some(vec!["exp".to_owned()]);
    refused(judge(&token(&key, &json!({})), &key), "critical");
    // A key in the header is not looked at.
    let stranger = p256_key("k");
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("k".to_owned());
    header.jwk = serde_json::from_value(stranger.jwk.clone()).ok();
    assert!(header.jwk.is_some());
    let forged = Key { header, ..stranger };
    refused(judge(&token(&forged, &json!({})), &p256_key("k")), "wrong signature");
}

#[test]
fn audiences() {
    let key = p256_key("k");
    let with = |over: Value| judge(&token(&key, &over), &key);
    for good in [
        json!({ "aud": [CLIENT] }),
        json!({ "azp": CLIENT }),
        json!({ "azp": APP }),
        json!({ "aud": [CLIENT, APP], "azp": CLIENT }),
    ] {
        with(good).expect("a good audience");
    }
    for bad in
        [json!("other"), json!(APP), json!([]), json!(["other"]), json!("OUR-CLIENT"), json!("our-client ")]
    {
        refused(with(json!({ "aud": bad })), "aud is not our client_id");
    }
    for bad in [json!(null), json!(7), json!({ "a": CLIENT }), json!([CLIENT, 7])] {
        refused(with(json!({ "aud": bad })), "aud is missing");
    }
    refused(with(json!({ "aud": [CLIENT, APP] })), "azp is missing");
    refused(with(json!({ "aud": [CLIENT, "other"] })), "not in `audiences`");
    refused(with(json!({ "aud": [CLIENT, "other"], "azp": CLIENT })), "not in `audiences`");
    for azp in [json!("other"), json!(7), json!([CLIENT])] {
        refused(with(json!({ "azp": azp })), "azp");
    }
}

#[test]
fn times() {
    let key = p256_key("k");
    let with = |over: Value| judge(&token(&key, &over), &key);
    for good in [
        json!({ "exp": NOW - 59 }),
        json!({ "exp": 1_795_000_300.5 }),
        json!({ "iat": NOW + 60 }),
        json!({ "iat": NOW - 600 }),
        json!({ "nbf": NOW + 60 }),
    ] {
        with(good.clone()).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    refused(with(json!({ "exp": NOW - 60 })), "expired");
    refused(with(json!({ "exp": 0 })), "expired");
    for bad in [json!(null), json!("1795000300"), json!([]), json!(-1), json!(1e300)] {
        refused(with(json!({ "exp": bad })), "exp is missing");
        refused(with(json!({ "iat": bad })), "iat is missing");
    }
    refused(with(json!({ "iat": NOW + 61 })), "future");
    refused(with(json!({ "iat": NOW - 601 })), "older");
    refused(with(json!({ "iat": NOW - 7 * 86_400 })), "older");
    refused(with(json!({ "nbf": NOW + 61 })), "not valid yet");
    refused(with(json!({ "nbf": "soon" })), "nbf");
}

#[test]
fn nonces() {
    let key = p256_key("k");
    let with = |nonce: Nonce<'_>, over: Value| {
        judge_with(&token(&key, &over), &KeySet::of(vec![key.jwk.clone()]), &expected(nonce))
    };
    let hashed = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"n-1"));
    let missing = json!({ "nonce": null });
    for bad in [json!("n-2"), json!("N-1"), json!("n-1 "), json!(&hashed)] {
        refused(with(Nonce::Exact("n-1"), json!({ "nonce": bad })), "nonce is another");
    }
    for bad in [json!(7), json!(""), json!(["n-1"])] {
        refused(
            with(Nonce::ExactIfSupported("n-1"), json!({ "nonce": bad, "nonce_supported": false })),
            "missing",
        );
    }
    refused(with(Nonce::Exact("n-1"), missing.clone()), "missing");
    refused(with(Nonce::Exact("n-1"), json!({ "nonce": null, "nonce_supported": false })), "missing");
    refused(with(Nonce::ExactIfSupported("n-1"), missing.clone()), "missing");
    refused(
        with(Nonce::ExactIfSupported("n-1"), json!({ "nonce": null, "nonce_supported": "false" })),
        "missing",
    );
    assert!(with(Nonce::ExactIfSupported("n-1"), json!({ "nonce": null, "nonce_supported": false })).is_ok());
    refused(
        with(Nonce::ExactIfSupported("n-1"), json!({ "nonce": "x", "nonce_supported": false })),
        "another",
    );
    assert!(with(Nonce::ExactOrHashed("n-1"), json!({})).is_ok());
    assert!(with(Nonce::ExactOrHashed("n-1"), json!({ "nonce": hashed.to_uppercase() })).is_ok());
    refused(with(Nonce::ExactOrHashed("n-1"), missing), "missing");
    refused(with(Nonce::ExactOrHashed("n-1"), json!({ "nonce": null, "nonce_supported": false })), "missing");
    refused(with(Nonce::ExactOrHashed("n-2"), json!({ "nonce": hashed })), "another");
}

#[test]
fn subjects() {
    let key = p256_key("k");
    for bad in [json!(null), json!(""), json!(" "), json!(7), json!("x".repeat(256)), json!("a\nb")] {
        refused(judge(&token(&key, &json!({ "sub": bad })), &key), "sub");
    }
    refused(judge(&token(&key, &json!({ "sub": ["a"] })), &key), "ID token");
    assert!(judge(&token(&key, &json!({ "sub": "x".repeat(255) })), &key).is_ok());
}

#[test]
fn access_token_hashes() {
    let half = |algorithm: &'static aws_lc_rs::digest::Algorithm, text: &str| {
        let digest = aws_lc_rs::digest::digest(algorithm, text.as_bytes());
        URL_SAFE_NO_PAD.encode(&digest.as_ref()[..digest.as_ref().len() / 2])
    };
    let (key, edwards) = (p256_key("k"), ed25519_key("k"));
    let good = json!({ "at_hash": half(&aws_lc_rs::digest::SHA256, ACCESS_TOKEN) });
    assert!(judge(&token(&key, &good), &key).is_ok());
    refused(judge(&token(&edwards, &good), &edwards), "at_hash");
    let good = json!({ "at_hash": half(&aws_lc_rs::digest::SHA512, ACCESS_TOKEN) });
    assert!(judge(&token(&edwards, &good), &edwards).is_ok());
    let other = half(&aws_lc_rs::digest::SHA256, "another token");
    for bad in [json!(other), json!(7), json!("")] {
        refused(judge(&token(&key, &json!({ "at_hash": bad })), &key), "at_hash");
    }
}
