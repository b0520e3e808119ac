//! The request that sends a browser to the identity provider (SAML Core §3.4.1), and our own metadata.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::provider::{Destination, ProviderError};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write as _;
use url::Url;
use url::form_urlencoded;

use super::keys::OwnKey;
use super::metadata::SignOnService;
use super::xml::escape;

const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// What a request says.
pub(super) struct AuthnRequest<'a> {
    /// Its id.
    pub(super) id: &'a str,
    /// When.
    pub(super) now: Timestamp,
    /// Our entity id.
    pub(super) issuer: &'a str,
    /// Where it goes.
    pub(super) destination: &'a str,
    /// Where the answer must go.
    pub(super) callback_url: &'a str,
    /// The wanted format of the NameID.
    pub(super) name_id_format: Option<&'a str>,
    /// Whether the user must sign in anew.
    pub(super) force_authn: bool,
}

/// An id of 128 random bits that is a valid XML id.
pub(super) fn new_id(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    format!("_{}", hex::encode(bytes))
}

impl AuthnRequest<'_> {
    /// As XML.
    pub(super) fn to_xml(&self) -> String {
        let policy = self.name_id_format.map_or_else(String::new, |format| {
            format!("<samlp:NameIDPolicy Format=\"{}\" AllowCreate=\"true\"/>", escape(format))
        });
        let force = if self.force_authn { " ForceAuthn=\"true\"" } else { "" };
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{}\" Version=\"2.0\" IssueInstant=\"{}\" \
             Destination=\"{}\" ProtocolBinding=\"{POST}\" AssertionConsumerServiceURL=\"{}\"{force}>\
             <saml:Issuer>{}</saml:Issuer>{policy}</samlp:AuthnRequest>",
            escape(self.id),
            self.now.to_iso_millis(),
            escape(self.destination),
            escape(self.callback_url),
            escape(self.issuer),
        )
    }
}

/// The browser's way with the request: a redirect (signed, when there is a key for it), or a form.
///
/// # Errors
/// Misconfigured: the address is none, or a signature is wanted where there is only the form.
pub(super) fn hand_off(
    request: &str,
    relay_state: &str,
    service: &SignOnService,
    signing: Option<&OwnKey>,
) -> Result<Destination, ProviderError> {
    match service {
        SignOnService::Redirect(url) => {
            redirect(request, relay_state, url, signing).map(Destination::Redirect)
        }
        SignOnService::Post(_) if signing.is_some() => Err(ProviderError::Misconfigured(
            "signed requests need an identity provider with the HTTP-Redirect binding".to_owned(),
        )),
        SignOnService::Post(url) => Ok(Destination::AutoPost {
            action: url.clone(),
            fields: vec![
                ("SAMLRequest".to_owned(), STANDARD.encode(request)),
                ("RelayState".to_owned(), relay_state.to_owned()),
            ],
        }),
    }
}

/// SAML Bindings §3.4.4.1: DEFLATE, base64, URL encoding; the signature covers exactly these encoded parameters.
fn redirect(
    request: &str,
    relay_state: &str,
    url: &str,
    signing: Option<&OwnKey>,
) -> Result<String, ProviderError> {
    let failed = |what: &str| ProviderError::Misconfigured(format!("the request cannot be made: {what}"));
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(request.as_bytes()).map_err(|error| failed(&error.to_string()))?;
    let deflated = deflated.finish().map_err(|error| failed(&error.to_string()))?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("SAMLRequest", &STANDARD.encode(deflated)).append_pair("RelayState", relay_state);
    if signing.is_some() {
        query.append_pair("SigAlg", RSA_SHA256);
    }
    let mut query = query.finish();
    if let Some(key) = signing {
        let signature = key.sign(query.as_bytes()).map_err(|error| failed(&error.to_string()))?;
        query = form_urlencoded::Serializer::new(query).append_pair("Signature", &signature).finish();
    }
    let mut url = Url::parse(url).map_err(|_| failed("the identity provider's address is no URL"))?;
    let query = match url.query().filter(|own| !own.is_empty()) {
        Some(own) => format!("{own}&{query}"),
        None => query,
    };
    url.set_query(Some(&query));
    url.set_fragment(None);
    Ok(url.into())
}

/// Our metadata (SAML Metadata §2.4.4), for the identity provider's administrator.
pub(super) fn own_metadata(
    entity_id: &str,
    callback_url: &str,
    key: Option<&OwnKey>,
    signs_requests: bool,
    name_id_format: Option<&str>,
) -> String {
    let keys = key.map_or_else(String::new, key_descriptors);
    let format = name_id_format
        .map_or_else(String::new, |format| format!("<md:NameIDFormat>{}</md:NameIDFormat>", escape(format)));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{}\">\
         <md:SPSSODescriptor AuthnRequestsSigned=\"{signs_requests}\" WantAssertionsSigned=\"true\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}{format}\
         <md:AssertionConsumerService Binding=\"{POST}\" Location=\"{}\" index=\"0\" isDefault=\"true\"/>\
         </md:SPSSODescriptor></md:EntityDescriptor>\n",
        escape(entity_id),
        escape(callback_url),
    )
}

/// One descriptor for each use, of the same key.
fn key_descriptors(key: &OwnKey) -> String {
    let certificate = key.certificate();
    let info = format!(
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    );
    let methods: Vec<String> = ENCRYPTION_METHODS
        .iter()
        .map(|method| format!("<md:EncryptionMethod Algorithm=\"{method}\"/>"))
        .collect();
    format!(
        "<md:KeyDescriptor use=\"signing\">{info}</md:KeyDescriptor>\
         <md:KeyDescriptor use=\"encryption\">{info}{}</md:KeyDescriptor>",
        methods.concat()
    )
}

/// The best first; AES-CBC only works inside a signed response.
const ENCRYPTION_METHODS: &[&str] = &[
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
];
