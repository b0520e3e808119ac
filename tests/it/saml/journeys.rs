//! From the client's form to its tokens, with everything that a real identity provider can be told to do.

use doorward_core::ports::provider::ProviderKind;
use doorward_tests::App;
use doorward_tests::harness::browser::Browser;
use doorward_tests::harness::federation::{HTTP, HTTPS};
use doorward_tests::harness::saml::{Idp, Setup};
use serde_json::json;

use super::{assert_signed_in, introduce, usual};

with_idp![usual;
    every_layout_of_a_message,
    weak_and_unsigned_messages_are_refused,
    each_certificate_of_a_roll_over,
];
with_idp![by_plain_http; a_cookie_that_a_cross_site_post_leaves_behind];
with_idp![signing; requests_that_must_be_signed];
with_idp![creating; people_nobody_knows_get_an_account];

fn by_plain_http() -> Setup {
    Setup::at(HTTP)
}

fn signing() -> Setup {
    usual().set_raw("sign_requests", "true")
}

fn creating() -> Setup {
    usual().set("sign_up", "create").set("sign_up_tenant", "acme").set("sign_up_role", "Member")
}

async fn every_layout_of_a_message(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    for sign in ["response", "assertion", "both"] {
        for encrypt in ["", "metadata"] {
            idp.change(&json!({ "sign": sign, "encrypt": encrypt })).await;
            let browser = Browser::new(app, HTTPS);
            let callback = browser.saml_callback(idp, "alice").await;
            let stop = browser.arrive(callback).await;
            if sign == "assertion" && encrypt == "metadata" {
                // AES-CBC with nothing around it.
                stop.assert_refused();
                continue;
            }
            assert_signed_in(app, stop, "fed").await;
        }
    }
}

async fn weak_and_unsigned_messages_are_refused(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    for options in [
        json!({ "sign": "none" }),
        json!({ "sign": "none", "encrypt": "metadata" }),
        json!({ "sign": "both", "algorithm": "rsa-sha1", "encrypt": "" }),
    ] {
        idp.change(&options).await;
        let browser = Browser::new(app, HTTPS);
        let callback = browser.saml_callback(idp, "alice").await;
        browser.arrive(callback).await.assert_refused();
    }
    idp.change(&json!({ "algorithm": "rsa-sha512" })).await;
    let browser = Browser::new(app, HTTPS);
    let callback = browser.saml_callback(idp, "alice").await;
    assert_signed_in(app, browser.arrive(callback).await, "fed").await;
}

async fn each_certificate_of_a_roll_over(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    for keys in ["both", "second"] {
        idp.change(&json!({ "keys": keys })).await;
        let browser = Browser::new(app, HTTPS);
        let callback = browser.saml_callback(idp, "alice").await;
        assert_signed_in(app, browser.arrive(callback).await, "fed").await;
    }
}

async fn a_cookie_that_a_cross_site_post_leaves_behind(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    let browser = Browser::new(app, HTTP);
    let callback = browser.saml_callback(idp, "alice").await;
    // A page of ours first, which sends the same form again.
    let page = browser.open(&callback).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("SAMLResponse"));
    assert_signed_in(app, browser.arrive(callback).await, "fed").await;
}

async fn requests_that_must_be_signed(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    idp.change(&json!({ "requests": "metadata" })).await;
    let browser = Browser::new(app, HTTPS);
    let there = browser.depart(ProviderKind::Saml).await;
    assert!(there.parameter("Signature").is_some());
    let callback = idp.sign_in(&there, "alice").await;
    assert_signed_in(app, browser.arrive(callback).await, "fed").await;
}

async fn people_nobody_knows_get_an_account(app: &App, idp: &Idp) {
    // The persistent name of the identity provider's own making, the same each time.
    for _ in 0..2 {
        let browser = Browser::new(app, HTTPS);
        let callback = browser.saml_callback(idp, "eve").await;
        let code = browser.arrive(callback).await.code();
        let tokens = doorward_tests::harness::requests::Tokens::of(&app.redeem("webapp", &code).await);
        let me = app.me(&tokens.access).await.ok();
        assert_eq!(me["lastName"], "O'Example & <Sons>", "{me}");
    }
    assert_eq!(app.place.figure("SELECT count(*) FROM identities WHERE provider = 'saml'").await, 1);
}
