//! F8: Apple answers by a cross-site POST, tells names once, and wants a signed client secret.

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{DevIdp, Endpoint, Persona};
use doorward_tests::App;
use doorward_tests::Tokens;
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::browser::{Browser, next_visit};
use doorward_tests::harness::federation::{HTTP, Setup, callback_path, parameter};
use reqwest::Method;
use serde_json::json;

use super::{assert_no_token_call, browser, codes, come_as, introduce, links, usual};

federated![usual;
    f8_the_form_arrives_with_its_cookie,
    f8_a_second_sign_in_needs_no_name,
    f8_the_client_secret_is_signed_for_each_request,
    f8_cancelling,
];
federated![without_tls; f8_without_tls_the_form_comes_again, f8_the_form_comes_again_only_once];
federated![creating; f8_the_unsigned_field_is_a_name_and_nothing_else];

const APPLE: ProviderKind = ProviderKind::Apple;

fn without_tls() -> Setup {
    Setup::default().at(HTTP)
}

fn creating() -> Setup {
    Setup::default().linking().creating()
}

async fn f8_the_form_arrives_with_its_cookie(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    let callback = browser.callback(APPLE).await;
    assert_eq!(callback.method, Method::POST);
    assert!(callback.from.as_ref().is_some_and(|from| from.host_str() != callback.url.host_str()));
    let reply = browser.open(&callback).await;
    assert_eq!(reply.status, 302, "no detour: {}", reply.text);
}

async fn f8_a_second_sign_in_needs_no_name(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for has_name in [true, false, false] {
        let browser = browser(app);
        let callback = browser.callback(APPLE).await;
        assert_eq!(callback.parameter("user").is_some(), has_name);
        let code = browser.arrive(callback).await.code();
        let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
        assert_eq!(app.me(&tokens.access).await.ok()["username"], "fed");
    }
}

async fn f8_the_client_secret_is_signed_for_each_request(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for _ in 0..2 {
        let _ = browser(app).sign_in(APPLE).await.code();
        app.advance(std::time::Duration::from_hours(24));
    }
    let calls = idp.calls(APPLE, Endpoint::Token);
    let secrets: Vec<&str> = calls.iter().filter_map(|call| call.parameter("client_secret")).collect();
    assert_eq!(secrets.len(), 2);
    assert_ne!(secrets[0], secrets[1]);
    let (header, claims) = doorward_tests::jwt::parts(secrets[1]);
    assert_eq!(header["alg"], "ES256");
    let life = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat);
    assert!(life.is_some_and(|life| (1..=15_777_000).contains(&life)), "{claims}");
}

async fn f8_cancelling(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    idp.choose(Some("deny"));
    let away = browser(app).sign_in(APPLE).await.away();
    assert_eq!(parameter(&away, "error").as_deref(), Some("access_denied"));
}

/// Without TLS there is no `SameSite=None`: the browser keeps its cookie back until the form comes from here.
async fn f8_without_tls_the_form_comes_again(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = Browser::new(app, HTTP);
    let callback = browser.callback(APPLE).await;
    let page = browser.open(&callback).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.header("content-security-policy").contains("default-src 'none'"), "{:?}", page.headers);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_no_token_call(idp);
    let again = next_visit(&callback, &page).expect("a form");
    assert_eq!((&again.method, again.url.path()), (&Method::POST, callback_path(APPLE).as_str()));
    for name in ["code", "state", "user"] {
        assert_eq!(again.parameter(name), callback.parameter(name), "{name}");
    }
    let _ = browser.arrive(callback).await.code();
}

async fn f8_the_form_comes_again_only_once(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    // Another browser has no cookie the second time either.
    let callback = Browser::new(app, HTTP).callback(APPLE).await;
    Browser::new(app, HTTP).arrive(callback.clone()).await.assert_refused();
    // Neither has whoever is no browser.
    let request = app.request(Method::POST, &callback_path(APPLE)).form(&callback.fields);
    app.send(request).await.assert_wrapped_error(401, "Invalid Credentials");
    // Nothing of it is reflected unescaped.
    let hostile = callback.with("state", Some("\"><script>alert(1)</script>")).with("x\"><b>", Some("'<i>"));
    let page = Browser::new(app, HTTP).open(&hostile).await;
    for text in ["<script>alert", "<b>", "<i>"] {
        assert!(!page.text.contains(text), "{text}: {}", page.text);
    }
    assert_no_token_call(idp);
    assert_eq!(codes(app).await, 0);
}

/// `user` is no part of anything signed.
async fn f8_the_unsigned_field_is_a_name_and_nothing_else(app: &App, idp: &DevIdp) {
    let mut persona = Persona::new("new", "dev-new", "new@example.net");
    persona.email = None;
    come_as(idp, persona);
    let browser = browser(app);
    let callback = browser.callback(APPLE).await;
    let forged =
        json!({ "name": { "firstName": "Eve", "lastName": "Forger" }, "email": "alice@example.com" });
    let before = links(app).await;
    let code = browser.arrive(callback.with("user", Some(&forged.to_string()))).await.code();
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    let me = app.me(&tokens.access).await.ok();
    assert_ne!(me["username"], "alice", "{me}");
    assert!(!me.to_string().contains("alice@example.com"), "{me}");
    assert_eq!(me["firstName"], "Eve", "{me}");
    assert_eq!(links(app).await, before + 1);
}
