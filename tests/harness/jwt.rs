//! Access tokens taken apart, verified without the server's code, and forged.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use serde_json::{Value, json};

use super::app::{App, ISSUER};
use crate::bootstrap::HS256_SECRET;

/// Header and claims of a token, unverified.
#[must_use]
pub fn parts(token: &str) -> (Value, Value) {
    let segments: Vec<&str> = token.split('.').collect();
    assert_eq!(segments.len(), 3, "a compact JWS has three segments");
    (read(segments[0]), read(segments[1]))
}

/// The claims of a token, unverified.
#[must_use]
pub fn claims(token: &str) -> Value {
    parts(token).1
}

fn read(segment: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(segment).expect("segments are base64url without padding");
    serde_json::from_slice(&bytes).expect("header and claims are JSON")
}

/// One segment.
#[must_use]
pub fn segment(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of a segment; none when it is not base64url.
#[must_use]
pub fn unsegment(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
}

/// A public P-256 JWK as DER and as PEM, with and without a last line feed: what an attacker would try as an HMAC key.
#[must_use]
pub fn spki_forms(jwk: &Value) -> Vec<Vec<u8>> {
    /// SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480 §2), up to the point.
    const PREFIX: [u8; 27] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];
    let (Some(x), Some(y)) = (jwk["x"].as_str(), jwk["y"].as_str()) else { return Vec::new() };
    let der = [&PREFIX[..], &unsegment(x), &unsegment(y)].concat();
    let text = base64::engine::general_purpose::STANDARD.encode(&der);
    let (first, second) = text.split_at(64);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----");
    vec![der, pem.clone().into_bytes(), format!("{pem}\n").into_bytes()]
}

/// The published keys.
pub async fn jwks(app: &App) -> JwkSet {
    serde_json::from_value(app.get("/.well-known/jwks.json").await.ok()).expect("it is a JWK set")
}

/// Whether a resource server that only knows the published keys accepts the token. Times are the test clock's, so they are
/// not judged.
#[must_use]
pub fn is_valid(token: &str, keys: &JwkSet, algorithm: Algorithm) -> bool {
    let (header, _) = parts(token);
    let Some(key) = header["kid"].as_str().and_then(|kid| keys.find(kid)) else { return false };
    let key = DecodingKey::from_jwk(key).expect("published keys are usable");
    jsonwebtoken::decode::<Value>(token, &key, &validation(algorithm)).is_ok()
}

/// Whether a service that shares the client's HS256 key accepts the token.
#[must_use]
pub fn is_valid_hs256(token: &str) -> bool {
    let key = DecodingKey::from_secret(HS256_SECRET.as_bytes());
    jsonwebtoken::decode::<Value>(token, &key, &validation(Algorithm::HS256)).is_ok()
}

fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[ISSUER]);
    validation.validate_exp = false;
    validation
}

/// A token with this header and these claims, as given, under an HMAC key.
#[must_use]
pub fn forge(header: &Value, claims: &str, key: &[u8]) -> String {
    let message = format!("{}.{}", segment(header.to_string()), segment(claims));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(key), Algorithm::HS256);
    format!("{message}.{}", signature.expect("HMAC never fails"))
}

/// Signs changed claims with the key the client `hs256` shares with the server: the strongest forger there can be.
#[must_use]
pub fn resign_hs256(token: &str, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let (mut header, mut claims) = parts(token);
    assert_eq!(header["alg"], "HS256");
    change(&mut header, &mut claims);
    forge(&header, &claims.to_string(), HS256_SECRET.as_bytes())
}

/// The same token with another header; the signature stays.
#[must_use]
pub fn with_header(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let (mut header, _) = parts(token);
    change(&mut header);
    let (_, rest) = token.split_once('.').expect("a token has segments");
    format!("{}.{rest}", segment(header.to_string()))
}

/// The same token without a signature, `alg` as given.
#[must_use]
pub fn unsigned(token: &str, alg: &str) -> String {
    let changed = with_header(token, |header| header["alg"] = json!(alg));
    let (message, _) = changed.rsplit_once('.').expect("a token has segments");
    format!("{message}.")
}
