//! Keys: those that sign ID tokens, and the one that Apple's clients sign with.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::{agreement, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::Value;

/// Known to everybody, as they protect nothing: making RSA keys takes seconds in a debug build.
const PEMS: [&str; 3] = [include_str!("0.pem"), include_str!("1.pem"), include_str!("2.pem")];
/// The key that is never published.
const FOREIGN_PEM: &str = include_str!("foreign.pem");

/// The key that signs SAML responses, and its certificate, valid for a hundred years.
const SAML_PEM: &str = include_str!("saml.pem");
const SAML_CERTIFICATE: &str = include_str!("saml-certificate.pem");

/// A key pair that signs ID tokens.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) encoding: EncodingKey,
    pub(crate) jwk: Value,
}

static POOL: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    PEMS.iter().enumerate().filter_map(|(number, pem)| SigningKey::read(number, pem)).collect()
});

static FOREIGN: LazyLock<Option<SigningKey>> = LazyLock::new(|| SigningKey::read(PEMS.len(), FOREIGN_PEM));

impl SigningKey {
    fn read(number: usize, pem: &str) -> Option<Self> {
        let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).ok()?;
        let mut jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256).ok()?;
        let kid = format!("dev-{number}");
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(Self { kid, encoding, jwk: serde_json::to_value(jwk).ok()? })
    }
}

/// The key after that many rotations.
pub(crate) fn signing(generation: usize) -> Option<&'static SigningKey> {
    POOL.get(generation % PEMS.len())
}

/// A key that nobody published.
pub(crate) fn foreign() -> Option<&'static SigningKey> {
    FOREIGN.as_ref()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for start in (0..text.len()).step_by(64) {
        pem.push_str(&text[start..text.len().min(start + 64)]);
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

fn apple_pair() -> Option<agreement::PrivateKey> {
    // The same for everybody, so that an example configuration can hold it: it protects nothing.
    let scalar = digest(&SHA256, b"doorward dev-idp: the key of Apple's client");
    agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, scalar.as_ref()).ok()
}

/// The private key (`.p8`) that Apple would have given the client.
pub(crate) fn apple_private_pem() -> Option<String> {
    let der: Pkcs8V1Der<'_> = apple_pair()?.as_der().ok()?;
    Some(pem(der.as_ref()))
}

/// What Apple verifies client secrets with.
pub(crate) fn apple_verifying() -> Option<DecodingKey> {
    let public = apple_pair()?.compute_public_key().ok()?;
    let point = public.as_ref();
    // An uncompressed point: 4, x, y.
    let (x, y) = point.get(1..)?.split_at_checked(32)?;
    DecodingKey::from_ec_components(&URL_SAFE_NO_PAD.encode(x), &URL_SAFE_NO_PAD.encode(y)).ok()
}

/// The certificate of SAML's key, as metadata has it: base64 of DER.
pub(crate) fn saml_certificate() -> String {
    body(SAML_CERTIFICATE)
}

/// SAML's private key, or the one that is never published, as DER.
pub(crate) fn saml_private_der(is_foreign: bool) -> Option<Vec<u8>> {
    STANDARD.decode(body(if is_foreign { FOREIGN_PEM } else { SAML_PEM })).ok()
}

/// What is between the lines of a PEM text.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

/// The left half of SHA-256, as `at_hash` has it (OIDC Core §3.1.3.6).
pub(crate) fn half_hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
}

/// `S256` of a PKCE verifier (RFC 7636 §4.2).
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// `appsecret_proof`: hex HMAC-SHA-256 of the access token under the app's secret.
pub(crate) fn proof(secret: &str, access_token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex::encode(hmac::sign(&key, access_token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_can_be_read() {
        assert_eq!(POOL.len(), PEMS.len());
        let kids: std::collections::BTreeSet<&str> = POOL.iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(kids.len(), PEMS.len());
        assert!(foreign().is_some() && apple_private_pem().is_some() && apple_verifying().is_some());
    }
}
