//! What is particular about Google.

use doorward_core::domain::federation::UpstreamTokens;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{ProviderError, ProviderKind};
use serde_json::json;

use crate::engine::testing::{Scene, build, query, section, with};
use crate::settings::ProviderSettings;

fn at(base: &str) -> ProviderSettings {
    ProviderSettings { issuer: Some(base.to_owned()), ..section(ProviderKind::Google) }
}

#[tokio::test]
async fn both_spellings_of_the_issuer_are_one() {
    let scene = Scene::of(at).await;
    let base = scene.upstream.url("");
    let without_scheme = base.trim_start_matches("http://").to_owned();
    for issuer in [&base, &without_scheme] {
        let identity = scene.sign_in_as(json!({ "iss": issuer })).await.expect("an identity");
        assert_eq!(identity.issuer, base);
    }
    for issuer in ["accounts.google.com", &format!("{base}/"), &format!("ftp://{without_scheme}")] {
        let error = scene.sign_in_as(json!({ "iss": issuer })).await.expect_err(issuer);
        assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
    }
}

#[tokio::test]
async fn the_hosted_domain_is_a_claim_not_a_wish() {
    let scene = Scene::of(|base| with(at(base), "hosted_domain", "Acme.test")).await;
    let (address, _) = scene.depart().await.expect("a departure");
    assert_eq!(query(&address)["hd"], "acme.test");
    scene.sign_in_as(json!({ "hd": "acme.test" })).await.expect("an identity");
    for claims in [
        json!({}),
        json!({ "hd": "other.test" }),
        json!({ "hd": ["acme.test"] }),
        json!({ "email": "a@acme.test" }),
    ] {
        let error = scene.sign_in_as(claims.clone()).await.expect_err("another domain");
        assert!(matches!(error, ProviderError::Untrusted(_)), "{claims}: {error}");
    }
}

#[tokio::test]
async fn google_vouches_for_its_own_mail_only() {
    let scene = Scene::of(at).await;
    let cases = [
        (json!({ "email": "a@gmail.com", "email_verified": true }), true),
        (json!({ "email": "a@GoogleMail.com", "email_verified": true }), true),
        (json!({ "email": "a@acme.test", "email_verified": true, "hd": "acme.test" }), true),
        (json!({ "email": "a@acme.test", "email_verified": true }), false),
        (json!({ "email": "a@notgmail.com", "email_verified": true }), false),
        (json!({ "email": "a@gmail.com.test", "email_verified": true }), false),
        (json!({ "email": "a@gmail.com", "email_verified": "true" }), false),
        (json!({ "email": "a@gmail.com", "email_verified": false }), false),
        (json!({ "email": "a@gmail.com" }), false),
        (json!({ "email": "a@acme.test", "email_verified": "true", "hd": "acme.test" }), false),
    ];
    for (claims, vouched) in cases {
        let identity = scene.sign_in_as(claims.clone()).await.expect("an identity");
        assert_eq!(identity.email_verified, vouched, "{claims}");
    }
}

#[tokio::test]
async fn refresh_tokens_are_asked_for_on_request() {
    let scene = Scene::of(at).await;
    let (address, _) = scene.depart().await.expect("a departure");
    assert!(!query(&address).contains_key("access_type"));
    let scene = Scene::of(|base| with(at(base), "access_type", "offline")).await;
    let asked = query(&scene.depart().await.expect("a departure").0);
    assert_eq!((asked["access_type"].as_str(), asked["prompt"].as_str()), ("offline", "consent"));
    let error =
        build(with(section(ProviderKind::Google), "access_type", "x")).map(|_| ()).expect_err("a typo");
    assert!(error.to_string().contains("access_type"), "{error}");
}

#[tokio::test]
async fn signing_out_revokes_and_leads_nowhere() {
    let scene = Scene::of(at).await;
    scene.stage().discovery = json!({ "end_session_endpoint": null });
    scene.sign_in().await.expect("an identity");
    let terminator = scene.provider.terminator().expect("it signs out");
    let tokens = UpstreamTokens { access_token: Some(Secret::from("t")), ..UpstreamTokens::default() };
    terminator.terminate(&tokens).await.expect("revoked");
    assert_eq!(scene.upstream.count("/revoke"), 1);
    assert_eq!(terminator.logout_url(&tokens, None), None);
}
