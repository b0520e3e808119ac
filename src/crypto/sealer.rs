//! Sealing of secrets at rest: AES-256-GCM (NIST SP 800-38D) under the master key.
//!
//! Layout: one byte of format version, 12 bytes of nonce, then ciphertext and tag. The place is associated data.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use doorward_core::domain::error::Error;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::sealer::Sealer;
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
const KEY_BYTES: usize = 32;
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Why a text is no master key. Does not show the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// Some character is not base64.
    #[error("the master key is not base64: expected base64 of exactly 32 bytes")]
    NotBase64,
    /// Decodes to another number of bytes.
    #[error("the master key has {0} bytes: expected base64 of exactly 32 bytes")]
    Length(usize),
}

/// The 32 bytes that every sealed value hangs on. Several nodes on one database share it.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    /// Takes the bytes in.
    #[must_use]
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh one.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// Reads base64, standard or URL-safe, with or without padding; white space around it does not count.
    ///
    /// # Errors
    /// When it is not base64 of exactly 32 bytes.
    pub fn parse_base64(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let bytes = STANDARD
            .decode(text)
            .or_else(|_| URL_SAFE.decode(text))
            .map(Zeroizing::new)
            .map_err(|_| MasterKeyError::NotBase64)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if bytes.len() != KEY_BYTES {
            return Err(MasterKeyError::Length(bytes.len()));
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// The form [`MasterKey::parse_base64`] reads.
    #[must_use]
    pub fn to_base64(&self) -> Secret<String> {
        Secret::new(STANDARD.encode(self.0.as_ref()))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// AES-256-GCM with random 96-bit nonces.
///
/// # Security
/// Random nonces are safe for 2^32 values under one key (NIST SP 800-38D §8.3): far more than keys and TOTP secrets.
pub struct AesGcmSealer {
    key: LessSafeKey,
    entropy: Arc<dyn Entropy>,
}

impl AesGcmSealer {
    /// Seals under `master`, with nonces from `entropy`.
    #[must_use]
    pub fn new(master: &MasterKey, entropy: Arc<dyn Entropy>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, master.0.as_ref())
            .expect("a master key has the 32 bytes that AES-256 takes");
        Self { key: LessSafeKey::new(key), entropy }
    }
}

impl Sealer for AesGcmSealer {
    fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        self.entropy.fill(&mut nonce);
        let mut body = Zeroizing::new(plain.to_vec());
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                body.as_mut(),
            )
            .expect("AES-GCM seals anything shorter than 64 GiB, and no column is that long");
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + body.len() + tag.as_ref().len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    fn open(&self, place: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, Error> {
        let refuse = |why: &str| Error::internal(format!("cannot unseal {place}: {why}"));
        let (version, rest) = sealed.split_first().ok_or_else(|| refuse("the value is empty"))?;
        if *version != FORMAT {
            return Err(refuse("unknown format version"));
        }
        let (nonce, body) =
            rest.split_first_chunk::<NONCE_LEN>().ok_or_else(|| refuse("the value is cut off"))?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place.as_bytes()),
                body.as_mut_slice(),
            )
            .map_err(|_| refuse("sealed with another master key, for another place, or damaged"))?
            .len();
        body.truncate(length);
        Ok(Secret::new(std::mem::take(&mut *body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;
    use doorward_core::domain::error::ErrorKind;

    fn sealer(byte: u8) -> AesGcmSealer {
        AesGcmSealer::new(&MasterKey::new([byte; 32]), Arc::new(SystemEntropy))
    }

    #[test]
    fn opens_what_it_sealed_and_never_seals_alike() {
        let sealer = sealer(7);
        for plain in [&b""[..], b"x", &[9; 5000]] {
            let kept = sealer.seal("t/1/c", plain);
            assert_eq!(kept.len(), 1 + 12 + plain.len() + 16);
            assert_ne!(kept, sealer.seal("t/1/c", plain));
            assert_eq!(sealer.open("t/1/c", &kept).unwrap().expose(), plain);
        }
    }

    #[test]
    fn refuses_other_key_place_version_and_any_flipped_bit() {
        let kept = sealer(7).seal("t/1/c", b"the secret");
        let refused = |result: Result<Secret<Vec<u8>>, Error>| {
            let error = result.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Internal);
            assert!(!error.to_string().contains("secret"));
        };
        refused(sealer(8).open("t/1/c", &kept));
        refused(sealer(7).open("t/2/c", &kept));
        refused(sealer(7).open("t/1/c", &[]));
        for at in 0..kept.len() {
            refused(sealer(7).open("t/1/c", &kept[..at]));
            let mut bent = kept.clone();
            bent[at] ^= 1;
            refused(sealer(7).open("t/1/c", &bent));
        }
    }

    #[test]
    fn agrees_with_a_published_vector() {
        // NIST GCM test case 14: 256-bit zero key, zero nonce, 16 zero bytes, no associated data.
        struct Zero;
        impl Entropy for Zero {
            fn fill(&self, out: &mut [u8]) {
                out.fill(0);
            }
        }
        let sealer = AesGcmSealer::new(&MasterKey::new([0; 32]), Arc::new(Zero));
        let kept = sealer.seal("", &[0; 16]);
        assert_eq!(
            hex::encode(&kept[13..]),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        );
    }

    #[test]
    fn master_keys_are_exactly_32_bytes_of_base64() {
        let key = MasterKey::new([0xfb; 32]);
        let text = key.to_base64();
        assert_eq!(MasterKey::parse_base64(&format!(" {}\n", text.expose())).unwrap().0, key.0);
        let url_safe = text.expose().replace('+', "-").replace('/', "_").replace('=', "");
        assert_eq!(MasterKey::parse_base64(&url_safe).unwrap().0, key.0);
        assert_eq!(MasterKey::parse_base64("AAAA").unwrap_err(), MasterKeyError::Length(3));
        assert_eq!(MasterKey::parse_base64("no base64!").unwrap_err(), MasterKeyError::NotBase64);
        assert_eq!(MasterKey::parse_base64("").unwrap_err(), MasterKeyError::Length(0));
        assert_eq!(format!("{key:?}"), "[redacted]");
    }
}
