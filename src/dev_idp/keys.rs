//! Keys: those that sign ID tokens, and the one that Apple's clients sign with.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::{agreement, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::Value;

/// How many keys there are: after the last comes the first again.
const KEYS: usize = 3;
/// The key that is never published.
const FOREIGN: usize = KEYS;

/// A key pair that signs ID tokens.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) encoding: EncodingKey,
    pub(crate) jwk: Value,
}

/// Made when first used: a test that signs nothing pays nothing.
static POOL: [LazyLock<Option<SigningKey>>; KEYS + 1] = [
    LazyLock::new(|| SigningKey::generate(0)),
    LazyLock::new(|| SigningKey::generate(1)),
    LazyLock::new(|| SigningKey::generate(2)),
    LazyLock::new(|| SigningKey::generate(FOREIGN)),
];

impl SigningKey {
    fn generate(number: usize) -> Option<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let encoding = EncodingKey::from_rsa_pem(pkcs8_pem(&pair)?.as_bytes()).ok()?;
        let mut jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256).ok()?;
        let kid = format!("dev-{number}");
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(Self { kid, encoding, jwk: serde_json::to_value(jwk).ok()? })
    }
}

/// The key after that many rotations.
pub(crate) fn signing(generation: usize) -> Option<&'static SigningKey> {
    POOL[generation % KEYS].as_ref()
}

/// A key that nobody published.
pub(crate) fn foreign() -> Option<&'static SigningKey> {
    POOL[FOREIGN].as_ref()
}

fn pkcs8_pem(pair: &KeyPair) -> Option<String> {
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    Some(pem(der.as_ref()))
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
