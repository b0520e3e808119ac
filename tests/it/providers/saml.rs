//! SAML, played by the scripted provider: the whole way, and everything that it can do wrong. Messages that no provider would
//! send are in the tests of `providers/engine/saml`, another vendor's in `tests/it/saml`.

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{DevIdp, Endpoint, Fault};
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::browser::Browser;
use doorward_tests::harness::federation::{HTTP, HTTPS, Setup};
use doorward_tests::{App, Tokens};
use serde_json::json;

use super::{browser, codes, come_as, fed, links, user};

federated![
    with_saml;
    it_signs_in_refreshes_and_signs_out,
    every_fault_is_refused_and_the_next_answer_is_not,
    a_response_counts_once,
    an_answer_that_nobody_asked_for_is_refused,
    saying_no_is_no_sign_in,
];
federated![without_tls; it_works_without_tls];
federated![creating; an_account_is_made_of_the_attributes];

fn with_saml() -> Setup {
    Setup::default().with_saml()
}

fn without_tls() -> Setup {
    with_saml().at(HTTP)
}

fn creating() -> Setup {
    with_saml()
        .creating()
        .set(ProviderKind::Saml, "sign_up", "create")
        .set(ProviderKind::Saml, "sign_up_tenant", "acme")
        .set(ProviderKind::Saml, "sign_up_role", "Member")
}

async fn introduce(app: &App, idp: &DevIdp) {
    app.apply(&user("fed", "identities = [{ provider = \"saml\", subject = \"dev-fed\" }]")).await;
    come_as(idp, fed());
}

async fn assert_signs_in(app: &App, browser: &Browser<'_>) -> Tokens {
    let code = browser.sign_in(ProviderKind::Saml).await.code();
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    assert_eq!(app.me(&tokens.access).await.ok()["username"], "fed");
    tokens
}

async fn it_signs_in_refreshes_and_signs_out(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let tokens = assert_signs_in(app, &browser(app)).await;
    let tokens = Tokens::of(&app.refresh(&tokens).await);
    assert_eq!(app.me(&tokens.access).await.ok()["username"], "fed");
    let body = json!({ "refreshToken": tokens.refresh });
    assert_eq!(app.post_as(&tokens.access, "/logout", &body).await.ok()["success"], true);
    app.me(&tokens.access).await.assert_wrapped_error(401, "TokenRevoked");
    assert_eq!(idp.calls(ProviderKind::Saml, Endpoint::Authorize).len(), 1);
}

async fn it_works_without_tls(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    assert_signs_in(app, &Browser::new(app, HTTP)).await;
}

async fn every_fault_is_refused_and_the_next_answer_is_not(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for fault in Fault::OF_SAML {
        let before = codes(app).await;
        idp.fault_of(ProviderKind::Saml, Endpoint::Authorize, fault);
        let stop = browser(app).sign_in(ProviderKind::Saml).await;
        assert!(!format!("{stop:?}").contains("code="), "{fault:?}: {stop:?}");
        assert_eq!(codes(app).await, before, "{fault:?}");
        idp.heal();
        assert_signs_in(app, &browser(app)).await;
    }
}

async fn a_response_counts_once(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    assert_signs_in(app, &browser).await;
    idp.fault_of(ProviderKind::Saml, Endpoint::Authorize, Fault::Replay);
    browser.sign_in(ProviderKind::Saml).await.assert_refused();
    assert_eq!(codes(app).await, 1);
}

async fn an_answer_that_nobody_asked_for_is_refused(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    idp.fault_of(ProviderKind::Saml, Endpoint::Authorize, Fault::Unsolicited);
    let callback = browser(app).callback(ProviderKind::Saml).await;
    assert_eq!(callback.parameter("RelayState"), None);
    assert!(callback.parameter("SAMLResponse").is_some());
    Browser::new(app, HTTPS).arrive(callback).await.assert_refused();
    assert_eq!(codes(app).await, 0);
}

async fn saying_no_is_no_sign_in(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    idp.choose(Some("deny"));
    let stop = browser(app).sign_in(ProviderKind::Saml).await;
    assert!(!format!("{stop:?}").contains("code="), "{stop:?}");
    assert_eq!(codes(app).await, 0);
}

async fn an_account_is_made_of_the_attributes(app: &App, idp: &DevIdp) {
    idp.choose(Some("bob"));
    let before = links(app).await;
    let code = browser(app).sign_in(ProviderKind::Saml).await.code();
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    let me = app.me(&tokens.access).await.ok();
    assert_eq!((&me["firstName"], &me["lastName"]), (&json!("Test"), &json!("bob")), "{me}");
    assert_eq!(links(app).await, before + 1);
}
