//! S11: encrypted assertions, honest and not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::ports::provider::ProviderError;

use super::super::response::{self, Keys};
use super::idp::{CBC, Encryption, GCM, Message, Signed, attacker, idp, swap};
use super::{assert_alice, assert_untrusted, expected, verify};

const CANNOT: &str = "the assertion cannot be decrypted";

fn message(signed: Signed, encryption: Encryption) -> Message {
    Message::signed(signed).encrypted(encryption)
}

#[test]
fn every_way_of_signing_works_with_authenticated_encryption() {
    for signed in Signed::SOME {
        for content in ["aes128-gcm", "aes192-gcm", "aes256-gcm"] {
            let content = match content {
                "aes128-gcm" => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
                "aes192-gcm" => "http://www.w3.org/2009/xmlenc11#aes192-gcm",
                _ => GCM.content,
            };
            assert_alice(&message(signed, Encryption { content, ..GCM }).build());
        }
    }
}

#[test]
fn every_kind_of_oaep_works() {
    const SHA256: Option<&str> = Some("http://www.w3.org/2001/04/xmlenc#sha256");
    const MGF: Option<&str> = Some("http://www.w3.org/2009/xmlenc11#mgf1sha256");
    const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
    for encryption in [
        Encryption { digest: Some("http://www.w3.org/2000/09/xmldsig#sha1"), ..GCM },
        Encryption { digest: SHA256, ..GCM },
        Encryption { key: OAEP, ..GCM },
        Encryption { key: OAEP, digest: SHA256, mask: MGF, ..GCM },
    ] {
        assert_alice(&message(Signed::Assertion, encryption).build());
    }
}

#[test]
fn cbc_only_inside_a_signed_response() {
    for content in [
        CBC.content,
        "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
        "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    ] {
        let encryption = Encryption { content, ..CBC };
        assert_alice(&message(Signed::Response, encryption).build());
        assert_alice(&message(Signed::Both, encryption).build());
        assert_untrusted(&message(Signed::Assertion, encryption).build(), "AES-CBC in an unsigned response");
    }
}

#[test]
fn rsa_1_5_and_other_algorithms_are_refused_before_decryption() {
    let old = Encryption { key: "http://www.w3.org/2001/04/xmlenc#rsa-1_5", ..GCM };
    let triple = Encryption { content: "http://www.w3.org/2001/04/xmlenc#tripledes-cbc", ..GCM };
    for signed in Signed::SOME {
        assert_untrusted(&message(signed, old).build(), "RSA-OAEP");
        assert_untrusted(&message(signed, triple).build(), "AES-GCM");
    }
    let other_mask = message(Signed::Assertion, Encryption { mask: Some("urn:x"), ..GCM });
    assert_untrusted(&other_mask.build(), "RSA-OAEP");
}

#[test]
fn anybody_can_encrypt_so_a_signature_must_be_inside_or_around() {
    assert_untrusted(&message(Signed::Neither, GCM).build(), "is signed");
    for signed in Signed::SOME {
        assert_untrusted(&message(signed, GCM).by(attacker()).build(), "no certificate");
    }
}

#[test]
fn wrapped_and_hostile_content_is_judged_like_any_other() {
    let inside = |edit: fn(&str) -> String| message(Signed::Response, GCM).assertion(edit).build();
    assert_untrusted(&inside(|xml| swap(xml, ">alice<", "><!-- -->alice<")), "comment");
    assert_untrusted(&inside(|xml| swap(xml, ">alice<", ">al&ice<")), "well-formed");
    assert_untrusted(&inside(|xml| xml.replace("saml:Assertion", "saml:Statement")), "no saml:Assertion");
    assert_untrusted(&inside(|xml| swap(xml, "cm:bearer", "cm:other")), "bearer");
    let twice =
        |xml: &str| swap(xml, "<saml:Subject>", "<saml:Advice><saml:Assertion/></saml:Advice><saml:Subject>");
    assert_untrusted(&inside(twice), "inside the assertion");
    // A second assertion beside the encrypted one.
    let honest = message(Signed::Assertion, GCM).build();
    let plain = Message::signed(Signed::Assertion).build();
    let (from, to) = (plain.find("<saml:Assertion").unwrap(), plain.find("</samlp:Response>").unwrap());
    let both = swap(&honest, "</samlp:Response>", &format!("{}</samlp:Response>", &plain[from..to]));
    assert_untrusted(&both, "more than one assertion");
}

/// The two CipherValues, of the key and of the content.
fn values(xml: &str) -> Vec<String> {
    xml.split("<xenc:CipherValue>").skip(1).map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect()
}

#[test]
fn short_and_broken_ciphertexts_are_all_one_refusal() {
    // Signed by the attacker or by nobody: decryption comes first, and must say the same whatever is wrong.
    let honest = message(Signed::Assertion, GCM).build();
    let values = values(&honest);
    let content = STANDARD.decode(&values[1]).unwrap();
    for length in [0, 1, 3, 11, 12, 13, 15, 16, 17, 27, 28, 29, 31, 32, 33, content.len() - 1] {
        let short = swap(&honest, &values[1], &STANDARD.encode(&content[..length]));
        assert_untrusted(&short, CANNOT);
    }
    for position in [0, 12, content.len() / 2, content.len() - 1] {
        let mut flipped = content.clone();
        flipped[position] ^= 1;
        assert_untrusted(&swap(&honest, &values[1], &STANDARD.encode(flipped)), CANNOT);
    }
    let key = STANDARD.decode(&values[0]).unwrap();
    for length in [0, 1, 16, 255] {
        assert_untrusted(&swap(&honest, &values[0], &STANDARD.encode(&key[..length])), CANNOT);
    }
    let mut flipped = key;
    flipped[100] ^= 1;
    assert_untrusted(&swap(&honest, &values[0], &STANDARD.encode(flipped)), CANNOT);
    // A key of another length than the algorithm's.
    let other = swap(&honest, "#aes256-gcm", "#aes128-gcm");
    assert_untrusted(&other, CANNOT);
    assert_untrusted(&swap(&honest, &values[1], "???"), "no base64");
}

#[test]
fn cbc_of_a_signed_response_refuses_alike() {
    let honest = message(Signed::Neither, CBC).build();
    let values = values(&honest);
    let content = STANDARD.decode(&values[1]).unwrap();
    for length in [0, 3, 15, 16, 17, 31, 33] {
        // The identity provider itself sends nonsense, signed.
        let value = STANDARD.encode(&content[..length]);
        let nonsense = swap(&honest, &values[1], &value);
        let template = super::idp::template("_r1");
        let nonsense = idp().sign(&swap(&nonsense, "</saml:Issuer>", &format!("</saml:Issuer>{template}")));
        assert_untrusted(&nonsense, CANNOT);
    }
}

#[test]
fn other_shapes_are_refused() {
    let honest = message(Signed::Assertion, GCM).build();
    let reference = "<xenc:CipherData><xenc:CipherReference URI=\"http://127.0.0.1:1/\"/></xenc:CipherData>";
    let from = honest.rfind("<xenc:CipherData>").unwrap();
    let to = honest.rfind("</xenc:EncryptedData>").unwrap();
    let referring = format!("{}{reference}{}", &honest[..from], &honest[to..]);
    assert_untrusted(&referring, "CipherReference");
    let bare = "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>";
    let (from, to) =
        (honest.find("<saml:EncryptedAssertion").unwrap(), honest.find("</samlp:Response>").unwrap());
    let empty = format!("{}{bare}{}", &honest[..from], &honest[to..]);
    assert!(matches!(verify(&empty), Err(ProviderError::Untrusted(_))));
}

#[test]
fn without_a_key_it_is_the_operators_matter() {
    let certificates = [idp().certificate.clone()];
    let keys = Keys { certificates: &certificates, own: None };
    let outcome = response::verify(&message(Signed::Both, GCM).build(), &keys, &expected());
    assert!(matches!(outcome, Err(ProviderError::Misconfigured(_))), "{outcome:?}");
}
