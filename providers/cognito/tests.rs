//! What is particular about Cognito.

use doorward_core::domain::federation::UpstreamTokens;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{Departure, Destination, ProviderError, ProviderKind};
use serde_json::json;

use crate::engine::testing::{CALLBACK, CLIENT, Scene, build, query, section, with};
use crate::settings::ProviderSettings;

fn at(base: &str) -> ProviderSettings {
    let settings = ProviderSettings {
        issuer: Some(base.to_owned()),
        token_endpoint: Some(format!("{base}/token")),
        jwks_uri: Some(format!("{base}/jwks")),
        userinfo_endpoint: Some(format!("{base}/userinfo")),
        revocation_endpoint: Some(format!("{base}/revoke")),
        ..section(ProviderKind::Cognito)
    };
    with(settings, "domain", &format!("{base}/"))
}

fn on_amazon() -> ProviderSettings {
    let settings = with(section(ProviderKind::Cognito), "region", "eu-west-1");
    with(with(settings, "user_pool", "eu-west-1_Abc"), "domain", "acme")
}

#[tokio::test]
async fn the_addresses_follow_from_region_pool_and_domain() {
    let cases = [
        ("acme", "https://acme.auth.eu-west-1.amazoncognito.com"),
        ("login.acme.test", "https://login.acme.test"),
        ("https://login.acme.test/", "https://login.acme.test"),
    ];
    for (domain, host) in cases {
        let provider = build(with(on_amazon(), "domain", domain)).expect("a complete section");
        let departure = Departure { state: Secret::from("s"), callback_url: CALLBACK.to_owned() };
        let handoff = provider.depart(&departure).await.expect("nobody is asked");
        let Destination::Redirect(address) = handoff.destination else { panic!("no redirect") };
        assert!(address.starts_with(&format!("{host}/oauth2/authorize?")), "{address}");
        assert!(address.contains("&scope=openid%20email%20profile&"), "{address}");
    }
}

#[tokio::test]
async fn only_id_tokens_are_id_tokens() {
    let scene = Scene::of(at).await;
    scene.stage().userinfo = Some(json!({ "sub": "user-1", "email": "a@b.test", "email_verified": "true" }));
    let identity = scene.sign_in_as(json!({ "token_use": "id" })).await.expect("an identity");
    assert_eq!(identity.issuer, scene.upstream.url(""));
    assert_eq!((identity.email.as_deref(), identity.email_verified), (Some("a@b.test"), false));
    for claims in [json!({ "token_use": "access" }), json!({}), json!({ "token_use": 1 })] {
        let error = scene.sign_in_as(claims).await.expect_err("an access token");
        assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
    }
}

#[tokio::test]
async fn the_text_true_verifies_nothing() {
    let scene = Scene::of(at).await;
    for (word, vouched) in [(json!(true), true), (json!("true"), false), (json!(null), false)] {
        let claims = json!({ "token_use": "id", "email": "a@b.test", "email_verified": word });
        assert_eq!(scene.sign_in_as(claims).await.expect("an identity").email_verified, vouched);
    }
}

#[tokio::test]
async fn signing_out_is_cognitos_own_way() {
    let scene = Scene::of(at).await;
    let terminator = scene.provider.terminator().expect("it signs out");
    let tokens = UpstreamTokens {
        refresh_token: Some(Secret::from("r")),
        access_token: Some(Secret::from("a")),
        id_token: Some(Secret::from("i")),
        session: None,
    };
    let url = terminator.logout_url(&tokens, Some("https://app.test/bye")).expect("an address");
    assert!(url.starts_with(&scene.upstream.url("/logout?")), "{url}");
    let asked = query(&url);
    let expected = [("client_id", CLIENT), ("logout_uri", "https://app.test/bye")];
    assert_eq!(asked.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
    terminator.terminate(&tokens).await.expect("revoked");
    let sent = scene.upstream.requests().pop().expect("a request");
    assert_eq!((sent.path.as_str(), sent.field("token").as_deref()), ("/revoke", Some("r")));
    terminator.terminate(&UpstreamTokens { refresh_token: None, ..tokens }).await.expect("nothing to revoke");
    assert_eq!(scene.upstream.count("/revoke"), 1);
}

#[tokio::test]
async fn the_picker_can_be_skipped() {
    let scene = Scene::of(|base| with(at(base), "identity_provider", "Google")).await;
    assert_eq!(query(&scene.depart().await.expect("a departure").0)["identity_provider"], "Google");
}

#[test]
fn sections_that_cannot_work_say_why() {
    for key in ["region", "user_pool", "domain"] {
        let mut settings = on_amazon();
        settings.extra.remove(key);
        let error = build(settings).map(|_| ()).expect_err("incomplete");
        assert_eq!(error.to_string(), format!("[providers.cognito] needs `{key}`"));
    }
}
