//! Key material: made, imported from PEM, taken from its stored form.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use doorward_core::domain::error::Error;
use doorward_core::domain::key::{Algorithm, SigningKey};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::sealer::Sealer;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey};
use zeroize::Zeroizing;

use crate::token::library_algorithm;

/// Fewest bytes of an RSA modulus (RFC 7518 §3.3 asks for 2048 bits).
const MIN_RSA_BYTES: usize = 256;
/// Most bytes of an RSA modulus that the verifier takes.
const MAX_RSA_BYTES: usize = 1024;

/// Why a PEM file is no signing key. Never shows key material.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum PemRefused {
    #[error("not PEM")]
    NotPem,
    #[error("the PEM file holds no private key (expected PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY)")]
    NoPrivateKey,
    #[error("the private key is encrypted; decrypt it first (openssl pkey -in FILE)")]
    Encrypted,
    #[error("expected an RSA key of 2048 to 8192 bits, a P-256 key or an Ed25519 key")]
    Unsupported,
    #[error("the RSA key is weaker than 2048 bits")]
    Weak,
}

/// A private key in PKCS#8 (RFC 5208), with the one algorithm it serves.
pub(crate) struct PrivateKey {
    algorithm: Algorithm,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl PrivateKey {
    /// A new key. RSA takes a noticeable part of a second: call it on a blocking thread.
    ///
    /// # Errors
    /// Internal for HS256, whose keys belong to clients, and when the generator fails.
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        let failed = |_| Error::internal(format!("cannot make a key for {algorithm}"));
        let pkcs8 = match algorithm {
            Algorithm::ES256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|key| key.to_pkcs8v1())
                .map_err(failed)?
                .as_ref()
                .to_vec(),
            Algorithm::EdDSA => {
                Ed25519KeyPair::generate().and_then(|key| key.to_pkcs8v1()).map_err(failed)?.as_ref().to_vec()
            }
            Algorithm::RS256 => rsa_pkcs8(&RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?)
                .ok_or_else(|| failed(aws_lc_rs::error::Unspecified))?,
            Algorithm::HS256 => {
                return Err(Error::internal("HS256 keys belong to clients; there is none to make"));
            }
        };
        Ok(Self { algorithm, pkcs8: Zeroizing::new(pkcs8) })
    }

    /// Reads PKCS#8, PKCS#1 (RSA) or SEC1 (EC) PEM; other blocks, such as `EC PARAMETERS`, are passed over.
    pub(crate) fn from_pem(text: &str) -> Result<Self, PemRefused> {
        let blocks = pem::parse_many(text).map_err(|_| PemRefused::NotPem)?;
        let block = blocks
            .into_iter()
            .find(|block| block.tag().ends_with("PRIVATE KEY"))
            .ok_or(PemRefused::NoPrivateKey)?;
        let is_encrypted = block.tag() == "ENCRYPTED PRIVATE KEY"
            || block.headers().iter().any(|(name, _)| name == "Proc-Type" || name == "DEK-Info");
        if is_encrypted {
            return Err(PemRefused::Encrypted);
        }
        let tag = block.tag().to_owned();
        let der = Zeroizing::new(block.into_contents());
        let rsa = match tag.as_str() {
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
            _ => RsaKeyPair::from_pkcs8(&der),
        };
        if let Ok(key) = rsa {
            return match key.public_modulus_len() {
                MIN_RSA_BYTES..=MAX_RSA_BYTES => rsa_pkcs8(&key)
                    .map(|pkcs8| Self { algorithm: Algorithm::RS256, pkcs8: Zeroizing::new(pkcs8) })
                    .ok_or(PemRefused::Unsupported),
                0..MIN_RSA_BYTES => Err(PemRefused::Weak),
                _ => Err(PemRefused::Unsupported),
            };
        }
        let (algorithm, document) =
            EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
                .and_then(|key| Ok((Algorithm::ES256, key.to_pkcs8v1()?)))
                .or_else(|_| {
                    Ed25519KeyPair::from_pkcs8(&der).and_then(|key| Ok((Algorithm::EdDSA, key.to_pkcs8v1()?)))
                })
                .map_err(
                    |_| if tag.starts_with("RSA") { PemRefused::Weak } else { PemRefused::Unsupported },
                )?;
        Ok(Self { algorithm, pkcs8: Zeroizing::new(document.as_ref().to_vec()) })
    }

    /// Its algorithm.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The row to store: `kid` = RFC 7638 thumbprint, no `signs_from` yet.
    ///
    /// # Errors
    /// Internal when the public part cannot be derived.
    pub(crate) fn to_row(&self, sealer: &dyn Sealer, now: Timestamp) -> Result<SigningKey, Error> {
        let signing = encoding_key(self.algorithm, &self.pkcs8)?;
        let algorithm = library_algorithm(self.algorithm);
        let mut jwk = Jwk::from_encoding_key(&signing, algorithm).map_err(Error::internal)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(Error::internal)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(SigningKey {
            sealed_private: sealer.seal(&place(&kid), &self.pkcs8),
            public_jwk: serde_json::to_value(&jwk).map_err(Error::internal)?,
            kid,
            algorithm: self.algorithm,
            created_at: now,
            signs_from: None,
            retired_at: None,
        })
    }
}

fn rsa_pkcs8(key: &RsaKeyPair) -> Option<Vec<u8>> {
    AsDer::as_der(key).ok().map(|der| der.as_ref().to_vec())
}

/// Where the private part is sealed for.
fn place(kid: &str) -> String {
    format!("signing_keys/{kid}/sealed_private")
}

/// Unseals the private part of a row and makes it ready to sign.
///
/// # Errors
/// Internal: another master key, a damaged row, or an algorithm without stored keys.
pub(crate) fn signing_part(row: &SigningKey, sealer: &dyn Sealer) -> Result<EncodingKey, Error> {
    let pkcs8 = sealer.open(&place(&row.kid), &row.sealed_private)?;
    let key = encoding_key(row.algorithm, pkcs8.expose())?;
    let own = Jwk::from_encoding_key(&key, library_algorithm(row.algorithm))
        .map_err(|_| broken(&row.kid, "the private key does not parse"))?;
    let published: Jwk = serde_json::from_value(row.public_jwk.clone())
        .map_err(|_| broken(&row.kid, "the public key does not parse"))?;
    if own.algorithm != published.algorithm {
        return Err(broken(&row.kid, "private and public key differ"));
    }
    Ok(key)
}

/// The public part of a row, ready to verify, and its JWK as published: named members only, never private ones.
///
/// # Errors
/// Internal: a damaged row, a weak key, or one of another kind than the row says.
pub(crate) fn public_part(row: &SigningKey) -> Result<(DecodingKey, serde_json::Value), Error> {
    let refuse = |why| broken(&row.kid, why);
    let mut jwk: Jwk = serde_json::from_value(row.public_jwk.clone())
        .map_err(|_| refuse("the public key does not parse"))?;
    let fits = matches!(
        (row.algorithm, &jwk.algorithm),
        (Algorithm::ES256, AlgorithmParameters::EllipticCurve(_))
            | (Algorithm::EdDSA, AlgorithmParameters::OctetKeyPair(_))
            | (Algorithm::RS256, AlgorithmParameters::RSA(_))
    );
    if !fits {
        return Err(refuse("the key is not of its algorithm's kind"));
    }
    if let AlgorithmParameters::RSA(rsa) = &jwk.algorithm {
        // Four characters hold three bytes.
        if rsa.n.len() < MIN_RSA_BYTES * 4 / 3 {
            return Err(refuse("the RSA key is weaker than 2048 bits"));
        }
    }
    jwk.common.key_id = Some(row.kid.clone());
    jwk.common.key_algorithm = Some(library_algorithm(row.algorithm).into());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    let verifying = DecodingKey::from_jwk(&jwk).map_err(|_| refuse("the public key does not parse"))?;
    let published = serde_json::to_value(&jwk).map_err(Error::internal)?;
    Ok((verifying, published))
}

fn broken(kid: &str, why: &str) -> Error {
    Error::internal(format!("signing key {kid}: {why}"))
}

/// The library's private key. Its RSA constructor wants what is inside PKCS#8, which its PEM reader takes out.
fn encoding_key(algorithm: Algorithm, pkcs8: &[u8]) -> Result<EncodingKey, Error> {
    match algorithm {
        Algorithm::ES256 => Ok(EncodingKey::from_ec_der(pkcs8)),
        Algorithm::EdDSA => Ok(EncodingKey::from_ed_der(pkcs8)),
        Algorithm::RS256 => {
            let text = Zeroizing::new(pem::encode(&pem::Pem::new("PRIVATE KEY", pkcs8)));
            EncodingKey::from_rsa_pem(text.as_bytes()).map_err(Error::internal)
        }
        Algorithm::HS256 => Err(Error::internal("HS256 keys are not stored as signing keys")),
    }
}

#[cfg(test)]
mod tests;
