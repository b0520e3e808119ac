//! Whatever comes in, an answer of the dialect goes out: 2xx or 4xx, never a 5xx, a panic or a closed socket.

use std::time::Duration;

use doorward_tests::harness::database::environment;
use doorward_tests::{App, Tokens, on_both, raw};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::Value;

use super::inputs::{Authorization, Input, Target, input};

/// Generated requests per route, the same ones in every run.
const CASES: u32 = 64;
/// Names how many requests, other ones in every run, to make instead.
const MORE_CASES: &str = "DOORWARD_TEST_CASES";

const LOGIN: &[&str] = &["client_id", "client_secret", "username", "password"];
const REFRESH: &[&str] = &["refreshToken", "tenantId"];

on_both![
    login_survives,
    login_token_survives,
    token_survives,
    token_refresh_survives,
    switch_token_survives,
    me_survives,
    change_password_survives,
    logout_survives,
    login_activity_survives,
    login_activity_count_survives,
    login_activity_by_id_survives,
    active_users_survives,
    other_routes_survive,
];

async fn login_survives(app: &App) {
    survives(app, target("POST", "/auth/login", LOGIN, "")).await;
}

async fn login_token_survives(app: &App) {
    survives(app, target("POST", "/auth/login-token", LOGIN, "")).await;
}

async fn token_survives(app: &App) {
    survives(app, target("POST", "/auth/token", &["code", "clientId"], "")).await;
}

async fn token_refresh_survives(app: &App) {
    survives(app, target("POST", "/auth/token-refresh", REFRESH, "")).await;
}

async fn switch_token_survives(app: &App) {
    survives(app, target("POST", "/auth/switch-token", REFRESH, "")).await;
}

async fn me_survives(app: &App) {
    survives(app, target("GET", "/auth/me", &[], "access_token")).await;
}

async fn change_password_survives(app: &App) {
    let names = &["refreshToken", "username", "password", "oldPassword"];
    survives(app, target("PATCH", "/auth/change-password", names, "")).await;
}

async fn logout_survives(app: &App) {
    survives(app, target("POST", "/logout", &["refreshToken"], "")).await;
}

async fn login_activity_survives(app: &App) {
    survives(app, target("GET", "/login-activity", &[], "filter")).await;
}

async fn login_activity_count_survives(app: &App) {
    survives(app, target("GET", "/login-activity/count", &[], "where")).await;
}

async fn login_activity_by_id_survives(app: &App) {
    survives(app, target("GET", "/login-activity/{}", &[], "filter")).await;
}

async fn active_users_survives(app: &App) {
    survives(app, target("GET", "/active-users/{}", &[], "startDate")).await;
}

async fn other_routes_survive(app: &App) {
    for path in ["/ping", "/openapi.json", "/.well-known/jwks.json", "/{}", "/auth/{}", "/docs/{}"] {
        survives(app, target("GET", path, &[], "x")).await;
    }
}

pub(super) fn target(
    method: &'static str,
    path: &'static str,
    properties: &'static [&'static str],
    parameter: &'static str,
) -> Target {
    Target { method, path, properties, parameter }
}

pub(super) async fn survives(app: &App, target: Target) {
    let tokens = app.sign_in("alice").await;
    let mut runner = runner();
    let runtime = tokio::runtime::Handle::current();
    let documented = documented_statuses(app, target).await;
    let failure = tokio::task::block_in_place(|| {
        let outcome = runner.run(&input(target), |input| {
            let judged = runtime.block_on(judge(app, &tokens, &input));
            judged.and_then(|status| is_documented(&documented, status)).map_err(TestCaseError::fail)
        });
        outcome.err().map(|failure| match failure {
            TestError::Fail(reason, input) => format!("{reason}\nthe smallest such request: {input:?}"),
            TestError::Abort(reason) => reason.to_string(),
        })
    });
    assert_eq!(failure, None);
    assert!(app.accepts(&app.sign_in("bob").await.access).await, "the server still works");
}

fn runner() -> TestRunner {
    let config = |cases| Config { cases, failure_persistence: None, ..Config::default() };
    match environment(MORE_CASES).and_then(|cases| cases.parse().ok()) {
        Some(cases) => TestRunner::new(config(cases)),
        None => TestRunner::new_with_rng(config(CASES), TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    }
}

/// What the document says the operation may answer; nothing for a route that is in no document.
async fn documented_statuses(app: &App, target: Target) -> Vec<String> {
    let document = app.get("/openapi.json").await.ok();
    let path = target.path.replace("/login-activity/{}", "/login-activity/{id}");
    let path = path.replace("/active-users/{}", "/active-users/{range}");
    let responses = &document["paths"][path][target.method.to_lowercase()]["responses"];
    responses.as_object().map(|responses| responses.keys().cloned().collect()).unwrap_or_default()
}

fn is_documented(documented: &[String], status: u16) -> Result<(), String> {
    // 404 also answers a path that is no longer this route's, 414 and 431 come before there is a request.
    let is_routeless = matches!(status, 404 | 414 | 431);
    if documented.is_empty() || is_routeless || documented.contains(&status.to_string()) {
        return Ok(());
    }
    Err(format!("status {status} is not documented: {documented:?}"))
}

/// The status of a well-formed answer.
async fn judge(app: &App, tokens: &Tokens, input: &Input) -> Result<u16, String> {
    let answer = raw::exchange(app.address(), &bytes(tokens, input), Duration::from_secs(20)).await;
    let status = raw::status_of(&answer).ok_or("the socket closed without a reply")?;
    let body = match answer.windows(4).position(|window| window == b"\r\n\r\n") {
        Some(end) => String::from_utf8_lossy(&answer[end + 4..]).into_owned(),
        None => return Err("the reply's head does not end".to_owned()),
    };
    match status {
        // hyper answers 414 and 431 by itself, before there is a request.
        200..300 | 414 | 431 => Ok(status),
        400..500 => is_dialects_error(status, &body).map(|()| status),
        _ => Err(format!("status {status}: {body}")),
    }
}

fn is_dialects_error(status: u16, body: &str) -> Result<(), String> {
    let complaint = || format!("status {status} without the dialect's error: {body}");
    let error: Value = serde_json::from_str(body).map_err(|_| complaint())?;
    let error = &error["error"];
    let is_well_formed =
        error["statusCode"] == status && error["name"].is_string() && !error["message"].is_null();
    if is_well_formed { Ok(()) } else { Err(complaint()) }
}

fn bytes(tokens: &Tokens, input: &Input) -> Vec<u8> {
    let mut request =
        format!("{} {} HTTP/1.1\r\nHost: doorward.test\r\nConnection: close\r\n", input.method, input.path)
            .into_bytes();
    let mut header = |name: &str, value: &[u8]| {
        request.extend_from_slice(name.as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value);
        request.extend_from_slice(b"\r\n");
    };
    if let Some(content_type) = &input.content_type {
        header("Content-Type", content_type);
    }
    match &input.authorization {
        Authorization::Absent => {}
        Authorization::Good => header("Authorization", format!("Bearer {}", tokens.access).as_bytes()),
        Authorization::Odd(value) => header("Authorization", value),
    }
    if input.method != "GET" {
        header("Content-Length", input.body.len().to_string().as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    if input.method != "GET" {
        request.extend_from_slice(&input.body);
    }
    request
}
