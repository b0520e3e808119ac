//! Signing out here ends the session there, afterwards and whatever it answers.

use std::time::Duration;

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{DevIdp, Endpoint, Fault};
use doorward_tests::bootstrap::{CLIENT_SECRET, WEBAPP};
use doorward_tests::harness::federation::{Setup, played};
use doorward_tests::{App, Tokens};
use serde_json::json;

use super::{browser, introduce};

federated![offline;
    the_session_at_the_provider_ends_too,
    an_outage_there_keeps_nobody_signed_in_here,
    foreign_refresh_tokens_end_nothing_there,
    tokens_of_providers_are_nowhere_to_be_read,
];

/// Google gives refresh tokens to those who ask for them, others want a scope.
fn offline() -> Setup {
    Setup::default().set(ProviderKind::Google, "access_type", "offline").set_words(
        ProviderKind::Oidc,
        "scopes",
        "openid,profile,email,offline_access",
    )
}

/// How a kind signs out, if it can from server to server.
fn ends_by(kind: ProviderKind) -> Option<Endpoint> {
    match kind {
        ProviderKind::Google
        | ProviderKind::Cognito
        | ProviderKind::Keycloak
        | ProviderKind::Apple
        | ProviderKind::Facebook
        | ProviderKind::Oidc => Some(Endpoint::Revoke),
        // They have no such interface.
        ProviderKind::Azure | ProviderKind::Instagram => None,
        ProviderKind::Saml => unreachable!("it is not played here"),
    }
}

async fn signed_in(app: &App, kind: ProviderKind) -> Tokens {
    let code = browser(app).sign_in(kind).await.code();
    Tokens::of(&app.redeem(WEBAPP, &code).await)
}

async fn the_session_at_the_provider_ends_too(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for (number, kind) in played().into_iter().enumerate() {
        let tokens = signed_in(app, kind).await;
        // A refreshed session is still that session.
        let tokens = if number % 2 == 0 { Tokens::of(&app.refresh(&tokens).await) } else { tokens };
        let _ = app.log_out(&tokens).await.ok();
        let Some(endpoint) = ends_by(kind) else { continue };
        let calls = app
            .eventually("the provider is told", async || {
                Some(idp.calls(kind, endpoint)).filter(|calls| !calls.is_empty())
            })
            .await;
        assert_eq!(calls.len(), 1, "{kind:?}");
        let told = calls[0].parameter("token").or(calls[0].authorization.as_deref()).unwrap_or_default();
        assert!(told.contains("refresh-") || told.contains("access-"), "{kind:?}: {:?}", calls[0]);
    }
}

async fn an_outage_there_keeps_nobody_signed_in_here(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for (kind, path) in [
        (ProviderKind::Google, "/google/logout"),
        (ProviderKind::Keycloak, "/keycloak/logout"),
        (ProviderKind::Cognito, "/cognito/logout"),
    ] {
        let tokens = signed_in(app, kind).await;
        idp.fault_at(Endpoint::Revoke, Fault::Slow(Duration::from_mins(1)));
        let reply = app.post_as(&tokens.access, path, &json!({ "refreshToken": tokens.refresh })).await;
        assert_eq!(reply.ok()["success"], true);
        app.me(&tokens.access).await.assert_wrapped_error(401, "TokenRevoked");
        idp.heal();
    }
}

/// The old service signed the owner of any refresh token out at the provider before it looked whose it was.
async fn foreign_refresh_tokens_end_nothing_there(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let victim = signed_in(app, ProviderKind::Google).await;
    let attacker = app.sign_in("bob").await;
    let body = json!({ "refreshToken": victim.refresh });
    let reply = app.post_as(&attacker.access, "/google/logout", &body).await;
    reply.assert_error(401, "Token Invalid");
    let unknown = json!({ "refreshToken": "x" });
    app.post_as(&attacker.access, "/google/logout", &unknown).await.assert_error(401, "Token Expired");
    assert_eq!(app.me(&victim.access).await.status, 200);
    // Whoever signed in by password has nothing to end anywhere.
    let body = json!({ "refreshToken": attacker.refresh });
    let _ = app.post_as(&attacker.access, "/google/logout", &body).await.ok();
    let _ = app.log_out(&victim).await.ok();
    app.eventually("the provider is told", async || {
        Some(()).filter(|()| !idp.calls(ProviderKind::Google, Endpoint::Revoke).is_empty())
    })
    .await;
    assert_eq!(idp.calls(ProviderKind::Google, Endpoint::Revoke).len(), 1);
}

async fn tokens_of_providers_are_nowhere_to_be_read(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played() {
        let callback = browser(app);
        let callback_visit = callback.callback(kind).await;
        let code = callback_visit.parameter("code").expect("there is one");
        let state = callback_visit.parameter("state").expect("there is one");
        let own = callback.arrive(callback_visit).await.code();
        let _ = Tokens::of(&app.redeem(WEBAPP, &own).await);
        let dump = app.place.dump().await;
        let cookie = callback.cookies().remove(0).value;
        for secret in
            ["access-", "refresh-", &code, &state, &cookie, CLIENT_SECRET, doorward_dev_idp::CLIENT_SECRET]
        {
            let is_there = dump.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "{kind:?}: {secret} can be read in the database");
        }
    }
}
