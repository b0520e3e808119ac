//! Guessing is slowed, whoever guesses from wherever, and the owner still gets in (P3, P4).

use std::time::Duration;

use doorward_tests::bootstrap::{PASSWORD, WEBAPP};
use doorward_tests::harness::app::Options;
use doorward_tests::{App, on_both};
use reqwest::Method;
use serde_json::json;

on_both![three_failures; an_account_is_guessed_at_a_few_times, a_restart_forgets_nothing, a_flood_is_no_way_around];
on_both![three_failures; the_owner_gets_in_from_a_known_address_and_device, the_old_password_is_no_way_around];
on_both![three_failures; at_a_known_address_invented_devices_have_no_room_of_their_own];
on_both![three_failures; bad_input_never_counts, right_passwords_only_wait_for_their_turn];
on_both![few_from_one_address; an_address_is_slowed_over_all_accounts, whom_an_address_knows_it_lets_in];
on_both![few_from_one_address; a_proxy_is_believed_to_the_first_stranger];
on_both![few_from_strangers; made_up_addresses_are_one];

fn few_from_strangers() -> Options {
    few_from_one_address().set("server.trusted_proxies", "10.0.0.0/8")
}

const OWNER: &str = "203.0.113.1";

fn three_failures() -> Options {
    Options::default()
        .set("limits.enabled", "true")
        .set("limits.account_burst", "3")
        .set("limits.account_refill", "1m")
        .set("server.trusted_proxies", "127.0.0.1")
}

fn few_from_one_address() -> Options {
    three_failures().set("limits.account_burst", "1000").set("limits.address_burst", "4")
}

/// Signs in from an address; answers status and `Retry-After`.
async fn attempt(app: &App, from: &str, username: &str, password: &str) -> (u16, String) {
    attempt_on(app, from, "", username, password).await
}

async fn attempt_on(app: &App, from: &str, device: &str, username: &str, password: &str) -> (u16, String) {
    let body = App::credentials(WEBAPP, username, password);
    let mut request = app.request(Method::POST, "/auth/login-token").header("x-forwarded-for", from);
    if !device.is_empty() {
        request = request.header("device_id", device);
    }
    let reply = app.send(request.json(&body)).await;
    (reply.status, reply.header("retry-after").to_owned())
}

async fn fill(app: &App, username: &str) {
    for guess in 0..3 {
        let from = format!("198.51.100.{guess}");
        assert_eq!(attempt(app, &from, username, "wrong").await.0, 401);
    }
}

async fn an_account_is_guessed_at_a_few_times(app: &App) {
    for (account, spellings) in
        [("alice", ["alice", "ALICE", "Alice"]), ("nobody", ["nobody", "Nobody", "NOBODY"])]
    {
        for spelling in spellings {
            assert_eq!(attempt(app, "198.51.100.1", spelling, "wrong").await.0, 401);
        }
        // The right one is not even looked at, and whether there is such an account makes no difference.
        assert_eq!(attempt(app, "198.51.100.2", account, PASSWORD).await, (429, "60".to_owned()));
        assert_eq!(attempt(app, "198.51.100.3", account, "wrong").await, (429, "60".to_owned()));
    }
    assert_eq!(attempt(app, "198.51.100.1", "bob", PASSWORD).await.0, 200, "others are not concerned");
    app.advance(Duration::from_mins(1));
    assert_eq!(attempt(app, "198.51.100.2", "alice", "wrong").await.0, 401);
    assert_eq!(attempt(app, "198.51.100.2", "alice", PASSWORD).await.0, 429);
    app.advance(Duration::from_mins(1));
    assert_eq!(attempt(app, "198.51.100.2", "alice", PASSWORD).await.0, 200, "a lock-out never lasts");
}

async fn a_restart_forgets_nothing(app: &App) {
    fill(app, "alice").await;
    app.restart().await;
    assert_eq!(attempt(app, "198.51.100.9", "alice", "wrong").await.0, 429);
}

async fn a_flood_is_no_way_around(app: &App) {
    let guesses = (0..40).map(|guess| {
        let from = format!("198.51.100.{guess}");
        async move { attempt(app, &from, "alice", "wrong").await.0 }
    });
    let answers = futures_util::future::join_all(guesses).await;
    let verified = answers.iter().filter(|status| **status == 401).count();
    assert!((1..=3).contains(&verified), "{answers:?}");
    assert!(answers.iter().all(|status| [401, 429].contains(status)), "{answers:?}");
}

async fn the_owner_gets_in_from_a_known_address_and_device(app: &App) {
    assert_eq!(attempt(app, OWNER, "alice", PASSWORD).await.0, 200);
    assert_eq!(attempt_on(app, "203.0.113.2", "phone-1", "alice", PASSWORD).await.0, 200);
    fill(app, "alice").await;
    assert_eq!(attempt(app, "198.51.100.77", "alice", PASSWORD).await.0, 429, "a stranger");
    assert_eq!(attempt(app, OWNER, "alice", PASSWORD).await.0, 200, "the known address");
    assert_eq!(
        attempt_on(app, "198.51.100.78", "phone-1", "alice", PASSWORD).await.0,
        200,
        "the known device"
    );
    // A known address is no free ticket.
    for _ in 0..3 {
        assert_eq!(attempt(app, OWNER, "alice", "wrong").await.0, 401);
    }
    assert_eq!(attempt(app, OWNER, "alice", PASSWORD).await.0, 429);
}

async fn at_a_known_address_invented_devices_have_no_room_of_their_own(app: &App) {
    assert_eq!(attempt_on(app, OWNER, "phone-1", "alice", PASSWORD).await.0, 200);
    fill(app, "alice").await;
    for guess in 0..3 {
        assert_eq!(attempt_on(app, OWNER, &format!("invented-{guess}"), "alice", "wrong").await.0, 401);
    }
    assert_eq!(attempt_on(app, OWNER, "invented-3", "alice", PASSWORD).await.0, 429);
    assert_eq!(attempt_on(app, OWNER, "phone-1", "alice", PASSWORD).await.0, 200, "the known device");
}

async fn an_address_is_slowed_over_all_accounts(app: &App) {
    for account in ["alice", "bob", "nobody", "else"] {
        assert_eq!(attempt(app, "2001:db8::1", account, "wrong").await.0, 401);
    }
    // The same /64 under another address.
    assert_eq!(attempt(app, "2001:db8::ffff", "bob", PASSWORD).await.0, 429);
    assert_eq!(attempt(app, "2001:db8:0:1::1", "bob", PASSWORD).await.0, 200);
}

async fn the_old_password_is_no_way_around(app: &App) {
    let tokens = app.sign_in("alice").await;
    let change = |old: &str| {
        json!({
            "refreshToken": tokens.refresh,
            "username": "alice",
            "oldPassword": old,
            "password": "Another-Passw0rd!",
        })
    };
    let patch = async |old: &str, from: &str| {
        let request = app.request(Method::PATCH, "/auth/change-password").header("x-forwarded-for", from);
        app.send(request.bearer_auth(&tokens.access).json(&change(old))).await.status
    };
    for guess in 0..3 {
        assert_eq!(patch("wrong", &format!("198.51.100.{guess}")).await, 401);
    }
    assert_eq!(patch("wrong", "198.51.100.9").await, 429);
    assert_eq!(attempt(app, "198.51.100.9", "alice", "wrong").await.0, 429, "it is the same counter");
}

async fn bad_input_never_counts(app: &App) {
    for _ in 0..4 {
        let login =
            |body: serde_json::Value| async move { app.post("/auth/login-token", &body).await.status };
        assert_eq!(login(json!({ "client_id": WEBAPP, "username": "alice" })).await, 422);
        assert_eq!(login(App::credentials(WEBAPP, "alice", "")).await, 401, "nobody's password is empty");
        let broken = app.request(Method::POST, "/auth/login").header("content-type", "application/json");
        assert_eq!(app.send(broken.body("{")).await.status, 400);
        assert_eq!(app.post("/auth/token", &json!({ "code": 1 })).await.status, 422);
    }
    assert_eq!(attempt(app, "127.0.0.1", "alice", PASSWORD).await.0, 200);
    let code = app.code(WEBAPP, "alice").await;
    let _ = app.redeem(WEBAPP, &code).await.ok();
}

/// More at a time than may fail in a row: those behind wait, for only failures count.
async fn right_passwords_only_wait_for_their_turn(app: &App) {
    let sign_ins = (0..24).map(|_| attempt(app, OWNER, "alice", PASSWORD));
    let answers = futures_util::future::join_all(sign_ins).await;
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
}

async fn whom_an_address_knows_it_lets_in(app: &App) {
    assert_eq!(attempt(app, OWNER, "alice", PASSWORD).await.0, 200);
    for account in ["someone", "nobody", "else", "bob"] {
        assert_eq!(attempt(app, OWNER, account, "wrong").await.0, 401);
    }
    assert_eq!(attempt(app, OWNER, "bob", PASSWORD).await.0, 429, "never seen here");
    assert_eq!(
        attempt(app, OWNER, "alice", PASSWORD).await.0,
        200,
        "a neighbour's guesses do not shut her out"
    );
}

async fn a_proxy_is_believed_to_the_first_stranger(app: &App) {
    for (number, account) in ["alice", "bob", "nobody", "else"].into_iter().enumerate() {
        let made_up = format!("198.51.100.{number}, 203.0.113.9");
        assert_eq!(attempt(app, &made_up, account, "wrong").await.0, 401);
    }
    assert_eq!(attempt(app, "198.51.100.77, 203.0.113.9", "bob", PASSWORD).await.0, 429);
    assert_eq!(attempt(app, "203.0.113.9, 198.51.100.77", "bob", PASSWORD).await.0, 200);
}

async fn made_up_addresses_are_one(app: &App) {
    for (number, account) in ["alice", "bob", "nobody", "else"].into_iter().enumerate() {
        assert_eq!(attempt(app, &format!("198.51.100.{number}"), account, "wrong").await.0, 401);
    }
    assert_eq!(attempt(app, "198.51.100.77", "bob", PASSWORD).await.0, 429);
}
