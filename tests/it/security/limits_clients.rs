//! Guessing at clients' secrets and at authorization codes is slowed where it comes from, and nowhere else (P3).

use std::time::Duration;

use doorward_tests::bootstrap::{CLIENT_SECRET, MOBILE, OTHER, PASSWORD, WEBAPP};
use doorward_tests::harness::app::{Options, block_on};
use doorward_tests::harness::nodes::serve;
use doorward_tests::{App, Database, Home, on_both};
use reqwest::Method;
use serde_json::{Value, json};

on_both![three_failures; secrets_of_a_client_are_guessed_at_a_few_times, a_stranger_shuts_no_client_out];
on_both![three_failures; unknown_clients_answer_alike, every_route_counts_the_same, a_restart_forgets_no_guess];
on_both![three_failures; codes_are_guessed_at_a_few_times, wrong_secrets_and_codes_make_an_address_suspicious];

const STRANGER: &str = "198.51.100.1";
const BACKEND: &str = "203.0.113.1";

fn three_failures() -> Options {
    Options::default()
        .set("limits.enabled", "true")
        .set("limits.client_burst", "3")
        .set("limits.client_refill", "1m")
        .set("limits.address_burst", "5")
        .set("limits.address_refill", "1m")
        .set("server.trusted_proxies", "127.0.0.1")
}

async fn post(app: &App, from: &str, path: &str, body: &Value) -> (u16, String) {
    let request = app.request(Method::POST, path).header("x-forwarded-for", from);
    let reply = app.send(request.json(body)).await;
    (reply.status, reply.header("retry-after").to_owned())
}

/// Signs in with a client's secret.
async fn attempt(app: &App, from: &str, client: &str, secret: &str) -> (u16, String) {
    attempt_at(app, "/auth/login-token", from, client, secret).await
}

async fn attempt_at(app: &App, path: &str, from: &str, client: &str, secret: &str) -> (u16, String) {
    let mut body = App::credentials(client, "alice", PASSWORD);
    body["client_secret"] = json!(secret);
    post(app, from, path, &body).await
}

async fn guess(app: &App, client: &str) {
    for _ in 0..3 {
        assert_eq!(attempt(app, STRANGER, client, "wrong").await.0, 401);
    }
}

async fn secrets_of_a_client_are_guessed_at_a_few_times(app: &App) {
    guess(app, WEBAPP).await;
    assert_eq!(attempt(app, STRANGER, WEBAPP, "wrong").await, (429, "60".to_owned()));
    assert_eq!(
        attempt(app, STRANGER, WEBAPP, CLIENT_SECRET).await.0,
        429,
        "or a guess could be told from others"
    );
    app.advance(Duration::from_mins(1));
    assert_eq!(attempt(app, STRANGER, WEBAPP, "wrong").await.0, 401);
    app.advance(Duration::from_mins(1));
    assert_eq!(attempt(app, STRANGER, WEBAPP, CLIENT_SECRET).await.0, 200, "it never lasts");
}

async fn a_stranger_shuts_no_client_out(app: &App) {
    guess(app, WEBAPP).await;
    for other in 2..30 {
        assert_eq!(attempt(app, &format!("198.51.100.{other}"), WEBAPP, "wrong").await.0, 401);
    }
    // Neither where it was never seen, nor another client where the stranger is, nor one that has no secret.
    assert_eq!(attempt(app, BACKEND, WEBAPP, CLIENT_SECRET).await.0, 200);
    assert_eq!(attempt(app, STRANGER, OTHER, CLIENT_SECRET).await.0, 200);
    let body = json!({ "client_id": MOBILE, "username": "alice", "password": PASSWORD });
    assert_eq!(post(app, STRANGER, "/auth/login-token", &body).await.0, 200);
}

async fn unknown_clients_answer_alike(app: &App) {
    guess(app, "no-such-client").await;
    assert_eq!(attempt(app, STRANGER, "no-such-client", "wrong").await, (429, "60".to_owned()));
}

async fn every_route_counts_the_same(app: &App) {
    assert_eq!(attempt_at(app, "/auth/login", STRANGER, WEBAPP, "wrong").await.0, 401);
    assert_eq!(attempt_at(app, "/auth/login-token", STRANGER, WEBAPP, "wrong").await.0, 401);
    assert_eq!(attempt_at(app, "/auth/login", STRANGER, WEBAPP, "wrong").await.0, 401);
    for path in ["/auth/login", "/auth/login-token"] {
        assert_eq!(attempt_at(app, path, STRANGER, WEBAPP, CLIENT_SECRET).await, (429, "60".to_owned()));
    }
}

async fn a_restart_forgets_no_guess(app: &App) {
    guess(app, WEBAPP).await;
    app.restart().await;
    assert_eq!(attempt(app, STRANGER, WEBAPP, CLIENT_SECRET).await.0, 429);
}

async fn codes_are_guessed_at_a_few_times(app: &App) {
    let right = json!({ "code": app.code(WEBAPP, "alice").await, "clientId": WEBAPP });
    let wrong = json!({ "code": "A".repeat(43), "clientId": WEBAPP });
    for _ in 0..3 {
        assert_eq!(post(app, STRANGER, "/auth/token", &wrong).await.0, 401);
    }
    assert_eq!(post(app, STRANGER, "/auth/token", &wrong).await, (429, "60".to_owned()));
    assert_eq!(post(app, STRANGER, "/auth/token", &right).await.0, 429);
    assert_eq!(post(app, BACKEND, "/auth/token", &right).await.0, 200, "and it was not used up");
}

/// Five failures of any kind from one address, and unknown users cannot try there any more.
async fn wrong_secrets_and_codes_make_an_address_suspicious(app: &App) {
    let wrong = json!({ "code": "A".repeat(43), "clientId": WEBAPP });
    guess(app, WEBAPP).await;
    for _ in 0..2 {
        assert_eq!(post(app, STRANGER, "/auth/token", &wrong).await.0, 401);
    }
    assert_eq!(attempt(app, STRANGER, OTHER, CLIENT_SECRET).await.0, 429);
    assert_eq!(attempt(app, BACKEND, OTHER, CLIENT_SECRET).await.0, 200);
}

#[test]
fn two_nodes_share_the_counters() {
    let Some(home) = Home::furnished(Database::Postgres) else { return };
    let home = home
        .set("limits.enabled", "true")
        .set("limits.account_burst", "4")
        .set("limits.client_burst", "4")
        .set("limits.account_refill", "1h")
        .set("limits.client_refill", "1h");
    block_on(async {
        let nodes = serve(&home, 2).await;
        let mut wrong_secret = App::credentials(WEBAPP, "alice", PASSWORD);
        wrong_secret["client_secret"] = json!("wrong");
        let wrong_password = App::credentials(OTHER, "alice", "wrong");
        for body in [wrong_password, wrong_secret] {
            for turn in 0..4 {
                assert_eq!(nodes[turn % 2].post("/auth/login-token", None, &body).await.0, 401);
            }
            for node in &nodes {
                assert_eq!(node.post("/auth/login-token", None, &body).await.0, 429);
            }
        }
    });
}
