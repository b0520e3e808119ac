//! Every kind of provider, from the client's form to the logout.

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{DevIdp, Endpoint};
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::browser::Browser;
use doorward_tests::harness::federation::{HTTP, Setup, parameter};
use doorward_tests::{App, Tokens};
use serde_json::json;

use super::{browser, introduce, usual};

federated![usual; every_kind_signs_in_refreshes_and_signs_out, a_second_sign_in_finds_the_same_account];
federated![without_tls; every_kind_works_without_tls];

fn without_tls() -> Setup {
    Setup::default().at(HTTP)
}

/// Who tests a kind. There is no arm for "the others": a new kind has to say.
enum Tested {
    Here,
    /// In `saml.rs`, and with identity providers of its own in `tests/it/saml`.
    BySaml,
}

fn tested(kind: ProviderKind) -> Tested {
    match kind {
        ProviderKind::Google
        | ProviderKind::Azure
        | ProviderKind::Cognito
        | ProviderKind::Keycloak
        | ProviderKind::Apple
        | ProviderKind::Facebook
        | ProviderKind::Instagram
        | ProviderKind::Oidc => Tested::Here,
        ProviderKind::Saml => Tested::BySaml,
    }
}

fn kinds() -> impl Iterator<Item = ProviderKind> {
    ProviderKind::ALL.into_iter().filter(|kind| matches!(tested(*kind), Tested::Here))
}

/// Where the old service signs out of a kind.
fn logout_path(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Google => "/google/logout",
        ProviderKind::Keycloak => "/keycloak/logout",
        ProviderKind::Cognito => "/cognito/logout",
        _ => "/logout",
    }
}

async fn every_kind_signs_in_refreshes_and_signs_out(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in kinds() {
        let arrived = browser(app).sign_in(kind).await.away();
        assert_eq!(arrived.as_str().split('?').next(), Some("http://127.0.0.1:4200/cb"), "{kind:?}");
        let names: Vec<String> = arrived.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let is_prefixing = matches!(kind, ProviderKind::Azure | ProviderKind::Apple);
        let expected: &[&str] = if is_prefixing { &["code", "role"] } else { &["code"] };
        assert_eq!(names, expected, "{kind:?}");
        assert!(!is_prefixing || parameter(&arrived, "role").as_deref() == Some("Member"), "{kind:?}");

        let code = parameter(&arrived, "code").expect("it is there");
        let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
        assert_eq!(app.me(&tokens.access).await.ok()["username"], "fed", "{kind:?}");
        let tokens = Tokens::of(&app.refresh(&tokens).await);
        assert_eq!(app.me(&tokens.access).await.ok()["username"], "fed", "{kind:?}");

        let body = json!({ "refreshToken": tokens.refresh });
        let reply = app.post_as(&tokens.access, logout_path(kind), &body).await.ok();
        assert_eq!(reply["success"], true, "{kind:?}");
        app.me(&tokens.access).await.assert_wrapped_error(401, "TokenRevoked");
        app.refresh(&tokens).await.assert_error(401, "Token Expired");
        assert_eq!(idp.calls(kind, Endpoint::Token).len(), 1, "{kind:?}: one code was redeemed, once");
    }
}

async fn a_second_sign_in_finds_the_same_account(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let before = super::links(app).await;
    for kind in kinds() {
        let browser = browser(app);
        for _ in 0..2 {
            let code = browser.sign_in(kind).await.code();
            let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
            assert_eq!(app.me(&tokens.access).await.ok()["username"], "fed", "{kind:?}");
        }
    }
    assert_eq!(super::links(app).await, before);
}

async fn every_kind_works_without_tls(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in kinds() {
        let code = Browser::new(app, HTTP).sign_in(kind).await.code();
        assert_eq!(app.redeem(WEBAPP, &code).await.status, 200, "{kind:?}");
    }
}
