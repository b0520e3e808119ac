//! What honest identity providers send.

use super::super::signature::signed_octets;
use super::idp::{Message, Signed, elliptic_idp, idp, next_idp, swap};
use super::{assert_alice, verify, verify_with};

#[test]
fn every_way_of_signing_is_accepted() {
    for signed in Signed::SOME {
        assert_alice(&Message::signed(signed).build());
    }
}

#[test]
fn what_it_says_is_read() {
    let facts = verify(&Message::signed(Signed::Both).build()).unwrap();
    assert_eq!(facts.id, "_a1");
    assert_eq!(facts.session.as_deref(), Some("_s1"));
    assert_eq!(facts.attributes[0].friendly_name.as_deref(), Some("mail"));
    assert_eq!(facts.attributes[0].values, ["alice@corp.example"]);
    assert_eq!(facts.attributes[2].values, ["a", "b"]);
}

#[test]
fn declarations_line_breaks_and_prefixes_are_taken() {
    for start in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<?xml version='1.0' encoding='utf-8' standalone='no' ?>",
        "\u{feff}<?xml version=\"1.0\"?>",
        "  \n",
    ] {
        assert_alice(&format!("{start}{}\n", Message::signed(Signed::Both).build()));
    }
    let spread = Message::signed(Signed::Both).assertion(|xml| xml.replace("><saml:", ">\n  <saml:"));
    assert_alice(&spread.build());
}

#[test]
fn the_prefix_list_of_opensaml_is_taken() {
    let listed = Message::signed(Signed::Assertion).template(|xml| {
        let end = "xml-exc-c14n#\"/></ds:Transforms>";
        let list = "xml-exc-c14n#\"><ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
                    PrefixList=\"xs\"/></ds:Transform></ds:Transforms>";
        swap(xml, end, list)
    });
    assert_alice(&listed.build());
}

#[test]
fn stronger_hashes_and_elliptic_curves_are_accepted() {
    let stronger = Message::signed(Signed::Both).template(|xml| {
        let xml = swap(xml, "xmldsig-more#rsa-sha256", "xmldsig-more#rsa-sha512");
        swap(&xml, "xmlenc#sha256", "xmlenc#sha512")
    });
    assert_alice(&stronger.build());
    let elliptic = Message::signed(Signed::Response)
        .by(elliptic_idp())
        .template(|xml| swap(xml, "rsa-sha256", "ecdsa-sha256"));
    verify_with(&elliptic.build(), &[elliptic_idp().certificate.clone()]).unwrap();
}

#[test]
fn during_a_roll_over_each_certificate_verifies() {
    let certificates =
        [elliptic_idp().certificate.clone(), idp().certificate.clone(), next_idp().certificate.clone()];
    for signer in [idp(), next_idp()] {
        verify_with(&Message::signed(Signed::Both).by(signer).build(), &certificates).unwrap();
    }
}

#[test]
fn only_the_signed_octets_are_read() {
    let xml = Message::signed(Signed::Assertion).build();
    let octets = signed_octets(&xml, &[idp().certificate.clone()]).unwrap();
    assert!(octets.starts_with("<saml:Assertion"), "{octets}");
    assert!(!octets.contains("Signature"), "{octets}");
}
