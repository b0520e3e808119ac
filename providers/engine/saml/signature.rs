//! XML signatures: their shape is checked here, their mathematics by libxmlsec1 through samael.

use doorward_core::ports::provider::ProviderError;
use roxmltree::Node;
// Only the feature `xmlsec` exports this name; without it samael accepts any signature, and this does not compile.
use samael::crypto::XmlSec;
use samael::crypto::{AllowedSignatureAlgorithm, CertificateDer, CryptoProvider, ReduceMode};

use super::precheck::is_plain_id;
use super::xml::{SIGNATURE, attribute, elements, is, untrusted};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// What an identity provider may sign with: no SHA-1, MD5, HMAC or DSA.
const ALGORITHMS: &[AllowedSignatureAlgorithm] = &[
    AllowedSignatureAlgorithm::RsaSha256,
    AllowedSignatureAlgorithm::RsaSha384,
    AllowedSignatureAlgorithm::RsaSha512,
    AllowedSignatureAlgorithm::EcdsaSha256,
    AllowedSignatureAlgorithm::EcdsaSha384,
    AllowedSignatureAlgorithm::EcdsaSha512,
];

/// A signature covers its parent, all of it, by an algorithm that is still good (SAML Core §5.4).
///
/// # Errors
/// Untrusted: any other shape, transform, reference or algorithm.
pub(super) fn check_shape(signature: Node<'_, '_>, parent: Node<'_, '_>) -> Result<(), ProviderError> {
    let id = attribute(parent, "ID")?;
    if !is_plain_id(id) {
        return Err(untrusted("an ID that is no plain name"));
    }
    let (info, key) = match *elements(signature).collect::<Vec<_>>().as_slice() {
        [info, value] if is(value, SIGNATURE, "SignatureValue") => (info, None),
        [info, value, key] if is(value, SIGNATURE, "SignatureValue") => (info, Some(key)),
        _ => return Err(untrusted("a signature of another shape")),
    };
    if !is(info, SIGNATURE, "SignedInfo") || !key.is_none_or(|key| is(key, SIGNATURE, "KeyInfo")) {
        return Err(untrusted("a signature of another shape"));
    }
    let [method, algorithm, reference] =
        three(info, ["CanonicalizationMethod", "SignatureMethod", "Reference"])?;
    check_canonicalization(method)?;
    check_algorithm(algorithm, ALGORITHMS.iter().map(AllowedSignatureAlgorithm::signature_uri))?;
    check_reference(reference, id)
}

/// Exactly these three children, in this order.
fn three<'a, 'd>(parent: Node<'a, 'd>, names: [&str; 3]) -> Result<[Node<'a, 'd>; 3], ProviderError> {
    let found: Vec<_> = elements(parent).collect();
    <[Node<'a, 'd>; 3]>::try_from(found)
        .ok()
        .filter(|found| found.iter().zip(names).all(|(node, name)| is(*node, SIGNATURE, name)))
        .ok_or_else(|| untrusted(format!("{} of another shape", parent.tag_name().name())))
}

fn check_reference(reference: Node<'_, '_>, id: &str) -> Result<(), ProviderError> {
    let is_own_parent = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#')) == Some(id);
    if !is_own_parent || reference.attributes().len() != 1 {
        return Err(untrusted("a signature over something other than the element it stands in"));
    }
    let [transforms, digest, _value] = three(reference, ["Transforms", "DigestMethod", "DigestValue"])?;
    check_algorithm(digest, ALGORITHMS.iter().map(AllowedSignatureAlgorithm::digest_uri))?;
    match *elements(transforms).collect::<Vec<_>>().as_slice() {
        [first] => check_enveloped(first),
        [first, second] => {
            check_enveloped(first)?;
            check_canonicalization(second)
        }
        _ => Err(untrusted("other transforms than enveloped-signature and exclusive canonicalization")),
    }
}

fn check_enveloped(transform: Node<'_, '_>) -> Result<(), ProviderError> {
    check_algorithm(transform, std::iter::once(ENVELOPED))
}

fn check_canonicalization(method: Node<'_, '_>) -> Result<(), ProviderError> {
    let is_exclusive = method.attribute("Algorithm") == Some(EXCLUSIVE) && method.attributes().len() == 1;
    let is_plain = match *elements(method).collect::<Vec<_>>().as_slice() {
        [] => true,
        [prefixes] => is(prefixes, EXCLUSIVE, "InclusiveNamespaces") && elements(prefixes).next().is_none(),
        _ => false,
    };
    if is_exclusive && is_plain {
        return Ok(());
    }
    Err(untrusted("another canonicalization than the exclusive one"))
}

/// One attribute, one of the values, no children (no HMACOutputLength, no parameters).
fn check_algorithm(
    node: Node<'_, '_>,
    mut accepted: impl Iterator<Item = &'static str>,
) -> Result<(), ProviderError> {
    let algorithm = attribute(node, "Algorithm")?;
    if accepted.any(|uri| uri == algorithm) && node.attributes().len() == 1 && elements(node).next().is_none()
    {
        return Ok(());
    }
    Err(untrusted(format!(
        "{} with an algorithm or parameters that are not accepted",
        node.tag_name().name()
    )))
}

/// The octets that were signed, of the outermost signed element: whatever is read of the message is read of these.
///
/// Must only be called with text that passed the prechecks.
///
/// # Errors
/// Misconfigured: there is no certificate. Untrusted: no certificate verifies every signature.
pub(super) fn signed_octets(xml: &str, certificates: &[Vec<u8>]) -> Result<String, ProviderError> {
    if certificates.is_empty() {
        return Err(ProviderError::Misconfigured(super::NO_CERTIFICATE.to_owned()));
    }
    certificates
        .iter()
        .find_map(|certificate| {
            // One at a time: a key of another type is an error for libxmlsec1, which must not hide the next one.
            let certificate = [CertificateDer::from(certificate.clone())];
            XmlSec::reduce_xml_to_signed_with_allowed_algorithms(
                xml,
                &certificate,
                ReduceMode::PreDigest,
                Some(ALGORITHMS),
            )
            .ok()
        })
        .ok_or_else(|| untrusted("no certificate of the identity provider verifies the signature"))
}
