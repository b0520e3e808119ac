//! What a browser takes along to the provider.

use std::collections::BTreeSet;

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{CLIENT_ID, DevIdp};
use doorward_tests::App;
use doorward_tests::bootstrap::{CLIENT_SECRET, MOBILE, OTHER, WEBAPP};
use doorward_tests::harness::browser::Browser;
use doorward_tests::harness::federation::{
    HTTP, HTTPS, Setup, callback_path, played, start_form, start_path,
};
use reqwest::Method;

use super::{browser, introduce, openid, usual};

federated![usual;
    nothing_of_ours_goes_along,
    openid_providers_get_nonce_and_pkce,
    the_cookie_is_for_this_browser_only,
    an_old_cookie_is_kept,
    departures_from_other_sites_spoil_none,
    clients_have_to_prove_who_they_are,
    public_clients_may_start_by_link,
    json_is_no_form,
];
federated![without_tls; the_cookie_without_tls];
federated![secrets_in_queries; secrets_in_queries_are_a_setting];

fn without_tls() -> Setup {
    Setup::default().at(HTTP)
}

fn secrets_in_queries() -> Setup {
    Setup::default().with_option("native.allow_secret_in_query", "true")
}

async fn nothing_of_ours_goes_along(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let mut states = BTreeSet::new();
    for kind in played() {
        for _ in 0..2 {
            let there = browser(app).depart(kind).await;
            let state = there.parameter("state").expect("there is a state");
            assert!(state.len() >= 43 && !state.contains(WEBAPP), "{kind:?}: {state}");
            assert!(states.insert(state), "{kind:?}: a state came twice");
            assert_eq!(there.parameter("client_id").as_deref(), Some(CLIENT_ID));
            assert_eq!(there.parameter("response_type").as_deref(), Some("code"), "{kind:?}");
            let callback = format!("{HTTPS}{}", callback_path(kind));
            assert_eq!(there.parameter("redirect_uri"), Some(callback), "{kind:?}");
            assert!(!there.url.as_str().contains(CLIENT_SECRET) && !there.url.as_str().contains(WEBAPP));
        }
    }
}

async fn openid_providers_get_nonce_and_pkce(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in openid() {
        let there = browser(app).depart(kind).await;
        assert_eq!(there.parameter("code_challenge_method").as_deref(), Some("S256"), "{kind:?}");
        assert_eq!(there.parameter("code_challenge").map(|text| text.len()), Some(43), "{kind:?}");
        assert!(there.parameter("nonce").is_some_and(|nonce| nonce.len() >= 43), "{kind:?}");
    }
}

async fn the_cookie_is_for_this_browser_only(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played() {
        let browser = browser(app);
        browser.depart(kind).await;
        let [cookie] = browser.cookies().try_into().expect("one cookie");
        assert!(cookie.name.starts_with("__Host-doorward_login_"), "{kind:?}");
        assert!(cookie.value.len() >= 43, "{kind:?}");
        let same_site = if kind == ProviderKind::Apple { "none" } else { "lax" };
        let attributes =
            ["samesite", "path", "max-age"].map(|name| cookie.attribute(name).unwrap_or_default());
        assert_eq!(attributes, [same_site, "/", "600"], "{kind:?}");
        assert!(cookie.attribute("httponly").is_some() && cookie.attribute("secure").is_some(), "{kind:?}");
        assert_eq!(cookie.attribute("domain"), None, "{kind:?}");
    }
}

async fn the_cookie_without_tls(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played() {
        let browser = Browser::new(app, HTTP);
        browser.depart(kind).await;
        let [cookie] = browser.cookies().try_into().expect("one cookie");
        assert!(cookie.name.starts_with("doorward_login_"), "{kind:?}");
        assert_eq!(cookie.attribute("samesite").as_deref(), Some("lax"), "{kind:?}");
        assert!(cookie.attribute("httponly").is_some() && cookie.attribute("secure").is_none(), "{kind:?}");
    }
}

/// Two tabs: the second departure must not spoil the first.
async fn an_old_cookie_is_kept(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    let first = browser.callback(ProviderKind::Google).await;
    let second = browser.callback(ProviderKind::Keycloak).await;
    let third = browser.callback(ProviderKind::Apple).await;
    for callback in [second, first, third] {
        let _ = browser.arrive(callback).await.code();
    }
}

/// A form on another site brings no `Lax` cookie: the browser is given a second one, which must not replace the first.
async fn departures_from_other_sites_spoil_none(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    let first = browser.callback(ProviderKind::Google).await;
    let elsewhere = Browser::new(app, HTTPS);
    let second = elsewhere.callback(ProviderKind::Keycloak).await;
    browser.take_cookies_of(&elsewhere);
    assert_eq!(browser.cookies().len(), 2);
    for callback in [first, second] {
        let _ = browser.arrive(callback).await.code();
    }
}

async fn clients_have_to_prove_who_they_are(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let start = |fields: Vec<(&'static str, &'static str)>| async move {
        app.send(app.request(Method::POST, "/auth/google").form(&fields)).await
    };
    let wrong = start(vec![("client_id", WEBAPP), ("client_secret", "wrong")]).await;
    wrong.assert_wrapped_error(401, "Client Verification Failed");
    let unknown = start(vec![("client_id", "nobody"), ("client_secret", CLIENT_SECRET)]).await;
    assert_eq!(unknown.status, 401);
    let switched_off = start(vec![("client_id", "switched-off"), ("client_secret", CLIENT_SECRET)]).await;
    assert_eq!(switched_off.status, 401);
    // It has no redirect URL.
    let nowhere = start(vec![("client_id", OTHER), ("client_secret", CLIENT_SECRET)]).await;
    nowhere.assert_error(401, "Client Invalid");
    assert!(idp.all_calls().is_empty());
    assert_eq!(app.place.figure("SELECT count(*) FROM login_attempts").await, 0);
}

async fn public_clients_may_start_by_link(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in [ProviderKind::Google, ProviderKind::Keycloak, ProviderKind::Cognito, ProviderKind::Azure] {
        let path = start_path(kind);
        let public = app.get(&format!("{path}?client_id={MOBILE}")).await;
        assert_eq!(public.status, 302, "{kind:?}: {}", public.text);
        let confidential = app.get(&format!("{path}?client_id={WEBAPP}")).await;
        assert_eq!(confidential.status, 401, "{kind:?}");
        let secret = app.get(&format!("{path}?client_id={WEBAPP}&client_secret={CLIENT_SECRET}")).await;
        assert!(matches!(secret.status, 400 | 401), "{kind:?}: {}", secret.status);
        assert!(!secret.text.contains(CLIENT_SECRET));
    }
}

async fn secrets_in_queries_are_a_setting(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let reply = app.get(&format!("/auth/google?client_id={WEBAPP}&client_secret={CLIENT_SECRET}")).await;
    assert_eq!(reply.status, 302, "{}", reply.text);
    let wrong = app.get(&format!("/auth/google?client_id={WEBAPP}&client_secret=wrong")).await;
    wrong.assert_wrapped_error(401, "Client Verification Failed");
}

async fn json_is_no_form(app: &App, _idp: &DevIdp) {
    let form: serde_json::Map<String, serde_json::Value> =
        start_form(WEBAPP).into_iter().map(|(name, value)| (name, value.into())).collect();
    let reply = app.post("/auth/google", &form.into()).await;
    assert_eq!(reply.status, 415, "{}", reply.text);
}
