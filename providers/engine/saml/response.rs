//! From the form field `SAMLResponse` to the facts of a believed assertion.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::ProviderError;
use openssl::pkey::{PKey, Private};
use roxmltree::Node;

use super::assertion::{self, Expected, Facts};
use super::encryption;
use super::precheck::{self, Content, MOST_BYTES, Outline};
use super::signature::signed_octets;
use super::xml::{ASSERTION, PROTOCOL, attribute, child, is, required, untrusted};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// What a user's own "no" is called.
const DENIALS: &[&str] =
    &["urn:oasis:names:tc:SAML:2.0:status:AuthnFailed", "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"];

/// The keys that decide.
pub(super) struct Keys<'a> {
    /// The identity provider's certificates.
    pub(super) certificates: &'a [Vec<u8>],
    /// Our own key, for encrypted assertions.
    pub(super) own: Option<&'a PKey<Private>>,
}

/// The message behind the form field.
///
/// # Errors
/// Untrusted: too large, no base64, no UTF-8.
pub(super) fn decode(field: &str) -> Result<String, ProviderError> {
    // Base64 with a line break every 64 characters at the worst.
    if field.len() > MOST_BYTES * 3 / 2 {
        return Err(untrusted("the message is too large"));
    }
    let bare: String = field.split_ascii_whitespace().collect();
    let decoded = STANDARD.decode(bare).map_err(|_| untrusted("the message is no base64"))?;
    String::from_utf8(decoded).map_err(|_| untrusted("the message is no UTF-8"))
}

/// Verifies a response and believes its assertion, or not.
///
/// # Errors
/// Denied, Refused (a status other than Success), Untrusted, Misconfigured (no certificate, or no key to decrypt with).
pub(super) fn verify(xml: &str, keys: &Keys<'_>, expected: &Expected<'_>) -> Result<Facts, ProviderError> {
    if keys.certificates.is_empty() {
        return Err(ProviderError::Misconfigured(super::NO_CERTIFICATE.to_owned()));
    }
    let xml = precheck::plain_text(xml)?;
    let document = precheck::document(xml)?;
    let outline = precheck::response(&document)?;
    check_response(outline.response, expected)?;
    match outline.content {
        Content::Nothing => Err(untrusted("the response says Success, but holds no assertion")),
        Content::Plain(_) => verify_plain(xml, &outline, keys, expected),
        Content::Encrypted(encrypted) => verify_encrypted(xml, &outline, encrypted, keys, expected),
    }
}

/// What the envelope says, signed or not, must hold: a signed assertion in the wrong envelope is a stolen one.
fn check_response(response: Node<'_, '_>, expected: &Expected<'_>) -> Result<(), ProviderError> {
    if attribute(response, "Version")? != "2.0" {
        return Err(untrusted("no SAML 2.0 response"));
    }
    if attribute(response, "Destination")? != expected.callback_url {
        return Err(untrusted("the response is for another destination"));
    }
    expected.check_request(response)?;
    expected.check_issued(response)?;
    if let Some(issuer) = child(response, ASSERTION, "Issuer")? {
        expected.check_issuer(issuer)?;
    }
    check_status(required(response, PROTOCOL, "Status")?)
}

fn check_status(status: Node<'_, '_>) -> Result<(), ProviderError> {
    let top = required(status, PROTOCOL, "StatusCode")?;
    let code = attribute(top, "Value")?;
    if code == SUCCESS {
        return Ok(());
    }
    let detail = child(top, PROTOCOL, "StatusCode")?.and_then(|node| node.attribute("Value"));
    let said = last_words(detail.unwrap_or(code));
    if detail.is_some_and(|detail| DENIALS.contains(&detail)) {
        return Err(ProviderError::Denied(said));
    }
    Err(ProviderError::Refused(format!("status {said}")))
}

/// The last part of a status URN, fit for a log.
fn last_words(urn: &str) -> String {
    let last = urn.rsplit(':').next().unwrap_or_default();
    last.chars().filter(char::is_ascii_alphanumeric).take(40).collect()
}

fn verify_plain(
    xml: &str,
    outline: &Outline<'_, '_>,
    keys: &Keys<'_>,
    expected: &Expected<'_>,
) -> Result<Facts, ProviderError> {
    let signed = signed_octets(xml, keys.certificates)?;
    let document = precheck::document(&signed)?;
    let root = document.root_element();
    if !outline.is_signed {
        return assertion::judge(root, expected);
    }
    check_signed_response(root, expected)?;
    assertion::judge(required(root, ASSERTION, "Assertion")?, expected)
}

/// The signed octets are a response, and what was checked of the envelope is true of them as well.
fn check_signed_response(root: Node<'_, '_>, expected: &Expected<'_>) -> Result<(), ProviderError> {
    if !is(root, PROTOCOL, "Response") {
        return Err(untrusted("the signature covers something other than the response"));
    }
    check_response(root, expected)
}

fn verify_encrypted(
    xml: &str,
    outline: &Outline<'_, '_>,
    encrypted: Node<'_, '_>,
    keys: &Keys<'_>,
    expected: &Expected<'_>,
) -> Result<Facts, ProviderError> {
    let own = keys.own.ok_or_else(|| {
        ProviderError::Misconfigured("encrypted assertions need `private_key` and `certificate`".to_owned())
    })?;
    if !outline.is_signed {
        let plain = encryption::decrypt(encrypted, own, false)?;
        return judge_decrypted(&plain, false, keys, expected);
    }
    let signed = signed_octets(xml, keys.certificates)?;
    let document = precheck::document(&signed)?;
    let root = document.root_element();
    check_signed_response(root, expected)?;
    let plain = encryption::decrypt(required(root, ASSERTION, "EncryptedAssertion")?, own, true)?;
    judge_decrypted(&plain, true, keys, expected)
}

/// The decrypted assertion must be signed itself, unless the response around it was.
fn judge_decrypted(
    plain: &Secret<String>,
    is_authentic: bool,
    keys: &Keys<'_>,
    expected: &Expected<'_>,
) -> Result<Facts, ProviderError> {
    let plain = precheck::plain_text(plain.expose())?;
    let document = precheck::document(plain)?;
    if precheck::assertion(&document)? {
        let signed = signed_octets(plain, keys.certificates)?;
        return assertion::judge(precheck::document(&signed)?.root_element(), expected);
    }
    if !is_authentic {
        return Err(untrusted("neither the response nor the encrypted assertion is signed"));
    }
    assertion::judge(document.root_element(), expected)
}
