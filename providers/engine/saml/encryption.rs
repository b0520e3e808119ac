//! Encrypted assertions (XML Encryption 1.1): RSA-OAEP around an AES key.
//!
//! samael knows AES-128 alone and panics on short ciphertexts, so the few steps are taken here, with OpenSSL's primitives.
//! RSA PKCS #1 v1.5 is never accepted (Bleichenbacher). AES-CBC without a signature around it can be decrypted by whoever
//! may ask often enough whether his forgery was well-formed, so it is only looked at inside a signed response. Whatever
//! fails from the key to the last octet is one and the same refusal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::ProviderError;
use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Padding;
use openssl::symm::{self, Cipher, Crypter, Mode};
use roxmltree::Node;

use super::xml::{ENCRYPTION, ENCRYPTION_11, SIGNATURE, attribute, child, required, text, untrusted};

const GCM_NONCE: usize = 12;
const GCM_TAG: usize = 16;
const BLOCK: usize = 16;

/// How the assertion itself is encrypted.
#[derive(Clone, Copy)]
enum Content {
    Gcm(Cipher),
    Cbc(Cipher),
}

impl Content {
    fn parse(algorithm: &str) -> Option<Self> {
        Some(match algorithm {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Self::Gcm(Cipher::aes_128_gcm()),
            "http://www.w3.org/2009/xmlenc11#aes192-gcm" => Self::Gcm(Cipher::aes_192_gcm()),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Self::Gcm(Cipher::aes_256_gcm()),
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Self::Cbc(Cipher::aes_128_cbc()),
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc" => Self::Cbc(Cipher::aes_192_cbc()),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Self::Cbc(Cipher::aes_256_cbc()),
            _ => return None,
        })
    }
}

/// The hashes of RSA-OAEP.
struct Oaep {
    digest: MessageDigest,
    mask: MessageDigest,
}

/// What an `EncryptedAssertion` says, before anything is decrypted.
struct Parts {
    content: Content,
    wrapped_key: Vec<u8>,
    oaep: Oaep,
    ciphertext: Vec<u8>,
}

/// The assertion as text. `is_authentic`: a signature over the ciphertext has been verified.
///
/// # Errors
/// Untrusted.
pub(super) fn decrypt(
    encrypted: Node<'_, '_>,
    key: &PKey<Private>,
    is_authentic: bool,
) -> Result<Secret<String>, ProviderError> {
    let parts = read(encrypted)?;
    if matches!(parts.content, Content::Cbc(_)) && !is_authentic {
        return Err(untrusted(
            "AES-CBC in an unsigned response: let the identity provider sign the response, or encrypt with AES-GCM",
        ));
    }
    let refused = || untrusted("the assertion cannot be decrypted");
    let content_key = Secret::new(unwrap_key(key, &parts).map_err(|_| refused())?);
    let plain = match parts.content {
        Content::Gcm(cipher) => open_gcm(cipher, content_key.expose(), &parts.ciphertext),
        Content::Cbc(cipher) => open_cbc(cipher, content_key.expose(), &parts.ciphertext),
    };
    let plain = plain.and_then(|plain| String::from_utf8(plain).ok()).ok_or_else(refused)?;
    Ok(Secret::new(plain))
}

fn read(encrypted: Node<'_, '_>) -> Result<Parts, ProviderError> {
    let data = required(encrypted, ENCRYPTION, "EncryptedData")?;
    let info = required(data, SIGNATURE, "KeyInfo")?;
    let wrapped = match child(info, ENCRYPTION, "EncryptedKey")? {
        Some(inside) => inside,
        None => required(encrypted, ENCRYPTION, "EncryptedKey")?,
    };
    let method = attribute(required(data, ENCRYPTION, "EncryptionMethod")?, "Algorithm")?;
    let content = Content::parse(method)
        .ok_or_else(|| untrusted("assertions must be encrypted with AES-GCM or AES-CBC"))?;
    Ok(Parts {
        content,
        wrapped_key: cipher_value(wrapped)?,
        oaep: key_method(required(wrapped, ENCRYPTION, "EncryptionMethod")?)?,
        ciphertext: cipher_value(data)?,
    })
}

fn cipher_value(node: Node<'_, '_>) -> Result<Vec<u8>, ProviderError> {
    let value = required(required(node, ENCRYPTION, "CipherData")?, ENCRYPTION, "CipherValue")?;
    let bare: String = text(value)?.split_ascii_whitespace().collect();
    STANDARD.decode(bare).map_err(|_| untrusted("a ciphertext that is no base64"))
}

/// RSA-OAEP (XML Encryption 1.1 §5.5.2), with SHA-1 and MGF1 of SHA-1 where nothing else is said.
fn key_method(method: Node<'_, '_>) -> Result<Oaep, ProviderError> {
    let other = || untrusted("the key must be encrypted with RSA-OAEP");
    let digest = child(method, SIGNATURE, "DigestMethod")?;
    let digest = match digest.map(|node| attribute(node, "Algorithm")).transpose()? {
        None | Some("http://www.w3.org/2000/09/xmldsig#sha1") => MessageDigest::sha1(),
        Some("http://www.w3.org/2001/04/xmlenc#sha256") => MessageDigest::sha256(),
        Some("http://www.w3.org/2001/04/xmldsig-more#sha384") => MessageDigest::sha384(),
        Some("http://www.w3.org/2001/04/xmlenc#sha512") => MessageDigest::sha512(),
        Some(_) => return Err(other()),
    };
    let mask = child(method, ENCRYPTION_11, "MGF")?;
    let mask = match mask.map(|node| attribute(node, "Algorithm")).transpose()? {
        None | Some("http://www.w3.org/2009/xmlenc11#mgf1sha1") => MessageDigest::sha1(),
        Some("http://www.w3.org/2009/xmlenc11#mgf1sha256") => MessageDigest::sha256(),
        Some("http://www.w3.org/2009/xmlenc11#mgf1sha384") => MessageDigest::sha384(),
        Some("http://www.w3.org/2009/xmlenc11#mgf1sha512") => MessageDigest::sha512(),
        Some(_) => return Err(other()),
    };
    let has_label = child(method, ENCRYPTION, "OAEPparams")?.is_some();
    match attribute(method, "Algorithm")? {
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" if !has_label => {
            Ok(Oaep { digest, mask: MessageDigest::sha1() })
        }
        "http://www.w3.org/2009/xmlenc11#rsa-oaep" if !has_label => Ok(Oaep { digest, mask }),
        _ => Err(other()),
    }
}

fn unwrap_key(key: &PKey<Private>, parts: &Parts) -> Result<Vec<u8>, ErrorStack> {
    let mut decrypter = Decrypter::new(key)?;
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    decrypter.set_rsa_oaep_md(parts.oaep.digest)?;
    decrypter.set_rsa_mgf1_md(parts.oaep.mask)?;
    let mut plain = vec![0; decrypter.decrypt_len(&parts.wrapped_key)?];
    let length = decrypter.decrypt(&parts.wrapped_key, &mut plain)?;
    plain.truncate(length);
    Ok(plain)
}

/// Nonce, ciphertext, tag (XML Encryption 1.1 §5.2.4).
fn open_gcm(cipher: Cipher, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    if key.len() != cipher.key_len() || sealed.len() <= GCM_NONCE + GCM_TAG {
        return None;
    }
    let (nonce, rest) = sealed.split_at(GCM_NONCE);
    let (ciphertext, tag) = rest.split_at(rest.len() - GCM_TAG);
    symm::decrypt_aead(cipher, key, Some(nonce), &[], ciphertext, tag).ok()
}

/// Initialisation vector, then whole blocks, the last octet telling how many of the last block are padding (§5.2.3).
fn open_cbc(cipher: Cipher, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    if key.len() != cipher.key_len() || sealed.len() < 2 * BLOCK || !sealed.len().is_multiple_of(BLOCK) {
        return None;
    }
    let (vector, ciphertext) = sealed.split_at(BLOCK);
    let mut crypter = Crypter::new(cipher, Mode::Decrypt, key, Some(vector)).ok()?;
    crypter.pad(false);
    let mut plain = vec![0; ciphertext.len() + BLOCK];
    let count = crypter.update(ciphertext, &mut plain).ok()?;
    let count = count + crypter.finalize(plain.get_mut(count..)?).ok()?;
    plain.truncate(count);
    let padding = usize::from(*plain.last()?);
    (1..=BLOCK).contains(&padding).then(|| plain.truncate(count - padding))?;
    Some(plain)
}
