//! `POST /auth/login` and `POST /auth/login-token`: client, password, and which clients a user may use.

use doorward_tests::bootstrap::{CLIENT_SECRET, MOBILE, OTHER, PASSWORD, WEBAPP};
use doorward_tests::{App, Tokens, on_both};
use serde_json::{Value, json};

on_both![
    a_code_is_opaque_and_fresh,
    login_token_signs_in_at_once,
    a_public_client_needs_no_secret,
    a_public_client_may_send_a_secret,
    a_confidential_client_needs_its_secret,
    a_switched_off_client_is_unknown,
    wrong_and_unknown_credentials_answer_alike,
    usernames_match_in_any_case,
    a_mixed_case_username_can_sign_in,
    passwords_are_taken_exactly,
    empty_username_or_password_is_refused,
    an_imported_bcrypt_hash_works_and_is_rehashed,
    sessions_of_one_user_are_independent,
];

async fn a_code_is_opaque_and_fresh(app: &App) {
    let first = app.login(WEBAPP, "alice").await;
    let body = first.ok();
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
    let code = body["code"].as_str().unwrap_or_default();
    assert_eq!(code.len(), 43, "256 bits in base64url: {code}");
    assert!(code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    assert_ne!(app.code(WEBAPP, "alice").await, code);
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("cache-control"), "no-store");
}

async fn login_token_signs_in_at_once(app: &App) {
    let reply = app.login_token(WEBAPP, "alice").await;
    let tokens = Tokens::of(&reply);
    assert!(tokens.refresh.len() == 64 && tokens.refresh.chars().all(|c| c.is_ascii_hexdigit()));
    assert_eq!(app.me(&tokens.access).await.ok()["username"], "alice");
    assert_eq!(reply.header("cache-control"), "no-store");
}

async fn a_public_client_needs_no_secret(app: &App) {
    let body = json!({ "client_id": MOBILE, "username": "alice", "password": PASSWORD });
    let code = app.post("/auth/login", &body).await.ok();
    let tokens = Tokens::of(&app.redeem(MOBILE, code["code"].as_str().unwrap_or_default()).await);
    assert!(app.accepts(&tokens.access).await);
    assert!(app.accepts(&Tokens::of(&app.refresh(&tokens).await).access).await);
}

async fn a_public_client_may_send_a_secret(app: &App) {
    let body = json!({ "client_id": MOBILE, "client_secret": "", "username": "alice", "password": PASSWORD });
    let _ = app.post("/auth/login", &body).await.ok();
}

async fn a_confidential_client_needs_its_secret(app: &App) {
    let longer = format!("{CLIENT_SECRET}x");
    for path in ["/auth/login", "/auth/login-token"] {
        for secret in [Value::Null, json!(""), json!("wrong"), json!(longer)] {
            let mut body = App::credentials(WEBAPP, "alice", PASSWORD);
            if secret.is_null() {
                body.as_object_mut().map(|object| object.remove("client_secret"));
            } else {
                body["client_secret"] = secret;
            }
            app.post(path, &body).await.assert_wrapped_error(401, "Client Verification Failed");
        }
        let body = App::credentials("nobodys-client", "alice", PASSWORD);
        app.post(path, &body).await.assert_wrapped_error(401, "Client Verification Failed");
    }
}

async fn a_switched_off_client_is_unknown(app: &App) {
    app.login("switched-off", "alice").await.assert_wrapped_error(401, "Client Verification Failed");
    app.redeem("switched-off", "any-code").await.assert_error(401, "Client Invalid");
}

async fn wrong_and_unknown_credentials_answer_alike(app: &App) {
    for path in ["/auth/login", "/auth/login-token"] {
        let mut replies = Vec::new();
        for (username, password) in [
            ("alice", "wrong"),
            ("nobody", PASSWORD),
            ("removed", PASSWORD),
            ("federated", PASSWORD),
            ("registered", "wrong"),
            ("inactive", "wrong"),
            ("clientless", "wrong"),
        ] {
            let reply = app.post(path, &App::credentials(WEBAPP, username, password)).await;
            reply.assert_wrapped_error(401, "Invalid Credentials");
            replies.push(reply.text);
        }
        replies.dedup();
        assert_eq!(replies.len(), 1);
    }
}

async fn usernames_match_in_any_case(app: &App) {
    for username in ["alice", "ALICE", "aLiCe"] {
        let _ = app.login(WEBAPP, username).await.ok();
    }
    app.login(WEBAPP, " alice").await.assert_wrapped_error(401, "Invalid Credentials");
}

async fn a_mixed_case_username_can_sign_in(app: &App) {
    for username in ["Mixed.Case", "mixed.case"] {
        let tokens = app.sign_in(username).await;
        assert_eq!(app.me(&tokens.access).await.ok()["username"], "Mixed.Case");
    }
}

async fn passwords_are_taken_exactly(app: &App) {
    for password in [format!("{PASSWORD} "), format!(" {PASSWORD}"), PASSWORD.to_lowercase()] {
        let body = App::credentials(WEBAPP, "alice", &password);
        app.post("/auth/login", &body).await.assert_wrapped_error(401, "Invalid Credentials");
    }
}

async fn empty_username_or_password_is_refused(app: &App) {
    for (username, password) in [("", PASSWORD), ("alice", ""), ("", "")] {
        let body = App::credentials(WEBAPP, username, password);
        app.post("/auth/login", &body).await.assert_wrapped_error(401, "Missing credentials");
        app.post("/auth/login-token", &body).await.assert_error(401, "Unauthorized");
        // The client is judged first.
        let mut stranger = body;
        stranger["client_secret"] = json!("wrong");
        for path in ["/auth/login", "/auth/login-token"] {
            app.post(path, &stranger).await.assert_wrapped_error(401, "Client Verification Failed");
        }
    }
}

async fn an_imported_bcrypt_hash_works_and_is_rehashed(app: &App) {
    let tokens = app.sign_in("imported").await;
    assert!(app.accepts(&tokens.access).await);
    let stored = app
        .eventually("the hash gets our parameters", async || {
            let mut tx =
                app.core().await.ports().store.begin("test", doorward_core::ports::store::Mode::Read).await;
            let account = match &mut tx {
                Ok(tx) => tx.account_by_username_key("imported").await.ok().flatten(),
                Err(_) => None,
            };
            account.and_then(|account| account.password_hash).filter(|hash| hash.starts_with("$argon2id$"))
        })
        .await;
    assert!(stored.contains("m=64,t=1,p=1"), "{stored}");
    assert!(app.accepts(&tokens.access).await, "another hash of the same password ends no session");
    let _ = app.sign_in("imported").await;
    let wrong = App::credentials(WEBAPP, "imported", "wrong");
    app.post("/auth/login", &wrong).await.assert_wrapped_error(401, "Invalid Credentials");
}

async fn sessions_of_one_user_are_independent(app: &App) {
    let web = app.sign_in(WEBAPP_USER).await;
    let other = app.sign_in_through(OTHER, WEBAPP_USER).await;
    let mobile = app.sign_in_through(MOBILE, WEBAPP_USER).await;
    let _ = app.log_out(&other).await.ok();
    assert!(!app.accepts(&other.access).await);
    assert!(app.accepts(&web.access).await && app.accepts(&mobile.access).await);
}

/// May sign in through every client.
const WEBAPP_USER: &str = "alice";
