//! Metadata of identity providers.

use super::super::metadata::{Overrides, SignOnService, read};
use super::idp::{IDP, Pair, elliptic_idp, idp, next_idp, swap};

/// Metadata with these keys and uses.
pub(super) fn metadata(keys: &[(&str, &'static Pair)]) -> String {
    let keys: Vec<String> = keys
        .iter()
        .map(|(used, pair)| {
            let used = if used.is_empty() { String::new() } else { format!(" use=\"{used}\"") };
            let certificate = openssl::base64::encode_block(&pair.certificate);
            format!(
                "<md:KeyDescriptor{used}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{certificate}\n\
                 </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            )
        })
        .collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{IDP}\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{}\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://idp.example/post\"/>\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://idp.example/redirect\"/></md:IDPSSODescriptor></md:EntityDescriptor>",
        keys.concat()
    )
}

fn alone(xml: &str) -> Result<super::super::metadata::IdentityProvider, String> {
    read(xml, &Overrides::default())
}

#[test]
fn all_signing_keys_are_taken() {
    let xml =
        metadata(&[("signing", idp()), ("", next_idp()), ("encryption", elliptic_idp()), ("signing", idp())]);
    let found = alone(&xml).unwrap();
    assert_eq!(found.entity_id, IDP);
    assert_eq!(found.certificates, [idp().certificate.clone(), next_idp().certificate.clone()]);
    assert_eq!(found.sign_on, SignOnService::Redirect("https://idp.example/redirect".to_owned()));
    assert!(!found.wants_signed_requests);
}

#[test]
fn s3_without_a_signing_key_it_is_refused() {
    for xml in [metadata(&[]), metadata(&[("encryption", idp())])] {
        assert!(alone(&xml).unwrap_err().contains("no certificate for signing"));
    }
}

#[test]
fn the_configuration_overrides() {
    let overrides = Overrides {
        entity_id: None,
        sign_on_url: Some("https://other.example/".to_owned()),
        certificates: vec![next_idp().certificate.clone()],
        allow_http: false,
    };
    let found = read(&metadata(&[("signing", idp())]), &overrides).unwrap();
    assert_eq!(found.sign_on.url(), "https://other.example/");
    assert_eq!(found.certificates, overrides.certificates);
}

#[test]
fn one_among_several_is_named() {
    let one = metadata(&[("signing", idp())]);
    let other = one.replace(IDP, "https://other.example");
    let both = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{one}{other}</md:EntitiesDescriptor>"
    );
    assert!(alone(&both).unwrap_err().contains("idp_entity_id"));
    let named = |id: &str| Overrides { entity_id: Some(id.to_owned()), ..Overrides::default() };
    assert_eq!(read(&both, &named("https://other.example")).unwrap().entity_id, "https://other.example");
    assert!(read(&both, &named("https://third.example")).is_err());
    assert!(read(&one, &named("https://third.example")).is_err());
}

#[test]
fn what_is_no_use_is_refused() {
    let good = metadata(&[("signing", idp())]);
    for (from, to) in [
        ("SAML:2.0:protocol", "SAML:1.1:protocol"),
        ("md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP", "x:y z=\""),
        ("https://idp.example/redirect", "javascript:alert(1)"),
        ("https://idp.example/redirect", "http://idp.example/"),
        (" entityID=", " other="),
        ("<md:EntityDescriptor", "<!DOCTYPE x [<!ENTITY a \"b\">]><md:EntityDescriptor"),
        ("<md:EntityDescriptor", "<md:EntityDescriptor validUntil=\"soon\""),
    ] {
        assert!(alone(&swap(&good, from, to)).is_err(), "{to}");
    }
    let until =
        swap(&good, "<md:IDPSSODescriptor", "<md:IDPSSODescriptor validUntil=\"2026-01-01T00:00:00Z\"");
    let until =
        swap(&until, "<md:EntityDescriptor", "<md:EntityDescriptor validUntil=\"2027-01-01T00:00:00Z\"");
    assert_eq!(alone(&until).unwrap().valid_until.unwrap().to_iso_millis(), "2026-01-01T00:00:00.000Z");
}
