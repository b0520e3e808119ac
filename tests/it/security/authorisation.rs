//! Who may call what (T20): every operation of the document has a row here.

use std::time::Duration;

use doorward_tests::bootstrap::{ALICE, PASSWORD, WEBAPP};
use doorward_tests::{App, Reply, jwt, on_both};
use reqwest::Method;
use serde_json::{Value, json};

on_both![every_operation_asks_for_what_it_must];

/// What an operation asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Guard {
    /// Nothing: the body says it all.
    Open,
    /// The access token of the body's refresh token, even if expired.
    Companion,
    /// A live access token.
    Bearer,
    /// The token of a link to a new account; no access token.
    SignUp,
    /// A live access token with the permission to view login activity.
    Permission,
}

const TABLE: [(&str, &str, Guard); 66] = [
    ("post", "/auth/login", Guard::Open),
    ("post", "/auth/login-token", Guard::Open),
    ("post", "/auth/token", Guard::Open),
    ("post", "/auth/token-refresh", Guard::Companion),
    ("post", "/auth/switch-token", Guard::Bearer),
    ("get", "/auth/me", Guard::Bearer),
    ("patch", "/auth/change-password", Guard::Bearer),
    ("post", "/logout", Guard::Bearer),
    ("get", "/login-activity", Guard::Permission),
    ("get", "/login-activity/count", Guard::Permission),
    ("get", "/login-activity/{id}", Guard::Permission),
    ("get", "/active-users/{range}", Guard::Permission),
    ("post", "/google/logout", Guard::Bearer),
    ("post", "/keycloak/logout", Guard::Bearer),
    ("post", "/cognito/logout", Guard::Bearer),
    ("get", "/auth/identities", Guard::Bearer),
    ("delete", "/auth/identities/{id}", Guard::Bearer),
    ("post", "/auth/providers/{id}/link", Guard::Bearer),
    ("post", "/auth/send-otp", Guard::Open),
    ("post", "/auth/verify-otp", Guard::Open),
    ("get", "/auth/check-qr-code", Guard::Open),
    ("post", "/auth/create-qr-code", Guard::Open),
    ("post", "/auth/forget-password", Guard::Open),
    ("get", "/auth/verify-reset-password-link", Guard::Open),
    ("patch", "/auth/reset-password", Guard::Open),
    ("post", "/auth/sign-up/create-token", Guard::Open),
    ("get", "/auth/sign-up/verify-token", Guard::SignUp),
    ("post", "/auth/sign-up/create-user", Guard::SignUp),
    ("post", "/auth/verify-email/create-token", Guard::Bearer),
    ("patch", "/auth/change-email", Guard::Bearer),
    ("post", "/auth/verify-email", Guard::Open),
    // The client proves itself in the body, or a state, nonce or ticket proves where it comes from.
    ("post", "/auth/google", Guard::Open),
    ("get", "/auth/google", Guard::Open),
    ("post", "/auth/azure", Guard::Open),
    ("get", "/auth/azure", Guard::Open),
    ("post", "/auth/cognito", Guard::Open),
    ("get", "/auth/cognito", Guard::Open),
    ("post", "/auth/keycloak", Guard::Open),
    ("get", "/auth/keycloak", Guard::Open),
    ("post", "/auth/oauth-apple", Guard::Open),
    ("get", "/auth/oauth-apple", Guard::Open),
    ("post", "/auth/facebook", Guard::Open),
    ("get", "/auth/facebook", Guard::Open),
    ("post", "/auth/instagram", Guard::Open),
    ("get", "/auth/instagram", Guard::Open),
    ("post", "/auth/saml", Guard::Open),
    ("get", "/auth/saml", Guard::Open),
    ("get", "/auth/google-auth-redirect", Guard::Open),
    ("get", "/auth/azure-oauth-redirect", Guard::Open),
    ("get", "/auth/cognito-auth-redirect", Guard::Open),
    ("get", "/auth/keycloak-auth-redirect", Guard::Open),
    ("get", "/auth/apple-oauth-redirect", Guard::Open),
    ("get", "/auth/facebook-auth-redirect", Guard::Open),
    ("get", "/auth/instagram-auth-redirect", Guard::Open),
    ("post", "/auth/apple-oauth-redirect", Guard::Open),
    ("post", "/auth/saml-redirect", Guard::Open),
    ("get", "/auth/saml/metadata", Guard::Open),
    ("post", "/auth/providers/{id}", Guard::Open),
    ("get", "/auth/providers/{id}", Guard::Open),
    ("post", "/auth/providers/{id}/callback", Guard::Open),
    ("get", "/auth/providers/{id}/callback", Guard::Open),
    ("post", "/auth/providers/{id}/nonce", Guard::Open),
    ("post", "/auth/providers/{id}/token", Guard::Open),
    ("get", "/auth/providers/{id}/link/start", Guard::Open),
    ("post", "/auth/providers/{id}/link/start", Guard::Open),
    ("get", "/auth/providers/{id}/metadata", Guard::Open),
];

/// A body with which the operation gets past its validation.
fn body(path: &str) -> Value {
    match path {
        "/auth/login" | "/auth/login-token" => App::credentials(WEBAPP, "alice", PASSWORD),
        "/auth/token" => json!({ "code": "unknown", "clientId": WEBAPP }),
        "/auth/change-email" | "/auth/sign-up/create-user" => {
            json!({ "email": "new@example.com", "password": "unknown" })
        }
        "/auth/switch-token" => json!({ "refreshToken": "unknown", "tenantId": ALICE }),
        _ => json!({ "refreshToken": "unknown" }),
    }
}

async fn call(app: &App, method: &str, path: &str, bearer: Option<&str>) -> Reply {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
    let filled = path
        .replace("{id}", ALICE)
        .replace("{range}", "daily?startDate=2026-11-21T00:00:00Z&endDate=2026-11-22T00:00:00Z");
    let mut request = app.request(method.clone(), &filled);
    if method != Method::GET {
        request = request.json(&body(path));
    }
    if let Some(bearer) = bearer {
        request = request.bearer_auth(bearer);
    }
    app.send(request).await
}

async fn every_operation_asks_for_what_it_must(app: &App) {
    let document = app.get("/openapi.json").await.ok();
    let mut described: Vec<(String, String)> = Vec::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        let methods = operations.as_object().into_iter().flatten().map(|(method, _)| method);
        let methods =
            methods.filter(|method| ["get", "put", "post", "patch", "delete"].contains(&method.as_str()));
        described.extend(methods.map(|method| (method.clone(), path.clone())));
    }
    let mut listed: Vec<(String, String)> =
        TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    described.retain(|(_, path)| {
        !path.starts_with("/health") && !path.starts_with("/.well-known") && path != "/ping"
    });
    described.sort_unstable();
    listed.sort_unstable();
    assert_eq!(described, listed, "every operation needs a row in the table");

    let expired = app.sign_in("alice").await;
    app.advance(Duration::from_mins(15));
    let (alice, bob, revoked) =
        (app.sign_in("alice").await, app.sign_in("bob").await, app.sign_in("alice").await);
    let _ = app.log_out(&revoked).await.ok();
    let dead = [
        (expired.access.clone(), "TokenExpired"),
        (revoked.access.clone(), "TokenRevoked"),
        (app.code(WEBAPP, "alice").await, "TokenExpired"),
        (alice.refresh.clone(), "TokenExpired"),
        (jwt::unsigned(&alice.access, "none"), "TokenExpired"),
    ];
    for (method, path, guard) in TABLE {
        let anonymous = call(app, method, path, None).await;
        if guard == Guard::Open || guard == Guard::Companion {
            assert_ne!(anonymous.json()["error"]["message"], "Bearer realm=\"Users\"", "{path}");
            continue;
        }
        anonymous.assert_error(401, "Bearer realm=\"Users\"");
        if guard == Guard::SignUp {
            for token in [&alice.access, &revoked.access, &alice.refresh] {
                call(app, method, path, Some(token)).await.assert_wrapped_error(401, "TokenExpired");
            }
            continue;
        }
        for (token, message) in &dead {
            call(app, method, path, Some(token)).await.assert_wrapped_error(401, message);
        }
        let (with, without) = (
            call(app, method, path, Some(&alice.access)).await,
            call(app, method, path, Some(&bob.access)).await,
        );
        assert_ne!(with.status, 403, "{path} {}", with.text);
        assert_eq!(without.status == 403, guard == Guard::Permission, "{path} {}", without.text);
        assert!(
            !with.text.contains("Bearer realm") && !with.text.contains("TokenRevoked"),
            "{path} {}",
            with.text
        );
    }
}
