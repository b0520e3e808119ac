//! Forgotten passwords: the link, what it opens, and all that ends with the old password.

use std::time::Duration;

use doorward_tests::bootstrap::{MOBILE, NEW_PASSWORD, OTHER, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, FRANK_MAIL, OF_MOBILE, SHUT_OUT, SOCIAL};
use doorward_tests::harness::verification::{client, with};
use doorward_tests::{App, Options, Tokens, on_both};
use reqwest::Method;
use serde_json::json;

on_both![
    the_link_opens_a_new_password,
    everything_begun_with_the_old_password_ends,
    looking_at_a_link_uses_nothing_up,
    a_refused_password_uses_nothing_up,
    who_may_not_sign_in_gets_no_link,
    who_lost_the_right_to_sign_in_sets_no_password,
    requests_are_checked_as_everywhere,
    the_words_are_in_the_readers_language,
];
on_both![elsewhere; the_link_leads_where_the_configuration_says];
on_both![app_url; the_link_leads_to_the_app];
on_both![short; the_life_of_a_link_can_be_set];
on_both![history; former_passwords_are_remembered];

fn elsewhere() -> Options {
    Options::default().set("native.reset_password_url", "https://shop.example.test/account/new-password")
}

fn app_url() -> Options {
    Options::default().set("native.web_app_url", "https://shop.example.test")
}

fn short() -> Options {
    Options::default().set("native.reset_password_ttl", "10m")
}

fn history() -> Options {
    Options::default().set("passwords.history", "2")
}

/// Asks for a link and reads the mail.
async fn link_token(app: &App) -> String {
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    app.letter(ERIN_MAIL, "forgot-password").await.token()
}

async fn the_link_opens_a_new_password(app: &App) {
    app.introduce_people().await;
    let reply = app.forget_password(WEBAPP, "Erin").await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let letter = app.letter(ERIN_MAIL, "forgot-password").await;
    assert!(letter.html.contains(&letter.token()) && !letter.subject.is_empty(), "{}", letter.raw);
    assert!(letter.text.contains("30"), "it says how long the link works: {}", letter.text);
    let reply = app.reset_password(WEBAPP, &letter.token(), NEW_PASSWORD).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    app.login(WEBAPP, ERIN).await.assert_wrapped_error(401, "Invalid Credentials");
    let login = App::credentials(WEBAPP, ERIN, NEW_PASSWORD);
    let _ = Tokens::of(&app.post("/auth/login-token", &login).await);
    let notice = app.letter(ERIN_MAIL, "reset-password").await;
    assert!(!notice.raw.contains(NEW_PASSWORD) && !notice.raw.contains(&letter.token()));
    assert_eq!(app.kinds_to(FRANK_MAIL).await, Vec::<String>::new());
}

async fn everything_begun_with_the_old_password_ends(app: &App) {
    app.introduce_people().await;
    let (one, two) = (app.sign_in(ERIN).await, app.sign_in_through(MOBILE, ERIN).await);
    let bystander = app.sign_in("bob").await;
    let code = app.code(WEBAPP, ERIN).await;
    let token = link_token(app).await;
    assert!(app.accepts(&one.access).await, "asking ends nothing");
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 204);
    for session in [&one, &two] {
        app.me(&session.access).await.assert_wrapped_error(401, "TokenRevoked");
        app.refresh(session).await.assert_error(401, "Token Expired");
    }
    app.redeem(WEBAPP, &code).await.assert_error(401, "Invalid Credentials");
    assert!(app.accepts(&bystander.access).await);
}

async fn looking_at_a_link_uses_nothing_up(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    for _ in 0..3 {
        assert_eq!(app.look_at_reset_link(&token).await.ok(), json!({ "success": true }));
    }
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 204);
    app.look_at_reset_link(&token).await.assert_error(401, "TokenRevoked");
    app.look_at_reset_link("unknown").await.assert_error(401, "Token Expired");
    let missing = app.get("/auth/verify-reset-password-link").await;
    assert_eq!(
        (missing.status, &missing.json()["error"]["code"]),
        (400, &json!("MISSING_REQUIRED_PARAMETER"))
    );
    assert_eq!(missing.json()["error"]["message"], "Required parameter token is missing!");
}

async fn a_refused_password_uses_nothing_up(app: &App) {
    app.introduce_people().await;
    let session = app.sign_in(ERIN).await;
    let token = link_token(app).await;
    let weak = app.reset_password(WEBAPP, &token, "weak").await;
    assert_eq!(
        (weak.status, &weak.json()["error"]["code"]),
        (422, &json!("PASSWORD_POLICY")),
        "{}",
        weak.text
    );
    let named = app.reset_password(WEBAPP, &token, "Oakhurst-Erin-1").await;
    assert_eq!(named.status, 422, "{}", named.text);
    let same = app.reset_password(WEBAPP, &token, PASSWORD).await;
    same.assert_error(401, "Password cannot be same as previous password!");
    let empty = app.reset_password(WEBAPP, &token, "").await;
    assert_eq!(empty.status, 422, "{}", empty.text);
    assert!(app.accepts(&session.access).await);
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 204);
}

async fn who_may_not_sign_in_gets_no_link(app: &App) {
    app.introduce_people().await;
    let others =
        [("social", SOCIAL), ("of another client", OF_MOBILE), ("without address", "bob"), ("unknown", "x")];
    for (what, username) in SHUT_OUT.into_iter().chain(others) {
        let reply = app.forget_password(WEBAPP, username).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{what}");
    }
    assert_eq!(app.letters().await.len(), 0);
}

/// An `apply` file that gives her membership of acme another status.
fn status_of_erin(status: &str) -> String {
    format!(
        "[[users]]\nusername = \"erin\"\nmemberships = [{{ tenant = \"acme\", role = \"SuperAdmin\", status = \"{status}\" }}]\n"
    )
}

async fn who_lost_the_right_to_sign_in_sets_no_password(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    app.apply(&status_of_erin("inactive")).await;
    app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.assert_error(401, "UserInactive");
    app.apply(&status_of_erin("registered")).await;
    app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.assert_error(400, "User not active yet");
    app.apply(&status_of_erin("active")).await;
    let _ = app.sign_in(ERIN).await;
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 204);
}

async fn requests_are_checked_as_everywhere(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    let missing = app.post("/auth/forget-password", &client(WEBAPP)).await.validation_failures();
    assert!(missing.contains(&(String::new(), "required".to_owned())), "{missing:?}");
    let mut wrong = with(client(WEBAPP), "username", ERIN);
    wrong["client_secret"] = json!("wrong");
    app.post("/auth/forget-password", &wrong).await.assert_wrapped_error(401, "Client Verification Failed");

    let patch = |body: serde_json::Value| async move {
        app.send(app.request(Method::PATCH, "/auth/reset-password").json(&body)).await
    };
    let body = with(with(client(WEBAPP), "token", token.as_str()), "password", NEW_PASSWORD);
    let mut wrong = body.clone();
    wrong["client_secret"] = json!("wrong");
    patch(wrong).await.assert_wrapped_error(401, "Client Verification Failed");
    patch(with(body.clone(), "token", "")).await.assert_error(422, "TokenMissing");
    patch(with(body.clone(), "token", "unknown")).await.assert_error(401, "Token Expired");
    let unknown = patch(with(body.clone(), "more", 1)).await.validation_failures();
    assert_eq!(unknown, [(String::new(), "additionalProperties".to_owned())]);
    assert_eq!(app.reset_password(OTHER, &token, NEW_PASSWORD).await.status, 401, "another client's");
    assert_eq!(patch(body).await.status, 204);
}

async fn the_link_leads_where_the_configuration_says(app: &App) {
    app.introduce_people().await;
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let letter = app.letter(ERIN_MAIL, "forgot-password").await;
    assert_eq!(letter.link(), "https://shop.example.test/account/new-password");
}

async fn the_link_leads_to_the_app(app: &App) {
    app.introduce_people().await;
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let letter = app.letter(ERIN_MAIL, "forgot-password").await;
    assert_eq!(letter.link(), "https://shop.example.test/reset-password");
}

async fn the_life_of_a_link_can_be_set(app: &App) {
    app.introduce_people().await;
    let token = link_token(app).await;
    app.advance(Duration::from_mins(10));
    app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.assert_error(401, "Token Expired");
    let token = link_token(app).await;
    app.advance(Duration::from_mins(10) - Duration::from_secs(1));
    assert_eq!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status, 204);
}

async fn former_passwords_are_remembered(app: &App) {
    app.introduce_people().await;
    let passwords = [NEW_PASSWORD, "Copper-Kettle-3", "Marble-Arch-41"];
    for password in passwords {
        let token = link_token(app).await;
        assert_eq!(app.reset_password(WEBAPP, &token, password).await.status, 204, "{password}");
        // Each stands at a moment of its own.
        app.advance(Duration::from_secs(1));
    }
    let token = link_token(app).await;
    for remembered in ["Copper-Kettle-3", NEW_PASSWORD] {
        let refused = app.reset_password(WEBAPP, &token, remembered).await;
        assert!([401, 422].contains(&refused.status), "{remembered}: {}", refused.text);
    }
    assert_eq!(app.reset_password(WEBAPP, &token, PASSWORD).await.status, 204, "forgotten by now");
}

async fn the_words_are_in_the_readers_language(app: &App) {
    app.introduce_people().await;
    assert_eq!(app.forget_password(WEBAPP, "alice").await.status, 204);
    let german = app.letter("alice@example.com", "forgot-password").await;
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let english = app.letter(ERIN_MAIL, "forgot-password").await;
    assert_ne!(german.subject, english.subject, "alice reads German");
    assert!(german.text.contains("Passwort") && english.text.contains("password"), "{}", german.text);
}
