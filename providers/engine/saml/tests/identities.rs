//! S12: who the person is, and what is believed of the address.

use doorward_core::domain::federation::ExternalIdentity;
use doorward_core::ports::provider::ProviderError;

use super::super::mapping;
use super::super::options::Mapping;
use super::idp::{IDP, Message, SP, Signed, swap};
use super::{assert_untrusted, verify};

const PERSISTENT: &str = "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"";
const NAME_ID: &str =
    "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">alice</saml:NameID>";

fn identity(message: &Message, mapping: &Mapping) -> Result<ExternalIdentity, ProviderError> {
    mapping::identity(&verify(&message.build()).unwrap(), IDP, mapping)
}

fn with_name_id(to: &str) -> Message {
    let to = to.to_owned();
    Message::signed(Signed::Both).assertion(move |xml| swap(xml, NAME_ID, &to))
}

fn subject(name_id: &str) -> Result<String, ProviderError> {
    identity(&with_name_id(name_id), &Mapping::default()).map(|identity| identity.subject)
}

#[test]
fn issuer_and_name_id_are_the_key() {
    let found = identity(&Message::signed(Signed::Both), &Mapping::default()).unwrap();
    assert_eq!((found.issuer.as_str(), found.subject.as_str()), (IDP, "alice"));
    assert_eq!(found.email.as_deref(), Some("alice@corp.example"));
    assert_eq!(found.first_name.as_deref(), Some("Alice"));
    assert_eq!(found.tokens.session.as_deref(), Some("_s1"));
    assert_eq!(found.replay_mark.unwrap().id, "_a1");
    assert!(!found.email_verified);
}

#[test]
fn a_name_qualifier_makes_another_person() {
    let named = |qualifier: &str| format!("<saml:NameID {PERSISTENT} {qualifier}>alice</saml:NameID>");
    assert_eq!(subject(&named("")).unwrap(), "alice");
    assert_eq!(subject(&named(&format!("NameQualifier=\"{IDP}\""))).unwrap(), "alice");
    assert_eq!(subject(&named(&format!("SPNameQualifier=\"{SP}\""))).unwrap(), "alice");
    let qualified = subject(&named("NameQualifier=\"other\"")).unwrap();
    assert_eq!(qualified, "other\talice");
    // Nobody can write the qualified name into a NameID.
    for forged in ["other\talice", "other&#9;alice", "a&#10;b", " ", ""] {
        assert!(subject(&format!("<saml:NameID {PERSISTENT}>{forged}</saml:NameID>")).is_err());
    }
    let other = with_name_id("<saml:NameID SPNameQualifier=\"https://other.example\">alice</saml:NameID>");
    assert_untrusted(&other.build(), "another party");
}

#[test]
fn names_that_differ_are_different_people() {
    let named = |name: &str| subject(&format!("<saml:NameID {PERSISTENT}>{name}</saml:NameID>")).unwrap();
    assert_ne!(named("Alice"), named("alice"));
    assert_ne!(named("alice "), named("alice"));
    assert_eq!(named("a&amp;b"), "a&b");
}

#[test]
fn names_that_do_not_last_are_the_operators_matter() {
    let transient = NAME_ID.replace("persistent", "transient");
    for name_id in [transient.as_str(), ""] {
        let outcome = subject(name_id);
        assert!(matches!(outcome, Err(ProviderError::Misconfigured(_))), "{outcome:?}");
        let by_mail = Mapping { subject: Some("mail".to_owned()), ..Mapping::default() };
        assert_eq!(identity(&with_name_id(name_id), &by_mail).unwrap().subject, "alice@corp.example");
    }
    assert_untrusted(&with_name_id("<saml:EncryptedID/>").build(), "EncryptedID");
    for attribute in ["groups", "missing"] {
        let several = Mapping { subject: Some(attribute.to_owned()), ..Mapping::default() };
        assert!(identity(&Message::signed(Signed::Both), &several).is_err());
    }
}

fn trusting(domains: &[&str]) -> Mapping {
    Mapping {
        trusted_domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        ..Mapping::default()
    }
}

fn is_verified(address: &str, domains: &[&str]) -> bool {
    let address = address.to_owned();
    let message =
        Message::signed(Signed::Both).assertion(move |xml| swap(xml, "alice@corp.example", &address));
    identity(&message, &trusting(domains)).unwrap().email_verified
}

#[test]
fn addresses_are_believed_only_in_the_operators_domains() {
    assert!(is_verified("alice@corp.example", &["corp.example"]));
    assert!(is_verified("alice@CORP.example", &["other.example", "corp.example"]));
    assert!(!is_verified("alice@corp.example", &[]));
    for address in [
        "alice@corp.example.evil.example",
        "alice@sub.corp.example",
        "alice@evil.example@corp.example",
        "alice@corp.example@evil.example",
        "@corp.example",
        "alice",
        "al ice@corp.example",
        "älice@corp.example",
        "alice@corp.exampl\u{435}",
    ] {
        assert!(!is_verified(address, &["corp.example"]), "{address}");
    }
    let several = Message::signed(Signed::Both).assertion(|xml| {
        let value = "<saml:AttributeValue>alice@corp.example</saml:AttributeValue>";
        swap(xml, value, &format!("{value}<saml:AttributeValue>victim@corp.example</saml:AttributeValue>"))
    });
    assert!(!identity(&several, &trusting(&["corp.example"])).unwrap().email_verified);
}

#[test]
fn configured_names_win() {
    let mapping = Mapping {
        email: Some("missing".to_owned()),
        first_name: Some("groups".to_owned()),
        username: Some("mail".to_owned()),
        ..Mapping::default()
    };
    let found = identity(&Message::signed(Signed::Both), &mapping).unwrap();
    assert_eq!(found.email, None);
    assert_eq!(found.first_name.as_deref(), Some("a"));
    assert_eq!(found.username.as_deref(), Some("alice@corp.example"));
}

#[test]
fn a_name_id_can_be_the_address() {
    let message = with_name_id(
        "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">bob@corp.example</saml:NameID>",
    )
    .assertion(|xml| swap(xml, "FriendlyName=\"mail\"", "").replace("urn:oid:0.9.2342.19200300.100.1.3", "x"));
    let found = identity(&message, &trusting(&["corp.example"])).unwrap();
    assert_eq!(found.email.as_deref(), Some("bob@corp.example"));
    assert!(found.email_verified);
}
