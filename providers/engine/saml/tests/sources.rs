//! Settings that cannot work, and metadata from files and addresses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::ports::provider::{Destination, Provider, ProviderError};

use super::idp::{Message, Pair, REQUEST, Signed, idp, next_idp, swap};
use super::metadata::metadata;
use super::setup::{
    HandClock, STATE, arrival, assert_untrusted, build, build_at, depart, departure, memo, query,
    refused_at_start, settings, with_extra, with_metadata_url, with_own_key,
};
use crate::engine::upstream::{Upstream, raw};
use crate::settings::ProviderSettings;

#[test]
fn s3_no_certificate_is_refused_at_start() {
    refused_at_start(ProviderSettings { idp_certificates: Vec::new(), ..settings() }, "idp_certificates");
    refused_at_start(
        ProviderSettings { idp_certificates: vec!["x".to_owned()], ..settings() },
        "idp_certificates",
    );
    let weak = ProviderSettings { idp_certificates: vec![Pair::rsa(1024).certificate_pem()], ..settings() };
    refused_at_start(weak, "2048");
    let directory = std::env::temp_dir();
    for (name, xml, reason) in [
        ("doorward-saml-none.xml", metadata(&[]), "no certificate for signing"),
        ("doorward-saml-use.xml", metadata(&[("encryption", idp())]), "no certificate for signing"),
        ("doorward-saml-broken.xml", "<x>".to_owned(), "well-formed"),
    ] {
        let file = directory.join(format!("{}-{name}", std::process::id()));
        std::fs::write(&file, xml).unwrap();
        let from_file = ProviderSettings {
            metadata_file: Some(file.clone()),
            idp_certificates: Vec::new(),
            extra: BTreeMap::new(),
            ..settings()
        };
        refused_at_start(from_file, reason);
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn other_mistakes_are_refused_at_start() {
    refused_at_start(ProviderSettings { client_id: None, ..settings() }, "client_id");
    refused_at_start(with_extra(settings(), "idp_sso_url", ""), "idp_sso_url");
    refused_at_start(with_extra(settings(), "idp_sso_url", "javascript:alert(1)"), "https");
    let strict = ProviderSettings { allow_loopback: false, ..settings() };
    refused_at_start(with_extra(strict, "idp_sso_url", "http://idp.example/"), "https");
    refused_at_start(with_extra(settings(), "idp_entity_id", ""), "idp_entity_id");
    refused_at_start(with_extra(settings(), "trust_email", "true"), "email_domains");
    refused_at_start(ProviderSettings { certificate: None, ..with_own_key(settings()) }, "belong together");
    let other = ProviderSettings { certificate: Some(idp().certificate_pem()), ..with_own_key(settings()) };
    refused_at_start(other, "does not belong");
    let both = ProviderSettings {
        metadata_file: Some("/x".into()),
        metadata_url: Some("https://idp.example".to_owned()),
        ..settings()
    };
    refused_at_start(both, "exclude each other");
    let strict =
        ProviderSettings { allow_loopback: false, ..with_metadata_url("http://idp.example/".to_owned()) };
    refused_at_start(strict, "https");
}

#[tokio::test]
async fn metadata_from_an_address_is_kept_and_read_again_at_a_roll_over() {
    let served = Arc::new(Mutex::new((200, metadata(&[("signing", idp())]))));
    let script = Arc::clone(&served);
    let upstream = Upstream::start(move |_| {
        let (status, body) = script.lock().unwrap().clone();
        raw(status, &body)
    })
    .await;
    let clock = Arc::new(HandClock::default());
    let provider = build_at(with_metadata_url(upstream.url("/metadata")), Arc::clone(&clock)).unwrap();
    let (url, _) = query(&depart(&provider).await);
    assert!(url.as_str().starts_with("https://idp.example/redirect?SAMLRequest="), "{url}");
    let old = arrival(&Message::signed(Signed::Both).build());
    let new = arrival(&Message::signed(Signed::Both).by(next_idp()).build());
    provider.arrive(Some(&memo(REQUEST)), &old).await.unwrap();
    assert_eq!(upstream.count("/metadata"), 1);
    // An unknown key: asked again, but not within a minute of the last time.
    *served.lock().unwrap() = (200, metadata(&[("signing", next_idp())]));
    assert_untrusted(&provider.arrive(Some(&memo(REQUEST)), &new).await);
    assert_eq!(upstream.count("/metadata"), 1);
    clock.advance(Duration::from_mins(2));
    provider.arrive(Some(&memo(REQUEST)), &new).await.unwrap();
    assert_eq!(upstream.count("/metadata"), 2);
    assert_untrusted(&provider.arrive(Some(&memo(REQUEST)), &old).await);
    // Out of order there: what is known is used for a day.
    *served.lock().unwrap() = (503, String::new());
    clock.advance(Duration::from_hours(2));
    provider.arrive(Some(&memo(REQUEST)), &new).await.unwrap();
    *served.lock().unwrap() = (200, metadata(&[]));
    clock.advance(Duration::from_mins(2));
    provider.arrive(Some(&memo(REQUEST)), &new).await.unwrap();
    clock.advance(Duration::from_hours(23));
    let outcome = provider.depart(&departure()).await;
    assert!(matches!(outcome, Err(ProviderError::Unreachable(_))), "{outcome:?}");
}

#[tokio::test]
async fn metadata_that_was_never_there_is_unreachable() {
    let port = Upstream::closed_port().await;
    let provider = build(with_metadata_url(format!("http://127.0.0.1:{port}/")));
    let outcome = provider.depart(&departure()).await;
    assert!(matches!(outcome, Err(ProviderError::Unreachable(_))), "{outcome:?}");
    let honest = arrival(&Message::signed(Signed::Both).build());
    assert!(provider.arrive(Some(&memo(REQUEST)), &honest).await.is_err());
}

#[tokio::test]
async fn metadata_decides_over_signing_and_binding() {
    let wanting = swap(
        &metadata(&[("", idp())]),
        "<md:IDPSSODescriptor",
        "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\"",
    );
    let by_form = metadata(&[("signing", idp())]).replace("HTTP-Redirect", "SOAP");
    let upstream = Upstream::start(move |asked| match asked.path.as_str() {
        "/wanting" => raw(200, &wanting),
        _ => raw(200, &by_form),
    })
    .await;
    let unsigned = build(with_metadata_url(upstream.url("/wanting")));
    let outcome = unsigned.depart(&departure()).await;
    assert!(matches!(outcome, Err(ProviderError::Misconfigured(_))), "{outcome:?}");
    let signed = build(with_own_key(with_metadata_url(upstream.url("/wanting"))));
    assert!(query(&depart(&signed).await).1.contains_key("Signature"));
    let form = depart(&build(with_metadata_url(upstream.url("/form")))).await;
    let Destination::AutoPost { action, fields } = form.destination else {
        panic!("no form");
    };
    assert_eq!(action, "https://idp.example/post");
    assert_eq!(fields[1], ("RelayState".to_owned(), STATE.to_owned()));
    let xml = String::from_utf8(STANDARD.decode(&fields[0].1).unwrap()).unwrap();
    assert!(xml.starts_with("<samlp:AuthnRequest "), "{xml}");
}
