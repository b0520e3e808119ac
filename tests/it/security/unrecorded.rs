//! What cannot be recorded does not happen (P17), and what happens is told.

use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL};
use doorward_tests::harness::verification::code_of;
use doorward_tests::{App, Options, Tokens, on_both};
use reqwest::Method;
use serde_json::json;

on_both![
    p17_no_tokens_without_a_record,
    p17_no_new_password_without_a_notice,
    p17_failed_one_time_codes_are_recorded,
    p17_a_sign_in_from_elsewhere_is_told,
    p17_the_last_sign_in_is_noted,
];
on_both![optional; p17_no_authenticator_without_a_notice];

fn optional() -> Options {
    Options::default().set("native.mfa", "optional")
}

async fn p17_no_tokens_without_a_record(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let sessions = app.place.figure("SELECT count(*) FROM sessions").await;
    app.place.execute("ALTER TABLE login_activity RENAME TO login_activity_away").await;
    for _ in 0..2 {
        let at_once = app.login_token(WEBAPP, ERIN).await;
        let redeemed = app.redeem(WEBAPP, &code).await;
        for reply in [at_once, redeemed] {
            assert!([500, 503].contains(&reply.status), "{}", reply.text);
            assert!(!reply.text.contains("accessToken"));
        }
    }
    app.place.execute("ALTER TABLE login_activity_away RENAME TO login_activity").await;
    assert_eq!(app.place.figure("SELECT count(*) FROM sessions").await, sessions);
    let _ = app.tokens(WEBAPP, &code).await;
    let _ = app.tokens(WEBAPP, &code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await)).await;
}

async fn p17_no_new_password_without_a_notice(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let link = app.letter(ERIN_MAIL, "forgot-password").await.token();
    let _ = app.letters().await;
    app.place.execute("ALTER TABLE outbox RENAME TO outbox_away").await;
    let reset = app.reset_password(WEBAPP, &link, NEW_PASSWORD).await;
    let change = json!({
        "refreshToken": tokens.refresh, "username": ERIN, "oldPassword": PASSWORD, "password": NEW_PASSWORD,
    });
    let changed = app.change_password(&tokens.access, &change).await;
    let asked = app.forget_password(WEBAPP, ERIN).await;
    app.place.execute("ALTER TABLE outbox_away RENAME TO outbox").await;
    for reply in [reset, changed, asked] {
        assert!([500, 503].contains(&reply.status), "{}", reply.text);
    }
    assert!(app.accepts(&tokens.access).await);
    let _ = app.sign_in(ERIN).await;
    assert_eq!(app.reset_password(WEBAPP, &link, NEW_PASSWORD).await.status, 204, "nothing was used up");
    let _ = app.letter(ERIN_MAIL, "reset-password").await;
}

async fn p17_no_authenticator_without_a_notice(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    let authenticator = app.scan(&code, WEBAPP, None).await;
    app.place.execute("ALTER TABLE outbox RENAME TO outbox_away").await;
    let refused = app.answer_challenge(ERIN, &app.totp(&authenticator), WEBAPP, &code).await;
    app.place.execute("ALTER TABLE outbox_away RENAME TO outbox").await;
    assert!([500, 503].contains(&refused.status), "{}", refused.text);
    assert_eq!(app.check_qr_code(&code, WEBAPP).await.ok(), json!({ "isGenerated": false }));
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&authenticator), WEBAPP, &code).await);
    let _ = app.letter(ERIN_MAIL, "second-factor-changed").await;
}

async fn p17_failed_one_time_codes_are_recorded(app: &App) {
    app.introduce_people().await;
    assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
    assert_eq!(app.verify_otp(&json!({ "key": ERIN, "otp": "abcdef" })).await.status, 401);
    let reader = app.sign_in("alice").await;
    let rows = app.activity(&reader, &json!({ "where": { "loginType": "FAILED" } })).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
}

async fn p17_a_sign_in_from_elsewhere_is_told(app: &App) {
    app.introduce_people().await;
    let login = App::credentials(WEBAPP, ERIN, PASSWORD);
    let sign_in = async |device: &str| {
        let request = app.request(Method::POST, "/auth/login-token").header("device_id", device);
        let _ = Tokens::of(&app.send(request.header("user-agent", "Doorbell/1").json(&login)).await);
    };
    sign_in("phone-1").await;
    let _ = app.letters().await;
    app.outbox().clear();
    sign_in("phone-1").await;
    assert_eq!(app.kinds_to(ERIN_MAIL).await, Vec::<String>::new(), "the same device again");
    // From this machine, but from a device and by an app that were never seen.
    sign_in("laptop-2").await;
    let kinds = app.kinds_to(ERIN_MAIL).await;
    assert!(kinds.iter().all(|kind| kind == "new-device") && kinds.len() <= 1, "{kinds:?}");
}

async fn p17_the_last_sign_in_is_noted(app: &App) {
    app.introduce_people().await;
    let _ = app.sign_in(ERIN).await;
    assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    app.advance(std::time::Duration::from_mins(1));
    let code = code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await);
    let first = app.tokens(WEBAPP, &code).await;
    let me = app.me(&Tokens::of(&app.refresh(&first).await).access).await.ok();
    assert_eq!(me["lastLogin"], "2026-11-21T09:31:00.000Z", "{me}");
}
