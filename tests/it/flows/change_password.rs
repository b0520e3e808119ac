//! `PATCH /auth/change-password` (design §6.5): its errors in their order, and all that ends with the old password.

use doorward_tests::bootstrap::{GLOBEX, NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::{App, Tokens, on_both};
use serde_json::{Value, json};

on_both![
    the_new_password_replaces_the_old,
    every_session_of_the_user_ends,
    codes_issued_before_die,
    a_demanded_change_needs_no_old_password,
    a_first_change_makes_registered_memberships_active,
    a_demanded_change_still_checks_an_old_password,
    errors_come_in_order,
    the_policy_says_every_broken_rule,
    tokens_are_checked_first,
    another_users_name_is_refused,
    a_failed_change_changes_nothing,
    the_password_changes_for_one_of_two_racers,
];

fn change(tokens: &Tokens, username: &str) -> Value {
    json!({
        "refreshToken": tokens.refresh,
        "username": username,
        "oldPassword": PASSWORD,
        "password": NEW_PASSWORD,
    })
}

async fn the_new_password_replaces_the_old(app: &App) {
    let tokens = app.sign_in("alice").await;
    let reply = app.change_password(&tokens.access, &change(&tokens, "Alice")).await;
    assert_eq!(reply.ok(), json!({ "success": true }));
    app.login(WEBAPP, "alice").await.assert_wrapped_error(401, "Invalid Credentials");
    let _ = app.post("/auth/login", &App::credentials(WEBAPP, "alice", NEW_PASSWORD)).await.ok();
}

async fn every_session_of_the_user_ends(app: &App) {
    let (tokens, other, bob) =
        (app.sign_in("alice").await, app.sign_in_through("mobile", "alice").await, app.sign_in("bob").await);
    let _ = app.change_password(&tokens.access, &change(&tokens, "alice")).await.ok();
    for session in [&tokens, &other] {
        app.me(&session.access).await.assert_wrapped_error(401, "TokenRevoked");
        app.refresh(session).await.assert_error(401, "Token Expired");
    }
    assert!(app.accepts(&bob.access).await);
    let body = App::credentials(WEBAPP, "alice", NEW_PASSWORD);
    let fresh = Tokens::of(&app.post("/auth/login-token", &body).await);
    assert!(app.accepts(&fresh.access).await, "a session begun afterwards lives");
    let _ = Tokens::of(&app.refresh(&fresh).await);
}

async fn codes_issued_before_die(app: &App) {
    let tokens = app.sign_in("alice").await;
    let code = app.code(WEBAPP, "alice").await;
    let _ = app.change_password(&tokens.access, &change(&tokens, "alice")).await.ok();
    app.redeem(WEBAPP, &code).await.assert_error(401, "Invalid Credentials");
}

async fn a_demanded_change_needs_no_old_password(app: &App) {
    let tokens = app.sign_in("changer").await;
    assert_eq!(app.me(&tokens.access).await.ok()["status"], 3);
    let mut body = change(&tokens, "changer");
    body.as_object_mut().map(|object| object.remove("oldPassword"));
    let _ = app.change_password(&tokens.access, &body).await.ok();
    let body = App::credentials(WEBAPP, "changer", NEW_PASSWORD);
    let fresh = Tokens::of(&app.post("/auth/login-token", &body).await);
    assert_eq!(app.me(&fresh.access).await.ok()["status"], 1);
    let mut again = change(&fresh, "changer");
    again.as_object_mut().map(|object| object.remove("oldPassword"));
    app.change_password(&fresh.access, &again).await.assert_error(422, "OldPasswordMissing");
}

async fn a_first_change_makes_registered_memberships_active(app: &App) {
    let tokens = app.sign_in("invited").await;
    app.switch(&tokens, GLOBEX).await.assert_error(400, "User not active yet");
    let _ = app.change_password(&tokens.access, &change(&tokens, "invited")).await.ok();
    let body = App::credentials(WEBAPP, "invited", NEW_PASSWORD);
    let fresh = Tokens::of(&app.post("/auth/login-token", &body).await);
    let switched = Tokens::of(&app.switch(&fresh, GLOBEX).await);
    assert_eq!(app.me(&switched.access).await.ok()["status"], 1);
}

async fn a_demanded_change_still_checks_an_old_password(app: &App) {
    let tokens = app.sign_in("changer").await;
    let mut body = change(&tokens, "changer");
    body["oldPassword"] = json!("wrong");
    app.change_password(&tokens.access, &body).await.assert_error(401, "Incorrect Password");
    body.as_object_mut().map(|object| object.remove("oldPassword"));
    body["password"] = json!(PASSWORD);
    app.change_password(&tokens.access, &body)
        .await
        .assert_error(401, "Password cannot be same as previous password!");
}

/// Each step repairs what the step before complained about; everything after it is still wrong.
async fn errors_come_in_order(app: &App) {
    let (tokens, other) = (app.sign_in("alice").await, app.sign_in("alice").await);
    let mut body = json!({});
    let steps: [(&str, Value, u16, &str); 9] = [
        ("username", json!("bob"), 422, "OldPasswordMissing"),
        ("oldPassword", json!("wrong"), 422, "TokenMissing"),
        ("refreshToken", json!("0".repeat(64)), 401, "Token Expired"),
        ("refreshToken", json!(other.refresh), 401, "Token Invalid"),
        ("refreshToken", json!(tokens.refresh), 403, "NotAllowedAccess"),
        ("username", json!("alice"), 401, "Incorrect Password"),
        ("oldPassword", json!(PASSWORD), 422, "PasswordMissing"),
        ("password", json!(""), 422, "PasswordMissing"),
        ("password", json!(PASSWORD), 401, "Password cannot be same as previous password!"),
    ];
    for (name, value, status, message) in steps {
        body[name] = value;
        app.change_password(&tokens.access, &body).await.assert_error(status, message);
    }
    body["password"] = json!("weak");
    assert_eq!(app.change_password(&tokens.access, &body).await.status, 422);
    body["password"] = json!(NEW_PASSWORD);
    let _ = app.change_password(&tokens.access, &body).await.ok();
}

async fn the_policy_says_every_broken_rule(app: &App) {
    let tokens = app.sign_in("alice").await;
    let mut body = change(&tokens, "alice");
    for (password, rules) in [
        ("short", 4),
        ("alllowercase1!", 1),
        ("ALLUPPERCASE1!", 1),
        ("NoDigitsHere!", 1),
        ("NoSymbols123", 1),
        ("Alice-Rocks-1", 1),
        ("Testington-1", 1),
        ("", 0),
    ] {
        if rules == 0 {
            continue;
        }
        body["password"] = json!(password);
        let reply = app.change_password(&tokens.access, &body).await;
        reply.assert_error_named(422, "UnprocessableEntityError");
        let error = reply.json()["error"].clone();
        assert_eq!(error["details"].as_array().map(Vec::len), Some(rules), "{password}: {error}");
    }
    body["password"] = json!("A-1-a".repeat(300));
    app.change_password(&tokens.access, &body).await.assert_error_named(422, "UnprocessableEntityError");
}

async fn tokens_are_checked_first(app: &App) {
    let tokens = app.sign_in("alice").await;
    let body = change(&tokens, "alice");
    let request = app.request(reqwest::Method::PATCH, "/auth/change-password").json(&body);
    app.send(request).await.assert_error(401, "Bearer realm=\"Users\"");
    app.change_password("x", &body).await.assert_wrapped_error(401, "TokenExpired");
    let unknown_field = json!({ "newPassword": NEW_PASSWORD });
    let failures = app.change_password("x", &unknown_field).await.validation_failures();
    assert_eq!(failures, [(String::new(), "additionalProperties".to_owned())]);
}

async fn another_users_name_is_refused(app: &App) {
    let tokens = app.sign_in("alice").await;
    for username in [json!("bob"), json!(""), json!("alice ")] {
        let mut body = change(&tokens, "alice");
        body["username"] = username;
        app.change_password(&tokens.access, &body).await.assert_error(403, "NotAllowedAccess");
    }
    let mut body = change(&tokens, "alice");
    body.as_object_mut().map(|object| object.remove("username"));
    app.change_password(&tokens.access, &body).await.assert_error(403, "NotAllowedAccess");
}

async fn a_failed_change_changes_nothing(app: &App) {
    let (tokens, other) = (app.sign_in("alice").await, app.sign_in("alice").await);
    let mut body = change(&tokens, "alice");
    body["oldPassword"] = json!("wrong");
    app.change_password(&tokens.access, &body).await.assert_error(401, "Incorrect Password");
    assert!(app.accepts(&tokens.access).await && app.accepts(&other.access).await);
    let _ = Tokens::of(&app.refresh(&tokens).await);
    let _ = app.login(WEBAPP, "alice").await.ok();
}

async fn the_password_changes_for_one_of_two_racers(app: &App) {
    let (first, second) = (app.sign_in("alice").await, app.sign_in("alice").await);
    let mut other = change(&second, "alice");
    other["password"] = json!("Another-Staple-9");
    let body = change(&first, "alice");
    let (one, two) = futures_util::join!(
        app.change_password(&first.access, &body),
        app.change_password(&second.access, &other)
    );
    let successes = [&one, &two].iter().filter(|reply| reply.status == 200).count();
    assert_eq!(successes, 1, "{} {}", one.text, two.text);
    let winner = if one.status == 200 { NEW_PASSWORD } else { "Another-Staple-9" };
    let _ = app.post("/auth/login", &App::credentials(WEBAPP, "alice", winner)).await.ok();
}
