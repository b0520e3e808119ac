//! What is particular about Apple.

use doorward_core::domain::federation::UpstreamTokens;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{Departure, Destination, ProviderError, ProviderKind};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::{ISSUER, OTHER_ISSUER};
use crate::engine::testing::{
    CALLBACK, CLIENT, Key, NOW, Scene, build, p256_key, query, rsa_key, section, with,
};
use crate::settings::ProviderSettings;

fn settings(key: &Key) -> ProviderSettings {
    let private_key = Some(Secret::new(key.pem.clone()));
    let settings = ProviderSettings { private_key, client_secret: None, ..section(ProviderKind::Apple) };
    with(with(settings, "team_id", "TEAM"), "key_id", "KEY")
}

async fn scene(key: &Key) -> Scene {
    Scene::of(|base| ProviderSettings {
        issuer: Some(base.to_owned()),
        audiences: vec!["test.acme.app".to_owned()],
        ..settings(key)
    })
    .await
}

#[tokio::test]
async fn users_depart_to_the_fixed_address_and_answer_by_post() {
    let provider = build(settings(&p256_key("k"))).expect("a complete section");
    assert!(provider.info().answers_by_post);
    let departure = Departure { state: Secret::from("s"), callback_url: CALLBACK.to_owned() };
    let handoff = provider.depart(&departure).await.expect("nobody is asked");
    let Destination::Redirect(address) = handoff.destination else { panic!("no redirect") };
    assert!(address.starts_with("https://appleid.apple.com/auth/authorize?"), "{address}");
    let asked = query(&address);
    assert_eq!((asked["response_mode"].as_str(), asked["scope"].as_str()), ("form_post", "name email"));
}

#[tokio::test]
async fn the_client_secret_is_made_for_each_request() {
    let key = p256_key("k");
    let scene = scene(&key).await;
    scene.sign_in().await.expect("an identity");
    let terminator = scene.provider.terminator().expect("it signs out");
    let tokens = UpstreamTokens { refresh_token: Some(Secret::from("r")), ..UpstreamTokens::default() };
    terminator.terminate(&tokens).await.expect("revoked");
    for path in ["/token", "/revoke"] {
        let sent = scene.upstream.requests().into_iter().find(|asked| asked.path == path).expect("a request");
        assert_eq!((sent.header("authorization"), sent.field("client_id").as_deref()), (None, Some(CLIENT)));
        let secret = sent.field("client_secret").expect("a secret");
        let header = jsonwebtoken::decode_header(&secret).expect("a header");
        assert_eq!((header.alg, header.kid.as_deref()), (Algorithm::ES256, Some("KEY")));
        let jwk = serde_json::from_value(key.jwk.clone()).expect("a key");
        let mut validation = Validation::new(Algorithm::ES256);
        (validation.validate_exp, validation.validate_aud) = (false, false);
        let decoding = DecodingKey::from_jwk(&jwk).expect("a key");
        let claims = jsonwebtoken::decode::<Value>(&secret, &decoding, &validation).expect("signed").claims;
        let expected = json!({ "iss": "TEAM", "sub": CLIENT, "aud": ISSUER, "iat": NOW, "exp": NOW + 300 });
        assert_eq!(claims, expected);
    }
}

#[tokio::test]
async fn every_issuer_of_apples_is_one() {
    let scene = scene(&p256_key("k")).await;
    let own = scene.upstream.url("");
    for issuer in [&own, ISSUER, OTHER_ISSUER] {
        let identity = scene.sign_in_as(json!({ "iss": issuer })).await.expect("an identity");
        assert_eq!(identity.issuer, own);
        scene.stage().discovery = json!({ "issuer": issuer });
        scene.clock.advance(std::time::Duration::from_hours(2));
    }
    let error = scene.sign_in_as(json!({ "iss": "https://appleid.apple.com/" })).await.expect_err("another");
    assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
}

#[tokio::test]
async fn the_name_comes_from_the_form_and_nothing_else_does() {
    let scene = scene(&p256_key("k")).await;
    scene.stage().claims = json!({ "email": "alice@acme.test", "email_verified": "true" });
    let user = r#"{"name":{"firstName":"Alice","lastName":"Doe"},"email":"victim@acme.test","sub":"x"}"#;
    let identity = scene.return_with(&[("code", "c"), ("user", user)]).await.expect("an identity");
    assert_eq!((identity.first_name.as_deref(), identity.last_name.as_deref()), (Some("Alice"), Some("Doe")));
    assert_eq!((identity.email.as_deref(), identity.subject.as_str()), (Some("alice@acme.test"), "user-1"));
    let broken =
        ["", "{", "7", r#"{"name":7}"#, r#"{"name":{"firstName":7}}"#, r#"{"name":{"firstName":" "}}"#];
    for user in broken {
        let identity = scene.return_with(&[("code", "c"), ("user", user)]).await.expect(user);
        assert_eq!((identity.first_name, identity.last_name), (None, None), "{user}");
    }
}

#[tokio::test]
async fn booleans_may_be_texts_and_relays_are_nobodys_address() {
    let scene = scene(&p256_key("k")).await;
    let cases = [
        (json!({ "email": "a@b.test", "email_verified": true }), true),
        (json!({ "email": "a@b.test", "email_verified": "true", "is_private_email": "false" }), true),
        (json!({ "email": "a@b.test", "email_verified": "false" }), false),
        (json!({ "email": "a@b.test" }), false),
        (json!({ "email": "a@b.test", "email_verified": true, "is_private_email": true }), false),
        (json!({ "email": "a@b.test", "email_verified": "true", "is_private_email": "true" }), false),
        (json!({ "email": "x@PrivateRelay.appleid.com", "email_verified": "true" }), false),
    ];
    for (claims, vouched) in cases {
        let identity = scene.sign_in_as(claims.clone()).await.expect("an identity");
        assert_eq!(identity.email_verified, vouched, "{claims}");
    }
}

#[tokio::test]
async fn a_missing_nonce_is_excused_on_the_web_only_and_only_by_the_token() {
    let scene = scene(&p256_key("k")).await;
    let without = json!({ "nonce": null, "nonce_supported": false });
    scene.sign_in_as(without.clone()).await.expect("an identity");
    for claims in
        [json!({ "nonce": null }), json!({ "nonce": null, "nonce_supported": true }), json!({ "nonce": "x" })]
    {
        let error = scene.sign_in_as(claims.clone()).await.expect_err("no nonce");
        assert!(matches!(error, ProviderError::Untrusted(_)), "{claims}: {error}");
    }
    let exchanger = scene.provider.exchanger().expect("it takes tokens of apps");
    scene.stage().claims = without;
    exchanger.exchange(&scene.app_token("n"), "n").await.expect_err("no nonce");
    scene.stage().claims = json!({ "aud": "test.acme.app" });
    exchanger.exchange(&scene.app_token("n"), "n").await.expect("a bundle id");
    let error =
        scene.sign_in_as(json!({ "aud": "test.acme.app" })).await.expect_err("a bundle id on the web");
    assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
}

#[tokio::test]
async fn cancelling_is_no_fault() {
    let scene = scene(&p256_key("k")).await;
    let error = scene.return_with(&[("error", "user_cancelled_authorize")]).await.expect_err("cancelled");
    assert!(matches!(error, ProviderError::Denied(_)), "{error}");
}

#[test]
fn sections_that_cannot_work_say_why() {
    let wrong = |settings| build(settings).map(|_| ()).expect_err("incomplete").to_string();
    let key = p256_key("k");
    for name in ["team_id", "key_id"] {
        let mut settings = settings(&key);
        settings.extra.remove(name);
        assert_eq!(wrong(settings), format!("[providers.apple] needs `{name}`"));
    }
    assert!(wrong(ProviderSettings { private_key: None, ..settings(&key) }).contains("needs `private_key`"));
    assert!(wrong(settings(&rsa_key("k"))).contains(".p8"));
    let garbage = ProviderSettings { private_key: Some(Secret::from("hunter2")), ..settings(&key) };
    assert!(!wrong(garbage).contains("hunter2"));
}
