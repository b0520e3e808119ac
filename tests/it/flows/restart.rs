//! What a restarted server and a second process know.

use std::time::Duration;

use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::harness::app::eventually;
use doorward_tests::{App, Database, Home, Tokens, on_both};
use serde_json::json;

on_both![
    what_was_revoked_before_stays_revoked,
    sessions_and_codes_outlive_a_restart,
    another_process_is_heard_of,
];

async fn what_was_revoked_before_stays_revoked(app: &App) {
    let (logged_out, refreshed, replayed, changed) = (
        app.sign_in("alice").await,
        app.sign_in("alice").await,
        app.sign_in("alice").await,
        app.sign_in("bob").await,
    );
    let _ = app.log_out(&logged_out).await.ok();
    let _ = Tokens::of(&app.refresh(&refreshed).await);
    let _ = Tokens::of(&app.refresh(&replayed).await);
    app.advance(Duration::from_secs(10));
    app.refresh(&replayed).await.assert_error(401, "Token Expired");
    let body = json!({ "refreshToken": changed.refresh, "username": "bob", "oldPassword": PASSWORD, "password": NEW_PASSWORD });
    let _ = app.change_password(&changed.access, &body).await.ok();
    app.restart().await;
    for tokens in [&logged_out, &refreshed, &replayed, &changed] {
        app.me(&tokens.access).await.assert_wrapped_error(401, "TokenRevoked");
    }
}

async fn sessions_and_codes_outlive_a_restart(app: &App) {
    let tokens = app.sign_in("alice").await;
    let code = app.code(WEBAPP, "alice").await;
    app.restart().await;
    assert!(app.accepts(&tokens.access).await);
    let _ = Tokens::of(&app.refresh(&tokens).await);
    let _ = Tokens::of(&app.redeem(WEBAPP, &code).await);
}

async fn another_process_is_heard_of(app: &App) {
    let tokens = app.sign_in("alice").await;
    let token = app.core().await.authenticate(&tokens.access).await.expect("a good token");
    let other = app.other_process().await.core;
    other
        .log_out(doorward_core::usecase::LogOut {
            token,
            origin: doorward_core::domain::actor::Origin::default(),
            refresh_token: Some(tokens.refresh.as_str().into()),
        })
        .await
        .expect("the other process signs out");
    eventually("the other process is heard of", Duration::from_secs(5), async || {
        (!app.accepts(&tokens.access).await).then_some(())
    })
    .await;
    app.me(&tokens.access).await.assert_wrapped_error(401, "TokenRevoked");
}

const DEACTIVATE: &str = r#"
[[users]]
username = "bob"
memberships = [{ tenant = "acme", role = "Member", status = "inactive" }]
"#;

fn apply_reaches_a_serving_process(database: Database) {
    let Some(home) = Home::furnished(database) else { return };
    doorward_tests::harness::app::block_on(async {
        let server = home.serve().await;
        let (bob, refresh) = server.sign_in(WEBAPP, "bob").await;
        let (alice, _) = server.sign_in(WEBAPP, "alice").await;
        assert!(server.accepts(&bob).await);
        assert!(home.apply(DEACTIVATE, &[]).ok().contains("bob"));
        eventually("the deactivation arrives", Duration::from_secs(10), async || {
            (!server.accepts(&bob).await).then_some(())
        })
        .await;
        let (status, body) = server.get("/auth/me", Some(&bob)).await;
        assert_eq!((status, &body["error"]["message"]["message"]), (401, &json!("TokenRevoked")));
        assert_eq!(server.refresh(&bob, &refresh).await.0, 401);
        assert!(server.accepts(&alice).await);
    });
}

mod apply_reaches_a_serving_process {
    use doorward_tests::Database;

    #[test]
    fn sqlite() {
        super::apply_reaches_a_serving_process(Database::Sqlite);
    }

    #[test]
    fn postgres() {
        super::apply_reaches_a_serving_process(Database::Postgres);
    }
}
