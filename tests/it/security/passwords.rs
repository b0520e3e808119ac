//! Passwords on every way in and every way to a new one (P5–P8): exact, bounded, judged by one policy.

use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, FRANK};
use doorward_tests::{App, Options, Reply, Tokens, on_both};
use serde_json::{Value, json};

on_both![open;
    p5_a_long_password_is_refused_before_it_is_hashed,
    p6_passwords_are_exact,
    p7_one_policy_judges_every_new_password,
    p7_the_policy_can_be_set,
    p8_a_changed_password_ends_the_rest_and_is_told,
];
on_both![aged; p7_an_old_password_has_to_be_changed];

fn open() -> Options {
    Options::default().set("native.sign_up_tenant", "acme")
}

fn aged() -> Options {
    open().set("passwords.max_age", "30d")
}

/// The three ways to a new password; the user's password is [`PASSWORD`] afterwards unless it was accepted.
async fn ask_for(app: &App, password: &str) -> [Reply; 3] {
    let tokens = app.sign_in(FRANK).await;
    let change = json!({
        "refreshToken": tokens.refresh, "username": FRANK, "oldPassword": PASSWORD, "password": password,
    });
    let changed = app.change_password(&tokens.access, &change).await;
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let link = app.letter(ERIN_MAIL, "forgot-password").await.token();
    let reset = app.reset_password(WEBAPP, &link, password).await;
    assert_eq!(app.request_sign_up("new@example.com").await.status, 204);
    let link = app.letter("new@example.com", "registration").await.token();
    let signed_up = app.sign_up(&link, "new@example.com", password).await;
    [changed, reset, signed_up]
}

async fn p5_a_long_password_is_refused_before_it_is_hashed(app: &App) {
    app.introduce_people().await;
    for length in [1025, 100_000] {
        let password = format!("Aa1-{}", "x".repeat(length - 4));
        for reply in ask_for(app, &password).await {
            assert_eq!(reply.status, 422, "{length}: {}", reply.text);
        }
        let login = app.post("/auth/login", &App::credentials(WEBAPP, ERIN, &password)).await;
        assert!([401, 422].contains(&login.status), "{}", login.text);
    }
    let huge = format!("Aa1-{}", "x".repeat(2 << 20));
    let reply = app.post("/auth/login", &App::credentials(WEBAPP, ERIN, &huge)).await;
    assert_eq!(reply.status, 413, "{:.200}", reply.text);
    let long = format!("Aa1-{}", "xy".repeat(60));
    for reply in ask_for(app, &long).await {
        assert!([200, 204].contains(&reply.status), "124 characters: {}", reply.text);
    }
    let _ = Tokens::of(&app.post("/auth/login-token", &App::credentials(WEBAPP, ERIN, &long)).await);
}

async fn p6_passwords_are_exact(app: &App) {
    app.introduce_people().await;
    // Each with one that must not do in its place: tails beyond what bcrypt reads, spaces, NUL, another Unicode form.
    let long = format!("Aa1-{}", "x".repeat(76));
    let pairs = [
        (format!("{long}a"), format!("{long}b")),
        (" Spaces-Around-1 ".to_owned(), "Spaces-Around-1".to_owned()),
        ("Nul-Inside\u{0}-One-1".to_owned(), "Nul-Inside".to_owned()),
        ("Caf\u{e9}-Corner-1".to_owned(), "Cafe-Corner-1".to_owned()),
    ];
    let mut current = PASSWORD.to_owned();
    for (right, wrong) in pairs {
        assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
        let link = app.letter(ERIN_MAIL, "forgot-password").await.token();
        let reset = app.reset_password(WEBAPP, &link, &right).await;
        if reset.status == 422 {
            // A policy may refuse what it cannot show; then nothing has changed.
            assert!(right.contains('\u{0}') || right.starts_with(' '), "{right:?}: {}", reset.text);
        } else {
            assert_eq!(reset.status, 204, "{right:?}: {}", reset.text);
            current = right.clone();
        }
        let refused = app.post("/auth/login", &App::credentials(WEBAPP, ERIN, &wrong)).await;
        refused.assert_wrapped_error(401, "Invalid Credentials");
        let _ = app.post("/auth/login", &App::credentials(WEBAPP, ERIN, &current)).await.ok();
        let upper = app.post("/auth/login", &App::credentials(WEBAPP, ERIN, &current.to_uppercase())).await;
        upper.assert_wrapped_error(401, "Invalid Credentials");
    }
}

async fn p7_one_policy_judges_every_new_password(app: &App) {
    app.introduce_people().await;
    for password in
        ["Sh0rt-1", "alllowercase1!", "ALLUPPERCASE1!", "NoDigitsHere!", "NoSymbols123", "P@ssw0rd"]
    {
        for reply in ask_for(app, password).await {
            assert_eq!(
                (reply.status, &reply.json()["error"]["code"]),
                (422, &json!("PASSWORD_POLICY")),
                "{password}"
            );
            assert!(!reply.text.contains(password), "{}", reply.text);
        }
    }
    for reply in ask_for(app, NEW_PASSWORD).await {
        assert!([200, 204].contains(&reply.status), "{}", reply.text);
    }
}

async fn p7_the_policy_can_be_set(app: &App) {
    app.introduce_people().await;
    let lenient = open()
        .set("passwords.min_length", "16")
        .set("passwords.require_symbol", "false")
        .set("passwords.disallow_common", "false");
    app.restart_with(lenient).await;
    for reply in ask_for(app, "Battery-Staple-8").await {
        assert!([200, 204].contains(&reply.status), "16 characters: {}", reply.text);
    }
}

async fn p7_an_old_password_has_to_be_changed(app: &App) {
    app.introduce_people().await;
    let _ = app.sign_in(ERIN).await;
    app.advance(std::time::Duration::from_hours(24 * 31));
    let reply = app.login_token(WEBAPP, ERIN).await;
    // Either way in, it is asked to be changed: the status of the tokens says so.
    let tokens = Tokens::of(&reply);
    assert_eq!(app.me(&tokens.access).await.ok()["status"], 3, "{}", reply.text);
    let change = json!({
        "refreshToken": tokens.refresh, "username": ERIN, "oldPassword": PASSWORD, "password": NEW_PASSWORD,
    });
    let _ = app.change_password(&tokens.access, &change).await.ok();
    let tokens =
        Tokens::of(&app.post("/auth/login-token", &App::credentials(WEBAPP, ERIN, NEW_PASSWORD)).await);
    assert_eq!(app.me(&tokens.access).await.ok()["status"], 1);
}

async fn p8_a_changed_password_ends_the_rest_and_is_told(app: &App) {
    app.introduce_people().await;
    let (tokens, other) = (app.sign_in(ERIN).await, app.sign_in(ERIN).await);
    let change = |username: &str, old: Value| {
        let mut body =
            json!({ "refreshToken": tokens.refresh, "username": username, "password": NEW_PASSWORD });
        if !old.is_null() {
            body["oldPassword"] = old;
        }
        body
    };
    let access = &tokens.access;
    app.change_password(access, &change(ERIN, json!("wrong"))).await.assert_error(401, "Incorrect Password");
    app.change_password(access, &change(ERIN, Value::Null)).await.assert_error(422, "OldPasswordMissing");
    app.change_password(access, &change(FRANK, json!(PASSWORD))).await.assert_error(403, "NotAllowedAccess");
    assert!(app.letters().await.iter().all(|letter| letter.kind != "reset-password"));
    let _ = app.change_password(access, &change(ERIN, json!(PASSWORD))).await.ok();
    let notice = app.letter(ERIN_MAIL, "reset-password").await;
    assert!(!notice.raw.contains(NEW_PASSWORD) && !notice.text.contains("?token="), "{}", notice.raw);
    for dead in [&tokens, &other] {
        app.me(&dead.access).await.assert_wrapped_error(401, "TokenRevoked");
        app.refresh(dead).await.assert_error(401, "Token Expired");
    }
    let _ = app.sign_in(FRANK).await;
}
