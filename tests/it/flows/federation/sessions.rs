//! The provider's side of a session: kept with it, ended after it.

use std::time::Duration;

use doorward_core::testkit::scripted_provider::LOGOUT_ENDPOINT;
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::{App, Tokens, on_both};
use serde_json::json;

use super::{brought, linked_user, scripted, visit};

on_both![scripted;
    the_provider_is_told_after_every_way_out,
    a_session_of_a_password_has_no_provider,
    what_was_never_redeemed_goes,
    an_unlinked_identity_leaves_its_sessions_alone,
];

const HELD: &str = "SELECT COUNT(*) FROM upstream_sessions";

async fn terminated(app: &App, count: usize) -> Vec<Option<String>> {
    app.eventually("the provider is told", async || {
        Some(app.scripted("google").seen().terminated).filter(|told| told.len() >= count)
    })
    .await
}

async fn the_provider_is_told_after_every_way_out(app: &App) {
    let mut told = 0;
    for path in ["/logout", "/google/logout", "/keycloak/logout", "/cognito/logout"] {
        let tokens = linked_user(app, "google", "fed").await;
        let tokens = Tokens::of(&app.refresh(&tokens).await);
        let body = json!({ "refreshToken": tokens.refresh });
        let reply = app.post_as(&tokens.access, path, &body).await.ok();
        assert_eq!(reply["success"], true);
        let url = reply["providerLogoutUrl"].as_str().expect("there is a place to sign out at");
        assert!(url.starts_with(LOGOUT_ENDPOINT), "{url}");
        told += 1;
        assert_eq!(terminated(app, told).await, vec![Some("refresh-of-fed".to_owned()); told]);
        app.me(&tokens.access).await.assert_wrapped_error(401, "TokenRevoked");
    }
    // A replayed code ends the session too.
    let code = brought(&visit(app, "google", "fed").await, "code").expect("a code");
    let _ = Tokens::of(&app.redeem(WEBAPP, &code).await);
    app.advance(Duration::from_secs(3));
    assert_eq!(app.redeem(WEBAPP, &code).await.status, 401);
    assert_eq!(terminated(app, told + 1).await.len(), told + 1);
}

async fn a_session_of_a_password_has_no_provider(app: &App) {
    let tokens = app.sign_in("alice").await;
    let reply =
        app.post_as(&tokens.access, "/google/logout", &json!({ "refreshToken": tokens.refresh })).await.ok();
    let names: Vec<&String> = reply.as_object().into_iter().flatten().map(|(name, _)| name).collect();
    assert_eq!(names, ["success", "key"]);
}

async fn what_was_never_redeemed_goes(app: &App) {
    let _ = linked_user(app, "google", "fed").await;
    let _ = visit(app, "google", "fed").await;
    let _ = super::leave(app, "google").await;
    app.advance(Duration::from_hours(49));
    app.core().await.purge().await.expect("it can be tidied up");
    assert_eq!(app.place.figure("SELECT COUNT(*) FROM login_attempts").await, 0);
    assert_eq!(app.place.figure("SELECT COUNT(*) FROM grants").await, 0);
    assert_eq!(app.place.figure(HELD).await, 1, "by the session that still lives");
}

async fn an_unlinked_identity_leaves_its_sessions_alone(app: &App) {
    let tokens = linked_user(app, "google", "fed").await;
    app.apply(&super::user(
        "fed",
        "identities = [{ provider = \"google\", subject = \"fed\" }, { provider = \"open\", subject = \"fed\" }]",
    ))
    .await;
    let identities = app.get_as(&tokens.access, "/auth/identities").await.ok();
    let google = identities.as_array().into_iter().flatten().find(|row| row["provider"] == "google");
    let path = format!("/auth/identities/{}", google.and_then(|row| row["id"].as_str()).expect("an id"));
    let delete = app.request(reqwest::Method::DELETE, &path).bearer_auth(&tokens.access);
    let _ = app.send(delete).await.ok();
    let tokens = Tokens::of(&app.refresh(&tokens).await);
    let reply = app.log_out(&tokens).await.ok();
    assert_eq!(reply["providerLogoutUrl"], serde_json::Value::Null, "its tokens went with the link");
    visit(app, "google", "fed").await.assert_wrapped_error(401, "Invalid Credentials");
}
