//! S5, S9, S14: who it is for, when, and with which status; each on every way of signing.

use doorward_core::ports::provider::ProviderError;

use super::super::response::{self, Keys};
use super::idp::{ACS, IDP, Message, REQUEST, Signed, at, idp, swap};
use super::{assert_alice, assert_untrusted, expected, verify};

const ISSUER: &str = "<saml:Issuer>https://idp.example/metadata</saml:Issuer>";
const RESTRICTION: &str = "<saml:AudienceRestriction><saml:Audience>https://auth.example/saml</saml:Audience>\
                           </saml:AudienceRestriction>";
const SUCCESS: &str = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";

#[track_caller]
fn assertion_refused(from: &str, to: &str, reason: &str) {
    for signed in Signed::SOME {
        let (from, to) = (from.to_owned(), to.to_owned());
        let xml = Message::signed(signed).assertion(move |xml| swap(xml, &from, &to)).build();
        assert_untrusted(&xml, reason);
    }
}

#[track_caller]
fn response_refused(from: &str, to: &str, reason: &str) {
    for signed in Signed::SOME {
        let (from, to) = (from.to_owned(), to.to_owned());
        let xml = Message::signed(signed).response(move |xml| swap(xml, &from, &to)).build();
        assert_untrusted(&xml, reason);
    }
}

#[track_caller]
fn assertion_taken(from: &str, to: &str) {
    for signed in Signed::SOME {
        let (from, to) = (from.to_owned(), to.to_owned());
        assert_alice(&Message::signed(signed).assertion(move |xml| swap(xml, &from, &to)).build());
    }
}

#[test]
fn s5_audience() {
    assertion_refused(">https://auth.example/saml<", ">https://other.example/saml<", "audience");
    assertion_refused(">https://auth.example/saml<", "><", "audience");
    assertion_refused(RESTRICTION, "", "names no audience");
    // Each restriction counts by itself.
    let other = "<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>";
    assertion_refused(RESTRICTION, &format!("{RESTRICTION}{other}"), "another audience");
    let several = RESTRICTION.replace("<saml:Audience>", "<saml:Audience>x</saml:Audience><saml:Audience>");
    assertion_taken(RESTRICTION, &several);
    let once = "<saml:OneTimeUse/></saml:Conditions>";
    assertion_taken("</saml:Conditions>", once);
    assertion_refused("</saml:Conditions>", "<saml:Condition/></saml:Conditions>", "not understood");
}

#[test]
fn s5_recipient() {
    let recipient = format!(" Recipient=\"{ACS}\"");
    assertion_refused(&recipient, " Recipient=\"https://auth.example/auth/saml-redirect/\"", "recipient");
    assertion_refused(&recipient, "", "Recipient");
    assertion_refused("cm:bearer", "cm:holder-of-key", "bearer");
    assertion_refused("cm:bearer", "cm:sender-vouches", "bearer");
}

#[test]
fn s5_destination() {
    let destination = format!(" Destination=\"{ACS}\"");
    response_refused(&destination, " Destination=\"https://other.example/\"", "destination");
    response_refused(&destination, " Destination=\"\"", "Destination");
    response_refused(&destination, "", "Destination");
}

#[test]
fn s5_issuer() {
    assertion_refused(ISSUER, "<saml:Issuer>https://other.example</saml:Issuer>", "issuer");
    assertion_refused(ISSUER, "", "Issuer");
    assertion_refused(ISSUER, &format!("{ISSUER}{ISSUER}"), "more than one Issuer");
    let in_response = format!(">{IDP}</saml:Issuer>");
    response_refused(&in_response, ">https://other.example</saml:Issuer>", "issuer");
    response_refused(&in_response, "></saml:Issuer>", "issuer");
}

#[test]
fn s5_in_response_to() {
    let request = format!(" InResponseTo=\"{REQUEST}\"");
    for other in ["", " InResponseTo=\"\"", " InResponseTo=\"_other\""] {
        assertion_refused(&request, other, "InResponseTo");
        response_refused(&request, other, "InResponseTo");
    }
}

#[test]
fn s8_without_a_request_there_is_no_answer_to_one() {
    let certificates = [idp().certificate.clone()];
    let keys = Keys { certificates: &certificates, own: None };
    let unsolicited = super::super::assertion::Expected { request: None, ..expected() };
    let request = format!(" InResponseTo=\"{REQUEST}\"");
    let strip = move |xml: &str| xml.replace(&request, "");
    for signed in Signed::SOME {
        let message = Message::signed(signed);
        assert!(response::verify(&message.build(), &keys, &unsolicited).is_err());
        let half = Message::signed(signed).response(strip.clone()).build();
        assert!(response::verify(&half, &keys, &unsolicited).is_err());
        let none = Message::signed(signed).response(strip.clone()).assertion(strip.clone()).build();
        response::verify(&none, &keys, &unsolicited).unwrap();
        assert!(verify(&none).is_err());
    }
}

#[test]
fn s9_times_of_the_assertion() {
    let (issued, end, later) = (at(0), at(5), at(60));
    let conditions = |name: &str, time: &str| format!("{name}=\"{time}\"");
    // Conditions: both edges of the skew of three minutes.
    let before = format!("<saml:Conditions NotBefore=\"{issued}\"");
    assertion_taken(&before, &format!("<saml:Conditions NotBefore=\"{}\"", at(3)));
    assertion_refused(&before, &format!("<saml:Conditions NotBefore=\"{}\"", at(4)), "not yet valid");
    let until = format!("{before} NotOnOrAfter=\"{end}\"");
    assertion_taken(&until, &format!("{before} NotOnOrAfter=\"{}\"", at(-2)));
    assertion_refused(&until, &format!("{before} NotOnOrAfter=\"{}\"", at(-3)), "expired");
    assertion_refused(&until, &before, "no NotOnOrAfter");
    assertion_refused(&until, &format!("{before} NotOnOrAfter=\"soon\""), "no point in time");
    // Subject confirmation.
    let data = format!("Recipient=\"{ACS}\" NotOnOrAfter=\"{end}\"");
    assertion_refused(&data, &format!("Recipient=\"{ACS}\" NotOnOrAfter=\"{}\"", at(-3)), "expired");
    assertion_refused(&data, &format!("Recipient=\"{ACS}\""), "no NotOnOrAfter");
    assertion_refused(&data, &format!("{data} NotBefore=\"{}\"", at(4)), "not yet valid");
    // The session there.
    let session = conditions("SessionNotOnOrAfter", &later);
    assertion_refused(&session, &conditions("SessionNotOnOrAfter", &at(-3)), "session");
    assertion_taken(&session, "");
    assertion_refused(&conditions("AuthnInstant", &issued), &conditions("AuthnInstant", &at(4)), "future");
    // When it was made.
    let made = conditions("IssueInstant", &issued);
    assertion_taken(&made, &conditions("IssueInstant", &at(3)));
    assertion_refused(&made, &conditions("IssueInstant", &at(4)), "future");
    assertion_refused(&made, &conditions("IssueInstant", &at(-13)), "too long ago");
    response_refused(&made, &conditions("IssueInstant", &at(24 * 60)), "future");
    response_refused(&made, &conditions("IssueInstant", &at(-24 * 60)), "too long ago");
}

#[test]
fn the_mark_lasts_as_long_as_the_assertion() {
    let facts = verify(&Message::signed(Signed::Both).build()).unwrap();
    // NotOnOrAfter in five minutes, and three of skew.
    assert_eq!(facts.until.since(expected().now).as_secs(), 8 * 60);
    let endless = Message::signed(Signed::Both).assertion(|xml| xml.replace(&at(5), "2099-01-01T00:00:00Z"));
    let facts = verify(&endless.build()).unwrap();
    assert_eq!(facts.until.since(expected().now).as_secs(), 13 * 60);
}

#[test]
fn missing_parts_are_refused() {
    assertion_refused("Version=\"2.0\"", "Version=\"1.1\"", "SAML 2.0");
    response_refused("Version=\"2.0\"", "Version=\"1.1\"", "SAML 2.0");
    response_refused(&format!("<samlp:Status>{SUCCESS}</samlp:Status>"), "", "no Status");
    let empty = |name: &'static str, end: &'static str| {
        move |xml: &str| {
            let from = xml.find(name).unwrap();
            let to = xml.find(end).unwrap() + end.len();
            format!("{}{}", &xml[..from], &xml[to..])
        }
    };
    for (start, end, reason) in [
        ("<saml:Conditions", "</saml:Conditions>", "no Conditions"),
        ("<saml:Subject>", "</saml:Subject>", "no Subject"),
        ("<saml:AuthnStatement", "</saml:AuthnStatement>", "signed in"),
        ("<saml:SubjectConfirmation ", "</saml:SubjectConfirmation>", "bearer"),
    ] {
        for signed in Signed::SOME {
            assert_untrusted(&Message::signed(signed).assertion(empty(start, end)).build(), reason);
        }
    }
}

#[test]
fn s14_another_status_counts_whatever_is_inside() {
    let codes = [
        ("<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/>", false),
        (
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">\
             <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/></samlp:StatusCode>",
            true,
        ),
        (
            "<samlp:StatusCode Value=\"urn:x\"><samlp:StatusCode \
             Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:StatusCode>",
            false,
        ),
    ];
    for (code, is_denial) in codes {
        for signed in Signed::SOME {
            let xml = Message::signed(signed).response(move |xml| swap(xml, SUCCESS, code)).build();
            match verify(&xml) {
                Err(ProviderError::Denied(_)) if is_denial => {}
                Err(ProviderError::Refused(_)) if !is_denial => {}
                other => panic!("{other:?}"),
            }
        }
    }
    let without = Message::signed(Signed::Neither).build();
    let from = without.find("<saml:Assertion").unwrap();
    let empty = format!("{}</samlp:Response>", &without[..from]);
    assert_untrusted(&empty, "no assertion");
    assert!(matches!(verify(&swap(&empty, SUCCESS, codes[1].0)), Err(ProviderError::Denied(_))));
}
