//! Sign-in by a code that is sent (`POST /auth/send-otp`, `POST /auth/verify-otp`), without a password.

use std::time::Duration;

use doorward_tests::bootstrap::{MOBILE, OTHER, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, ERIN_PHONE, FRANK, FRANK_MAIL, SHUT_OUT};
use doorward_tests::harness::verification::{code_of, other_code};
use doorward_tests::{App, Options, jwt, on_both};
use reqwest::Method;
use serde_json::json;

on_both![
    a_code_by_mail_signs_in,
    a_code_lives_as_long_as_is_said,
    a_newer_code_replaces_the_older,
    names_are_found_in_any_case,
    public_clients_ask_without_a_secret,
    the_code_belongs_to_the_client_that_asked,
    only_who_may_sign_in_gets_a_code,
    requests_are_checked_as_everywhere,
];
on_both![by_text; a_code_by_text_signs_in, who_has_no_telephone_gets_a_mail];
on_both![short; the_life_of_a_code_can_be_set];

fn by_text() -> Options {
    Options::default().set("native.otp_method", "sms")
}

fn short() -> Options {
    Options::default().set("native.otp_ttl", "90s")
}

/// Asks for a code and reads the mail.
async fn code_by_mail(app: &App, username: &str, address: &str) -> String {
    assert_eq!(app.send_otp(WEBAPP, username).await.status, 204);
    app.letter(address, "one-time-passcode").await.code()
}

async fn a_code_by_mail_signs_in(app: &App) {
    app.introduce_people().await;
    let reply = app.send_otp(WEBAPP, ERIN).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let reply = app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await;
    let body = reply.ok();
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
    let tokens = app.tokens(WEBAPP, &code_of(&reply)).await;
    assert_eq!(app.me(&tokens.access).await.ok()["username"], ERIN);
    let claims = jwt::claims(&tokens.access);
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["otp"]), &json!("aal1")));
    assert_eq!(claims["auth_time"], json!(app.now().unix_seconds()));
    assert_eq!(app.kinds_to(FRANK_MAIL).await, Vec::<String>::new());
}

async fn a_code_by_text_signs_in(app: &App) {
    app.introduce_people().await;
    assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
    let otp = app.letter(ERIN_PHONE, "one-time-passcode").await.code();
    let reply = app.verify_otp(&json!({ "key": ERIN, "otp": otp, "clientId": WEBAPP })).await;
    let tokens = app.tokens(WEBAPP, &code_of(&reply)).await;
    assert_eq!(jwt::claims(&tokens.access)["amr"], json!(["sms"]));
    assert!(app.letters().await.iter().all(|letter| letter.kind != "one-time-passcode"), "only one way");
}

async fn who_has_no_telephone_gets_a_mail(app: &App) {
    app.introduce_people().await;
    let otp = code_by_mail(app, FRANK, FRANK_MAIL).await;
    let reply = app.verify_otp(&json!({ "key": FRANK, "otp": otp })).await;
    let tokens = app.tokens(WEBAPP, &code_of(&reply)).await;
    assert_eq!(jwt::claims(&tokens.access)["amr"], json!(["otp"]));
}

async fn a_code_lives_as_long_as_is_said(app: &App) {
    app.introduce_people().await;
    let otp = code_by_mail(app, ERIN, ERIN_MAIL).await;
    app.advance(Duration::from_mins(5));
    let late = app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await;
    late.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
    let otp = code_by_mail(app, ERIN, ERIN_MAIL).await;
    app.advance(Duration::from_mins(5) - Duration::from_secs(1));
    let _ = code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await);
}

async fn the_life_of_a_code_can_be_set(app: &App) {
    app.introduce_people().await;
    let otp = code_by_mail(app, ERIN, ERIN_MAIL).await;
    app.advance(Duration::from_secs(90));
    let late = app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await;
    late.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
    let otp = code_by_mail(app, ERIN, ERIN_MAIL).await;
    app.advance(Duration::from_secs(89));
    let _ = code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await);
}

async fn a_newer_code_replaces_the_older(app: &App) {
    app.introduce_people().await;
    let older = code_by_mail(app, ERIN, ERIN_MAIL).await;
    let mut newer = code_by_mail(app, ERIN, ERIN_MAIL).await;
    // One time in a million they are the same.
    while newer == older {
        newer = code_by_mail(app, ERIN, ERIN_MAIL).await;
    }
    app.verify_otp(&json!({ "key": ERIN, "otp": older })).await.assert_wrapped_error(401, "Otp Invalid");
    let _ = code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": newer })).await);
}

async fn names_are_found_in_any_case(app: &App) {
    app.introduce_people().await;
    let otp = code_by_mail(app, "ERIN", ERIN_MAIL).await;
    let _ = code_of(&app.verify_otp(&json!({ "key": "Erin", "otp": otp })).await);
}

async fn public_clients_ask_without_a_secret(app: &App) {
    app.introduce_people().await;
    assert_eq!(app.send_otp(MOBILE, ERIN).await.status, 204);
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let code = code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await);
    let tokens = app.tokens(MOBILE, &code).await;
    assert_eq!(jwt::claims(&tokens.access)["client_id"], MOBILE);
}

async fn the_code_belongs_to_the_client_that_asked(app: &App) {
    app.introduce_people().await;
    let otp = code_by_mail(app, ERIN, ERIN_MAIL).await;
    let foreign = app.verify_otp(&json!({ "key": ERIN, "otp": otp, "clientId": OTHER })).await;
    assert_eq!(foreign.status, 401, "{}", foreign.text);
    let otp = code_by_mail(app, ERIN, ERIN_MAIL).await;
    let code = code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": otp, "clientId": WEBAPP })).await);
    app.redeem(OTHER, &code).await.assert_error(401, "Invalid Credentials");
}

async fn only_who_may_sign_in_gets_a_code(app: &App) {
    app.introduce_people().await;
    for (what, username) in SHUT_OUT {
        let reply = app.send_otp(WEBAPP, username).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{what}");
        let kinds = app.kinds_to(&format!("{username}@example.com")).await;
        assert_eq!(kinds, Vec::<String>::new(), "{what}");
    }
    // Nobody else's client, and nobody without an address.
    for username in ["mona", "bob", "nobody"] {
        assert_eq!(app.send_otp(WEBAPP, username).await.status, 204, "{username}");
    }
    assert_eq!(app.letters().await.len(), 0);
}

async fn requests_are_checked_as_everywhere(app: &App) {
    app.introduce_people().await;
    let missing = app.post("/auth/send-otp", &json!({ "client_id": WEBAPP })).await.validation_failures();
    assert!(missing.contains(&(String::new(), "required".to_owned())), "{missing:?}");
    let mut body = json!({ "client_id": WEBAPP, "client_secret": "wrong", "key": ERIN });
    app.post("/auth/send-otp", &body).await.assert_wrapped_error(401, "Client Verification Failed");
    body["more"] = json!(1);
    let unknown = app.post("/auth/send-otp", &body).await.validation_failures();
    assert_eq!(unknown, [(String::new(), "additionalProperties".to_owned())]);
    assert_eq!(app.letters().await.len(), 0);

    let missing = app.verify_otp(&json!({ "key": ERIN })).await.validation_failures();
    assert!(missing.contains(&(String::new(), "required".to_owned())), "{missing:?}");
    let otp = code_by_mail(app, ERIN, ERIN_MAIL).await;
    let unknown = app.verify_otp(&json!({ "key": ERIN, "otp": otp, "more": 1 })).await.validation_failures();
    assert_eq!(unknown, [(String::new(), "additionalProperties".to_owned())]);
    app.verify_otp(&json!({ "key": ERIN, "otp": other_code(&otp) }))
        .await
        .assert_wrapped_error(401, "Otp Invalid");
    app.verify_otp(&json!({ "key": "nobody", "otp": otp }))
        .await
        .assert_wrapped_error(401, "Otp Token Incorrect or Expired");
    for path in ["/auth/send-otp", "/auth/verify-otp"] {
        let request = app.request(Method::POST, path).header("content-type", "text/plain").body("{}");
        assert_eq!(app.send(request).await.status, 415, "{path}");
    }
    let _ = code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": otp })).await);
}
