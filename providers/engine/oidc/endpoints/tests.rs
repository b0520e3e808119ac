//! When discovery is asked, and what counts of it.

use std::time::Duration;

use doorward_core::ports::provider::{ProviderError, ProviderKind};
use serde_json::json;

use crate::engine::testing::{Scene, build, query, section};
use crate::engine::upstream::{Upstream, raw};
use crate::settings::ProviderSettings;

const DOCUMENT: &str = "/.well-known/openid-configuration";
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn discovery_is_asked_once_an_hour() {
    let scene = Scene::open().await;
    for _ in 0..3 {
        scene.sign_in().await.expect("an identity");
    }
    assert_eq!(scene.upstream.count(DOCUMENT), 1);
    scene.clock.advance(HOUR);
    scene.depart().await.expect("a departure");
    assert_eq!(scene.upstream.count(DOCUMENT), 2);
}

#[tokio::test]
async fn discovery_is_asked_again_when_an_endpoint_fails() {
    let scene = Scene::open().await;
    scene.stage().instead.insert("/token".to_owned(), raw(404, "moved"));
    scene.sign_in().await.expect_err("the endpoint has moved");
    let elsewhere = scene.upstream.url("/new/token");
    scene.stage().discovery = json!({ "token_endpoint": elsewhere });
    scene.sign_in().await.expect("an identity");
    assert_eq!(scene.upstream.count("/new/token"), 1);
    assert_eq!(scene.upstream.count(DOCUMENT), 2);
}

#[tokio::test]
async fn a_document_that_was_good_lasts_through_an_outage() {
    let scene = Scene::open().await;
    scene.sign_in().await.expect("an identity");
    scene.stage().instead.insert(DOCUMENT.to_owned(), raw(503, ""));
    scene.clock.advance(HOUR);
    scene.sign_in().await.expect("an identity");
}

#[tokio::test]
async fn a_document_of_another_issuer_is_not_believed() {
    let scene = Scene::open().await;
    for issuer in ["https://other.test", &scene.upstream.url("/"), ""] {
        scene.stage().discovery = json!({ "issuer": issuer });
        let error = scene.depart().await.expect_err("another issuer");
        assert!(matches!(&error, ProviderError::Misconfigured(text) if text.contains("issuer")), "{error}");
    }
}

#[tokio::test]
async fn documents_that_lack_something_or_are_none() {
    let scene = Scene::open().await;
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        scene.stage().discovery = json!({ name: null });
        let error = scene.depart().await.expect_err(name);
        assert!(matches!(&error, ProviderError::Misconfigured(text) if text.contains(name)), "{error}");
    }
    scene.stage().instead.insert(DOCUMENT.to_owned(), raw(404, "<html>"));
    let error = scene.depart().await.expect_err("nothing there");
    assert!(matches!(&error, ProviderError::Misconfigured(text) if text.contains("`issuer`")), "{error}");
    for body in ["<html>", "[]", "7", r#"{"issuer":7}"#] {
        scene.stage().instead.insert(DOCUMENT.to_owned(), raw(200, body));
        let error = scene.depart().await.expect_err(body);
        assert!(matches!(error, ProviderError::Faulty(_)), "{body}: {error}");
    }
}

#[tokio::test]
async fn the_document_cannot_lead_to_addresses_that_are_not_allowed() {
    for bad in ["javascript:alert(1)", "file:///etc/passwd", "http://169.254.169.254/x", "/relative"] {
        let scene = Scene::open().await;
        scene.stage().discovery = json!({ "authorization_endpoint": bad });
        let error = scene.depart().await.expect_err(bad);
        assert!(matches!(error, ProviderError::Misconfigured(_)), "{bad}: {error}");
        scene.stage().discovery = json!({ "jwks_uri": bad, "token_endpoint": bad });
        let error = scene.sign_in().await.expect_err(bad);
        assert!(matches!(error, ProviderError::Misconfigured(_)), "{bad}: {error}");
    }
}

#[tokio::test]
async fn without_allow_loopback_nothing_local_is_asked() {
    let canary = Upstream::start(|_| raw(200, "{}")).await;
    let settings = ProviderSettings { issuer: Some(canary.url("")), ..section(ProviderKind::Oidc) };
    let provider = build(settings).expect("a complete section");
    let departure = doorward_core::ports::provider::Departure {
        state: doorward_core::domain::secret::Secret::from("s"),
        callback_url: "https://doorward.test/cb".to_owned(),
    };
    let error = provider.depart(&departure).await.expect_err("a local address");
    assert!(matches!(error, ProviderError::Misconfigured(_)), "{error}");
    assert!(canary.requests().is_empty());
}

#[tokio::test]
async fn the_section_counts_more_than_the_document() {
    let scene = Scene::of(|base| ProviderSettings {
        issuer: Some(base.to_owned()),
        token_endpoint: Some(format!("{base}/own/token")),
        ..section(ProviderKind::Oidc)
    })
    .await;
    scene.sign_in().await.expect("an identity");
    assert_eq!((scene.upstream.count("/own/token"), scene.upstream.count("/token")), (1, 0));
}

#[tokio::test]
async fn with_all_endpoints_known_nobody_is_asked() {
    let scene = Scene::of(|base| ProviderSettings {
        issuer: Some(base.to_owned()),
        authorization_endpoint: Some(format!("{base}/own")),
        token_endpoint: Some(format!("{base}/token")),
        jwks_uri: Some(format!("{base}/jwks")),
        ..section(ProviderKind::Oidc)
    })
    .await;
    let (address, _) = scene.depart().await.expect("a departure");
    assert!(address.starts_with(&scene.upstream.url("/own?")) && !query(&address).contains_key("p"));
    scene.sign_in().await.expect("an identity");
    assert_eq!(scene.upstream.count(DOCUMENT), 0);
}
