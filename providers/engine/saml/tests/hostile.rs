//! S1, S10, S11: what must not even reach the C libraries.

use std::net::TcpListener;

use doorward_core::ports::provider::ProviderError;

use super::super::precheck;
use super::super::response::decode;
use super::idp::{EXCLUSIVE, Message, RSA_SHA256, SHA256, Signed, attacker, response, swap};
use super::{assert_untrusted, verify};

/// Refused before anything is verified.
#[track_caller]
fn assert_prechecked(xml: &str, reason: &str) {
    let outcome = precheck::plain_text(xml)
        .and_then(precheck::document)
        .and_then(|document| precheck::response(&document).map(|_| ()));
    assert!(
        matches!(&outcome, Err(ProviderError::Untrusted(found)) if found.contains(reason)),
        "{outcome:?}"
    );
    assert!(verify(xml).is_err());
}

/// A server that must not hear of anybody.
struct Canary(TcpListener);

impl Canary {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}/x", self.0.local_addr().unwrap())
    }

    #[track_caller]
    fn assert_silent(&self) {
        assert!(self.0.accept().is_err(), "somebody connected");
    }
}

#[test]
fn s10_entities_and_doctypes() {
    let canary = Canary::new();
    let url = canary.url();
    let body = Message::signed(Signed::Both).build();
    let laughs = (1..10).fold("<!ENTITY a0 \"ha\">".to_owned(), |all, level| {
        let inside = format!("&a{};", level - 1).repeat(10);
        format!("{all}<!ENTITY a{level} \"{inside}\">")
    });
    for doctype in [
        "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>".to_owned(),
        format!("<!DOCTYPE x [<!ENTITY f SYSTEM \"{url}\">]>"),
        format!("<!DOCTYPE x [<!ENTITY % f SYSTEM \"{url}\"> %f;]>"),
        format!("<!DOCTYPE x SYSTEM \"{url}\">"),
        "<!DOCTYPE x [<!ATTLIST samlp:Response ID ID #IMPLIED>]>".to_owned(),
        "<!DOCTYPE x>".to_owned(),
        format!("<!DOCTYPE x [{laughs}]>"),
        format!("<!DOCTYPE x [<!ENTITY q \"{}\">]>", "q".repeat(50_000)),
    ] {
        let bitten = swap(&body, ">alice<", ">&f;&a9;<");
        assert_prechecked(&format!("{doctype}{bitten}"), "DOCTYPE");
        assert_prechecked(&format!("<?xml version=\"1.0\"?>\n{doctype}{body}"), "DOCTYPE");
    }
    assert_untrusted(&swap(&body, ">alice<", ">&f;<"), "well-formed");
    canary.assert_silent();
}

#[test]
fn s10_references_to_files_and_addresses() {
    let canary = Canary::new();
    for uri in [canary.url(), "file:///etc/passwd".to_owned(), "//x/y".to_owned(), "x".to_owned()] {
        for signed in Signed::SOME {
            let honest = Message::signed(signed).build();
            let id = if signed == Signed::Assertion { "#_a1" } else { "#_r1" };
            assert_prechecked(
                &honest.replace(&format!("URI=\"{id}\""), &format!("URI=\"{uri}\"")),
                "over something",
            );
        }
        // As a further reference in front of an honest one.
        let honest = Message::signed(Signed::Assertion).build();
        let reference = format!(
            "<ds:Reference URI=\"{uri}\"><ds:DigestMethod Algorithm=\"{SHA256}\"/><ds:DigestValue/></ds:Reference>\
             <ds:Reference "
        );
        assert_prechecked(&swap(&honest, "<ds:Reference ", &reference), "shape");
        let retrieval =
            format!("<ds:KeyInfo><ds:RetrievalMethod URI=\"{uri}\"/></ds:KeyInfo></ds:Signature>");
        assert_prechecked(&swap(&honest, "</ds:Signature>", &retrieval), "RetrievalMethod");
    }
    canary.assert_silent();
}

#[test]
fn s10_transforms() {
    let canary = Canary::new();
    let honest = Message::signed(Signed::Assertion).build();
    let transform = format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\"/>");
    let stylesheet = format!(
        "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"><xsl:stylesheet version=\"1.0\" \
         xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:template match=\"/\">\
         <xsl:copy-of select=\"document('{}')\"/></xsl:template></xsl:stylesheet></ds:Transform>",
        canary.url()
    );
    assert_prechecked(&swap(&honest, &transform, &stylesheet), "stylesheet");
    for algorithm in [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    ] {
        let other = format!("<ds:Transform Algorithm=\"{algorithm}\"/>");
        assert_prechecked(&swap(&honest, &transform, &other), "canonicalization");
        let method = format!("<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>");
        let other = format!("<ds:CanonicalizationMethod Algorithm=\"{algorithm}\"/>");
        assert_prechecked(&swap(&honest, &method, &other), "canonicalization");
    }
    assert_prechecked(&swap(&honest, &transform, &transform.repeat(2)), "transforms");
    let xpath = format!("{transform}<ds:XPath>//*</ds:XPath>");
    assert_prechecked(&swap(&honest, &transform, &xpath), "XPath");
    canary.assert_silent();
}

/// The text so many times, each with another number instead of its asterisk.
fn numbered(most: usize, text: &str) -> String {
    let each: Vec<String> = (0..most).map(|number| text.replace('*', &number.to_string())).collect();
    each.concat()
}

#[test]
fn s10_too_much_of_everything() {
    let honest = Message::signed(Signed::Both).build();
    let start = "<samlp:Status>";
    let attributes = numbered(3_000, " a*=\"\"");
    assert_prechecked(&swap(&honest, "<samlp:Status", &format!("<samlp:Status{attributes}")), "attributes");
    let attributes = numbered(100, " a*=\"\"");
    assert_prechecked(&swap(&honest, "<samlp:Status", &format!("<samlp:Status{attributes}")), "attributes");
    let attributes = numbered(80_000, " a*=\"\"");
    assert_prechecked(&swap(&honest, "<samlp:Status", &format!("<samlp:Status{attributes}")), "too large");
    let namespaces = numbered(3_000, " xmlns:a*=\"x\"");
    assert_prechecked(&swap(&honest, "<samlp:Status", &format!("<samlp:Status{namespaces}")), "attributes");
    let deep = |depth: usize| format!("{}{}{start}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_prechecked(&swap(&honest, start, &deep(50)), "deep");
    assert_prechecked(&swap(&honest, start, &deep(1_900)), "deep");
    assert_prechecked(&swap(&honest, start, &deep(10_000)), "too many");
    assert_prechecked(&swap(&honest, start, &deep(100_000)), "too large");
    let signature = honest.find("<ds:Signature ").unwrap();
    let end = honest.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = honest[signature..end].to_owned();
    assert_prechecked(&swap(&honest, &signature, &signature.repeat(3)), "signature");
    assert_prechecked(&swap(&honest, &signature, &signature.repeat(2_000)), "too large");
    assert_prechecked(&"<".repeat(100_000), "too many");
    assert!(decode(&"A".repeat(10 * 1024 * 1024)).is_err());
}

#[test]
fn s10_broken_xml_is_not_repaired() {
    let honest = Message::signed(Signed::Both).build();
    for broken in [
        honest.replace("</samlp:Response>", ""),
        format!("{honest}<x/>"),
        format!("{honest}trailing"),
        honest.replace(">alice<", ">al&ice<"),
        honest.replace("ID=\"_r1\"", "ID=\"_r1\" ID=\"_r2\""),
        honest.replace("ID=\"_r1\"", "ID=_r1"),
        honest.replace("</saml:Subject>", "</saml:Subjekt>"),
        honest.replace("xmlns:samlp=", "xmlns:other="),
        honest.replace(">alice<", ">alice\u{0}<"),
        String::new(),
        "nothing".to_owned(),
    ] {
        assert_untrusted(&broken, "well-formed");
    }
    for declaration in [
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
        "<?xml version=\"1.1\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-7\"?>",
        "<?xml version=\"1.0\"",
    ] {
        assert!(matches!(verify(&format!("{declaration}{honest}")), Err(ProviderError::Untrusted(_))));
    }
}

#[test]
fn s10_deflate_is_for_requests_only() {
    use base64::Engine as _;
    use std::io::Write as _;
    let mut bomb = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..100 {
        bomb.write_all(&vec![b' '; 100_000]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 20_000);
    let field = base64::engine::general_purpose::STANDARD.encode(bomb);
    assert!(decode(&field).and_then(|text| verify(&text)).is_err());
    for field in ["", "%%%", "PHg+", "gICA"] {
        assert!(decode(field).and_then(|text| verify(&text)).is_err());
    }
}

#[test]
fn ids_have_one_meaning() {
    let honest = Message::signed(Signed::Both).build();
    assert_prechecked(&swap(&honest, "<samlp:Status>", "<samlp:Status ID=\"_a1\">"), "same id");
    assert_prechecked(&swap(&honest, "<samlp:Status>", "<samlp:Status Id=\"_a1\">"), "same id");
    assert_prechecked(&swap(&honest, "<samlp:Status>", "<samlp:Status xml:id=\"_b\">"), "xml:id");
    for id in ["element(/1)", "1a", "a b", "ä"] {
        assert_prechecked(&honest.replace("_r1", id), "plain name");
    }
    assert_prechecked(&honest.replace(" ID=\"_r1\"", ""), "no ID");
}

#[test]
fn other_documents_are_refused() {
    let honest = Message::signed(Signed::Both).build();
    assert_prechecked(&honest.replace("samlp:Response", "samlp:ArtifactResponse"), "samlp:Response");
    assert_prechecked(&honest.replace("SAML:2.0:protocol", "SAML:1.1:protocol"), "samlp:Response");
    assert_prechecked(&response().replace("<!sig>", "").replace("<!content>", "<Assertion/>"), "namespace");
    assert_prechecked(&response().replace("<!sig>", "<Signature/>").replace("<!content>", ""), "signature");
}

#[test]
fn s11_weak_algorithms() {
    for (signature, digest) in [
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", SHA256),
        (RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#sha1"),
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
    ] {
        for signed in Signed::SOME {
            // Made with the right key, so that only the algorithm is wrong.
            let weak = Message::signed(signed).template(move |xml| {
                let xml = swap(xml, RSA_SHA256, signature);
                swap(
                    &xml,
                    &format!("DigestMethod Algorithm=\"{SHA256}\""),
                    &format!("DigestMethod Algorithm=\"{digest}\""),
                )
            });
            assert_prechecked(&weak.build(), "not accepted");
        }
    }
    for algorithm in [
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
        "",
    ] {
        let named = Message::signed(Signed::Both).by(attacker()).build().replace(RSA_SHA256, algorithm);
        assert!(matches!(verify(&named), Err(ProviderError::Untrusted(_))));
        assert!(
            precheck::document(&named)
                .and_then(|document| precheck::response(&document).map(|_| ()))
                .is_err()
        );
    }
    let method = format!("<ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"/>");
    let cut = format!(
        "<ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"
    );
    assert_prechecked(&swap(&Message::signed(Signed::Both).build(), &method, &cut), "parameters");
}
