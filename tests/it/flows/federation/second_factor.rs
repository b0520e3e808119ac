//! A second factor after a sign-in at a provider (P15): by policy, unless the provider is trusted to have asked.

use doorward_core::ports::provider::{ProviderInfo, ProviderKind};
use doorward_core::testkit::scripted_provider::ScriptedRegistry;
use doorward_tests::bootstrap::{CLIENT_SECRET, WEBAPP};
use doorward_tests::harness::app::Options;
use doorward_tests::harness::verification::code_of;
use doorward_tests::{App, Reply, jwt, on_both};
use serde_json::{Value, json};

use super::{brought, info, person, user, visit};

on_both![required;
    p15_a_sign_in_at_a_provider_skips_nothing,
    p15_an_id_token_skips_nothing,
    a_provider_may_be_trusted_to_have_asked,
];
on_both![unasked; tokens_tell_of_the_provider];

fn providers() -> ScriptedRegistry {
    let trusted = ProviderInfo { trusts_second_factor: true, ..info("trusted", ProviderKind::Oidc) };
    ScriptedRegistry::new([info("google", ProviderKind::Google), trusted])
}

fn unasked() -> Options {
    Options::default().with_providers(providers())
}

fn required() -> Options {
    unasked().set("native.mfa", "required")
}

const MAIL: &str = "fay@example.com";

/// `fay`, whom both providers know.
async fn introduce(app: &App) {
    let identities = ["google", "trusted"]
        .map(|provider| format!("{{ provider = \"{provider}\", subject = \"fay\" }}"))
        .join(", ");
    app.apply(&user("fay", &format!("email = \"{MAIL}\"\nidentities = [{identities}]"))).await;
    for provider in ["google", "trusted"] {
        app.scripted(provider).knows("fay", &person("fay"));
    }
}

async fn p15_a_sign_in_at_a_provider_skips_nothing(app: &App) {
    introduce(app).await;
    let pending = brought(&visit(app, "google", "fay").await, "code").expect("a code");
    app.redeem(WEBAPP, &pending).await.assert_error(401, "User Verification Failed");
    let otp = app.letter(MAIL, "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge("fay", &otp, WEBAPP, &pending).await);
    let tokens = app.tokens(WEBAPP, &code).await;
    let claims = jwt::claims(&tokens.access);
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["fed", "otp", "mfa"]), &json!("aal2")));
    app.redeem(WEBAPP, &pending).await.assert_error(401, "Invalid Credentials");
}

async fn bring(app: &App, provider: &str, response: Option<&str>) -> Reply {
    let client = json!({ "client_id": WEBAPP, "client_secret": CLIENT_SECRET });
    let nonce = app.post(&format!("/auth/providers/{provider}/nonce"), &client).await.ok()["nonce"].clone();
    let mut body = client;
    body["id_token"] = json!(format!("fay.{}", nonce.as_str().unwrap_or_default()));
    body["nonce"] = nonce;
    if let Some(response) = response {
        body["response"] = response.into();
    }
    app.post(&format!("/auth/providers/{provider}/token"), &body).await
}

async fn p15_an_id_token_skips_nothing(app: &App) {
    introduce(app).await;
    let refused = bring(app, "google", Some("tokens")).await;
    let error = refused.json()["error"].clone();
    assert_eq!((refused.status, &error["message"]), (401, &json!("MfaRequired")), "{}", refused.text);
    let at_once = error["details"]["code"].as_str().unwrap_or_default().to_owned();
    let otp = app.letter(MAIL, "one-time-passcode").await.code();
    let _ = code_of(&app.answer_challenge("fay", &otp, WEBAPP, &at_once).await);

    let reply = bring(app, "google", None).await;
    let pending = if reply.status == 200 {
        code_of(&reply)
    } else {
        reply.json()["error"]["details"]["code"].as_str().unwrap_or_default().to_owned()
    };
    app.redeem(WEBAPP, &pending).await.assert_error(401, "User Verification Failed");
    let otp = app.letter(MAIL, "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge("fay", &otp, WEBAPP, &pending).await);
    let tokens = app.tokens(WEBAPP, &code).await;
    assert_eq!(jwt::claims(&tokens.access)["amr"], json!(["fed", "otp", "mfa"]));
}

async fn a_provider_may_be_trusted_to_have_asked(app: &App) {
    introduce(app).await;
    let code = brought(&visit(app, "trusted", "fay").await, "code").expect("a code");
    let tokens = app.tokens(WEBAPP, &code).await;
    // What was not proved to us is not claimed.
    assert_eq!(jwt::claims(&tokens.access)["amr"], json!(["fed"]));
    let body = bring(app, "trusted", Some("tokens")).await.ok();
    assert!(body["accessToken"].is_string(), "{body}");
    assert_eq!(app.letters().await.len(), 0);
}

async fn tokens_tell_of_the_provider(app: &App) {
    introduce(app).await;
    let code = brought(&visit(app, "google", "fay").await, "code").expect("a code");
    let tokens = app.tokens(WEBAPP, &code).await;
    let claims: Value = jwt::claims(&tokens.access);
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["fed"]), &json!("aal1")));
}
