//! JWTs that clients sign with keys of their own (RFC 7523 §3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::domain::client_keys::AssertionAlgorithm;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Invalid, MAX_TOKEN_BYTES, read, split};

/// Fewest bytes of an RSA modulus (RFC 7518 §3.3 asks for 2048 bits).
const MIN_RSA_BYTES: usize = 256;
/// Most keys of a client that are tried.
const MAX_KEYS: usize = 20;

#[derive(Deserialize)]
struct Header {
    alg: AssertionAlgorithm,
    kid: Option<String>,
    crit: Option<Value>,
}

/// The claims, if one of the keys signed them. Only the signature is checked, and that no claim comes twice: all claims are
/// judged by whoever asks, by our clock.
pub(crate) fn verify(token: &str, jwks: &Value) -> Result<Map<String, Value>, Invalid> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Invalid("too long"));
    }
    let header = read_header(token)?;
    let mut refused = Invalid("no key of the client fits");
    let keys = jwks.get("keys").and_then(Value::as_array).into_iter().flatten().take(MAX_KEYS);
    for key in keys.filter_map(|key| usable(key, &header)) {
        match read(token, in_library(header.alg), &key) {
            Ok(claims) => return Ok(claims),
            Err(invalid) => refused = invalid,
        }
    }
    Err(refused)
}

fn read_header(token: &str) -> Result<Header, Invalid> {
    let (first, _) = split(token)?;
    let bytes = URL_SAFE_NO_PAD.decode(first).map_err(|_| Invalid("the header is not base64url"))?;
    let header: Header = serde_json::from_slice(&bytes).map_err(|_| Invalid("no such algorithm"))?;
    if header.crit.is_some() {
        return Err(Invalid("the header demands what nobody here knows (crit)"));
    }
    Ok(header)
}

fn in_library(algorithm: AssertionAlgorithm) -> Algorithm {
    match algorithm {
        AssertionAlgorithm::RS256 => Algorithm::RS256,
        AssertionAlgorithm::RS384 => Algorithm::RS384,
        AssertionAlgorithm::RS512 => Algorithm::RS512,
        AssertionAlgorithm::PS256 => Algorithm::PS256,
        AssertionAlgorithm::ES256 => Algorithm::ES256,
        AssertionAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

/// The key, if it is public, for signatures, strong enough, and of the algorithm's kind (RFC 8725 §3.1).
fn usable(key: &Value, header: &Header) -> Option<DecodingKey> {
    let jwk: Jwk = serde_json::from_value(key.clone()).ok()?;
    let is_for_signatures =
        jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let is_named = header.kid.is_none() || jwk.common.key_id.is_none() || header.kid == jwk.common.key_id;
    let fits = match (&jwk.algorithm, header.alg) {
        (
            AlgorithmParameters::RSA(rsa),
            AssertionAlgorithm::RS256
            | AssertionAlgorithm::RS384
            | AssertionAlgorithm::RS512
            | AssertionAlgorithm::PS256,
        ) => URL_SAFE_NO_PAD.decode(&rsa.n).is_ok_and(|modulus| modulus.len() >= MIN_RSA_BYTES),
        (AlgorithmParameters::EllipticCurve(curve), AssertionAlgorithm::ES256) => {
            curve.curve == EllipticCurve::P256
        }
        (AlgorithmParameters::OctetKeyPair(pair), AssertionAlgorithm::EdDSA) => {
            pair.curve == EllipticCurve::Ed25519
        }
        _ => false,
    };
    let is_of_algorithm =
        jwk.common.key_algorithm.is_none_or(|algorithm| algorithm == in_library(header.alg).into());
    if is_for_signatures && is_named && fits && is_of_algorithm {
        DecodingKey::from_jwk(&jwk).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::EncodingKey;
    use serde_json::json;

    use super::*;
    use crate::testing::{ISSUER, forge};

    /// An ES256 key pair: what signs, and its JWK.
    fn pair() -> (EncodingKey, Value) {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        let jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        (key, serde_json::to_value(jwk).unwrap())
    }

    fn signed(key: &EncodingKey, kid: Option<&str>) -> String {
        let mut header = jsonwebtoken::Header::new(Algorithm::ES256);
        header.kid = kid.map(str::to_owned);
        jsonwebtoken::encode(&header, &json!({"iss": "app", "aud": ISSUER, "exp": 1}), key).unwrap()
    }

    #[test]
    fn a_key_of_the_set_is_found() {
        let ((first, first_jwk), (second, mut second_jwk)) = (pair(), pair());
        second_jwk["kid"] = "two".into();
        let jwks = json!({"keys": [first_jwk, second_jwk, {"kty": "odd"}]});
        for (key, kid) in [(&first, None), (&first, Some("any")), (&second, None), (&second, Some("two"))] {
            let claims = verify(&signed(key, kid), &jwks).unwrap();
            assert_eq!(claims["iss"], "app");
        }
        assert!(verify(&signed(&second, Some("three")), &jwks).is_err());
        assert!(verify(&signed(&pair().0, None), &jwks).is_err());
        assert!(verify(&signed(&first, None), &json!({})).is_err());
    }

    #[test]
    fn shared_keys_weak_keys_and_unsigned_tokens_are_refused() {
        let secret = b"0123456789abcdef0123456789abcdef";
        let jwks = json!({"keys": [{"kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret)}, pair().1]});
        let hmac = jsonwebtoken::encode(
            &jsonwebtoken::Header::new(Algorithm::HS256),
            &json!({"iss": "app"}),
            &EncodingKey::from_secret(secret),
        );
        assert!(verify(&hmac.unwrap(), &jwks).is_err());
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"ES256","crit":["b64"]}"#, "{}", "no"] {
            assert!(verify(&forge(header, r#"{"iss":"app"}"#, |_| vec![0; 64]), &jwks).is_err(), "{header}");
        }
    }

    #[test]
    fn a_key_for_encryption_or_another_algorithm_is_passed_over() {
        let (key, jwk) = pair();
        for (name, value) in [("use", "enc"), ("alg", "ES384")] {
            let mut other = jwk.clone();
            other[name] = value.into();
            assert!(verify(&signed(&key, None), &json!({"keys": [other]})).is_err(), "{name}");
        }
    }
}
