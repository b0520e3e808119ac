use super::*;
use crate::testing::{ISSUER, START, at, claims, forge, payload};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

const GOOD_HEADER: &str = r#"{"typ":"at+jwt","alg":"ES256","kid":"k"}"#;

fn pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

fn verifying(pair: &EcdsaKeyPair) -> DecodingKey {
    DecodingKey::from_ec_der(pair.public_key().as_ref())
}

fn es256(pair: &EcdsaKeyPair) -> impl Fn(&[u8]) -> Vec<u8> {
    |message| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
}

/// The whole way of a token whose key is ES256.
fn read(token: &str, key: &DecodingKey) -> Result<Claims, Invalid> {
    let header = read_header(token, ACCESS_TOKEN)?;
    if header.alg != Algorithm::ES256 {
        return Err(Invalid("another algorithm than the key's"));
    }
    let claims = decode(token, Algorithm::ES256, key, ISSUER)?;
    check_times(&claims, Expiry::Enforced, at(0))?;
    Ok(claims)
}

fn with(name: &str, value: Value) -> String {
    let mut payload = payload();
    payload[name] = value;
    payload.to_string()
}

#[test]
fn what_is_written_is_read() {
    let pair = pair();
    let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
    let token = encode(&claims(), ACCESS_TOKEN, "k", Algorithm::ES256, &private).unwrap();
    assert_eq!(read(token.expose(), &verifying(&pair)).unwrap(), claims());
    let (header, body) = split(token.expose()).unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(header, json!({"typ": "at+jwt", "alg": "ES256", "kid": "k"}));
    let body: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    assert_eq!(body, payload());
}

#[test]
fn a_token_made_elsewhere_with_our_key_is_read() {
    let pair = pair();
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        let header = format!(r#"{{"kid":"k","alg":"ES256","typ":"{typ}"}}"#);
        let token = forge(&header, &payload().to_string(), es256(&pair));
        assert!(read(&token, &verifying(&pair)).is_ok(), "{typ}");
    }
}

#[test]
fn other_headers_are_refused() {
    let pair = pair();
    for header in [
        r#"{"typ":"JWT","alg":"ES256","kid":"k"}"#,
        r#"{"typ":"id+jwt","alg":"ES256","kid":"k"}"#,
        r#"{"typ":"logout+jwt","alg":"ES256","kid":"k"}"#,
        r#"{"alg":"ES256","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"ES256"}"#,
        r#"{"typ":"at+jwt","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"none","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"None","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"NONE","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"nOnE","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"es256","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"ES384","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":["ES256"],"kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":7}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":["k"]}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":null}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"none","alg":"ES256","kid":"k"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","crit":["b64"],"b64":false}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","crit":[]}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","b64":true}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","zip":"DEF"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","cty":"JWT"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","jku":"https://evil.example/jwks"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","x5u":"https://evil.example/x"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","x5c":["AA"]}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"k","jwk":{"kty":"oct","k":"AA"}}"#,
        "[]",
        "\"\"",
        "",
        "{",
    ] {
        let token = forge(header, &payload().to_string(), es256(&pair));
        assert!(read(&token, &verifying(&pair)).is_err(), "{header}");
    }
}

#[test]
fn kids_are_short_and_plain() {
    for kid in ["../../../dev/null", "' OR 1=1--"] {
        // Plain text that simply names no key, or contains a space.
        let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": kid}).to_string();
        let token = forge(&header, "{}", |_| vec![0; 64]);
        assert_eq!(read_header(&token, ACCESS_TOKEN).is_ok(), !kid.contains(' '));
    }
    for kid in ["x\n", "x\0", "é", &"k".repeat(129), &"k".repeat(11_000)] {
        let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": kid}).to_string();
        assert!(read_header(&forge(&header, "{}", |_| vec![0; 64]), ACCESS_TOKEN).is_err());
    }
}

#[test]
fn claims_of_a_wrong_type_or_value_are_refused() {
    let pair = pair();
    let other = "00000000-0000-0000-0000-000000000009";
    let mut cases = vec![
        with("aud", json!([ISSUER])),
        with("aud", json!([ISSUER, "other"])),
        with("aud", json!("other")),
        with("aud", json!(format!("{ISSUER}/"))),
        with("iss", json!("https://evil.example")),
        with("iss", json!([ISSUER])),
        with("sub", json!(other)),
        with("sub", json!("not a uuid")),
        with("id", json!(other)),
        with("client_key", Value::Null),
        with("epochs", json!({"user": 0})),
        with("exp", json!(START)),
        with("exp", json!(START - 1)),
        with("nbf", json!(START + 6)),
        with("iat", json!(START + 6)),
        payload().to_string().replace(&format!("\"exp\":{}", START + 900), "\"exp\":1e400"),
        payload().to_string().replacen('{', "{\"exp\":1,", 1),
        payload().to_string().replacen('{', "{\"note\":1,\"note\":2,", 1),
        payload().to_string().replacen("\"user\":0", "\"user\":0,\"user\":9", 1),
        format!("{} ", payload()) + "{}",
        "null".to_owned(),
        "[]".to_owned(),
        String::new(),
    ];
    for name in ["exp", "nbf", "iat"] {
        for value in [
            json!("9999999999"),
            Value::Null,
            json!([9_999_999_999_i64]),
            json!({"a": 1}),
            json!(true),
            json!(1_800_000_900.5),
        ] {
            cases.push(with(name, value));
        }
    }
    cases.push(with("exp", json!(-1)));
    for name in ["exp", "iss", "aud", "sub", "iat", "nbf", "jti", "sid", "client_id", "scope"] {
        let mut payload = payload();
        payload.as_object_mut().unwrap().remove(name);
        cases.push(payload.to_string());
    }
    for case in cases {
        let token = forge(GOOD_HEADER, &case, es256(&pair));
        assert!(read(&token, &verifying(&pair)).is_err(), "{case}");
    }
}

#[test]
fn signatures_that_are_not_ours_are_refused() {
    let (ours, other) = (pair(), pair());
    let key = verifying(&ours);
    let body = payload().to_string();
    let good = forge(GOOD_HEADER, &body, es256(&ours));
    assert!(read(&good, &key).is_ok());
    assert!(read(&forge(GOOD_HEADER, &body, es256(&other)), &key).is_err());
    for signature in [vec![], vec![0; 64], vec![0xff; 64], vec![0; 63], vec![1; 4096]] {
        assert!(read(&forge(GOOD_HEADER, &body, |_| signature.clone()), &key).is_err());
    }
    // RFC 7518 §3.4: r and s side by side, never the DER form.
    let der = EcdsaKeyPair::from_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        ours.to_pkcs8v1().unwrap().as_ref(),
    )
    .unwrap();
    assert!(read(&forge(GOOD_HEADER, &body, es256(&der)), &key).is_err());
    // The public key as an HMAC secret (RFC 8725 §2.1).
    let hs_header = r#"{"typ":"at+jwt","alg":"HS256","kid":"k"}"#;
    let confused = |message: &[u8]| {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, ours.public_key().as_ref());
        hmac::sign(&secret, message).as_ref().to_vec()
    };
    assert!(read(&forge(hs_header, &body, confused), &key).is_err());
    assert!(decode(&forge(hs_header, &body, confused), Algorithm::ES256, &key, ISSUER).is_err());
    assert!(decode(&forge(hs_header, &body, confused), Algorithm::HS256, &key, ISSUER).is_err());
}

#[test]
fn any_changed_character_spoils_a_token() {
    let pair = pair();
    let key = verifying(&pair);
    let good = forge(GOOD_HEADER, &payload().to_string(), es256(&pair));
    for at in 0..good.len() {
        let mut bent = good.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        assert!(read(std::str::from_utf8(&bent).unwrap(), &key).is_err(), "character {at}");
    }
    let stripped = good.rsplit_once('.').unwrap().0;
    for odd in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        stripped.to_owned(),
        format!("{stripped}."),
        format!("{good}="),
        format!("{good}."),
        format!("{good}.a.b"),
        format!(" {good}"),
        format!("{good}\n"),
        good.repeat(2),
        "a".repeat(1 << 20),
        format!("{good}{}", "A".repeat(MAX_TOKEN_BYTES)),
    ] {
        assert!(read(&odd, &key).is_err());
    }
}

#[test]
fn times_have_the_documented_room() {
    let mut token = claims();
    let judge = |claims: &Claims, expiry, seconds| check_times(claims, expiry, at(seconds)).is_ok();
    assert!(judge(&token, Expiry::Enforced, 899));
    assert!(!judge(&token, Expiry::Enforced, 900), "no leeway at the end");
    assert!(judge(&token, Expiry::Ignored, 1_000_000));
    assert!(judge(&token, Expiry::Enforced, -5));
    assert!(!judge(&token, Expiry::Enforced, -6));
    assert!(!judge(&token, Expiry::Ignored, -6));
    token.nbf = i64::MAX;
    assert!(!judge(&token, Expiry::Ignored, 0));
    token.nbf = i64::MIN;
    token.exp = i64::MAX;
    assert!(judge(&token, Expiry::Enforced, 0));
}
