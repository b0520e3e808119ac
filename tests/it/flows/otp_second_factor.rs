//! A code that is sent as the second half of a sign-in, where it is asked for, and what tokens say about it.

use std::time::Duration;

use doorward_tests::bootstrap::{GLOBEX, NEW_PASSWORD, OTHER, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, ERIN_PHONE, FRANK, GWEN, GWEN_MAIL, LAX, STRICT};
use doorward_tests::harness::verification::{answer_to_challenge, code_of, other_code};
use doorward_tests::{App, Options, Reply, Tokens, jwt, on_both};
use serde_json::json;

on_both![required;
    a_password_and_a_code_make_a_sign_in,
    login_token_asks_for_it_too,
    refreshed_and_switched_tokens_still_say_so,
    the_mail_address_is_a_name_too,
    a_pending_sign_in_does_not_live_long,
    a_pending_sign_in_dies_with_the_password,
    a_pending_sign_in_is_one_clients_and_one_users,
    each_sign_in_has_a_code_of_its_own,
];
on_both![by_text; the_code_goes_to_the_telephone];
on_both![a_client_asks_for_it, a_role_asks_for_it];
on_both![required; a_client_may_ask_for_less_and_a_role_may_not];

fn required() -> Options {
    Options::default().set("native.mfa", "required")
}

fn by_text() -> Options {
    required().set("native.otp_method", "sms")
}

fn amr(tokens: &Tokens) -> (serde_json::Value, serde_json::Value) {
    let claims = jwt::claims(&tokens.access);
    (claims["amr"].clone(), claims["acr"].clone())
}

/// The pending code of a refused `login-token`.
#[track_caller]
fn pending_of(reply: &Reply) -> String {
    let error = &reply.json()["error"];
    assert_eq!((reply.status, &error["message"]), (401, &json!("MfaRequired")), "{}", reply.text);
    assert_eq!(error["name"], "UnauthorizedError");
    error["details"]["code"].as_str().unwrap_or_else(|| unreachable!("{}", reply.text)).to_owned()
}

async fn a_password_and_a_code_make_a_sign_in(app: &App) {
    app.introduce_people().await;
    let ordinary = app.code(LAX, ERIN).await;
    let pending = app.code(WEBAPP, ERIN).await;
    assert_eq!(pending.len(), ordinary.len(), "nobody sees at once which it is");
    app.redeem(WEBAPP, &pending).await.assert_error(401, "User Verification Failed");
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    app.redeem(WEBAPP, &pending).await.assert_error(401, "User Verification Failed");
    let reply = app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await;
    assert_eq!(reply.ok().as_object().map(serde_json::Map::len), Some(1), "{}", reply.text);
    let code = code_of(&reply);
    assert_ne!(code, pending);
    app.redeem(WEBAPP, &pending).await.assert_error(401, "Invalid Credentials");
    let tokens = app.tokens(WEBAPP, &code).await;
    assert_eq!(amr(&tokens), (json!(["pwd", "otp", "mfa"]), json!("aal2")));
    let again = app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await;
    again.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
}

async fn login_token_asks_for_it_too(app: &App) {
    app.introduce_people().await;
    let pending = pending_of(&app.login_token(WEBAPP, ERIN).await);
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
    let tokens = app.tokens(WEBAPP, &code).await;
    assert_eq!(amr(&tokens), (json!(["pwd", "otp", "mfa"]), json!("aal2")));
    let _ = Tokens::of(&app.login_token(LAX, ERIN).await);
}

async fn refreshed_and_switched_tokens_still_say_so(app: &App) {
    app.introduce_people().await;
    app.apply(TWO_HOMES).await;
    let pending = app.code(WEBAPP, "hanna").await;
    let otp = app.letter("hanna@example.com", "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge("hanna", &otp, WEBAPP, &pending).await);
    let first = app.tokens(WEBAPP, &code).await;
    let begun = jwt::claims(&first.access)["auth_time"].clone();
    assert!(begun.is_i64(), "{begun}");
    app.advance(Duration::from_mins(1));
    let refreshed = Tokens::of(&app.refresh(&first).await);
    let switched = Tokens::of(&app.switch(&refreshed, GLOBEX).await);
    for tokens in [&refreshed, &switched] {
        assert_eq!(amr(tokens), (json!(["pwd", "otp", "mfa"]), json!("aal2")));
        assert_eq!(jwt::claims(&tokens.access)["auth_time"], begun);
    }
    let weaker = Tokens::of(&app.login_token(LAX, ERIN).await);
    let refreshed = Tokens::of(&app.refresh(&weaker).await);
    assert_eq!(amr(&refreshed), (json!(["pwd"]), json!("aal1")));
}

const TWO_HOMES: &str = r#"
[[users]]
username = "hanna"
password = "Correct-Horse-7"
email = "hanna@example.com"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }, { tenant = "globex", role = "Auditor" }]
"#;

async fn the_mail_address_is_a_name_too(app: &App) {
    app.introduce_people().await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let _ = code_of(&app.answer_challenge("Erin@Example.com", &otp, WEBAPP, &pending).await);
}

async fn a_pending_sign_in_does_not_live_long(app: &App) {
    app.introduce_people().await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    app.advance(Duration::from_mins(5));
    let late = app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await;
    late.assert_wrapped_error(401, "Otp Token Incorrect or Expired");
    assert_eq!(app.redeem(WEBAPP, &pending).await.status, 401);
}

async fn a_pending_sign_in_dies_with_the_password(app: &App) {
    app.introduce_people().await;
    let tokens = Tokens::of(&app.login_token(LAX, ERIN).await);
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let change = json!({
        "refreshToken": tokens.refresh, "username": ERIN, "oldPassword": PASSWORD, "password": NEW_PASSWORD,
    });
    let _ = app.change_password(&tokens.access, &change).await.ok();
    assert_eq!(app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await.status, 401);
}

async fn a_pending_sign_in_is_one_clients_and_one_users(app: &App) {
    app.introduce_people().await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    assert_eq!(app.answer_challenge(ERIN, &otp, OTHER, &pending).await.status, 401);
    let foreign = app.answer_challenge(FRANK, &otp, WEBAPP, &pending).await;
    foreign.assert_wrapped_error(401, "Otp Invalid");
    // Neither used it up, and the client need not be named.
    let mut body = answer_to_challenge(ERIN, &otp, WEBAPP, &pending);
    body.as_object_mut().map(|body| body.remove("clientId"));
    let code = code_of(&app.verify_otp(&body).await);
    assert_eq!(app.redeem(OTHER, &code).await.status, 401);
}

async fn each_sign_in_has_a_code_of_its_own(app: &App) {
    app.introduce_people().await;
    let first = app.code(WEBAPP, ERIN).await;
    let first_otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let second = app.code(WEBAPP, ERIN).await;
    let second_otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    if first_otp != second_otp {
        let crossed = app.answer_challenge(ERIN, &second_otp, WEBAPP, &first).await;
        crossed.assert_wrapped_error(401, "Otp Invalid");
    }
    let wrong = app.answer_challenge(ERIN, &other_code(&first_otp), WEBAPP, &first).await;
    wrong.assert_wrapped_error(401, "Otp Invalid");
    for (pending, otp) in [(first, first_otp), (second, second_otp)] {
        let _ = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
    }
}

async fn the_code_goes_to_the_telephone(app: &App) {
    app.introduce_people().await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_PHONE, "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
    assert_eq!(amr(&app.tokens(WEBAPP, &code).await), (json!(["pwd", "sms", "mfa"]), json!("aal2")));
}

async fn a_client_asks_for_it(app: &App) {
    app.introduce_people().await;
    let _ = app.sign_in_through(WEBAPP, ERIN).await;
    let pending = pending_of(&app.login_token(STRICT, ERIN).await);
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge(ERIN, &otp, STRICT, &pending).await);
    assert_eq!(amr(&app.tokens(STRICT, &code).await).1, "aal2");
}

async fn a_role_asks_for_it(app: &App) {
    app.introduce_people().await;
    let pending = pending_of(&app.login_token(WEBAPP, GWEN).await);
    let otp = app.letter(GWEN_MAIL, "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge(GWEN, &otp, WEBAPP, &pending).await);
    assert_eq!(amr(&app.tokens(WEBAPP, &code).await).1, "aal2");
}

async fn a_client_may_ask_for_less_and_a_role_may_not(app: &App) {
    app.introduce_people().await;
    let tokens = Tokens::of(&app.login_token(LAX, ERIN).await);
    assert_eq!(amr(&tokens), (json!(["pwd"]), json!("aal1")));
    let _ = pending_of(&app.login_token(LAX, GWEN).await);
}
