//! The provider as the core uses it: depart, arrive, refresh of metadata, configuration.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::provider::{
    Arrival, Departure, Destination, Handoff, LinkPolicy, Memo, Provider, ProviderError, ProviderKind, SignUp,
};
use doorward_core::testkit::entropy::SeededEntropy;
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use openssl::x509::X509;
use url::Url;

use super::super::Saml;
use super::idp::{ACS, IDP, Message, Pair, REQUEST, SP, Signed, idp, next_idp, now, own, swap};
use super::metadata::metadata;
use crate::engine::fetch::Fetch;
use crate::engine::upstream::{Upstream, raw};
use crate::settings::ProviderSettings;
use crate::{ConfigurationError, Parts, Tools};

const STATE: &str = "c3RhdGUtc3RhdGUtc3RhdGUtc3RhdGUtc3RhdGUtc3Q";
const SSO: &str = "https://idp.example/sso?tenant=a%20b";

/// Both times stand still until they are moved.
#[derive(Default)]
pub(super) struct HandClock(Mutex<Duration>);

impl HandClock {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

fn settings() -> ProviderSettings {
    let extra = [("idp_entity_id", IDP), ("idp_sso_url", SSO)];
    ProviderSettings {
        id: "saml".to_owned(),
        kind: ProviderKind::Saml,
        client_id: Some(SP.to_owned()),
        client_secret: None,
        audiences: Vec::new(),
        issuer: None,
        authorization_endpoint: None,
        token_endpoint: None,
        userinfo_endpoint: None,
        jwks_uri: None,
        revocation_endpoint: None,
        end_session_endpoint: None,
        scopes: None,
        redirect_uri: None,
        callback_path: "/auth/saml-redirect".to_owned(),
        sign_up: SignUp::Deny,
        link: LinkPolicy::Never,
        allow_loopback: true,
        timeout: Duration::from_secs(2),
        extra: extra
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        private_key: None,
        certificate: None,
        idp_certificates: vec![idp().certificate_pem()],
        metadata_file: None,
        metadata_url: None,
    }
}

fn with_extra(mut settings: ProviderSettings, key: &str, value: &str) -> ProviderSettings {
    settings.extra.insert(key.to_owned(), value.to_owned());
    settings
}

fn with_own_key(settings: ProviderSettings) -> ProviderSettings {
    ProviderSettings {
        private_key: Some(Secret::new(own().key_pem())),
        certificate: Some(own().certificate_pem()),
        ..settings
    }
}

fn with_metadata_url(url: String) -> ProviderSettings {
    ProviderSettings {
        metadata_url: Some(url),
        idp_certificates: Vec::new(),
        extra: BTreeMap::new(),
        ..settings()
    }
}

fn build_at(settings: ProviderSettings, clock: Arc<HandClock>) -> Result<Saml, ConfigurationError> {
    let fetch = Fetch::new(settings.allow_loopback, settings.timeout).unwrap();
    let tools = Tools { clock, entropy: Arc::new(SeededEntropy::new(1)) };
    Saml::new(Parts { settings, tools, fetch })
}

fn build(settings: ProviderSettings) -> Saml {
    build_at(settings, Arc::default()).unwrap()
}

#[track_caller]
fn refused_at_start(settings: ProviderSettings, what: &str) {
    let error = build_at(settings, Arc::default()).err().unwrap().to_string();
    assert!(error.contains(what), "{error}");
}

fn departure() -> Departure {
    Departure { state: STATE.into(), callback_url: ACS.to_owned() }
}

async fn depart(provider: &Saml) -> Handoff {
    provider.depart(&departure()).await.unwrap()
}

fn query(handoff: &Handoff) -> (Url, HashMap<String, String>) {
    let Destination::Redirect(url) = &handoff.destination else {
        panic!("no redirect");
    };
    let url = Url::parse(url).unwrap();
    let query = url.query_pairs().into_owned().collect();
    (url, query)
}

fn inflated(query: &HashMap<String, String>) -> String {
    let deflated = STANDARD.decode(&query["SAMLRequest"]).unwrap();
    let mut xml = String::new();
    flate2::read::DeflateDecoder::new(&deflated[..]).read_to_string(&mut xml).unwrap();
    xml
}

fn arrival(xml: &str) -> Arrival {
    let field = Secret::new(STANDARD.encode(xml));
    Arrival {
        parameters: vec![("SAMLResponse".to_owned(), field), ("RelayState".to_owned(), STATE.into())],
        by_post: true,
        callback_url: ACS.to_owned(),
    }
}

fn memo(request: &str) -> Memo {
    Memo::of(&serde_json::json!({ "request": request })).unwrap()
}

#[track_caller]
fn assert_untrusted<T: std::fmt::Debug>(outcome: &Result<T, ProviderError>) {
    assert!(matches!(outcome, Err(ProviderError::Untrusted(_))), "{outcome:?}");
}

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
