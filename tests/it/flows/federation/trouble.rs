//! Providers that do not answer, answer nonsense, or are not there.

use doorward_core::ports::provider::ProviderError;
use doorward_tests::{App, Reply, on_both};
use reqwest::Method;
use serde_json::json;

use super::{begin, brought, come_back, leave, scripted, visit};

on_both![scripted;
    failures_of_providers_are_told_apart_and_tell_nothing,
    a_provider_that_cannot_be_left_for,
    unknown_providers_do_not_exist,
    bad_forms_are_refused_in_the_dialects_words,
];

/// A secret-looking text that must never come out.
const INSIDE: &str = "hunter2 at idp.internal.example";

fn assert_bare(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(reply.json()["error"]["statusCode"], status);
    assert!(!reply.text.contains("hunter2"), "{}", reply.text);
}

async fn failures_of_providers_are_told_apart_and_tell_nothing(app: &App) {
    let google = app.scripted("google");
    let inside = || INSIDE.to_owned();
    google.answer("refused", move || Err(ProviderError::Refused(inside())));
    google.answer("untrusted", move || Err(ProviderError::Untrusted(inside())));
    google.answer("unreachable", move || Err(ProviderError::Unreachable(inside())));
    google.answer("faulty", move || Err(ProviderError::Faulty(inside())));
    google.answer("misconfigured", move || Err(ProviderError::Misconfigured(inside())));
    google.answer("denied", move || Err(ProviderError::Denied(inside())));
    for code in ["refused", "untrusted"] {
        visit(app, "google", code).await.assert_wrapped_error(401, "Invalid Credentials");
    }
    let reply = visit(app, "google", "unreachable").await;
    assert_bare(&reply, 503);
    assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    for code in ["faulty", "misconfigured"] {
        assert_bare(&visit(app, "google", code).await, 502);
    }
    let reply = visit(app, "google", "denied").await;
    assert_eq!(brought(&reply, "error").as_deref(), Some("access_denied"));
    assert_eq!(brought(&reply, "code"), None);
    // Whatever happened, the attempt is used up.
    let away = leave(app, "google").await;
    assert_bare(&come_back(app, "google", &away, "unreachable").await, 503);
    come_back(app, "google", &away, "unreachable").await.assert_wrapped_error(401, "Invalid Credentials");
}

async fn a_provider_that_cannot_be_left_for(app: &App) {
    app.scripted("google").fail_departures(true);
    let reply = begin(app, "google").await;
    assert_bare(&reply, 503);
    assert_eq!(reply.header("set-cookie"), "");
    app.scripted("google").fail_departures(false);
    assert_eq!(begin(app, "google").await.status, 302);
}

async fn unknown_providers_do_not_exist(app: &App) {
    for path in ["/auth/azure", "/auth/oauth-apple", "/auth/providers/nobody", "/auth/providers/GOOGLE"] {
        let fields = [("client_id", "webapp"), ("client_secret", doorward_tests::bootstrap::CLIENT_SECRET)];
        let reply = app.send(app.request(Method::POST, path).form(&fields)).await;
        reply.assert_error(404, "API not found !");
    }
    for path in
        ["/auth/azure-oauth-redirect?state=x&code=y", "/auth/providers/nobody/callback?state=x&code=y"]
    {
        app.get(path).await.assert_error(404, "API not found !");
    }
    for path in ["/auth/providers/nobody/nonce", "/auth/providers/saml/nonce"] {
        app.post(path, &json!({ "client_id": "mobile" })).await.assert_error(404, "API not found !");
    }
}

async fn bad_forms_are_refused_in_the_dialects_words(app: &App) {
    let post = |body: &str| {
        app.request(Method::POST, "/auth/google")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned())
    };
    let missing = app.send(post("")).await.validation_failures();
    assert_eq!(missing, [(String::new(), "required".to_owned())]);
    let unknown = app.send(post("client_id=a&x=1")).await.validation_failures();
    assert_eq!(unknown, [(String::new(), "additionalProperties".to_owned())]);
    for broken in ["client_id=a&client_id=b", "client_id=%ff"] {
        app.send(post(broken)).await.assert_error_named(400, "SyntaxError");
    }
    let reply = app.post("/auth/google", &json!({ "client_id": "webapp" })).await;
    assert_eq!(reply.status, 415);
    assert_eq!(
        reply.json()["error"]["message"],
        "Content-type application/json does not match [application/x-www-form-urlencoded]."
    );
    app.send(post("client_id=webapp&client_secret=wrong"))
        .await
        .assert_wrapped_error(401, "Client Verification Failed");
    let missing = app.get("/auth/google").await.validation_failures();
    assert_eq!(missing, [(String::new(), "required".to_owned())]);
    let reply = app.get("/auth/google?client_id=webapp&client_secret=x").await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (400, &json!("INVALID_PARAMETER_VALUE")));
    assert_eq!(app.get("/auth/google?client_id=mobile").await.status, 302);
}
