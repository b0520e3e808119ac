use super::*;
use crate::testing::{at, sealer};
use aws_lc_rs::signature::{
    ED25519, KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

fn row(private: &PrivateKey) -> SigningKey {
    private.to_row(sealer(1).as_ref(), at(0)).unwrap()
}

fn bytes(jwk: &Value, member: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap()
}

/// Checks a signature with AWS-LC alone against the published members.
fn independent(jwk: &Value, message: &[u8], signature: &[u8]) -> bool {
    match jwk["kty"].as_str().unwrap() {
        "EC" => {
            let point = [vec![4], bytes(jwk, "x"), bytes(jwk, "y")].concat();
            let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED;
            UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
        }
        "OKP" => UnparsedPublicKey::new(&ED25519, bytes(jwk, "x")).verify(message, signature).is_ok(),
        _ => RsaPublicKeyComponents { n: bytes(jwk, "n"), e: bytes(jwk, "e") }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok(),
    }
}

#[test]
fn what_a_stored_key_signs_verifies_against_its_published_key() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
        let row = row(&PrivateKey::generate(algorithm).unwrap());
        let signing = signing_part(&row, sealer(1).as_ref()).unwrap();
        let (_, published) = public_part(&row).unwrap();
        assert_eq!(published["kid"], row.kid);
        assert_eq!(published["alg"], algorithm.as_str());
        assert_eq!(published["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
            assert_eq!(published.get(private), None, "{private}");
        }
        let text = jsonwebtoken::crypto::sign(b"message", &signing, library_algorithm(algorithm)).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(text).unwrap();
        assert!(independent(&published, b"message", &signature), "{algorithm}");
        assert!(!independent(&published, b"massage", &signature), "{algorithm}");
    }
}

#[test]
fn private_members_in_a_row_are_never_published() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
        let mut row = row(&PrivateKey::generate(algorithm).unwrap());
        row.public_jwk["d"] = "c2VjcmV0".into();
        let (_, published) = public_part(&row).unwrap();
        assert_eq!(published.get("d"), None);
    }
}

#[test]
fn kids_are_thumbprints() {
    // RFC 8037 appendix A.1 and A.3: the key and its thumbprint.
    let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    assert_eq!(
        URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    );
    let document = pair.to_pkcs8v1().unwrap();
    let key = PrivateKey { algorithm: Algorithm::EdDSA, pkcs8: Zeroizing::new(document.as_ref().to_vec()) };
    assert_eq!(row(&key).kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn every_usual_pem_form_is_read() {
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let sec1 = AsDer::as_der(&ec.private_key()).unwrap().as_ref().to_vec();
    let curve = pem::encode(&pem::Pem::new("EC PARAMETERS", hex::decode("06082a8648ce3d030107").unwrap()));
    let cases = [
        (pem::encode(&pem::Pem::new("PRIVATE KEY", ec.to_pkcs8v1().unwrap().as_ref())), Algorithm::ES256),
        (curve + &pem::encode(&pem::Pem::new("EC PRIVATE KEY", sec1)), Algorithm::ES256),
        (
            pem::encode(&pem::Pem::new(
                "PRIVATE KEY",
                PrivateKey::generate(Algorithm::EdDSA).unwrap().pkcs8.to_vec(),
            )),
            Algorithm::EdDSA,
        ),
        (
            pem::encode(&pem::Pem::new(
                "PRIVATE KEY",
                PrivateKey::generate(Algorithm::RS256).unwrap().pkcs8.to_vec(),
            )),
            Algorithm::RS256,
        ),
    ];
    for (text, algorithm) in cases {
        let key = PrivateKey::from_pem(&text).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        signing_part(&row(&key), sealer(1).as_ref()).unwrap();
    }
}

#[test]
fn the_two_forms_of_one_rsa_key_are_one_key() {
    let key = PrivateKey::generate(Algorithm::RS256).unwrap();
    let pkcs1 = encoding_key(Algorithm::RS256, &key.pkcs8).unwrap().as_bytes().to_vec();
    let text = pem::encode(&pem::Pem::new("RSA PRIVATE KEY", pkcs1));
    assert_eq!(row(&PrivateKey::from_pem(&text).unwrap()).kid, row(&key).kid);
}

#[test]
fn other_files_are_refused_with_a_reason() {
    let p384 = EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let block = |tag: &str, bytes: &[u8]| pem::encode(&pem::Pem::new(tag, bytes));
    for (text, expected) in [
        (String::new(), PemRefused::NoPrivateKey),
        ("hello".to_owned(), PemRefused::NoPrivateKey),
        (block("PUBLIC KEY", b"x"), PemRefused::NoPrivateKey),
        (block("ENCRYPTED PRIVATE KEY", b"x"), PemRefused::Encrypted),
        (block("PRIVATE KEY", b"x"), PemRefused::Unsupported),
        (block("PRIVATE KEY", p384.to_pkcs8v1().unwrap().as_ref()), PemRefused::Unsupported),
    ] {
        assert_eq!(PrivateKey::from_pem(&text).err(), Some(expected), "{text}");
    }
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let good = row(&PrivateKey::generate(Algorithm::ES256).unwrap());
    let other = row(&PrivateKey::generate(Algorithm::ES256).unwrap());
    assert!(signing_part(&good, sealer(2).as_ref()).is_err(), "another master key");
    let swapped = SigningKey { sealed_private: other.sealed_private.clone(), ..good.clone() };
    assert!(signing_part(&swapped, sealer(1).as_ref()).is_err(), "a private key of another row");
    let mixed = SigningKey { public_jwk: other.public_jwk.clone(), ..good.clone() };
    assert!(signing_part(&mixed, sealer(1).as_ref()).is_err(), "a public key of another row");
    for algorithm in [Algorithm::RS256, Algorithm::EdDSA, Algorithm::HS256] {
        assert!(public_part(&SigningKey { algorithm, ..good.clone() }).is_err());
    }
    let weak = SigningKey {
        algorithm: Algorithm::RS256,
        public_jwk: serde_json::json!({"kty": "RSA", "n": "A".repeat(171), "e": "AQAB"}),
        ..good
    };
    assert!(public_part(&weak).unwrap_err().to_string().contains("2048"));
}
