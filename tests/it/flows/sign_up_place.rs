//! Where an account that somebody signs up for goes: the only tenant, with a role that is made when it is missing.

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::nodes;
use doorward_tests::{App, Binary, Database, Home, Options, jwt, on_both};
use serde_json::{Value, json};

on_both![several; one_of_several_tenants_has_to_be_named];
on_both![nowhere; names_of_nothing_close_the_door];

fn several() -> Options {
    Options::default()
}

fn nowhere() -> Options {
    Options::default().set("native.sign_up_tenant", "acme").set("native.sign_up_role", "Nobody")
}

const ONE_TENANT: &str = r#"
[[tenants]]
key = "only"
name = "Only"

[[clients]]
client_id = "app"
type = "spa"

[[clients]]
client_id = "robot"
client_secret = "a-secret-for-a-robot"
type = "m2m"
"#;

const ROLES: &str = "SELECT count(*) FROM roles WHERE name = 'Member'";
const CLIENTS: &str = "SELECT count(*) FROM user_clients";

async fn one_of_several_tenants_has_to_be_named(app: &App) {
    app.request_sign_up("new@example.com").await.assert_error(403, "NotAllowedAccess");
    assert!(app.letters().await.is_empty());
}

async fn names_of_nothing_close_the_door(app: &App) {
    assert_eq!(app.request_sign_up("new@example.com").await.status, 204);
    let token = app.letter("new@example.com", "registration").await.token();
    app.sign_up(&token, "new@example.com", PASSWORD).await.assert_error(403, "NotAllowedAccess");
    app.restart_with(Options::default().set("native.sign_up_tenant", "acme")).await;
    let _ = app.sign_up(&token, "new@example.com", PASSWORD).await.ok();
}

mod nodes_that_make_the_role_at_once_make_one {
    use super::*;

    #[test]
    fn sqlite() {
        make_the_role_at_once(Database::Sqlite);
    }

    #[test]
    fn postgres() {
        make_the_role_at_once(Database::Postgres);
    }
}

fn make_the_role_at_once(database: Database) {
    let Some(home) = Home::empty(database) else { return };
    let home = home.set("database.auto_migrate", "true");
    let _ = home.apply(ONE_TENANT, &[]).ok();
    block_on(async {
        let servers = nodes::serve(&home, 2).await;
        let addresses: Vec<String> = (0..8).map(|number| format!("new{number}@example.com")).collect();
        let mut tokens = Vec::new();
        for address in &addresses {
            let body = json!({ "email": address });
            assert_eq!(servers[0].post("/auth/sign-up/create-token", None, &body).await.0, 204);
            tokens.push(home.outbox().take(address, "registration").await.token());
        }
        let links = addresses.iter().zip(&tokens).enumerate();
        let making = links.map(|(number, (address, token))| sign_up(&servers[number % 2], token, address));
        let made = futures_util::future::join_all(making).await;
        assert!(made.iter().all(|(status, _)| *status == 200), "{made:?}");
        assert_eq!(home.place.figure(ROLES).await, 1);
        assert_eq!(home.place.figure(CLIENTS).await, 8, "each may use the app, none the robot");

        let login = json!({ "client_id": "app", "username": addresses[7], "password": PASSWORD });
        let (status, body) = servers[1].post("/auth/login-token", None, &login).await;
        assert_eq!(status, 200, "{body}");
        let claims = jwt::claims(body["accessToken"].as_str().expect("a token"));
        assert_eq!((&claims["role"], &claims["permissions"]), (&json!("Member"), &json!([])));
    });
}

async fn sign_up(server: &Binary, token: &str, email: &str) -> (u16, Value) {
    let body = json!({ "email": email, "password": PASSWORD });
    server.post("/auth/sign-up/create-user", Some(token), &body).await
}
