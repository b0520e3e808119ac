//! Native sign-in: an app's SDK brings an ID token with a nonce of ours.

use std::time::Duration;

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{CLIENT_ID, DevIdp, Endpoint, Fault};
use doorward_tests::bootstrap::{MOBILE, WEBAPP, secret_of};
use doorward_tests::harness::federation::{Setup, played};
use doorward_tests::harness::reply::Reply;
use doorward_tests::{App, Tokens};
use serde_json::{Value, json};

use super::{codes, introduce, openid, usual};

federated![with_apps;
    every_kind_with_id_tokens_takes_them,
    tokens_at_once,
    ids_of_our_apps_are_audiences_too,
];
federated![usual;
    a_token_may_list_many_groups,
    instagram_has_no_id_tokens,
    a_nonce_works_once,
    a_nonce_is_one_clients_and_one_providers,
    a_nonce_does_not_live_long,
    bad_id_tokens_are_refused,
    a_nonce_is_no_state,
];

fn with_apps() -> Setup {
    played().into_iter().fold(Setup::default(), |setup, kind| {
        setup.set_words(kind, "audiences", "com.example.ios,com.example.android")
    })
}

/// Kinds whose ID tokens apps can bring.
fn kinds() -> Vec<ProviderKind> {
    openid().into_iter().chain([ProviderKind::Facebook]).collect()
}

fn body(client: &str, more: &Value) -> Value {
    let mut body = json!({ "client_id": client });
    if let Some(secret) = secret_of(client) {
        body["client_secret"] = secret.into();
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

async fn nonce_of(app: &App, kind: ProviderKind, client: &str) -> String {
    let path = format!("/auth/providers/{}/nonce", kind.as_str());
    let reply = app.post(&path, &body(client, &json!({}))).await.ok();
    let nonce = reply["nonce"].as_str().unwrap_or_default().to_owned();
    assert!(nonce.len() >= 43, "{reply}");
    assert!(reply["expires"].as_i64().is_some(), "{reply}");
    nonce
}

async fn bring(app: &App, kind: ProviderKind, client: &str, token: &str, nonce: &str) -> Reply {
    let path = format!("/auth/providers/{}/token", kind.as_str());
    app.post(&path, &body(client, &json!({ "id_token": token, "nonce": nonce }))).await
}

fn id_token(idp: &DevIdp, kind: ProviderKind, audience: &str, nonce: &str) -> String {
    idp.id_token(kind, "fed", audience, Some(nonce)).expect("fed is known")
}

async fn every_kind_with_id_tokens_takes_them(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in kinds() {
        for client in [MOBILE, WEBAPP] {
            let nonce = nonce_of(app, kind, client).await;
            let token = id_token(idp, kind, CLIENT_ID, &nonce);
            let reply = bring(app, kind, client, &token, &nonce).await.ok();
            let code = reply["code"].as_str().unwrap_or_default().to_owned();
            let tokens = Tokens::of(&app.redeem(client, &code).await);
            assert_eq!(app.me(&tokens.access).await.ok()["username"], "fed", "{kind:?}");
        }
        assert!(idp.calls(kind, Endpoint::Token).is_empty(), "{kind:?}");
    }
}

/// Entra's tokens do: they are longer than anything else in a body.
async fn a_token_may_list_many_groups(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let kind = ProviderKind::Azure;
    let groups: Vec<String> =
        (0..600).map(|number| format!("7d1c1a6e-0000-4000-8000-{number:012}")).collect();
    idp.add(super::fed().with("groups", json!(groups)));
    let nonce = nonce_of(app, kind, MOBILE).await;
    let token = id_token(idp, kind, CLIENT_ID, &nonce);
    assert!(token.len() > 20_000, "{}", token.len());
    assert!(bring(app, kind, MOBILE, &token, &nonce).await.ok()["code"].is_string());
}

async fn tokens_at_once(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in kinds() {
        let nonce = nonce_of(app, kind, MOBILE).await;
        let token = id_token(idp, kind, CLIENT_ID, &nonce);
        let more = json!({ "id_token": token, "nonce": nonce, "response": "tokens" });
        let path = format!("/auth/providers/{}/token", kind.as_str());
        let tokens = Tokens::of(&app.post(&path, &body(MOBILE, &more)).await);
        assert_eq!(app.me(&tokens.access).await.ok()["username"], "fed", "{kind:?}");
        assert_eq!(app.refresh(&tokens).await.status, 200, "{kind:?}");
    }
}

async fn ids_of_our_apps_are_audiences_too(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in kinds() {
        for (audience, is_ours) in
            [("com.example.ios", true), ("com.example.android", true), ("com.example.other", false)]
        {
            let nonce = nonce_of(app, kind, MOBILE).await;
            let reply = bring(app, kind, MOBILE, &id_token(idp, kind, audience, &nonce), &nonce).await;
            if is_ours {
                assert_eq!(reply.status, 200, "{kind:?} {audience}: {}", reply.text);
            } else {
                reply.assert_wrapped_error(401, "Invalid Credentials");
            }
        }
    }
}

async fn instagram_has_no_id_tokens(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let reply = app.post("/auth/providers/instagram/nonce", &body(MOBILE, &json!({}))).await;
    assert_eq!(reply.status, 404, "{}", reply.text);
    let reply = app.post("/auth/providers/nobody/nonce", &body(MOBILE, &json!({}))).await;
    assert_eq!(reply.status, 404, "{}", reply.text);
}

async fn a_nonce_works_once(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in kinds() {
        let nonce = nonce_of(app, kind, MOBILE).await;
        let token = id_token(idp, kind, CLIENT_ID, &nonce);
        let tries = (0..10).map(|_| bring(app, kind, MOBILE, &token, &nonce));
        let replies = futures_util::future::join_all(tries).await;
        let accepted = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(accepted, 1, "{kind:?}");
        let refused = replies.iter().find(|reply| reply.status != 200).expect("the others");
        refused.assert_wrapped_error(401, "Invalid Credentials");
    }
}

async fn a_nonce_is_one_clients_and_one_providers(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let kind = ProviderKind::Google;
    let nonce = nonce_of(app, kind, MOBILE).await;
    let token = id_token(idp, kind, CLIENT_ID, &nonce);
    bring(app, kind, WEBAPP, &token, &nonce).await.assert_wrapped_error(401, "Invalid Credentials");
    let nonce = nonce_of(app, kind, MOBILE).await;
    let token = id_token(idp, ProviderKind::Oidc, CLIENT_ID, &nonce);
    let elsewhere = bring(app, ProviderKind::Oidc, MOBILE, &token, &nonce).await;
    elsewhere.assert_wrapped_error(401, "Invalid Credentials");
    // A nonce that nobody here issued.
    let own = "x".repeat(43);
    let token = id_token(idp, kind, CLIENT_ID, &own);
    bring(app, kind, MOBILE, &token, &own).await.assert_wrapped_error(401, "Invalid Credentials");
    assert_eq!(codes(app).await, 0);
}

async fn a_nonce_does_not_live_long(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let kind = ProviderKind::Google;
    let nonce = nonce_of(app, kind, MOBILE).await;
    app.advance(Duration::from_secs(601));
    let token = id_token(idp, kind, CLIENT_ID, &nonce);
    bring(app, kind, MOBILE, &token, &nonce).await.assert_wrapped_error(401, "Invalid Credentials");
}

async fn bad_id_tokens_are_refused(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in kinds() {
        // No access token comes along, so there is nothing that its hash could be of.
        for fault in Fault::OF_ID_TOKENS.into_iter().filter(|fault| *fault != Fault::AtHashWrong) {
            idp.heal();
            let nonce = nonce_of(app, kind, MOBILE).await;
            idp.fault_at(Endpoint::Token, fault);
            let token = id_token(idp, kind, CLIENT_ID, &nonce);
            let reply = bring(app, kind, MOBILE, &token, &nonce).await;
            let is_too_long = fault == Fault::SubHuge && reply.status == 422;
            assert!(
                reply.status == 401 || is_too_long,
                "{kind:?} {fault:?}: {} {}",
                reply.status,
                reply.text
            );
        }
        idp.heal();
        for token in ["", "x", "a.b.c", "..", &"a".repeat(60_000)] {
            let nonce = nonce_of(app, kind, MOBILE).await;
            let reply = bring(app, kind, MOBILE, token, &nonce).await;
            assert!(matches!(reply.status, 401 | 422), "{kind:?}: {} {}", reply.status, reply.text);
        }
    }
    assert_eq!(codes(app).await, 0);
}

/// What an app gets must not finish what a browser began, nor the other way round.
async fn a_nonce_is_no_state(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let kind = ProviderKind::Google;
    let browser = super::browser(app);
    let callback = browser.callback(kind).await;
    let nonce = nonce_of(app, kind, WEBAPP).await;
    browser.arrive(callback.clone().with("state", Some(&nonce))).await.assert_refused();
    let state = callback.parameter("state").expect("there is one");
    let token = id_token(idp, kind, CLIENT_ID, &state);
    bring(app, kind, WEBAPP, &token, &state).await.assert_wrapped_error(401, "Invalid Credentials");
    assert_eq!(codes(app).await, 0);
}
