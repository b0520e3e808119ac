//! S6, S7, S8: a message works once, for the browser that asked for it, for ten minutes.

use std::time::Duration;

use doorward_core::ports::provider::ProviderKind;
use doorward_tests::App;
use doorward_tests::harness::browser::{Browser, Stop, Visit};
use doorward_tests::harness::federation::HTTPS;
use doorward_tests::harness::saml::{Idp, Setup};
use futures_util::future::join_all;
use serde_json::json;

use super::{assert_signed_in, introduce, usual};

with_idp![usual;
    s6_once_however_often_it_is_sent,
    s7_only_for_the_browser_that_began,
    s7_not_after_ten_minutes,
    s7_not_for_another_request,
    s8_nothing_unsolicited,
];
with_idp![open; s6_unsolicited_once_however_often_it_is_sent, s8_unsolicited_where_it_is_wanted];

fn open() -> Setup {
    usual().set("unsolicited_client", "webapp")
}

/// The same visit 50 times at once; how many ended with a code, all others having been refused.
async fn at_once(browser: &Browser<'_>, callback: &Visit) -> usize {
    let stops = join_all((0..50).map(|_| browser.arrive(callback.clone()))).await;
    let mut codes = 0;
    for stop in stops {
        match stop {
            Stop::Away(_) => codes += 1,
            Stop::Here(reply) => reply.assert_wrapped_error(401, "Invalid Credentials"),
        }
    }
    codes
}

async fn s6_once_however_often_it_is_sent(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    let browser = Browser::new(app, HTTPS);
    let callback = browser.saml_callback(idp, "alice").await;
    assert_eq!(at_once(&browser, &callback).await, 1);
    app.restart().await;
    browser.arrive(callback).await.assert_refused();
    assert_eq!(app.place.figure("SELECT count(*) FROM grants").await, 1);
}

async fn s6_unsolicited_once_however_often_it_is_sent(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    let browser = Browser::new(app, HTTPS);
    let callback = idp.unsolicited("alice").await.with("RelayState", None);
    assert_eq!(at_once(&browser, &callback).await, 1);
    app.restart().await;
    browser.arrive(callback.clone()).await.assert_refused();
    Browser::new(app, HTTPS).arrive(callback.clone()).await.assert_refused();
    // Also later, until the message is too old by itself.
    for _ in 0..4 {
        app.advance(Duration::from_mins(4));
        browser.arrive(callback.clone()).await.assert_refused();
    }
    assert_eq!(app.place.figure("SELECT count(*) FROM grants").await, 1);
}

async fn s7_only_for_the_browser_that_began(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    let (victim, attacker) = (Browser::new(app, HTTPS), Browser::new(app, HTTPS));
    let callback = attacker.saml_callback(idp, "alice").await;
    // Without a cookie our page asks again, and nothing comes of it.
    victim.arrive(callback.clone()).await.assert_refused();
    victim.depart(ProviderKind::Saml).await;
    victim.arrive(callback.clone()).await.assert_refused();
    // Nor is it used up.
    assert_signed_in(app, attacker.arrive(callback).await, "fed").await;
}

async fn s7_not_after_ten_minutes(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    let browser = Browser::new(app, HTTPS);
    let there = browser.depart(ProviderKind::Saml).await;
    app.advance(Duration::from_mins(10));
    let callback = idp.sign_in(&there, "alice").await;
    browser.arrive(callback).await.assert_refused();
}

async fn s7_not_for_another_request(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    let browser = Browser::new(app, HTTPS);
    let first = browser.saml_callback(idp, "alice").await;
    let second = browser.depart(ProviderKind::Saml).await;
    let state = second.parameter("RelayState").expect("a redirect with RelayState");
    browser.arrive(first.with("RelayState", Some(&state))).await.assert_refused();
    let unknown = browser.saml_callback(idp, "alice").await;
    browser.arrive(unknown.with("RelayState", Some("https://evil.example"))).await.assert_refused();
}

async fn s8_nothing_unsolicited(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    let browser = Browser::new(app, HTTPS);
    let unsolicited = idp.unsolicited("alice").await;
    browser.arrive(unsolicited.clone()).await.assert_refused();
    browser.arrive(unsolicited.with("RelayState", None)).await.assert_refused();
    // An answer to a request is no better without its RelayState.
    let solicited = browser.saml_callback(idp, "alice").await;
    browser.arrive(solicited.with("RelayState", None)).await.assert_refused();
    assert_eq!(app.place.figure("SELECT count(*) FROM grants").await, 0);
}

async fn s8_unsolicited_where_it_is_wanted(app: &App, idp: &Idp) {
    introduce(app, idp).await;
    let browser = Browser::new(app, HTTPS);
    let unsolicited = idp.unsolicited("alice").await;
    // RelayState leads nowhere.
    let led = unsolicited.clone().with("RelayState", Some("https://evil.example/"));
    browser.arrive(led).await.assert_refused();
    assert_signed_in(app, browser.arrive(unsolicited.with("RelayState", None)).await, "fed").await;
    // An answer to a request does not become an unsolicited one.
    let solicited = browser.saml_callback(idp, "alice").await;
    browser.arrive(solicited.with("RelayState", None)).await.assert_refused();
    idp.change(&json!({ "sign": "none" })).await;
    let unsigned = idp.unsolicited("alice").await;
    browser.arrive(unsigned.with("RelayState", None)).await.assert_refused();
}
