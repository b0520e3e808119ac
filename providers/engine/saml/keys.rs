//! Certificates of the identity provider and our own key pair.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::Secret;
use openssl::ec::EcKeyRef;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private, Public};
use openssl::sign::Signer;
use openssl::x509::X509;

/// Shortest RSA key, in bits.
const SHORTEST_RSA: u32 = 2048;
/// Most certificates of one identity provider: each one costs an attempt to verify.
const MOST_CERTIFICATES: usize = 8;

/// Our RSA key with its certificate: decrypts assertions, signs requests.
pub(super) struct OwnKey {
    key: PKey<Private>,
    certificate: Vec<u8>,
}

impl OwnKey {
    /// Reads the PEM texts of the configuration.
    ///
    /// # Errors
    /// What must be changed.
    pub(super) fn read(key: &Secret<String>, certificate: &str) -> Result<Self, String> {
        let key = PKey::private_key_from_pem(key.expose().as_bytes())
            .map_err(|_| "`private_key` is no private key in PEM without a password".to_owned())?;
        if key.id() != Id::RSA || key.bits() < SHORTEST_RSA {
            return Err(format!("`private_key` must be an RSA key of at least {SHORTEST_RSA} bits"));
        }
        let certificate = X509::from_pem(certificate.as_bytes())
            .map_err(|_| "`certificate` is no X.509 certificate in PEM".to_owned())?;
        if !certificate.public_key().is_ok_and(|public| public.public_eq(&key)) {
            return Err("`certificate` does not belong to `private_key`".to_owned());
        }
        let certificate =
            certificate.to_der().map_err(|error| format!("`certificate` cannot be read: {error}"))?;
        Ok(Self { key, certificate })
    }

    /// The certificate, as metadata shows it.
    pub(super) fn certificate(&self) -> String {
        STANDARD.encode(&self.certificate)
    }

    /// For decryption.
    pub(super) fn private(&self) -> &PKey<Private> {
        &self.key
    }

    /// RSA-SHA256 (PKCS #1 v1.5) over the octets, as base64.
    ///
    /// # Errors
    /// OpenSSL's.
    pub(super) fn sign(&self, octets: &[u8]) -> Result<String, openssl::error::ErrorStack> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key)?;
        signer.update(octets)?;
        Ok(STANDARD.encode(signer.sign_to_vec()?))
    }
}

/// A certificate whose key may sign for the identity provider.
///
/// Its dates say nothing here: the operator (or the metadata) names the key, and takes it out again.
///
/// # Errors
/// What is wrong with it.
pub(super) fn identity_provider_certificate(text: &str) -> Result<Vec<u8>, String> {
    let certificate = if text.contains("-----BEGIN") {
        X509::from_pem(text.as_bytes()).ok()
    } else {
        let bare: String = text.split_ascii_whitespace().collect();
        STANDARD.decode(bare).ok().and_then(|der| X509::from_der(&der).ok())
    };
    let certificate = certificate
        .ok_or_else(|| "a certificate is neither PEM nor the base64 of an X.509 certificate".to_owned())?;
    let key =
        certificate.public_key().map_err(|_| "a certificate holds an unknown kind of key".to_owned())?;
    check_strength(&key)?;
    certificate.to_der().map_err(|error| format!("a certificate cannot be read: {error}"))
}

fn check_strength(key: &PKey<Public>) -> Result<(), String> {
    let is_good_curve = |key: &EcKeyRef<Public>| {
        let curve = key.group().curve_name();
        matches!(curve, Some(Nid::X9_62_PRIME256V1 | Nid::SECP384R1 | Nid::SECP521R1))
    };
    let is_good = match key.id() {
        Id::RSA => key.bits() >= SHORTEST_RSA,
        Id::EC => key.ec_key().is_ok_and(|key| is_good_curve(&key)),
        _ => false,
    };
    is_good.then_some(()).ok_or_else(|| {
        format!("a certificate's key is neither RSA of {SHORTEST_RSA} bits or more nor ECDSA on a NIST curve")
    })
}

/// All of them, without repetitions.
///
/// # Errors
/// What is wrong with one, or with their number.
pub(super) fn identity_provider_certificates<'a>(
    texts: impl Iterator<Item = &'a str>,
) -> Result<Vec<Vec<u8>>, String> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for text in texts {
        let certificate = identity_provider_certificate(text)?;
        if !found.contains(&certificate) {
            found.push(certificate);
        }
    }
    if found.len() > MOST_CERTIFICATES {
        return Err(format!("there are more than {MOST_CERTIFICATES} certificates"));
    }
    Ok(found)
}
