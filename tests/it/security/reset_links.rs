//! Links to a new password (P9): one purpose, one client, one use, not for long.

use std::time::Duration;

use doorward_tests::bootstrap::{MOBILE, NEW_PASSWORD, OTHER, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, FRANK, LAX};
use doorward_tests::harness::verification::{client, code_of, with};
use doorward_tests::{App, Options, Tokens, on_both};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

on_both![
    p9_a_link_works_once,
    p9_of_fifty_parallel_uses_one_wins,
    p9_an_older_link_dies_with_a_newer,
    p9_an_old_link_is_dead,
    p9_a_link_is_one_clients,
    p9_a_link_is_one_users,
    p9_a_link_dies_with_the_address_it_went_to,
    p9_a_link_dies_with_the_password,
    p9_a_link_dies_with_the_account,
    p9_no_link_without_a_mail,
    p9_a_link_is_stored_as_a_hash,
];
on_both![open; p9_other_tokens_reset_nothing];
on_both![optional; p9_a_reset_goes_round_no_second_factor];

fn open() -> Options {
    Options::default().set("native.sign_up_tenant", "acme")
}

fn optional() -> Options {
    Options::default().set("native.mfa", "optional")
}

async fn link_token(app: &App) -> String {
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    app.letter(ERIN_MAIL, "forgot-password").await.token()
}

/// Her password is still the first one.
async fn assert_unchanged(app: &App) {
    let _ = app.login(WEBAPP, ERIN).await.ok();
}

async fn p9_a_link_works_once(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 204);
    for password in [NEW_PASSWORD, PASSWORD, "Copper-Kettle-3"] {
        app.reset_password(WEBAPP, &token, password).await.assert_error(401, "TokenRevoked");
    }
    let login = App::credentials(WEBAPP, ERIN, NEW_PASSWORD);
    let _ = Tokens::of(&app.post("/auth/login-token", &login).await);
}

async fn p9_of_fifty_parallel_uses_one_wins(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    let passwords: Vec<String> = (0..50).map(|number| format!("Battery-Staple-{number}")).collect();
    let uses = passwords.iter().map(|password| app.reset_password(WEBAPP, &token, password));
    let statuses: Vec<u16> = join_all(uses).await.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [204, 401, 429].contains(status)), "{statuses:?}");
    let winner = statuses.iter().position(|status| *status == 204).unwrap_or_default();
    let login = App::credentials(WEBAPP, ERIN, &passwords[winner]);
    let _ = Tokens::of(&app.post("/auth/login-token", &login).await);
    let notices: Vec<String> = app.kinds_to(ERIN_MAIL).await;
    assert_eq!(notices.iter().filter(|kind| *kind == "reset-password").count(), 1, "{notices:?}");
}

async fn p9_an_older_link_dies_with_a_newer(app: &App) {
    app.introduce_people().await;
    let (older, newer) = (link_token(app).await, link_token(app).await);
    app.look_at_reset_link(&older).await.assert_error(401, "TokenRevoked");
    app.reset_password(WEBAPP, &older, NEW_PASSWORD).await.assert_error(401, "TokenRevoked");
    assert_eq!(app.reset_password(WEBAPP, &newer, NEW_PASSWORD).await.status, 204);
}

async fn p9_an_old_link_is_dead(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    app.advance(Duration::from_mins(30));
    app.look_at_reset_link(&token).await.assert_error(401, "Token Expired");
    app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.assert_error(401, "Token Expired");
    let token = link_token(app).await;
    app.advance(Duration::from_mins(30) - Duration::from_secs(1));
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 204);
}

async fn p9_a_link_is_one_clients(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    for foreign in [OTHER, MOBILE, LAX] {
        app.reset_password(foreign, &token, NEW_PASSWORD).await.assert_error(401, "Token Expired");
    }
    assert_unchanged(app).await;
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 204);
}

async fn p9_a_link_is_one_users(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    let body = with(with(client(WEBAPP), "token", token.as_str()), "password", NEW_PASSWORD);
    for name in ["username", "key", "userId", "email"] {
        let reply = app.send(app.request(Method::PATCH, "/auth/reset-password").json(&with(
            body.clone(),
            name,
            FRANK,
        )));
        let failures = reply.await.validation_failures();
        assert_eq!(failures, [(String::new(), "additionalProperties".to_owned())]);
    }
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 204);
    let _ = app.login(WEBAPP, FRANK).await.ok();
}

async fn p9_a_link_dies_with_the_address_it_went_to(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    app.place.execute("UPDATE users SET email = 'elsewhere@example.com' WHERE username = 'erin'").await;
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 401);
    assert_unchanged(app).await;
}

async fn p9_a_link_dies_with_the_password(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    let token = link_token(app).await;
    let change = json!({
        "refreshToken": tokens.refresh, "username": ERIN, "oldPassword": PASSWORD, "password": NEW_PASSWORD,
    });
    let _ = app.change_password(&tokens.access, &change).await.ok();
    assert_eq!(app.reset_password(WEBAPP, &token, "Copper-Kettle-3").await.status, 401);
    let login = App::credentials(WEBAPP, ERIN, NEW_PASSWORD);
    let _ = Tokens::of(&app.post("/auth/login-token", &login).await);
}

async fn p9_a_link_dies_with_the_account(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    app.apply("[[users]]\nusername = \"erin\"\ndeleted = true\n").await;
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 401);
    app.login(WEBAPP, ERIN).await.assert_wrapped_error(401, "Invalid Credentials");
}

async fn p9_no_link_without_a_mail(app: &App) {
    app.introduce_people().await;
    for token in ["unknown", &"A".repeat(43), "' OR 1=1 --", "%", &"x".repeat(5000)] {
        let reply = app.reset_password(WEBAPP, token, NEW_PASSWORD).await;
        assert_eq!(reply.status, 401, "{token:.50}: {}", reply.text);
    }
    assert_unchanged(app).await;
}

async fn p9_a_link_is_stored_as_a_hash(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    assert!(token.len() >= 43, "256 bits");
    let _ = app.letters().await;
    let stored = app.place.dump().await;
    assert!(stored.windows(ERIN_MAIL.len()).any(|window| window == ERIN_MAIL.as_bytes()), "the dump is one");
    assert!(!stored.windows(token.len()).any(|window| window == token.as_bytes()));
}

async fn p9_other_tokens_reset_nothing(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    let code = app.code(WEBAPP, ERIN).await;
    assert_eq!(app.request_sign_up("new@example.com").await.status, 204);
    let sign_up = app.letter("new@example.com", "registration").await.token();
    assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let verify = app.post_as(&tokens.access, "/auth/verify-email/create-token", &json!({})).await;
    assert_eq!(verify.status, 204, "{}", verify.text);
    let mut others = vec![tokens.access, tokens.refresh, code, sign_up, otp];
    if let Some(letter) = app.letters().await.iter().find(|letter| letter.kind == "verify-email") {
        others.push(letter.token());
    }
    for other in &others {
        app.look_at_reset_link(other).await.assert_error(401, "Token Expired");
        app.reset_password(WEBAPP, other, NEW_PASSWORD).await.assert_error(401, "Token Expired");
    }
    assert_unchanged(app).await;
}

async fn p9_a_reset_goes_round_no_second_factor(app: &App) {
    app.introduce_people().await;
    let enrolled = app.enrol(WEBAPP, ERIN).await;
    let _ = app.tokens(WEBAPP, &enrolled.code).await;
    let token = link_token(app).await;
    let reply = app.reset_password(WEBAPP, &token, NEW_PASSWORD).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""), "no tokens, no code");
    let login = App::credentials(WEBAPP, ERIN, NEW_PASSWORD);
    let refused = app.post("/auth/login-token", &login).await;
    assert_eq!(refused.json()["error"]["message"], "MfaRequired", "{}", refused.text);
    let pending = code_of(&app.post("/auth/login", &login).await);
    app.redeem(WEBAPP, &pending).await.assert_error(401, "User Verification Failed");
    let _ = code_of(&app.answer_challenge(ERIN, &app.totp(&enrolled.app), WEBAPP, &pending).await);
}
