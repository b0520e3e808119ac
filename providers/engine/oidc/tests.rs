//! Departures, arrivals, ID tokens of apps, and signing out.

use std::time::Duration;

use doorward_core::domain::federation::UpstreamTokens;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{LinkPolicy, Memo, ProviderError, ProviderKind};
use serde_json::{Value, json};

use crate::engine::testing::{
    ACCESS_TOKEN, CALLBACK, CLIENT, Scene, arrival, build, p256_key, query, section, with,
};
use crate::engine::upstream::{Upstream, raw};
use crate::settings::ProviderSettings;

fn tokens() -> UpstreamTokens {
    UpstreamTokens {
        refresh_token: Some(Secret::from("a-refresh-token")),
        access_token: Some(Secret::from(ACCESS_TOKEN)),
        id_token: Some(Secret::from("an-id-token")),
        session: None,
    }
}

#[tokio::test]
async fn a_departure_carries_state_nonce_and_challenge() {
    let scene = Scene::open().await;
    let (first, handoff) = scene.depart().await.expect("a departure");
    assert!(first.starts_with(&scene.upstream.url("/authorize?p=1&")), "{first}");
    assert!(first.contains("scope=openid%20email%20profile"), "{first}");
    let asked = query(&first);
    let fixed = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("state", "a-state"),
        ("code_challenge_method", "S256"),
        ("p", "1"),
    ];
    for (name, value) in fixed {
        assert_eq!(asked[name], value);
    }
    let (second, _) = scene.depart().await.expect("a departure");
    for name in ["nonce", "code_challenge"] {
        assert!(asked[name].len() == 43 && asked[name] != query(&second)[name], "{name}");
    }
    scene
        .provider
        .arrive(Some(&handoff.memo), &arrival(&[("code", "c")]))
        .await
        .expect_err("the second nonce");
    let sent = scene.upstream.requests().into_iter().find(|asked| asked.path == "/token");
    let sent = sent.expect("a token request");
    assert_eq!(sent.field("grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(sent.field("redirect_uri").as_deref(), Some(CALLBACK));
    let verifier = sent.field("code_verifier").expect("a verifier");
    let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    let challenge = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, challenge);
    assert_eq!(challenge, asked["code_challenge"]);
}

#[tokio::test]
async fn an_arrival_brings_identity_and_tokens() {
    let scene = Scene::open().await;
    let claims = json!({
        "email": "alice@idp.test", "email_verified": true, "preferred_username": "alice", "given_name": "Alice",
        "family_name": "Doe", "locale": "en", "picture": "https://idp.test/a.png", "phone_number": "+1", "sid": "s-1",
    });
    let identity = scene.sign_in_as(claims).await.expect("an identity");
    assert_eq!((identity.issuer, identity.subject), (scene.upstream.url(""), "user-1".to_owned()));
    assert_eq!((identity.email.as_deref(), identity.email_verified), (Some("alice@idp.test"), true));
    let names = (identity.username, identity.first_name, identity.last_name);
    assert_eq!(names, (Some("alice".into()), Some("Alice".into()), Some("Doe".into())));
    let more = (identity.locale, identity.phone, identity.photo_url);
    assert_eq!(more, (Some("en".into()), Some("+1".into()), Some("https://idp.test/a.png".into())));
    let expose = |token: &Option<Secret<String>>| token.as_ref().map(|token| token.expose().clone());
    assert_eq!(expose(&identity.tokens.access_token).as_deref(), Some(ACCESS_TOKEN));
    assert_eq!(expose(&identity.tokens.refresh_token).as_deref(), Some("a-refresh-token"));
    assert!(expose(&identity.tokens.id_token).is_some_and(|token| token.starts_with("ey")));
    assert_eq!(identity.tokens.session.as_deref(), Some("s-1"));
}

#[tokio::test]
async fn addresses_are_verified_only_by_the_word_true() {
    let scene = Scene::open().await;
    for word in [json!(null), json!(false), json!("true"), json!(1), json!([true])] {
        let claims = json!({ "email": "alice@idp.test", "email_verified": word });
        assert!(!scene.sign_in_as(claims).await.expect("an identity").email_verified, "{word}");
    }
    let identity = scene.sign_in_as(json!({ "email_verified": true })).await.expect("an identity");
    assert!(identity.email.is_none() && !identity.email_verified);
}

#[tokio::test]
async fn userinfo_completes_and_must_be_about_the_same_subject() {
    let scene = Scene::open().await;
    scene.stage().userinfo =
        Some(json!({ "sub": "user-1", "email": "alice@idp.test", "email_verified": true }));
    let identity = scene.sign_in().await.expect("an identity");
    assert_eq!((identity.email.as_deref(), identity.email_verified), (Some("alice@idp.test"), true));
    let asked = scene.upstream.requests().pop().expect("a request");
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {ACCESS_TOKEN}").as_str()));
    for subject in [json!("user-2"), json!(null), json!(""), json!(["user-1"])] {
        scene.stage().userinfo = Some(json!({ "sub": subject, "email": "alice@idp.test" }));
        let error = scene.sign_in().await.expect_err("another subject");
        assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
    }
}

#[tokio::test]
async fn an_arrival_without_its_departure_is_refused() {
    let scene = Scene::open().await;
    let arrived = arrival(&[("code", "c")]);
    let foreign = Memo::of(&json!({ "other": 1 })).expect("a memo");
    for memo in [None, Some(&foreign)] {
        let error = scene.provider.arrive(memo, &arrived).await.expect_err("no memo");
        assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
    }
    for parameters in [&[][..], &[("code", "")], &[("code", &"x".repeat(9000))]] {
        let error = scene.return_with(parameters).await.expect_err("no code");
        assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
    }
    assert_eq!(scene.upstream.count("/token"), 0);
}

#[tokio::test]
async fn errors_in_the_answer_are_told_apart_and_end_it() {
    let scene = Scene::open().await;
    let with_error =
        async |code: &str| scene.return_with(&[("error", code), ("code", "c")]).await.expect_err(code);
    assert!(matches!(with_error("access_denied").await, ProviderError::Denied(_)));
    assert!(matches!(with_error("invalid_scope").await, ProviderError::Misconfigured(_)));
    assert!(matches!(with_error("server_error").await, ProviderError::Faulty(_)));
    let odd = with_error("<script>alert(1)</script>").await;
    assert!(matches!(&odd, ProviderError::Refused(text) if !text.contains('<')), "{odd}");
    assert_eq!(scene.upstream.count("/token"), 0);
}

#[tokio::test]
async fn the_issuer_of_the_answer_must_be_the_one_that_was_asked() {
    let scene = Scene::open().await;
    let own = scene.upstream.url("");
    let back = async |issuer: &str| scene.return_with(&[("code", "c"), ("iss", issuer)]).await;
    back(&own).await.expect("its own issuer");
    scene.stage().discovery = json!({ "authorization_response_iss_parameter_supported": true });
    let before = scene.upstream.count("/token");
    let error = back("https://other.test").await.expect_err("another issuer");
    assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
    scene.clock.advance(Duration::from_hours(2));
    let error = scene.sign_in().await.expect_err("it promised to name itself");
    assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
    assert_eq!(scene.upstream.count("/token"), before);
}

#[tokio::test]
async fn bad_id_tokens_sign_nobody_in() {
    let scene = Scene::open().await;
    let base = scene.upstream.url("");
    let bad = [
        json!({ "iss": format!("{base}/") }),
        json!({ "iss": "https://other.test" }),
        json!({ "iss": null }),
        json!({ "aud": "other" }),
        json!({ "aud": "our-app" }),
        json!({ "nonce": "other" }),
        json!({ "nonce": null }),
        json!({ "sub": "" }),
        json!({ "exp": 1 }),
        json!({ "at_hash": "b3RoZXI" }),
    ];
    for claims in bad {
        let error = scene.sign_in_as(claims.clone()).await.expect_err("a bad token");
        assert!(matches!(error, ProviderError::Untrusted(_)), "{claims}: {error}");
    }
    scene.stage().claims = json!({});
    scene.stage().tokens = json!({ "id_token": null });
    let error = scene.sign_in().await.expect_err("no token");
    assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
    scene.stage().tokens = json!({});
    scene.stage().key = p256_key("first");
    let error = scene.sign_in().await.expect_err("another key of that name");
    assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
}

#[tokio::test]
async fn refusals_of_the_token_endpoint_are_told_apart() {
    let scene = Scene::open().await;
    let answer = async |status: u16, body: &str| {
        scene.stage().instead.insert("/token".to_owned(), raw(status, body));
        scene.sign_in().await.expect_err(body)
    };
    let refused = answer(400, r#"{"error":"invalid_grant","error_description":"a-code is used"}"#).await;
    assert!(matches!(&refused, ProviderError::Refused(text) if !text.contains("a-code")), "{refused}");
    let ours = answer(401, r#"{"error":"invalid_client"}"#).await;
    assert!(matches!(ours, ProviderError::Misconfigured(_)), "{ours}");
    for (status, body) in [(500, "<html>"), (200, "<html>"), (200, r#"{"id_token":7}"#), (302, "")] {
        let theirs = answer(status, body).await;
        assert!(matches!(theirs, ProviderError::Faulty(_)), "{status} {body}: {theirs}");
    }
}

#[tokio::test]
async fn tokens_of_apps_are_judged_by_nonce_and_audience() {
    let settings = |base: &str| ProviderSettings {
        issuer: Some(base.to_owned()),
        audiences: vec!["our-app".to_owned()],
        ..section(ProviderKind::Oidc)
    };
    let scene = Scene::of(settings).await;
    let exchanger = scene.provider.exchanger().expect("it takes tokens of apps");
    for audience in [CLIENT, "our-app"] {
        scene.stage().claims = json!({ "aud": audience });
        let identity = exchanger.exchange(&scene.app_token("n-1"), "n-1").await.expect("an identity");
        assert_eq!(identity.subject, "user-1");
        assert!(identity.tokens.id_token.is_none());
    }
    let hashed = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"n-1"));
    exchanger.exchange(&scene.app_token(&hashed), "n-1").await.expect("a hashed nonce");
    let refused = async |claims: Value, nonce: &str| {
        scene.stage().claims = claims;
        let error = exchanger.exchange(&scene.app_token("n-1"), nonce).await.expect_err("a bad token");
        assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
    };
    refused(json!({}), "n-2").await;
    refused(json!({ "nonce": null }), "n-1").await;
    refused(json!({ "aud": "other" }), "n-1").await;
    refused(json!({ "azp": "other" }), "n-1").await;
    refused(json!({ "iat": 1_795_000_000 - 3600 - 700 }), "n-1").await;
    let error = exchanger.exchange(&Secret::from("no.token.atall"), "n-1").await.expect_err("no token");
    assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
}

#[tokio::test]
async fn signing_out_revokes_the_refresh_token_and_knows_the_address() {
    let scene = Scene::open().await;
    let terminator = scene.provider.terminator().expect("it signs out");
    terminator.terminate(&tokens()).await.expect("revoked");
    let sent = scene.upstream.requests().pop().expect("a request");
    assert_eq!(sent.path, "/revoke");
    assert_eq!(sent.field("token").as_deref(), Some("a-refresh-token"));
    assert_eq!(sent.field("token_type_hint").as_deref(), Some("refresh_token"));
    assert!(sent.header("authorization").is_some_and(|value| value.starts_with("Basic ")));
    let url = terminator.logout_url(&tokens(), Some("https://app.test/bye?a=b c")).expect("an address");
    assert!(url.starts_with(&scene.upstream.url("/end?")), "{url}");
    let asked = query(&url);
    assert_eq!(asked["id_token_hint"], "an-id-token");
    assert_eq!(
        (asked["client_id"].as_str(), asked["post_logout_redirect_uri"].as_str()),
        (CLIENT, "https://app.test/bye?a=b c")
    );
    let only_access = UpstreamTokens { refresh_token: None, ..tokens() };
    terminator.terminate(&only_access).await.expect("revoked");
    assert_eq!(
        scene.upstream.requests().pop().and_then(|sent| sent.field("token")).as_deref(),
        Some(ACCESS_TOKEN)
    );
    let before = scene.upstream.requests().len();
    terminator.terminate(&UpstreamTokens::default()).await.expect("nothing to do");
    assert_eq!(scene.upstream.requests().len(), before);
    scene.stage().instead.insert("/revoke".to_owned(), raw(400, r#"{"error":"invalid_token"}"#));
    let error = terminator.terminate(&tokens()).await.expect_err("refused");
    assert!(matches!(error, ProviderError::Refused(_)), "{error}");
}

#[tokio::test]
async fn a_provider_that_is_away_is_unreachable() {
    let closed = Upstream::closed_port().await;
    let scene = Scene::of(|_| ProviderSettings {
        issuer: Some(format!("http://127.0.0.1:{closed}")),
        ..section(ProviderKind::Oidc)
    })
    .await;
    let error = scene.depart().await.expect_err("nobody there");
    assert!(matches!(error, ProviderError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn a_slow_provider_is_given_up_as_a_whole() {
    let scene = Scene::open().await;
    let slow = |body: &Value| raw(200, &body.to_string()).after(Duration::from_secs(3));
    scene.stage().instead.insert("/token".to_owned(), slow(&json!({})));
    let (_, handoff) = scene.depart().await.expect("a departure");
    scene.clock.advance(Duration::from_hours(2));
    let late = slow(&json!({}));
    scene.stage().instead.insert("/.well-known/openid-configuration".to_owned(), late);
    // Each answer would be in time; both together are not.
    let error =
        scene.provider.arrive(Some(&handoff.memo), &arrival(&[("code", "c")])).await.expect_err("too slow");
    assert!(matches!(&error, ProviderError::Unreachable(text) if text.starts_with("oidc")), "{error}");
}

#[test]
fn sections_that_cannot_work_say_why() {
    let complete =
        || ProviderSettings { issuer: Some("https://idp.test".into()), ..section(ProviderKind::Oidc) };
    build(complete()).map(|_| ()).expect("a complete section");
    let wrong = |settings: ProviderSettings| build(settings).map(|_| ()).expect_err("incomplete").to_string();
    assert_eq!(wrong(section(ProviderKind::Oidc)), "[providers.oidc] needs `issuer`");
    let settings = ProviderSettings { client_id: None, ..complete() };
    assert_eq!(wrong(settings), "[providers.oidc] needs `client_id`");
    let settings = ProviderSettings { scopes: Some(vec!["email".into()]), ..complete() };
    assert_eq!(wrong(settings), "[providers.oidc] `scopes` must hold \"openid\"");
    assert!(wrong(with(complete(), "client_authentication", "x")).contains("client_authentication"));
    let settings = ProviderSettings { private_key: Some(Secret::from("x")), ..complete() };
    assert!(wrong(settings).contains("private_key"));
}

#[test]
fn what_the_section_says_is_what_the_instance_is() {
    let settings = ProviderSettings {
        issuer: Some("https://idp.test".into()),
        link: LinkPolicy::VerifiedEmail,
        ..section(ProviderKind::Oidc)
    };
    let provider = build(settings).expect("a complete section");
    let info = provider.info();
    assert_eq!((info.id.as_str(), info.kind, info.answers_by_post), ("oidc", ProviderKind::Oidc, false));
    assert_eq!((info.callback_path.as_str(), info.state_parameter), ("/auth/callback", "state"));
    assert_eq!(info.link, LinkPolicy::VerifiedEmail);
}
