//! One-time codes (P13): five tries, one use, one user, one purpose, not for long.

use std::time::Duration;

use doorward_tests::bootstrap::{NEW_PASSWORD, OTHER, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, FRANK, FRANK_MAIL};
use doorward_tests::harness::verification::{answer_to_challenge, code_of, other_code};
use doorward_tests::{App, Home, Options, Reply, on_both};
use futures_util::future::join_all;
use serde_json::{Value, json};

on_both![
    p13_a_one_time_code_bears_five_tries,
    p13_five_tries_are_five_in_parallel_too,
    p13_a_one_time_code_counts_once,
    p13_a_one_time_code_is_one_users,
    p13_an_older_code_dies_with_a_newer,
    p13_what_is_no_code_is_wrong,
    p13_of_fifty_parallel_uses_one_wins,
    p13_a_code_opens_nothing_else,
    p13_a_code_lives_ten_minutes_at_most,
];
on_both![required;
    p13_a_second_factor_bears_five_tries,
    p13_a_code_is_for_its_purpose,
    p13_of_fifty_parallel_second_factors_one_wins,
];
on_both![limited; p3_wrong_codes_and_wrong_passwords_are_counted_together, p3_new_challenges_bring_no_new_guesses];

fn required() -> Options {
    Options::default().set("native.mfa", "required")
}

fn limited() -> Options {
    Options::default()
        .set("limits.enabled", "true")
        .set("limits.account_burst", "3")
        .set("limits.account_refill", "1m")
        .set("limits.message_burst", "100")
        .set("server.trusted_proxies", "127.0.0.1")
}

async fn sent_code(app: &App, username: &str, address: &str) -> String {
    assert_eq!(app.send_otp(WEBAPP, username).await.status, 204);
    app.letter(address, "one-time-passcode").await.code()
}

async fn answer(app: &App, username: &str, otp: impl Into<Value>) -> Reply {
    app.verify_otp(&json!({ "key": username, "otp": otp.into() })).await
}

#[track_caller]
fn assert_wrong(reply: &Reply) {
    reply.assert_wrapped_error(401, "Otp Invalid");
}

#[track_caller]
fn assert_dead(reply: &Reply) {
    reply.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
}

async fn p13_a_one_time_code_bears_five_tries(app: &App) {
    app.introduce_people().await;
    let otp = sent_code(app, ERIN, ERIN_MAIL).await;
    for _ in 0..5 {
        assert_wrong(&answer(app, ERIN, other_code(&otp)).await);
    }
    for late in [otp.clone(), other_code(&otp), otp] {
        assert_dead(&answer(app, ERIN, late).await);
    }
    let otp = sent_code(app, ERIN, ERIN_MAIL).await;
    for _ in 0..4 {
        assert_wrong(&answer(app, ERIN, other_code(&otp)).await);
    }
    let _ = code_of(&answer(app, ERIN, otp).await);
}

async fn p13_five_tries_are_five_in_parallel_too(app: &App) {
    app.introduce_people().await;
    let otp = sent_code(app, ERIN, ERIN_MAIL).await;
    let wrong = other_code(&otp);
    let replies = join_all((0..40).map(|_| answer(app, ERIN, wrong.clone()))).await;
    let looked_at = replies.iter().filter(|reply| reply.text.contains("Otp Invalid")).count();
    assert_eq!(looked_at, 5, "{replies:?}");
    assert_dead(&answer(app, ERIN, otp).await);
}

async fn p13_a_second_factor_bears_five_tries(app: &App) {
    app.introduce_people().await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    for _ in 0..5 {
        assert_wrong(&app.answer_challenge(ERIN, &other_code(&otp), WEBAPP, &pending).await);
    }
    assert_dead(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
    app.redeem(WEBAPP, &pending).await.assert_error_named(401, "UnauthorizedError");
}

async fn p13_a_one_time_code_counts_once(app: &App) {
    app.introduce_people().await;
    let otp = sent_code(app, ERIN, ERIN_MAIL).await;
    let code = code_of(&answer(app, ERIN, otp.clone()).await);
    for _ in 0..3 {
        assert_dead(&answer(app, ERIN, otp.clone()).await);
    }
    let _ = app.tokens(WEBAPP, &code).await;
}

async fn p13_a_one_time_code_is_one_users(app: &App) {
    app.introduce_people().await;
    let (hers, his) = (sent_code(app, ERIN, ERIN_MAIL).await, sent_code(app, FRANK, FRANK_MAIL).await);
    if hers != his {
        assert_wrong(&answer(app, FRANK, hers.clone()).await);
        assert_wrong(&answer(app, ERIN, his.clone()).await);
    }
    let tokens = app.tokens(WEBAPP, &code_of(&answer(app, FRANK, his).await)).await;
    assert_eq!(app.me(&tokens.access).await.ok()["username"], FRANK);
    let tokens = app.tokens(WEBAPP, &code_of(&answer(app, ERIN, hers).await)).await;
    assert_eq!(app.me(&tokens.access).await.ok()["username"], ERIN);
}

async fn p13_an_older_code_dies_with_a_newer(app: &App) {
    app.introduce_people().await;
    let (older, newer) = (sent_code(app, ERIN, ERIN_MAIL).await, sent_code(app, ERIN, ERIN_MAIL).await);
    if older != newer {
        assert_wrong(&answer(app, ERIN, older).await);
    }
    let _ = code_of(&answer(app, ERIN, newer).await);
}

async fn p13_what_is_no_code_is_wrong(app: &App) {
    app.introduce_people().await;
    let otp = sent_code(app, ERIN, ERIN_MAIL).await;
    let number: i64 = otp.parse().expect("digits");
    for odd in [json!(number), json!([otp]), json!({ "otp": otp }), json!(null), json!(true)] {
        let reply = answer(app, ERIN, odd.clone()).await;
        assert_eq!(reply.status, 422, "{odd}: {}", reply.text);
    }
    for number in 0..disguises(&otp).len() {
        let fresh = sent_code(app, FRANK, FRANK_MAIL).await;
        let disguise = disguises(&fresh).swap_remove(number);
        let reply = answer(app, FRANK, disguise.as_str()).await;
        let status = if disguise.contains('\0') { 422 } else { 401 };
        assert_eq!(reply.status, status, "{disguise:?}: {}", reply.text);
    }
    let _ = code_of(&answer(app, ERIN, otp).await);
}

/// What looks like the code, or becomes it when somebody means well.
fn disguises(otp: &str) -> Vec<String> {
    let full_width = otp.chars().filter_map(|digit| char::from_u32(u32::from(digit) + 0xfee0)).collect();
    let (three, rest) = otp.split_at(3);
    vec![
        format!(" {otp}"),
        format!("{otp} "),
        format!("{otp}\n"),
        format!("0{otp}"),
        format!("{otp}0"),
        format!("+{otp}"),
        format!("{otp}\0"),
        format!("{three}-{rest}"),
        format!("{three} {rest}"),
        otp[..5].to_owned(),
        full_width,
        String::new(),
        "9".repeat(4000),
    ]
}

async fn p13_of_fifty_parallel_uses_one_wins(app: &App) {
    app.introduce_people().await;
    let otp = sent_code(app, ERIN, ERIN_MAIL).await;
    let before = app.place.figure("SELECT count(*) FROM grants").await;
    let replies = join_all((0..50).map(|_| answer(app, ERIN, otp.clone()))).await;
    let winners: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(winners.len(), 1, "{replies:?}");
    assert!(replies.iter().all(|reply| [200, 401, 429].contains(&reply.status)), "{replies:?}");
    assert_eq!(app.place.figure("SELECT count(*) FROM grants").await, before + 1);
    let _ = app.tokens(WEBAPP, &code_of(winners[0])).await;
}

async fn p13_of_fifty_parallel_second_factors_one_wins(app: &App) {
    app.introduce_people().await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let body = answer_to_challenge(ERIN, &otp, WEBAPP, &pending);
    let replies = join_all((0..50).map(|_| app.verify_otp(&body))).await;
    let winners: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(winners.len(), 1, "{replies:?}");
    let _ = app.tokens(WEBAPP, &code_of(winners[0])).await;
}

async fn p13_a_code_is_for_its_purpose(app: &App) {
    app.introduce_people().await;
    // That of a sign-in's second half is none for a sign-in of its own, and the reverse.
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    assert_dead(&answer(app, ERIN, otp.clone()).await);
    assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
    let kinds = app.kinds_to(ERIN_MAIL).await;
    assert_eq!(kinds, Vec::<String>::new(), "who needs a second factor signs in with no code alone");
    let refused = answer(app, ERIN, otp.clone()).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    let other_pending = app.code(OTHER, ERIN).await;
    let other_otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    if other_otp != otp {
        assert_wrong(&app.answer_challenge(ERIN, &other_otp, WEBAPP, &pending).await);
    }
    let foreign = app.answer_challenge(ERIN, &other_otp, WEBAPP, &other_pending).await;
    assert_eq!(foreign.status, 401, "another client's: {}", foreign.text);
    let _ = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
}

async fn p13_a_code_opens_nothing_else(app: &App) {
    app.introduce_people().await;
    let otp = sent_code(app, ERIN, ERIN_MAIL).await;
    app.reset_password(WEBAPP, &otp, NEW_PASSWORD).await.assert_error(401, "Token Expired");
    app.redeem(WEBAPP, &otp).await.assert_error(401, "Invalid Credentials");
    app.look_at_sign_up(&otp).await.assert_wrapped_error(401, "TokenExpired");
    app.post("/auth/login", &App::credentials(WEBAPP, ERIN, &otp))
        .await
        .assert_wrapped_error(401, "Invalid Credentials");
    // Nor is a password, a code or a token a one-time code.
    let tokens = app.sign_in(ERIN).await;
    let code = app.code(WEBAPP, ERIN).await;
    for other in [PASSWORD, &tokens.access, &tokens.refresh, &code] {
        let _ = sent_code(app, FRANK, FRANK_MAIL).await;
        assert_eq!(answer(app, FRANK, other).await.status, 401);
    }
    let _ = code_of(&answer(app, ERIN, otp).await);
}

async fn p13_a_code_lives_ten_minutes_at_most(app: &App) {
    let home = Home::sqlite().set("native.otp_ttl", "10m1s");
    assert!(home.run(&["config", "check"]).complaint().contains("otp_ttl"));
    app.restart_with(Options::default().set("native.otp_ttl", "10m")).await;
    app.introduce_people().await;
    let otp = sent_code(app, ERIN, ERIN_MAIL).await;
    app.advance(Duration::from_mins(10));
    assert_dead(&answer(app, ERIN, otp).await);
}

async fn from(app: &App, address: &str, path: &str, body: &Value) -> u16 {
    let request = app.request(reqwest::Method::POST, path).header("x-forwarded-for", address);
    app.send(request.json(body)).await.status
}

/// One counter for every way to guess (P3).
async fn p3_wrong_codes_and_wrong_passwords_are_counted_together(app: &App) {
    app.introduce_people().await;
    let otp = sent_code(app, ERIN, ERIN_MAIL).await;
    let wrong_code = json!({ "key": ERIN, "otp": other_code(&otp) });
    let wrong_password = App::credentials(WEBAPP, ERIN, "wrong");
    assert_eq!(from(app, "198.51.100.1", "/auth/verify-otp", &wrong_code).await, 401);
    assert_eq!(from(app, "198.51.100.2", "/auth/login", &wrong_password).await, 401);
    assert_eq!(from(app, "198.51.100.3", "/auth/verify-otp", &wrong_code).await, 401);
    let right_code = json!({ "key": ERIN, "otp": otp });
    let right_password = App::credentials(WEBAPP, ERIN, PASSWORD);
    assert_eq!(from(app, "198.51.100.4", "/auth/verify-otp", &right_code).await, 429);
    assert_eq!(from(app, "198.51.100.5", "/auth/login-token", &right_password).await, 429);
    app.advance(Duration::from_mins(1));
    assert_eq!(
        from(app, "198.51.100.6", "/auth/verify-otp", &right_code).await,
        200,
        "a lock-out never lasts"
    );
}

async fn p3_new_challenges_bring_no_new_guesses(app: &App) {
    app.introduce_people().await;
    let mut looked_at = 0;
    for number in 0..20 {
        let otp = sent_code(app, ERIN, ERIN_MAIL).await;
        let body = json!({ "key": ERIN, "otp": other_code(&otp) });
        let status = from(app, &format!("198.51.100.{number}"), "/auth/verify-otp", &body).await;
        assert!([401, 429].contains(&status), "{status}");
        looked_at += usize::from(status == 401);
    }
    assert_eq!(looked_at, 3);
}
