//! S1 to S4: signature wrapping, stripping, other keys, text in pieces.

use doorward_core::ports::provider::ProviderError;

use super::super::response::{self, Keys};
use super::idp::{Message, Signed, assertion, at, attacker, idp, next_idp, response, swap, template};
use super::{assert_alice, assert_untrusted, expected, verify, verify_with};

const SIGNATURE_END: &str = "</ds:Signature>";

fn between<'a>(xml: &'a str, start: &str, end: &str) -> &'a str {
    let from = xml.find(start).unwrap();
    let to = from + xml[from..].find(end).unwrap() + end.len();
    &xml[from..to]
}

fn signature_of<'a>(xml: &'a str, id: &str) -> &'a str {
    let reference = xml.find(&format!("URI=\"#{id}\"")).unwrap();
    let from = xml[..reference].rfind("<ds:Signature ").unwrap();
    between(&xml[from..], "<ds:Signature ", SIGNATURE_END)
}

fn forged_assertion() -> String {
    assertion().replace("<!sig>", "").replace("\"_a1\"", "\"_evil\"").replace(">alice<", ">mallory<")
}

fn assertion_of(xml: &str) -> &str {
    between(xml, "<saml:Assertion", "</saml:Assertion>")
}

/// The eight classical wrappings (Somorovsky and others, "On Breaking SAML"), and three more hiding places.
fn wrappings(xml: &str, signed: Signed) -> Vec<(&'static str, String)> {
    let mut made = Vec::new();
    let evil = forged_assertion();
    if signed != Signed::Assertion {
        let signature = signature_of(xml, "_r1").to_owned();
        let bare = xml.replace(&signature, "");
        let evil_response = response().replace("\"_r1\"", "\"_evil_r\"").replace("<!content>", &evil);
        let inside = swap(&signature, SIGNATURE_END, &format!("{bare}{SIGNATURE_END}"));
        made.push(("XSW1", evil_response.replace("<!sig>", &inside)));
        made.push(("XSW2", evil_response.replace("<!sig>", &format!("{bare}{signature}"))));
        let object = format!("<ds:Object>{bare}</ds:Object>{SIGNATURE_END}");
        made.push(("Object", evil_response.replace("<!sig>", &swap(&signature, SIGNATURE_END, &object))));
        made.push(("swapped name", xml.replace(">alice<", ">mallory<")));
    }
    let original = assertion_of(xml).to_owned();
    made.push(("XSW3", swap(xml, &original, &format!("{evil}{original}"))));
    made.push(("XSW3 after", swap(xml, &original, &format!("{original}{evil}"))));
    let swallowed = swap(&evil, "</saml:Assertion>", &format!("{original}</saml:Assertion>"));
    made.push(("XSW4", swap(xml, &original, &swallowed)));
    let extensions = format!("<samlp:Extensions>{evil}</samlp:Extensions><samlp:Status>");
    made.push(("XSW7", swap(xml, "<samlp:Status>", &extensions)));
    let advice = format!("<saml:Advice>{evil}</saml:Advice></saml:Assertion>");
    made.push(("Advice", swap(xml, "</saml:Assertion>", &advice)));
    if signed != Signed::Response {
        let signature = signature_of(xml, "_a1").to_owned();
        let bare = original.replace(&signature, "");
        let with = |inner: &str| swap(&evil, "<saml:Subject>", &format!("{inner}<saml:Subject>"));
        made.push(("XSW5", swap(xml, &original, &format!("{}{bare}", with(&signature)))));
        let inside = swap(&signature, SIGNATURE_END, &format!("{bare}{SIGNATURE_END}"));
        made.push(("XSW6", swap(xml, &original, &with(&inside))));
        let object = format!("<ds:Object>{bare}</ds:Object>{SIGNATURE_END}");
        made.push(("XSW8", swap(xml, &original, &with(&swap(&signature, SIGNATURE_END, &object)))));
        let same_id = with(&signature).replace("_evil", "_a1");
        made.push(("same id", swap(xml, &original, &format!("{same_id}{bare}"))));
        made.push(("replaced", swap(xml, &original, &same_id)));
    }
    made
}

#[test]
fn s1_signature_wrapping() {
    for signed in Signed::SOME {
        let honest = Message::signed(signed).build();
        assert_alice(&honest);
        let wrappings = wrappings(&honest, signed);
        assert!(wrappings.len() >= 9);
        for (name, forged) in wrappings {
            assert!(forged.contains("mallory"), "{name} forges nothing");
            let outcome = verify(&forged);
            assert!(matches!(outcome, Err(ProviderError::Untrusted(_))), "{name} on {signed:?}: {outcome:?}");
        }
    }
}

#[test]
fn s2_unsigned_and_stripped() {
    assert_untrusted(&Message::signed(Signed::Neither).build(), "is signed");
    for signed in Signed::SOME {
        let honest = Message::signed(signed).build();
        let mut stripped = honest.clone();
        while stripped.contains("<ds:Signature ") {
            stripped = stripped.replace(between(&stripped, "<ds:Signature ", SIGNATURE_END), "");
        }
        assert_untrusted(&stripped, "is signed");
        let emptied = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>";
        let emptied = honest.replace(between(&honest, "<ds:Signature ", SIGNATURE_END), emptied);
        assert_untrusted(&emptied, "shape");
        let value = between(&honest, "<ds:SignatureValue>", "</ds:SignatureValue>");
        assert_untrusted(&honest.replace(value, "<ds:SignatureValue></ds:SignatureValue>"), "certificate");
        let digest = between(&honest, "<ds:DigestValue>", "</ds:DigestValue>");
        let other = format!("<ds:DigestValue>{}=</ds:DigestValue>", "A".repeat(43));
        assert_untrusted(&honest.replace(digest, &other), "certificate");
    }
}

#[test]
fn s2_a_signature_over_something_else() {
    for (from, to) in [
        ("URI=\"#_a1\"", "URI=\"\""),
        ("URI=\"#_a1\"", "URI=\"#_r1\""),
        ("URI=\"#_a1\"", "URI=\"#xpointer(/)\""),
        ("URI=\"#_a1\"", "URI=\"#xpointer(id('_a1'))\""),
        (" URI=\"#_a1\"", ""),
        ("URI=\"#_a1\"", "URI=\"#_a1\" Type=\"http://www.w3.org/2000/09/xmldsig#Manifest\""),
    ] {
        let forged = Message::signed(Signed::Assertion).build();
        assert_untrusted(&swap(&forged, from, to), "over something other");
    }
    let twice = Message::signed(Signed::Assertion).build();
    let reference = between(&twice, "<ds:Reference ", "</ds:Reference>").to_owned();
    assert_untrusted(&swap(&twice, &reference, &format!("{reference}{reference}")), "shape");
    // Only the issuer is signed.
    let issuer =
        "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_i1\"><!sig></saml:Issuer>";
    let issuer = idp().sign(&issuer.replace("<!sig>", &template("_i1")));
    let bare = Message::signed(Signed::Neither).build();
    let own = between(&bare, "<saml:Issuer ", "</saml:Issuer>").to_owned();
    assert_untrusted(&swap(&bare, &own, &issuer), "unexpected place");
}

#[test]
fn s2_other_keys() {
    for signed in Signed::SOME {
        let info = |xml: &str| {
            let certificate = openssl::base64::encode_block(&attacker().certificate);
            let info = format!(
                "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>\
                 </ds:KeyInfo>{SIGNATURE_END}"
            );
            swap(xml, SIGNATURE_END, &info)
        };
        let forged = Message::signed(signed).by(attacker()).template(info);
        assert_untrusted(&forged.build(), "no certificate");
    }
    // One good signature does not carry a bad one.
    let mixed = Message::signed(Signed::Assertion).by(attacker()).build();
    let mixed = swap(&response(), "<!content>", assertion_of(&mixed)).replace("<!sig>", &template("_r1"));
    assert_untrusted(&idp().sign(&mixed), "no certificate");
    // A key that was rolled over counts no more.
    let old = Message::signed(Signed::Both).build();
    assert!(verify_with(&old, &[next_idp().certificate.clone()]).is_err());
}

#[test]
fn s3_without_a_certificate_nothing_is_believed() {
    let keys = Keys { certificates: &[], own: None };
    for signed in [Signed::Neither, Signed::Both] {
        let outcome = response::verify(&Message::signed(signed).build(), &keys, &expected());
        assert!(matches!(outcome, Err(ProviderError::Misconfigured(_))), "{outcome:?}");
    }
}

#[test]
fn s4_text_in_pieces() {
    for inside in ["<!-- -->", "<?pi?>", "<![CDATA[x]]>"] {
        for (from, tail) in [(">alice<", ".evil"), (">https://auth.example/saml<", ""), (">Alice<", "")] {
            for signed in Signed::SOME {
                let text = from.trim_matches(['<', '>']).to_owned();
                let to = format!(">{text}{inside}{tail}<");
                let pieces = Message::signed(signed).assertion(move |xml| swap(xml, from, &to)).build();
                assert_untrusted(&pieces, "comment");
                // Put in after signing, where exclusive canonicalization would not see a comment.
                let after = swap(&Message::signed(signed).build(), from, &format!(">{text}{inside}<"));
                assert_untrusted(&after, "comment");
            }
        }
    }
    let nested =
        Message::signed(Signed::Both).assertion(|xml| swap(xml, ">alice<", ">alice<saml:x/>.evil<")).build();
    assert_untrusted(&nested, "more than text");
}

#[test]
fn changing_anything_signed_is_noticed() {
    for signed in Signed::SOME {
        let honest = Message::signed(signed).build();
        for (from, to) in [("corp.example", "evil.example"), (">a<", ">admin<"), ("\"_s1\"", "\"_s2\"")] {
            assert_untrusted(&swap(&honest, from, to), "no certificate");
        }
    }
    let honest = Message::signed(Signed::Response).build();
    assert_untrusted(
        &swap(&honest, &format!("IssueInstant=\"{}\"", at(0)), &format!("IssueInstant=\"{}\"", at(1))),
        "certificate",
    );
}
