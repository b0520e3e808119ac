//! Recovery codes, and another authenticator app in the place of the first.

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::people::{ERIN, ERIN_MAIL};
use doorward_tests::harness::verification::{code_of, recovery_codes};
use doorward_tests::{App, Options, jwt, on_both};
use serde_json::json;

on_both![optional;
    a_recovery_code_takes_the_place_of_the_app_once,
    recovery_codes_are_read_as_people_write_them,
    another_app_needs_a_code_of_the_first,
    a_recovery_code_brings_another_app,
    a_sign_in_with_two_factors_brings_another_app,
    an_app_that_waits_does_not_replace_the_one_in_force,
];

fn optional() -> Options {
    Options::default().set("native.mfa", "optional")
}

async fn a_recovery_code_takes_the_place_of_the_app_once(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let _ = app.letter(ERIN_MAIL, "second-factor-changed").await;
    for recovery in &enrolled.recovery_codes {
        let pending = app.code(WEBAPP, ERIN).await;
        let reply = app.answer_challenge(ERIN, recovery, WEBAPP, &pending).await;
        assert!(reply.ok().get("recoveryCodes").is_none());
        let tokens = app.tokens(WEBAPP, &code_of(&reply)).await;
        assert_eq!(jwt::claims(&tokens.access)["amr"], json!(["pwd", "otp", "mfa"]));
        let notice = app.letter(ERIN_MAIL, "second-factor-changed").await;
        assert!(!notice.raw.contains(recovery.as_str()));
        let pending = app.code(WEBAPP, ERIN).await;
        let again = app.answer_challenge(ERIN, recovery, WEBAPP, &pending).await;
        again.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
    }
    let pending = app.code(WEBAPP, ERIN).await;
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&enrolled.app), WEBAPP, &pending).await);
}

async fn recovery_codes_are_read_as_people_write_them(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let spellings: [fn(&str) -> String; 3] =
        [|code| code.to_uppercase(), |code| code.replace('-', ""), |code| code.replace('-', " ")];
    for (spelling, recovery) in spellings.iter().zip(&enrolled.recovery_codes) {
        let pending = app.code(WEBAPP, ERIN).await;
        let _ = code_of(&app.answer_challenge(ERIN, &spelling(recovery), WEBAPP, &pending).await);
    }
}

async fn another_app_needs_a_code_of_the_first(app: &App) {
    app.introduce_people().await;
    let first = app.enrol(WEBAPP, ERIN).await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.totp(&first.app);
    let second = app.scan(&pending, WEBAPP, Some(&otp)).await;
    assert_ne!(second.secret, first.app.secret);
    let spent = app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await;
    assert_eq!(spent.status, 401, "a code counts once, wherever: {}", spent.text);
    app.next_step();
    // Until the second is confirmed, the first counts.
    let other = app.code(WEBAPP, ERIN).await;
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&first.app), WEBAPP, &other).await);
}

async fn a_recovery_code_brings_another_app(app: &App) {
    app.introduce_people().await;
    let first = app.enrol(WEBAPP, ERIN).await;
    let pending = app.code(WEBAPP, ERIN).await;
    let reply = app.answer_challenge(ERIN, &first.recovery_codes[0], WEBAPP, &pending).await;
    let strong = code_of(&reply);
    let second = app.scan(&strong, WEBAPP, None).await;
    let reply = app.answer_challenge(ERIN, &app.totp(&second), WEBAPP, &strong).await;
    let fresh = recovery_codes(&reply);
    assert!(first.recovery_codes.iter().all(|code| !fresh.contains(code)));
    app.next_step();
    for dead in [app.totp(&first.app), first.recovery_codes[1].clone()] {
        let pending = app.code(WEBAPP, ERIN).await;
        let refused = app.answer_challenge(ERIN, &dead, WEBAPP, &pending).await;
        refused.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
    }
    for alive in [app.totp(&second), fresh[0].clone()] {
        let pending = app.code(WEBAPP, ERIN).await;
        let _ = code_of(&app.answer_challenge(ERIN, &alive, WEBAPP, &pending).await);
    }
}

async fn a_sign_in_with_two_factors_brings_another_app(app: &App) {
    app.introduce_people().await;
    let first = app.enrol(WEBAPP, ERIN).await;
    let pending = app.code(WEBAPP, ERIN).await;
    app.create_qr_code(&pending, WEBAPP, None).await.assert_error(403, "NotAllowedAccess");
    let strong = code_of(&app.answer_challenge(ERIN, &app.totp(&first.app), WEBAPP, &pending).await);
    let second = app.scan(&strong, WEBAPP, None).await;
    app.next_step();
    let reply = app.answer_challenge(ERIN, &app.totp(&second), WEBAPP, &strong).await;
    assert_eq!(recovery_codes(&reply).len(), 10);
    let tokens = app.tokens(WEBAPP, &code_of(&reply)).await;
    assert_eq!(jwt::claims(&tokens.access)["acr"], "aal2");
}

async fn an_app_that_waits_does_not_replace_the_one_in_force(app: &App) {
    app.introduce_people().await;
    let first = app.enrol(WEBAPP, ERIN).await;
    let waiting = app.scan(&first.code, WEBAPP, None).await;
    let pending = app.code(WEBAPP, ERIN).await;
    if app.totp(&waiting) != app.totp(&first.app) {
        let early = app.answer_challenge(ERIN, &app.totp(&waiting), WEBAPP, &pending).await;
        early.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
    }
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&first.app), WEBAPP, &pending).await);
}
