//! Proving an address, and changing it: both by a link to the address.

use std::time::Duration;

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, FRANK_MAIL};
use doorward_tests::{App, Reply, on_both};
use reqwest::Method;
use serde_json::{Value, json};

on_both![
    an_address_is_proved_by_its_link,
    another_address_counts_once_it_is_proved,
    changing_needs_the_password,
    an_address_of_somebody_else_stays_his,
    a_link_is_good_for_a_while_and_once,
];

const NEW: &str = "erin.new@example.com";

async fn change(app: &App, access: &str, body: &Value) -> Reply {
    app.send(app.request(Method::PATCH, "/auth/change-email").bearer_auth(access).json(body)).await
}

async fn verify(app: &App, token: &str) -> Reply {
    app.post("/auth/verify-email", &json!({ "token": token })).await
}

async fn email_of(app: &App) -> Value {
    let tokens = app.sign_in(ERIN).await;
    app.me(&tokens.access).await.ok()["email"].clone()
}

async fn an_address_is_proved_by_its_link(app: &App) {
    app.introduce_people().await;
    app.place.execute("UPDATE users SET email_verified = FALSE WHERE username = 'erin'").await;
    let tokens = app.sign_in(ERIN).await;
    let reply = app.post_as(&tokens.access, "/auth/verify-email/create-token", &json!({})).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let token = app.letter(ERIN_MAIL, "verify-email").await.token();
    assert_eq!(verify(app, &token).await.ok(), json!({ "success": true }));
    let verified = "SELECT count(*) FROM users WHERE username = 'erin' AND email_verified = TRUE";
    assert_eq!(app.place.figure(verified).await, 1);
}

async fn another_address_counts_once_it_is_proved(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    let reply = change(app, &tokens.access, &json!({ "email": NEW, "password": PASSWORD })).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    assert_eq!(email_of(app).await, ERIN_MAIL);
    let token = app.letter(NEW, "verify-email").await.token();
    assert_eq!(verify(app, &token).await.ok(), json!({ "success": true }));
    assert_eq!(email_of(app).await, NEW);
    let notice = app.letter(ERIN_MAIL, "email-update-successful").await;
    assert!(!notice.raw.contains(&token), "the old address is told, and given nothing");
    assert_eq!(verify(app, &token).await.status, 401);
}

async fn changing_needs_the_password(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    let wrong = change(app, &tokens.access, &json!({ "email": NEW, "password": "wrong" })).await;
    assert_eq!(wrong.status, 401, "{}", wrong.text);
    let odd = change(app, &tokens.access, &json!({ "email": "no address", "password": PASSWORD })).await;
    assert_eq!(odd.status, 422, "{}", odd.text);
    let body = json!({ "email": NEW, "password": PASSWORD });
    let anonymous = app.request(Method::PATCH, "/auth/change-email").json(&body);
    app.send(anonymous).await.assert_error(401, "Bearer realm=\"Users\"");
    assert!(app.letters().await.iter().all(|letter| letter.kind != "verify-email"));
}

async fn an_address_of_somebody_else_stays_his(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    let reply = change(app, &tokens.access, &json!({ "email": FRANK_MAIL, "password": PASSWORD })).await;
    let free = change(app, &tokens.access, &json!({ "email": NEW, "password": PASSWORD })).await;
    assert_eq!((reply.status, &reply.text), (free.status, &free.text), "it tells nothing");
    let links: Vec<_> =
        app.letters().await.into_iter().filter(|letter| letter.kind == "verify-email").collect();
    assert!(links.iter().all(|letter| letter.to == [NEW]), "{links:?}");
    assert_eq!(email_of(app).await, ERIN_MAIL);
}

async fn a_link_is_good_for_a_while_and_once(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    let body = json!({ "email": NEW, "password": PASSWORD });
    assert_eq!(change(app, &tokens.access, &body).await.status, 204);
    let older = app.letter(NEW, "verify-email").await.token();
    assert_eq!(change(app, &tokens.access, &body).await.status, 204);
    let newer = app.letter(NEW, "verify-email").await.token();
    assert_eq!(verify(app, &older).await.status, 401, "a newer link took its place");
    app.advance(Duration::from_hours(24));
    assert_eq!(verify(app, &newer).await.status, 401, "too late");
    assert_eq!(verify(app, "").await.status, 422);
    assert_eq!(verify(app, "unknown").await.status, 401);
    assert_eq!(email_of(app).await, ERIN_MAIL);
}
