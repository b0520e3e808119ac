//! Authenticator apps (P14): a step counts once, forward only, and the secret is shown once.

use std::time::Duration;

use doorward_tests::bootstrap::{OTHER, WEBAPP};
use doorward_tests::harness::authenticator::{Authenticator, STEP};
use doorward_tests::harness::people::{ERIN, FRANK, LAX};
use doorward_tests::harness::verification::{Enrolled, code_of, other_code};
use doorward_tests::{App, Options, Reply, on_both};
use futures_util::future::join_all;
use serde_json::json;

on_both![optional;
    p14_a_step_counts_once,
    p14_steps_only_go_forward,
    p14_a_clock_may_be_one_step_off,
    p14_of_fifty_parallel_uses_of_a_step_one_wins,
    p14_of_fifty_parallel_uses_of_a_recovery_code_one_wins,
    p14_of_parallel_confirmations_one_wins,
    p14_a_wrong_code_confirms_nothing,
    p14_no_other_app_without_the_first,
    p14_codes_of_others_enrol_nothing,
    p14_an_app_alone_signs_nobody_in,
    p14_secrets_are_sealed,
    p14_five_tries_at_an_app,
];

fn optional() -> Options {
    Options::default().set("native.mfa", "optional")
}

/// The second half of a new sign-in, with this code.
async fn sign_in_with(app: &App, otp: &str) -> Reply {
    let pending = app.code(WEBAPP, ERIN).await;
    app.answer_challenge(ERIN, otp, WEBAPP, &pending).await
}

#[track_caller]
fn assert_refused(reply: &Reply) {
    reply.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
}

fn step(app: &App) -> i64 {
    app.now().unix_seconds().div_euclid(STEP)
}

async fn p14_a_step_counts_once(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let otp = app.totp(&enrolled.app);
    let _ = code_of(&sign_in_with(app, &otp).await);
    for _ in 0..3 {
        assert_refused(&sign_in_with(app, &otp).await);
    }
    app.advance(Duration::from_secs(29));
    assert_refused(&sign_in_with(app, &otp).await);
    app.next_step();
    let _ = code_of(&sign_in_with(app, &app.totp(&enrolled.app)).await);
}

async fn p14_steps_only_go_forward(app: &App) {
    app.introduce_people().await;
    let Enrolled { app: authenticator, .. } = app.enrol(WEBAPP, ERIN).await;
    app.next_step();
    let now = step(app);
    let code = |step: i64| authenticator.code_of_step(step);
    let _ = code_of(&sign_in_with(app, &code(now - 1)).await);
    let _ = code_of(&sign_in_with(app, &code(now)).await);
    assert_refused(&sign_in_with(app, &code(now - 1)).await);
    let _ = code_of(&sign_in_with(app, &code(now + 1)).await);
    for earlier in [now - 1, now, now + 1] {
        assert_refused(&sign_in_with(app, &code(earlier)).await);
    }
    app.next_step();
    assert_refused(&sign_in_with(app, &code(now + 1)).await);
    let _ = code_of(&sign_in_with(app, &code(now + 2)).await);
}

async fn p14_a_clock_may_be_one_step_off(app: &App) {
    app.introduce_people().await;
    let Enrolled { app: authenticator, .. } = app.enrol(WEBAPP, ERIN).await;
    for (off, is_good) in [(-3, false), (-2, false), (2, false), (3, false), (-1, true), (0, true), (1, true)]
    {
        app.advance(Duration::from_mins(5));
        let reply = sign_in_with(app, &authenticator.code_of_step(step(app) + off)).await;
        if is_good {
            let _ = code_of(&reply);
        } else {
            assert_refused(&reply);
        }
    }
}

async fn p14_of_fifty_parallel_uses_of_a_step_one_wins(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let otp = app.totp(&enrolled.app);
    let pending = join_all((0..50).map(|_| app.code(WEBAPP, ERIN))).await;
    let uses = pending.iter().map(|pending| app.answer_challenge(ERIN, &otp, WEBAPP, pending));
    assert_one_wins(&join_all(uses).await);
    app.next_step();
    let otp = app.totp(&enrolled.app);
    let pending = app.code(WEBAPP, ERIN).await;
    let uses = (0..50).map(|_| app.answer_challenge(ERIN, &otp, WEBAPP, &pending));
    assert_one_wins(&join_all(uses).await);
}

#[track_caller]
fn assert_one_wins(replies: &[Reply]) {
    let texts: Vec<&str> = replies.iter().map(|reply| reply.text.as_str()).collect();
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{texts:?}");
    assert!(replies.iter().all(|reply| [200, 401, 429].contains(&reply.status)), "{texts:?}");
}

async fn p14_of_fifty_parallel_uses_of_a_recovery_code_one_wins(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let recovery = &enrolled.recovery_codes[0];
    let pending = join_all((0..50).map(|_| app.code(WEBAPP, ERIN))).await;
    let uses = pending.iter().map(|pending| app.answer_challenge(ERIN, recovery, WEBAPP, pending));
    assert_one_wins(&join_all(uses).await);
    assert_eq!(app.place.figure("SELECT count(*) FROM recovery_codes").await, 9);
}

async fn p14_of_parallel_confirmations_one_wins(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    let authenticator = app.scan(&code, WEBAPP, None).await;
    let otp = app.totp(&authenticator);
    let uses = (0..20).map(|_| app.answer_challenge(ERIN, &otp, WEBAPP, &code));
    assert_one_wins(&join_all(uses).await);
    assert_eq!(app.place.figure("SELECT count(*) FROM recovery_codes").await, 10);
    assert_eq!(app.place.figure("SELECT count(*) FROM authenticators").await, 1);
}

async fn p14_a_wrong_code_confirms_nothing(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    let authenticator = app.scan(&code, WEBAPP, None).await;
    let now = step(app);
    let old = [now - 2, now + 2].map(|step| authenticator.code_of_step(step));
    for wrong in [other_code(&app.totp(&authenticator)), String::new(), old[0].clone(), old[1].clone()] {
        let refused = app.answer_challenge(ERIN, &wrong, WEBAPP, &code).await;
        assert_eq!(refused.status, 401, "{wrong}: {}", refused.text);
    }
    assert_eq!(app.check_qr_code(&code, WEBAPP).await.ok(), json!({ "isGenerated": false }));
    assert_eq!(app.place.figure("SELECT count(*) FROM recovery_codes").await, 0);
    let _ = app.sign_in(ERIN).await;
}

async fn p14_no_other_app_without_the_first(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let pending = app.code(WEBAPP, ERIN).await;
    app.create_qr_code(&pending, WEBAPP, None).await.assert_error(403, "NotAllowedAccess");
    // Where nobody asks for a second factor, a sign-in is one with the password only.
    let weak = app.code(LAX, ERIN).await;
    app.create_qr_code(&weak, LAX, None).await.assert_error(403, "NotAllowedAccess");
    let wrong = other_code(&app.totp(&enrolled.app));
    for otp in [wrong.as_str(), "", "abcd-efgh-ijkl-mnop"] {
        let refused = app.create_qr_code(&pending, WEBAPP, Some(otp)).await;
        assert!([401, 403].contains(&refused.status), "{otp}: {}", refused.text);
    }
    assert_eq!(app.place.figure("SELECT count(*) FROM authenticators").await, 1);
    let _ = code_of(&sign_in_with(app, &app.totp(&enrolled.app)).await);
}

async fn p14_codes_of_others_enrol_nothing(app: &App) {
    app.introduce_people().await;
    let (hers, his) = (app.code(WEBAPP, ERIN).await, app.code(WEBAPP, FRANK).await);
    assert_eq!(app.create_qr_code(&hers, OTHER, None).await.status, 401, "another client's");
    let authenticator = app.scan(&his, WEBAPP, None).await;
    assert!(
        authenticator.url.contains("frank") && !authenticator.url.contains("erin"),
        "{}",
        authenticator.url
    );
    let otp = app.totp(&authenticator);
    for (username, code) in [(ERIN, &hers), (ERIN, &his), (FRANK, &hers)] {
        let refused = app.answer_challenge(username, &otp, WEBAPP, code).await;
        assert_eq!(refused.status, 401, "{username}: {}", refused.text);
    }
    assert_eq!(app.check_qr_code(&hers, WEBAPP).await.ok(), json!({ "isGenerated": false }));
    assert_eq!(app.check_qr_code(&his, OTHER).await.status, 401);
    let _ = code_of(&app.answer_challenge(FRANK, &otp, WEBAPP, &his).await);
}

async fn p14_an_app_alone_signs_nobody_in(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    for otp in [app.totp(&enrolled.app), enrolled.recovery_codes[0].clone()] {
        let refused = app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
        assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
        let refused = app.verify_otp(&json!({ "key": ERIN, "otp": otp, "clientId": WEBAPP })).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
    }
    let _ = code_of(&sign_in_with(app, &app.totp(&enrolled.app)).await);
    let _ = code_of(&sign_in_with(app, &enrolled.recovery_codes[0]).await);
}

async fn p14_secrets_are_sealed(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let waiting = app.code(WEBAPP, FRANK).await;
    let waiting: Authenticator = app.scan(&waiting, WEBAPP, None).await;
    let stored = app.place.dump().await;
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    for authenticator in [&enrolled.app, &waiting] {
        secrets.push(authenticator.secret.clone().into_bytes());
        secrets.push(authenticator.key().to_vec());
        secrets.push(hex::encode(authenticator.key()).into_bytes());
    }
    for code in &enrolled.recovery_codes {
        secrets.push(code.clone().into_bytes());
        secrets.push(code.replace('-', "").into_bytes());
        secrets.push(hex::encode(code).into_bytes());
    }
    for secret in &secrets {
        let is_there = stored.windows(secret.len()).any(|window| window == secret.as_slice());
        assert!(!is_there, "{}", String::from_utf8_lossy(secret));
    }
}

async fn p14_five_tries_at_an_app(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.totp(&enrolled.app);
    for _ in 0..5 {
        assert_refused(&app.answer_challenge(ERIN, &other_code(&otp), WEBAPP, &pending).await);
    }
    assert_refused(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
    let _ = code_of(&sign_in_with(app, &otp).await);
}
