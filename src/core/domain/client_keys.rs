//! The public keys of clients that sign their own assertions (RFC 7517, RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Algorithms of client assertions (RFC 7523 §2.2, RFC 7518 §3.1, RFC 8037 §3.1): all asymmetric.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AssertionAlgorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    RS256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RS384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RS512,
    /// RSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl AssertionAlgorithm {
    /// Every one of them; each is written as its `alg` header value.
    pub const ALL: [Self; 6] = [Self::RS256, Self::RS384, Self::RS512, Self::PS256, Self::ES256, Self::EdDSA];
}

/// Most keys of a client.
const MAX_KEYS: usize = 20;
/// Fewest bytes of an RSA modulus (RFC 7518 §3.3).
const MIN_RSA_BYTES: usize = 256;
/// Members that only the owner of a key may know (RFC 7518 §6, RFC 8037 §2).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Whether the value is a set of public keys (RFC 7517 §5) of which each can be used: RSA with 2048 bits or more, P-256 or
/// Ed25519.
///
/// # Errors
/// A sentence for the operator that shows no part of a key.
pub fn check_jwks(jwks: &Value) -> Result<(), String> {
    let keys =
        jwks.get("keys").and_then(Value::as_array).ok_or("is no JWK set: an object with a list \"keys\"")?;
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(format!("holds {} keys; expected 1 to {MAX_KEYS}", keys.len()));
    }
    keys.iter()
        .enumerate()
        .try_for_each(|(index, key)| check_jwk(key).map_err(|reason| format!("keys[{index}] {reason}")))
}

fn check_jwk(key: &Value) -> Result<(), &'static str> {
    let key = key.as_object().ok_or("is no object")?;
    if PRIVATE.iter().any(|member| key.contains_key(*member)) {
        return Err("holds a private key or a shared secret; expected public keys only");
    }
    if key.get("use").is_some_and(|usage| usage != "sig") {
        return Err("is not for signatures: its \"use\" is not \"sig\"");
    }
    let is_usable = match key.get("kty").and_then(Value::as_str) {
        Some("RSA") => bytes(key, "n").is_some_and(|n| n.len() >= MIN_RSA_BYTES) && bytes(key, "e").is_some(),
        Some("EC") => {
            key.get("crv").is_some_and(|curve| curve == "P-256")
                && ["x", "y"].iter().all(|member| bytes(key, member).is_some_and(|bytes| bytes.len() == 32))
        }
        Some("OKP") => {
            key.get("crv").is_some_and(|curve| curve == "Ed25519")
                && bytes(key, "x").is_some_and(|bytes| bytes.len() == 32)
        }
        _ => false,
    };
    if is_usable { Ok(()) } else { Err("is none of: RSA of 2048 bits or more, EC on P-256, OKP on Ed25519") }
}

fn bytes(key: &Map<String, Value>, member: &str) -> Option<Vec<u8>> {
    let text = key.get(member)?.as_str()?;
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(length: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![0xA5; length])
    }

    fn point() -> Value {
        json!({"kty": "EC", "crv": "P-256", "x": of(32), "y": of(32), "kid": "1", "use": "sig", "alg": "ES256"})
    }

    #[test]
    fn public_keys_of_every_kind_can_be_registered() {
        let rsa = json!({"kty": "RSA", "n": of(256), "e": "AQAB"});
        let pair = json!({"kty": "OKP", "crv": "Ed25519", "x": of(32)});
        assert_eq!(check_jwks(&json!({"keys": [point(), rsa, pair]})), Ok(()));
    }

    #[test]
    fn private_members_are_refused_and_not_shown() {
        for member in PRIVATE {
            let mut key = point();
            key[member] = "hunter2".into();
            let reason = check_jwks(&json!({"keys": [point(), key]})).expect_err("private");
            assert!(
                reason.starts_with("keys[1] holds a private key") && !reason.contains("hunter2"),
                "{reason}"
            );
        }
    }

    #[test]
    fn what_is_no_set_of_usable_keys_is_refused() {
        for jwks in [
            json!(null),
            json!([]),
            json!({}),
            json!({"keys": {}}),
            json!({"keys": []}),
            json!({"keys": vec![point(); MAX_KEYS + 1]}),
            json!({"keys": ["x"]}),
            json!({"keys": [{}]}),
            json!({"keys": [{"kty": "oct"}]}),
            json!({"keys": [{"kty": "RSA", "n": of(128), "e": "AQAB"}]}),
            json!({"keys": [{"kty": "RSA", "n": of(256)}]}),
            json!({"keys": [{"kty": "RSA", "n": "+/==", "e": "AQAB"}]}),
            json!({"keys": [{"kty": "EC", "crv": "P-521", "x": of(66), "y": of(66)}]}),
            json!({"keys": [{"kty": "EC", "crv": "P-256", "x": of(32), "y": of(31)}]}),
            json!({"keys": [{"kty": "OKP", "crv": "X25519", "x": of(32)}]}),
            json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": of(32), "use": "enc"}]}),
        ] {
            assert!(check_jwks(&jwks).is_err(), "{jwks}");
        }
    }
}
