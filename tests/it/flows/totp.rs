//! Authenticator apps: the QR code, its confirmation, and signing in with it (design §6.8).

use std::time::Duration;

use doorward_tests::bootstrap::{OTHER, WEBAPP};
use doorward_tests::harness::authenticator::Authenticator;
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, FRANK, STRICT};
use doorward_tests::harness::verification::{code_of, other_code, recovery_codes};
use doorward_tests::{App, Options, jwt, on_both};
use serde_json::json;

on_both![optional;
    other_programs_read_the_code_and_agree,
    the_first_good_code_puts_it_in_force,
    who_has_one_is_asked_for_it,
    a_sign_in_needs_no_app_that_was_never_confirmed,
    a_newer_qr_code_replaces_one_that_waits,
    looking_says_what_is_wrong_with_a_code,
    an_expired_code_enrols_nothing,
    a_wrong_first_code_confirms_nothing,
];
on_both![by_app; who_has_none_enrols_at_the_first_sign_in];
on_both![required; whom_no_message_reaches_enrols_one, an_app_goes_before_mail];
on_both![named; apps_show_the_configured_name];

fn optional() -> Options {
    Options::default().set("native.mfa", "optional")
}

fn required() -> Options {
    Options::default().set("native.mfa", "required")
}

fn by_app() -> Options {
    required().set("native.otp_method", "totp")
}

fn named() -> Options {
    optional().set("native.otp_issuer", "Acme & Söhne")
}

async fn other_programs_read_the_code_and_agree(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    let reply = app.create_qr_code(&code, WEBAPP, None).await;
    let body = reply.ok();
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
    assert_eq!(reply.header("cache-control"), "no-store");
    let authenticator = Authenticator::scan(body["qrCode"].as_str().expect("a data URI"));
    let url = &authenticator.url;
    assert!(url.starts_with("otpauth://totp/Doorward:erin?"), "{url}");
    assert!(url.contains("issuer=Doorward"), "{url}");
    for fixed in ["algorithm=", "digits=", "period="] {
        let allowed = ["algorithm=SHA1", "digits=6", "period=30"];
        assert!(!url.contains(fixed) || allowed.iter().any(|pair| url.contains(pair)), "{url}");
    }
    // 160 bits are 32 letters (RFC 4226 §4, R6).
    assert_eq!(authenticator.secret.len(), 32, "{url}");
    let otp = authenticator.code_by_oathtool(app.now());
    assert_eq!(otp, app.totp(&authenticator));
    let _ = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &code).await);
}

async fn the_first_good_code_puts_it_in_force(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    assert_eq!(app.check_qr_code(&code, WEBAPP).await.ok(), json!({ "isGenerated": false }));
    let authenticator = app.scan(&code, WEBAPP, None).await;
    assert_eq!(app.check_qr_code(&code, WEBAPP).await.ok(), json!({ "isGenerated": false }));
    let reply = app.answer_challenge(ERIN, &app.totp(&authenticator), WEBAPP, &code).await;
    let codes = recovery_codes(&reply);
    assert_eq!(codes.len(), 10);
    for code in &codes {
        assert!(is_recovery_code(code), "{code}");
    }
    let tokens = app.tokens(WEBAPP, &code_of(&reply)).await;
    let claims = jwt::claims(&tokens.access);
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd", "otp", "mfa"]), &json!("aal2")));
    let notice = app.letter(ERIN_MAIL, "second-factor-changed").await;
    for secret in codes.iter().chain([&authenticator.secret]) {
        assert!(!notice.raw.contains(secret.as_str()), "{}", notice.raw);
    }
    let pending = app.code(WEBAPP, ERIN).await;
    assert_eq!(app.check_qr_code(&pending, WEBAPP).await.ok(), json!({ "isGenerated": true }));
    let other = app.code(WEBAPP, FRANK).await;
    assert_eq!(app.check_qr_code(&other, WEBAPP).await.ok(), json!({ "isGenerated": false }));
}

/// `abcd-efgh-ijkl-mnop` in lower-case base32: 80 bits.
fn is_recovery_code(code: &str) -> bool {
    let groups: Vec<&str> = code.split('-').collect();
    let letters = |group: &str| group.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    groups.len() == 4 && groups.iter().all(|group| group.len() == 4 && letters(group))
}

async fn who_has_one_is_asked_for_it(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let _ = app.tokens(WEBAPP, &enrolled.code).await;
    for client in [WEBAPP, OTHER, STRICT] {
        let refused = app.login_token(client, ERIN).await;
        assert_eq!(refused.json()["error"]["message"], "MfaRequired", "{client}: {}", refused.text);
        let pending = app.code(client, ERIN).await;
        app.redeem(client, &pending).await.assert_error(401, "User Verification Failed");
        let wrong = app.answer_challenge(ERIN, &other_code(&app.totp(&enrolled.app)), client, &pending).await;
        wrong.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
        let reply = app.answer_challenge(ERIN, &app.totp(&enrolled.app), client, &pending).await;
        assert!(reply.ok().get("recoveryCodes").is_none(), "only once");
        let tokens = app.tokens(client, &code_of(&reply)).await;
        assert_eq!(jwt::claims(&tokens.access)["amr"], json!(["pwd", "otp", "mfa"]));
        app.next_step();
    }
    let kinds = app.kinds_to(ERIN_MAIL).await;
    assert!(!kinds.contains(&"one-time-passcode".to_owned()), "no code goes by mail: {kinds:?}");
    let _ = app.sign_in(FRANK).await;
}

async fn a_sign_in_needs_no_app_that_was_never_confirmed(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    let _ = app.scan(&code, WEBAPP, None).await;
    let tokens = app.tokens(WEBAPP, &code).await;
    assert_eq!(jwt::claims(&tokens.access)["amr"], json!(["pwd"]));
    let _ = app.sign_in(ERIN).await;
}

async fn a_newer_qr_code_replaces_one_that_waits(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    let older = app.scan(&code, WEBAPP, None).await;
    let newer = app.scan(&code, WEBAPP, None).await;
    assert_ne!(older.secret, newer.secret);
    if app.totp(&older) != app.totp(&newer) {
        assert_eq!(app.answer_challenge(ERIN, &app.totp(&older), WEBAPP, &code).await.status, 401);
    }
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&newer), WEBAPP, &code).await);
}

async fn looking_says_what_is_wrong_with_a_code(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    app.check_qr_code(&code, "unknown").await.assert_error(401, "Client Invalid");
    app.check_qr_code("", WEBAPP).await.assert_error(401, "Token Invalid");
    app.check_qr_code("unknown", WEBAPP).await.assert_error(401, "Invalid Credentials");
    app.check_qr_code(&code, OTHER).await.assert_error(401, "Invalid Credentials");
    app.get("/auth/check-qr-code").await.assert_error(401, "Client Invalid");
    let without_code = app.request(reqwest::Method::GET, "/auth/check-qr-code").header("clientId", WEBAPP);
    app.send(without_code).await.assert_error(401, "Token Invalid");
    let late = app.code(WEBAPP, ERIN).await;
    let _ = app.tokens(WEBAPP, &code).await;
    app.check_qr_code(&code, WEBAPP).await.assert_error(401, "Invalid Credentials");
    app.advance(Duration::from_mins(3));
    app.check_qr_code(&late, WEBAPP).await.assert_error(401, "Code Expired");
}

async fn an_expired_code_enrols_nothing(app: &App) {
    app.introduce_people().await;
    let (scanned, used, late) =
        (app.code(WEBAPP, ERIN).await, app.code(WEBAPP, ERIN).await, app.code(WEBAPP, ERIN).await);
    let authenticator = app.scan(&scanned, WEBAPP, None).await;
    let _ = app.tokens(WEBAPP, &used).await;
    assert_eq!(app.create_qr_code(&used, WEBAPP, None).await.status, 401);
    app.advance(Duration::from_mins(3));
    assert_eq!(app.create_qr_code(&late, WEBAPP, None).await.status, 401);
    let confirmed = app.answer_challenge(ERIN, &app.totp(&authenticator), WEBAPP, &scanned).await;
    assert_eq!(confirmed.status, 401, "{}", confirmed.text);
    let _ = app.sign_in(ERIN).await;
}

async fn a_wrong_first_code_confirms_nothing(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    let authenticator = app.scan(&code, WEBAPP, None).await;
    let wrong = app.answer_challenge(ERIN, &other_code(&app.totp(&authenticator)), WEBAPP, &code).await;
    wrong.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
    assert_eq!(app.check_qr_code(&code, WEBAPP).await.ok(), json!({ "isGenerated": false }));
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&authenticator), WEBAPP, &code).await);
}

async fn who_has_none_enrols_at_the_first_sign_in(app: &App) {
    app.introduce_people().await;
    let pending = app.code(WEBAPP, ERIN).await;
    app.redeem(WEBAPP, &pending).await.assert_error(401, "User Verification Failed");
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let tokens = app.tokens(WEBAPP, &enrolled.code).await;
    assert_eq!(jwt::claims(&tokens.access)["acr"], "aal2");
    let pending = app.code(WEBAPP, ERIN).await;
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&enrolled.app), WEBAPP, &pending).await);
}

async fn whom_no_message_reaches_enrols_one(app: &App) {
    let enrolled = app.enrol(WEBAPP, "bob").await;
    let tokens = app.tokens(WEBAPP, &enrolled.code).await;
    assert_eq!(jwt::claims(&tokens.access)["amr"], json!(["pwd", "otp", "mfa"]));
}

async fn an_app_goes_before_mail(app: &App) {
    app.introduce_people().await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let strong = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
    let authenticator = app.scan(&strong, WEBAPP, None).await;
    let reply = app.answer_challenge(ERIN, &app.totp(&authenticator), WEBAPP, &strong).await;
    assert_eq!(recovery_codes(&reply).len(), 10);
    app.next_step();
    let pending = app.code(WEBAPP, ERIN).await;
    assert!(!app.kinds_to(ERIN_MAIL).await.contains(&"one-time-passcode".to_owned()));
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&authenticator), WEBAPP, &pending).await);
}

async fn apps_show_the_configured_name(app: &App) {
    app.introduce_people().await;
    let code = app.code(WEBAPP, ERIN).await;
    let authenticator = app.scan(&code, WEBAPP, None).await;
    assert!(authenticator.url.contains("Acme%20%26%20S%C3%B6hne"), "{}", authenticator.url);
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&authenticator), WEBAPP, &code).await);
}
