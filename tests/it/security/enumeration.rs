//! No reply tells whether there is an account, or what is the matter with it (P1; the times are in faults/enumeration.rs).

use std::collections::BTreeMap;

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::people::{ELSEWHERE, ERIN, OF_MOBILE, SHUT_OUT, SOCIAL};
use doorward_tests::harness::verification::{client, with};
use doorward_tests::{App, Options, Reply, on_both};
use reqwest::Method;
use serde_json::{Value, json};

on_both![
    p1_replies_to_sign_ins_tell_of_no_account,
    p1_replies_to_forgotten_passwords_and_codes_tell_of_no_account,
    p1_replies_to_wrong_one_time_codes_tell_of_no_account,
    p1_replies_about_authenticators_tell_of_no_account,
    p2_as_much_is_stored_for_nobody_as_for_somebody,
];
on_both![open; p1_replies_to_sign_ups_tell_of_no_account];
on_both![limited; p1_locked_accounts_and_unknown_ones_answer_alike];

fn open() -> Options {
    Options::default().set("native.sign_up_tenant", "acme")
}

fn limited() -> Options {
    Options::default()
        .set("limits.enabled", "true")
        .set("limits.account_burst", "3")
        .set("limits.account_refill", "1m")
        .set("limits.message_burst", "3")
}

/// Everything of a reply that an attacker can compare.
fn face(reply: &Reply) -> (u16, BTreeMap<String, String>, String) {
    let headers = reply.headers.iter().filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    (reply.status, headers.collect(), reply.text.clone())
}

/// Names with what they stand for; the first exists and may sign in.
fn names() -> Vec<(&'static str, &'static str)> {
    let others = [
        ("unknown", "nobody-at-all"),
        ("of another tenant", ELSEWHERE),
        ("of another client", OF_MOBILE),
        ("social", SOCIAL),
        ("without address", "bob"),
        ("without client", "clientless"),
        ("without membership", "lonely"),
    ];
    std::iter::once(("active", ERIN)).chain(SHUT_OUT).chain(others).collect()
}

/// Every name is answered like the first.
async fn assert_alike(
    app: &App,
    path: &str,
    body: impl Fn(&str) -> Value,
) -> (u16, BTreeMap<String, String>, String) {
    let mut first = None;
    for (what, name) in names() {
        let face = face(&app.post(path, &body(name)).await);
        assert_eq!(&face, first.get_or_insert_with(|| face.clone()), "{path}: {what}");
    }
    first.expect("there are names")
}

async fn p1_replies_to_sign_ins_tell_of_no_account(app: &App) {
    app.introduce_people().await;
    for path in ["/auth/login", "/auth/login-token"] {
        for password in ["Wrong-Horse-7", "x", "Correct-Horse-7 "] {
            let (status, _, text) =
                assert_alike(app, path, |name| App::credentials(WEBAPP, name, password)).await;
            assert_eq!(status, 401, "{text}");
        }
    }
}

async fn p1_replies_to_forgotten_passwords_and_codes_tell_of_no_account(app: &App) {
    app.introduce_people().await;
    for (path, field) in [("/auth/forget-password", "username"), ("/auth/send-otp", "key")] {
        let (status, _, text) = assert_alike(app, path, |name| with(client(WEBAPP), field, name)).await;
        assert_eq!((status, text.as_str()), (204, ""));
    }
}

async fn p1_replies_to_wrong_one_time_codes_tell_of_no_account(app: &App) {
    app.introduce_people().await;
    for (what, name) in names() {
        assert_eq!(app.send_otp(WEBAPP, name).await.status, 204, "{what}");
    }
    // Five tries, and what comes after them. Nobody's digits are right by chance: letters are no code.
    for turn in 0..7 {
        let (status, _, text) =
            assert_alike(app, "/auth/verify-otp", |name| json!({ "key": name, "otp": "abcdef" })).await;
        let expected = if turn < 5 { "Otp Invalid" } else { "Otp Token Incorrect or Expired" };
        assert!(status == 401 && text.contains(expected), "{turn}: {text}");
    }
}

async fn p1_replies_to_sign_ups_tell_of_no_account(app: &App) {
    app.introduce_people().await;
    let (status, _, text) = assert_alike(
        app,
        "/auth/sign-up/create-token",
        |name| json!({ "email": format!("{name}@example.com") }),
    )
    .await;
    assert_eq!((status, text.as_str()), (204, ""));
}

async fn p1_replies_about_authenticators_tell_of_no_account(app: &App) {
    app.introduce_people().await;
    let used = app.code(WEBAPP, ERIN).await;
    let _ = app.tokens(WEBAPP, &used).await;
    let foreign = app.code("other", ERIN).await;
    let mut faces = Vec::new();
    for code in ["x", "", used.as_str(), foreign.as_str(), &"A".repeat(43)] {
        faces.push(face(&app.create_qr_code(code, WEBAPP, None).await));
    }
    assert_eq!(faces[0].0, 401, "{faces:?}");
    // An empty code is said to be empty.
    faces.remove(1);
    assert!(faces.iter().all(|face| face == &faces[0]), "{faces:?}");
    let looks = [used.as_str(), foreign.as_str(), "x"].map(|code| app.check_qr_code(code, WEBAPP));
    let looks: Vec<_> = futures_util::future::join_all(looks).await.iter().map(face).collect();
    assert!(looks.iter().all(|face| face == &looks[0]), "{looks:?}");
    let request = app.request(Method::POST, "/auth/create-qr-code");
    assert_eq!(app.send(request.json(&json!({ "code": "x", "clientId": "unknown" }))).await.status, 401);
}

async fn p1_locked_accounts_and_unknown_ones_answer_alike(app: &App) {
    app.introduce_people().await;
    for turn in 0..6 {
        let (status, headers, text) =
            assert_alike(app, "/auth/login", |name| App::credentials(WEBAPP, name, "Wrong-Horse-7")).await;
        assert_eq!(status, if turn < 3 { 401 } else { 429 }, "{text}");
        assert_eq!(headers.contains_key("retry-after"), turn >= 3);
    }
    // Beyond the limit of messages nothing changes either.
    for _ in 0..5 {
        for (path, field) in [("/auth/forget-password", "username"), ("/auth/send-otp", "key")] {
            let (status, ..) = assert_alike(app, path, |name| with(client(WEBAPP), field, name)).await;
            assert_eq!(status, 204);
        }
    }
    let (status, _, text) =
        assert_alike(app, "/auth/verify-otp", |name| json!({ "key": name, "otp": "abcdef" })).await;
    assert!([401, 429].contains(&status), "{text}");
}

/// The same statements take the same time; so do the same rows.
async fn p2_as_much_is_stored_for_nobody_as_for_somebody(app: &App) {
    app.introduce_people().await;
    let stored = async || {
        [
            app.place.figure("SELECT count(*) FROM challenges").await,
            app.place.figure("SELECT count(*) FROM links").await,
        ]
    };
    let mut growth = Vec::new();
    for (what, name) in names() {
        let before = stored().await;
        assert_eq!(app.send_otp(WEBAPP, name).await.status, 204);
        assert_eq!(app.forget_password(WEBAPP, name).await.status, 204);
        let after = stored().await;
        growth.push((what, [after[0] - before[0], after[1] - before[1]]));
    }
    assert!(growth.iter().all(|(_, rows)| *rows == [1, 1]), "{growth:?}");
    // What goes nowhere leaves the queue like the rest.
    let _ = app.letters().await;
}
