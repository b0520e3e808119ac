//! S12: whose word counts for what.

use doorward_tests::App;
use doorward_tests::harness::browser::Browser;
use doorward_tests::harness::federation::HTTPS;
use doorward_tests::harness::saml::{Idp, Setup};
use serde_json::json;

use super::{assert_signed_in, introduce, usual};

with_idp![linking; s12_addresses_without_trust];
with_idp![trusting_elsewhere; s12_addresses_of_other_domains];
with_idp![trusting; addresses_of_trusted_domains];
with_idp![usual; s12_names_that_do_not_last];
with_idp![by_attribute; an_attribute_instead_of_the_name];

fn linking() -> Setup {
    usual().set("link", "verified_email")
}

fn trusting_elsewhere() -> Setup {
    linking().set_raw("trust_email", "true").set_raw("email_domains", "['corp.example']")
}

fn trusting() -> Setup {
    linking().set_raw("trust_email", "true").set_raw("email_domains", "['corp.example', 'example.com']")
}

fn by_attribute() -> Setup {
    usual().set("subject_attribute", "email")
}

// The world has an account `alice` with the verified address alice@example.com, which alice and eve claim over there.

async fn s12_addresses_without_trust(app: &App, idp: &Idp) {
    for name in ["eve", "alice"] {
        let browser = Browser::new(app, HTTPS);
        let callback = browser.saml_callback(idp, name).await;
        browser.arrive(callback).await.assert_refused();
    }
    assert_eq!(app.place.figure("SELECT count(*) FROM identities WHERE provider = 'saml'").await, 0);
}

async fn s12_addresses_of_other_domains(app: &App, idp: &Idp) {
    s12_addresses_without_trust(app, idp).await;
}

async fn addresses_of_trusted_domains(app: &App, idp: &Idp) {
    let browser = Browser::new(app, HTTPS);
    let callback = browser.saml_callback(idp, "alice").await;
    assert_signed_in(app, browser.arrive(callback).await, "alice").await;
}

async fn s12_names_that_do_not_last(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    idp.change(&json!({ "nameid": "transient" })).await;
    let browser = Browser::new(app, HTTPS);
    let callback = browser.saml_callback(idp, "alice").await;
    let reply = browser.arrive(callback).await.here();
    assert_eq!(reply.status, 502, "{}", reply.text);
    assert!(!reply.text.contains("NameID"), "{}", reply.text);
}

async fn an_attribute_instead_of_the_name(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    idp.change(&json!({ "nameid": "transient" })).await;
    let browser = Browser::new(app, HTTPS);
    let callback = browser.saml_callback(idp, "alice").await;
    assert_signed_in(app, browser.arrive(callback).await, "fed").await;
    // Who has no such attribute is nobody.
    let callback = browser.saml_callback(idp, "dan").await;
    browser.arrive(callback).await.assert_refused();
}
