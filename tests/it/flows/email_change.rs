//! What ends a link that would change an address, and what the change ends.

use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL};
use doorward_tests::{App, Reply, Tokens, on_both};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

on_both![
    an_address_that_came_by_another_way_stays,
    a_new_password_ends_the_link,
    a_removed_account_takes_no_address,
    an_address_that_was_taken_meanwhile_stays_its_owners,
    of_many_uses_at_once_one_counts,
    a_new_address_ends_links_to_a_new_password,
    a_proved_address_is_not_proved_again,
];

const NEW: &str = "erin.new@example.com";

async fn change(app: &App, email: &str) -> (Tokens, String) {
    let tokens = app.sign_in(ERIN).await;
    let body = json!({ "email": email, "password": PASSWORD });
    let request = app.request(Method::PATCH, "/auth/change-email").bearer_auth(&tokens.access).json(&body);
    assert_eq!(app.send(request).await.status, 204);
    (tokens, app.letter(email, "verify-email").await.token())
}

async fn verify(app: &App, token: &str) -> Reply {
    app.post("/auth/verify-email", &json!({ "token": token })).await
}

async fn email(app: &App) -> serde_json::Value {
    let tokens = app.sign_in(ERIN).await;
    app.me(&tokens.access).await.ok()["email"].clone()
}

async fn an_address_that_came_by_another_way_stays(app: &App) {
    app.introduce_people().await;
    let (_, token) = change(app, NEW).await;
    app.place.execute("UPDATE users SET email = 'third@example.com' WHERE username = 'erin'").await;
    assert_eq!(verify(app, &token).await.status, 401);
    assert_eq!(email(app).await, "third@example.com");
}

async fn a_new_password_ends_the_link(app: &App) {
    app.introduce_people().await;
    let (tokens, token) = change(app, NEW).await;
    let body = json!({
        "username": ERIN,
        "refreshToken": tokens.refresh,
        "oldPassword": PASSWORD,
        "password": NEW_PASSWORD,
    });
    let _ = app.change_password(&tokens.access, &body).await.ok();
    assert_eq!(
        verify(app, &token).await.status,
        401,
        "who lost the password to somebody loses no address too"
    );
    assert!(app.kinds_to(ERIN_MAIL).await.contains(&"reset-password".to_owned()), "the change is told");
}

async fn a_removed_account_takes_no_address(app: &App) {
    app.introduce_people().await;
    let (_, token) = change(app, NEW).await;
    app.place.execute("UPDATE users SET deleted_at = created_at WHERE username = 'erin'").await;
    assert_eq!(verify(app, &token).await.status, 401);
    let holders = "SELECT count(*) FROM users WHERE email = 'erin.new@example.com'";
    assert_eq!(app.place.figure(holders).await, 0);
}

async fn an_address_that_was_taken_meanwhile_stays_its_owners(app: &App) {
    app.introduce_people().await;
    let (_, token) = change(app, NEW).await;
    app.place.execute("UPDATE users SET email = 'Erin.New@example.com' WHERE username = 'frank'").await;
    assert_eq!(verify(app, &token).await.status, 409);
    assert_eq!(email(app).await, ERIN_MAIL);
    app.place.execute("UPDATE users SET email = 'frank@example.com' WHERE username = 'frank'").await;
    assert_eq!(verify(app, &token).await.status, 200, "the refusal used nothing up");
}

async fn of_many_uses_at_once_one_counts(app: &App) {
    app.introduce_people().await;
    let (_, token) = change(app, NEW).await;
    let replies = join_all((0..20).map(|_| verify(app, &token))).await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[401; 19][..]));
    let kinds = app.kinds_to(ERIN_MAIL).await;
    let notices = kinds.iter().filter(|kind| *kind == "email-update-successful").count();
    assert_eq!(notices, 1, "one change, one notice: {kinds:?}");
}

async fn a_new_address_ends_links_to_a_new_password(app: &App) {
    app.introduce_people().await;
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let old = app.letter(ERIN_MAIL, "forgot-password").await.token();
    let (_, token) = change(app, NEW).await;
    assert_eq!(verify(app, &token).await.status, 200);
    assert_eq!(app.look_at_reset_link(&old).await.status, 401);
    app.reset_password(WEBAPP, &old, NEW_PASSWORD).await.assert_error(401, "TokenRevoked");
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let _ = app.letter(NEW, "forgot-password").await;
}

async fn a_proved_address_is_not_proved_again(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    let reply = app.post_as(&tokens.access, "/auth/verify-email/create-token", &json!({})).await;
    assert_eq!(reply.status, 204);
    assert!(!app.kinds_to(ERIN_MAIL).await.contains(&"verify-email".to_owned()));
}
