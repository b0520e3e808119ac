//! Private keys are parsed once in a thread: the library by itself parses them for every signature, which takes longer than an
//! ES256 signature, and twice as long again as one with RS256, whose key is also proved to be sound.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{LazyLock, Once};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{self, Signer};
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};

/// Most keys that a thread remembers; there are two of an algorithm, and they change once in months.
const MAX_KEYS: usize = 16;

static PROVIDER: LazyLock<CryptoProvider> =
    LazyLock::new(|| CryptoProvider { signer_factory: parsed, ..DEFAULT_PROVIDER.clone() });

thread_local! {
    static SIGNERS: RefCell<HashMap<Name, Parsed>> = RefCell::new(HashMap::new());
}

/// Algorithm and SHA-256 of a key.
type Name = (Algorithm, [u8; 32]);

/// A signer that is shared within its thread.
#[derive(Clone)]
struct Parsed(Rc<dyn JwtSigner>);

impl Signer<Vec<u8>> for Parsed {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        self.0.try_sign(message)
    }
}

impl JwtSigner for Parsed {
    fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }
}

/// RS256. The library's own signer keeps the key as text, however long it lives.
struct Rs256(RsaKeyPair);

impl Rs256 {
    fn parse(key: &EncodingKey) -> jsonwebtoken::errors::Result<Self> {
        if key.family() != AlgorithmFamily::Rsa {
            return Err(ErrorKind::InvalidKeyFormat.into());
        }
        let pair = RsaKeyPair::from_der(key.as_bytes());
        pair.map(Self).map_err(|error| ErrorKind::InvalidRsaKey(error.to_string()).into())
    }
}

impl Signer<Vec<u8>> for Rs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(signature::Error::from_source)?;
        Ok(signature)
    }
}

impl JwtSigner for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

/// Makes the library remember keys in this process.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        if PROVIDER.install_default().is_err() {
            tracing::warn!(event = "signing_keys_are_parsed_each_time");
        }
    });
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the library's signature")]
fn parsed(algorithm: &Algorithm, key: &EncodingKey) -> jsonwebtoken::errors::Result<Box<dyn JwtSigner>> {
    if key.family() == AlgorithmFamily::Hmac {
        // Of many clients, and with nothing to parse.
        return (DEFAULT_PROVIDER.signer_factory)(algorithm, key);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
    let name = (*algorithm, hash);
    if let Some(known) = SIGNERS.with_borrow(|signers| signers.get(&name).cloned()) {
        return Ok(Box::new(known));
    }
    let signer = Parsed(match algorithm {
        Algorithm::RS256 => Rc::new(Rs256::parse(key)?),
        _ => (DEFAULT_PROVIDER.signer_factory)(algorithm, key)?.into(),
    });
    SIGNERS.with_borrow_mut(|signers| {
        if signers.len() >= MAX_KEYS {
            signers.clear();
        }
        signers.insert(name, signer.clone());
    });
    Ok(Box::new(signer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> EncodingKey {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref())
    }

    fn remembered() -> usize {
        SIGNERS.with_borrow(HashMap::len)
    }

    #[test]
    fn a_key_is_parsed_once_and_never_taken_for_another() {
        let (one, other) = (key(), key());
        for _ in 0..3 {
            assert_eq!(parsed(&Algorithm::ES256, &one).unwrap().algorithm(), Algorithm::ES256);
        }
        assert_eq!(remembered(), 1);
        assert!(parsed(&Algorithm::ES256, &other).is_ok());
        assert_eq!(remembered(), 2);
        assert!(parsed(&Algorithm::RS256, &one).is_err(), "not a key of that algorithm");
        assert!(parsed(&Algorithm::HS256, &EncodingKey::from_secret(b"secret")).is_ok());
        assert_eq!(remembered(), 2);
        for _ in 0..MAX_KEYS {
            assert!(parsed(&Algorithm::ES256, &key()).is_ok());
        }
        assert!(remembered() <= MAX_KEYS);
    }
}
