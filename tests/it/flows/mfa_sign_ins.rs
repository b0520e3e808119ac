//! Sign-ins that wait for their second factor: what their code opens (nothing), and what becomes of them meanwhile.

use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, LAX};
use doorward_tests::harness::verification::{code_of, other_code};
use doorward_tests::{App, Options, Reply, jwt, on_both};
use reqwest::Method;
use serde_json::json;

on_both![required;
    p15_a_pending_code_opens_nothing,
    who_waits_for_a_mail_enrols_nothing,
    who_was_shut_out_meanwhile_stays_out,
    a_client_that_was_switched_off_gets_no_code,
    a_message_too_many_is_not_sent,
    activity_tells_of_whole_sign_ins_only,
];
on_both![optional; an_app_in_force_is_asked_for_although_a_code_was_sent];
on_both![limited; p3_wrong_second_factors_are_counted_with_passwords];

fn required() -> Options {
    let limited = Options::default().set("limits.enabled", "true").set("limits.account_burst", "100");
    limited.set("native.mfa", "required").set("limits.message_burst", "4")
}

fn optional() -> Options {
    Options::default().set("native.mfa", "optional")
}

fn limited() -> Options {
    Options::default()
        .set("native.mfa", "required")
        .set("limits.enabled", "true")
        .set("limits.account_burst", "3")
        .set("limits.account_refill", "1m")
}

/// A sign-in that waits, and the code that its user was sent.
async fn waiting(app: &App) -> (String, String) {
    let pending = app.code(WEBAPP, ERIN).await;
    (pending, app.letter(ERIN_MAIL, "one-time-passcode").await.code())
}

async fn p15_a_pending_code_opens_nothing(app: &App) {
    app.introduce_people().await;
    let (pending, otp) = waiting(app).await;
    app.redeem(WEBAPP, &pending).await.assert_error(401, "User Verification Failed");
    app.redeem("other", &pending).await.assert_error(401, "Invalid Credentials");
    app.me(&pending).await.assert_wrapped_error(401, "TokenExpired");
    let body = json!({ "refreshToken": pending, "tenantId": doorward_tests::bootstrap::ACME });
    for path in ["/auth/token-refresh", "/auth/switch-token", "/logout"] {
        let reply = app.post_as(&pending, path, &body).await;
        assert!([401, 422].contains(&reply.status), "{path}: {} {}", reply.status, reply.text);
    }
    let reset = app.reset_password(WEBAPP, &pending, NEW_PASSWORD).await;
    reset.assert_error(401, "Token Expired");
    app.look_at_sign_up(&pending).await.assert_wrapped_error(401, "TokenExpired");
    assert_eq!(app.place.figure("SELECT count(*) FROM sessions").await, 0);
    let _ = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
}

/// Otherwise the password and an app of one's own would do.
async fn who_waits_for_a_mail_enrols_nothing(app: &App) {
    app.introduce_people().await;
    let (pending, otp) = waiting(app).await;
    assert_eq!(app.check_qr_code(&pending, WEBAPP).await.ok(), json!({ "isGenerated": false }));
    for guess in [None, Some(other_code(&otp)), Some(otp.clone())] {
        let refused = app.create_qr_code(&pending, WEBAPP, guess.as_deref()).await;
        refused.assert_error(403, "NotAllowedAccess");
    }
    assert_eq!(app.place.figure("SELECT count(*) FROM authenticators").await, 0);
    let strong = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
    let _ = app.scan(&strong, WEBAPP, None).await;
    // A new one that waits is asked of nobody.
    let (pending, otp) = waiting(app).await;
    let _ = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
}

async fn who_was_shut_out_meanwhile_stays_out(app: &App) {
    app.introduce_people().await;
    let (pending, otp) = waiting(app).await;
    let erin = |status: &str| {
        format!(
            "[[users]]\nusername = \"erin\"\nclients = [\"webapp\"]\n\
             memberships = [{{ tenant = \"acme\", role = \"Member\", status = \"{status}\" }}]\n"
        )
    };
    app.apply(&erin("inactive")).await;
    app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await.assert_error(401, "UserInactive");
    assert_eq!(app.place.figure("SELECT count(*) FROM grants").await, 0);
    // It was not used up: whoever is let in again may go on.
    app.apply(&erin("active")).await;
    let _ = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
}

async fn a_client_that_was_switched_off_gets_no_code(app: &App) {
    app.introduce_people().await;
    let (pending, otp) = waiting(app).await;
    app.apply("[[clients]]\nclient_id = \"webapp\"\nenabled = false\n").await;
    let body = json!({ "key": ERIN, "otp": otp, "code": pending });
    app.verify_otp(&body).await.assert_error(401, "Client Invalid");
    app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await.assert_error(401, "Client Invalid");
}

async fn a_message_too_many_is_not_sent(app: &App) {
    app.introduce_people().await;
    let mut last = String::new();
    for _ in 0..25 {
        last = app.code(WEBAPP, ERIN).await;
    }
    // Five times as many as a stranger may cause.
    let sent = app.kinds_to(ERIN_MAIL).await;
    assert_eq!(sent, vec!["one-time-passcode".to_owned(); 20]);
    app.redeem(WEBAPP, &last).await.assert_error(401, "User Verification Failed");
    let unsent = app.answer_challenge(ERIN, "000000", WEBAPP, &last).await;
    assert_eq!(unsent.status, 401, "{}", unsent.text);
}

async fn activity_tells_of_whole_sign_ins_only(app: &App) {
    app.introduce_people().await;
    let (pending, otp) = waiting(app).await;
    let rows = "SELECT count(*) FROM login_activity";
    assert_eq!(app.place.figure(rows).await, 0);
    let code = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
    assert_eq!(app.place.figure(rows).await, 0);
    let _ = app.tokens(WEBAPP, &code).await;
    assert_eq!(app.place.figure(rows).await, 1);
}

/// The weaker way does not stay open beside the stronger.
async fn an_app_in_force_is_asked_for_although_a_code_was_sent(app: &App) {
    app.introduce_people().await;
    assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let by_mail = app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await;
    assert_eq!(by_mail.status, 401, "{}", by_mail.text);
    let pending = app.code(WEBAPP, ERIN).await;
    let code = code_of(&app.answer_challenge(ERIN, &app.totp(&enrolled.app), WEBAPP, &pending).await);
    let claims = jwt::claims(&app.tokens(WEBAPP, &code).await.access);
    assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(jwt::claims(&app.sign_in_through(LAX, ERIN).await.access)["amr"], json!(["pwd"]));
}

async fn p3_wrong_second_factors_are_counted_with_passwords(app: &App) {
    app.introduce_people().await;
    let (pending, otp) = waiting(app).await;
    let wrong = other_code(&otp);
    // The name may be the address: the counter is the account's all the same.
    for name in [ERIN, ERIN_MAIL, ERIN] {
        let refused = app.answer_challenge(name, &wrong, WEBAPP, &pending).await;
        refused.assert_wrapped_error(401, "Otp Invalid");
    }
    let limited: Vec<Reply> = vec![
        app.answer_challenge(ERIN_MAIL, &otp, WEBAPP, &pending).await,
        app.post("/auth/login", &App::credentials(WEBAPP, ERIN, PASSWORD)).await,
    ];
    for reply in limited {
        assert_eq!(reply.status, 429, "{}", reply.text);
    }
    let look = app.request(Method::GET, "/auth/check-qr-code");
    let look = app.send(look.header("code", &pending).header("clientId", WEBAPP)).await;
    assert_eq!(look.ok(), json!({ "isGenerated": false }), "looking is no guess");
    app.advance(std::time::Duration::from_mins(1));
    let _ = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
}
