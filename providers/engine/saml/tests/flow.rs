//! The provider as the core uses it: depart and arrive.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::ports::provider::{Arrival, Memo, Provider, ProviderError};
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use openssl::x509::X509;

use super::idp::{ACS, IDP, Message, REQUEST, SP, Signed, own};
use super::setup::{
    SSO, STATE, arrival, assert_untrusted, build, depart, inflated, memo, query, refused_at_start, settings,
    with_extra, with_own_key,
};
use crate::settings::ProviderSettings;

#[tokio::test]
async fn there_and_back() {
    let provider = build(settings());
    assert!(provider.info().answers_by_post);
    assert_eq!(provider.info().state_parameter, "RelayState");
    let handoff = depart(&provider).await;
    let (url, query) = query(&handoff);
    assert!(url.as_str().starts_with("https://idp.example/sso?tenant=a%20b&SAMLRequest="), "{url}");
    assert_eq!(query["RelayState"], STATE);
    assert!(!query.contains_key("Signature"));
    let xml = inflated(&query);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let request = document.root_element();
    assert_eq!(request.attribute("AssertionConsumerServiceURL"), Some(ACS));
    assert_eq!(request.attribute("Destination"), Some(SSO));
    assert_eq!(request.attribute("IssueInstant"), Some("2026-11-21T09:30:00.000Z"));
    assert_eq!(request.first_element_child().unwrap().text(), Some(SP));
    assert_eq!(request.children().count(), 1, "no NameIDPolicy unless one is configured");
    let id = request.attribute("ID").unwrap().to_owned();
    assert!(id.len() == 33 && id.starts_with('_') && id[1..].bytes().all(|byte| byte.is_ascii_hexdigit()));
    let about_it = move |xml: &str| xml.replace(REQUEST, &id);
    let answer = Message::signed(Signed::Both).assertion(about_it.clone()).response(about_it).build();
    let found = provider.arrive(Some(&handoff.memo), &arrival(&answer)).await.unwrap();
    assert_eq!((found.issuer.as_str(), found.subject.as_str()), (IDP, "alice"));
    // Not with what another departure remembered.
    let other = depart(&provider).await;
    assert_ne!(inflated(&self::query(&other).1), xml);
    assert_untrusted(&provider.arrive(Some(&other.memo), &arrival(&answer)).await);
}

#[tokio::test]
async fn requests_are_signed_when_that_is_wanted() {
    let provider = build(with_extra(with_own_key(settings()), "sign_requests", "true"));
    let (url, query) = query(&depart(&provider).await);
    assert_eq!(query["SigAlg"], "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
    let encoded = url.query().unwrap();
    let from = encoded.find("SAMLRequest=").unwrap();
    let to = encoded.find("&Signature=").unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &own().key).unwrap();
    verifier.update(&encoded.as_bytes()[from..to]).unwrap();
    assert!(verifier.verify(&STANDARD.decode(&query["Signature"]).unwrap()).unwrap());
    refused_at_start(with_extra(settings(), "sign_requests", "true"), "private_key");
}

#[tokio::test]
async fn what_is_wanted_of_the_identity_provider_is_said() {
    let wanting = with_extra(with_extra(settings(), "name_id_format", "persistent"), "force_authn", "true");
    let xml = inflated(&query(&depart(&build(wanting)).await).1);
    assert!(xml.contains("Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\""), "{xml}");
    assert!(xml.contains("ForceAuthn=\"true\""), "{xml}");
    refused_at_start(with_extra(settings(), "name_id_format", "lasting"), "name_id_format");
    refused_at_start(with_extra(settings(), "force_authn", "yes"), "force_authn");
}

#[tokio::test]
async fn names_are_escaped() {
    let odd =
        ProviderSettings { client_id: Some("https://a.example/?a=1&b=\"<x>'".to_owned()), ..settings() };
    let provider = build(odd);
    let xml = inflated(&query(&depart(&provider).await).1);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let issuer = document.root_element().first_element_child().unwrap();
    assert_eq!(issuer.text(), Some("https://a.example/?a=1&b=\"<x>'"));
    let xml = provider.metadata("https://a.example/?x=1&y=2").unwrap().unwrap();
    roxmltree::Document::parse(&xml).unwrap();
}

#[tokio::test]
async fn only_whole_posts_arrive() {
    let provider = build(settings());
    let xml = Message::signed(Signed::Both).build();
    let honest = arrival(&xml);
    provider.arrive(Some(&memo(REQUEST)), &honest).await.unwrap();
    assert_untrusted(&provider.arrive(Some(&memo("_other")), &honest).await);
    assert_untrusted(&provider.arrive(None, &honest).await);
    let broken = Memo::of(&"no object").unwrap();
    assert_untrusted(&provider.arrive(Some(&broken), &honest).await);
    let by_get = Arrival { by_post: false, ..arrival(&xml) };
    assert_untrusted(&provider.arrive(Some(&memo(REQUEST)), &by_get).await);
    let elsewhere = Arrival { callback_url: "https://other.example/".to_owned(), ..arrival(&xml) };
    assert_untrusted(&provider.arrive(Some(&memo(REQUEST)), &elsewhere).await);
    let empty = Arrival { parameters: Vec::new(), ..arrival(&xml) };
    assert_untrusted(&provider.arrive(Some(&memo(REQUEST)), &empty).await);
}

#[tokio::test]
async fn s8_unsolicited_answers_only_where_configured() {
    let strip = |xml: &str| xml.replace(&format!(" InResponseTo=\"{REQUEST}\""), "");
    let unsolicited = arrival(&Message::signed(Signed::Both).assertion(strip).response(strip).build());
    let provider = build(settings());
    assert!(provider.info().unsolicited_client.is_none());
    assert_untrusted(&provider.arrive(None, &unsolicited).await);
    let open = build(with_extra(settings(), "unsolicited_client", "webapp"));
    assert_eq!(open.info().unsolicited_client.as_deref(), Some("webapp"));
    assert!(open.arrive(None, &unsolicited).await.unwrap().replay_mark.is_some());
    // An answer to somebody's request does not become an unsolicited one.
    let solicited = arrival(&Message::signed(Signed::Both).build());
    assert_untrusted(&open.arrive(None, &solicited).await);
    assert_untrusted(&open.arrive(Some(&memo(REQUEST)), &unsolicited).await);
}

#[tokio::test]
async fn many_at_once_are_all_answered() {
    let provider = Arc::new(build(settings()));
    let honest = Arc::new(arrival(&Message::signed(Signed::Both).build()));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (provider, honest) = (Arc::clone(&provider), Arc::clone(&honest));
        tasks.spawn(async move { provider.arrive(Some(&memo(REQUEST)), &honest).await });
    }
    let outcomes = tasks.join_all().await;
    let busy =
        outcomes.iter().filter(|outcome| matches!(outcome, Err(ProviderError::Unreachable(_)))).count();
    let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(busy + taken, 200);
    assert!(taken >= super::super::AT_WORK + super::super::WAITING, "{taken}");
    // Every place is given back.
    provider.arrive(Some(&memo(REQUEST)), &honest).await.unwrap();
}

#[test]
fn our_metadata_says_what_keys_are_for() {
    let xml = build(settings()).metadata(ACS).unwrap().unwrap();
    assert!(!xml.contains("KeyDescriptor"), "{xml}");
    let xml =
        build(with_extra(with_own_key(settings()), "sign_requests", "true")).metadata(ACS).unwrap().unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let role = document.root_element().first_element_child().unwrap();
    assert_eq!(document.root_element().attribute("entityID"), Some(SP));
    assert_eq!(role.attribute("AuthnRequestsSigned"), Some("true"));
    assert_eq!(role.attribute("WantAssertionsSigned"), Some("true"));
    let uses: Vec<_> = role.children().filter_map(|node| node.attribute("use")).collect();
    assert_eq!(uses, ["signing", "encryption"]);
    let certificate = role
        .descendants()
        .find(|node| node.has_tag_name("X509Certificate") || node.tag_name().name() == "X509Certificate");
    let certificate = STANDARD.decode(certificate.unwrap().text().unwrap()).unwrap();
    assert!(X509::from_der(&certificate).unwrap().public_key().unwrap().public_eq(&own().key));
    let service = role.last_element_child().unwrap();
    assert_eq!(service.attribute("Location"), Some(ACS));
    assert_eq!(service.attribute("Binding"), Some("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"));
}
