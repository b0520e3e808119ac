//! The same for sign-in at identity providers: whatever comes in, an answer of the dialect goes out.

use doorward_core::ports::provider::{LinkPolicy, ProviderInfo, ProviderKind, SignUp};
use doorward_core::testkit::scripted_provider::ScriptedRegistry;
use doorward_tests::harness::app::Options;
use doorward_tests::{App, on_both};

use super::bad_input::{survives, target};

const START: &[&str] = &["client_id", "client_secret"];

on_both![provided;
    starts_survive,
    callbacks_survive,
    native_sign_in_survives,
    links_survive,
    provider_logouts_survive,
];

/// One provider of each way to answer, which never gets to say anything.
fn provided() -> Options {
    let info = |kind: ProviderKind, state_parameter| ProviderInfo {
        id: kind.as_str().to_owned(),
        kind,
        callback_path: kind.native_callback_path().unwrap_or_default().to_owned(),
        answers_by_post: kind == ProviderKind::Saml,
        state_parameter,
        unsolicited_client: None,
        sign_up: SignUp::Deny,
        link: LinkPolicy::Never,
        trusts_second_factor: false,
    };
    Options::default().with_providers(ScriptedRegistry::new([
        info(ProviderKind::Google, "state"),
        info(ProviderKind::Apple, "state"),
        info(ProviderKind::Saml, "RelayState"),
    ]))
}

async fn starts_survive(app: &App) {
    survives(app, target("POST", "/auth/google", START, "")).await;
    survives(app, target("POST", "/auth/saml", START, "")).await;
    survives(app, target("GET", "/auth/google", &[], "client_id")).await;
}

async fn callbacks_survive(app: &App) {
    survives(app, target("GET", "/auth/google-auth-redirect", &[], "state")).await;
    survives(app, target("POST", "/auth/apple-oauth-redirect", &["code", "state", "user"], "")).await;
    survives(app, target("POST", "/auth/saml-redirect", &["SAMLResponse", "RelayState"], "")).await;
}

async fn native_sign_in_survives(app: &App) {
    survives(app, target("POST", "/auth/providers/google/nonce", START, "")).await;
    let properties = &["client_id", "client_secret", "id_token", "nonce", "response"];
    survives(app, target("POST", "/auth/providers/google/token", properties, "")).await;
    survives(app, target("POST", "/auth/providers/{}", START, "")).await;
}

async fn links_survive(app: &App) {
    survives(app, target("GET", "/auth/identities", &[], "x")).await;
    survives(app, target("DELETE", "/auth/identities/{}", &[], "x")).await;
    survives(app, target("POST", "/auth/providers/google/link/start", &["ticket"], "")).await;
}

async fn provider_logouts_survive(app: &App) {
    for path in ["/google/logout", "/keycloak/logout", "/cognito/logout"] {
        survives(app, target("POST", path, &["refreshToken"], "")).await;
    }
}
