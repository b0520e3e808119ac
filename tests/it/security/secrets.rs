//! No secret in a log, a database, or a reply that does not owe it (I6, T15, M9).

use doorward_tests::harness::app::block_on;
use doorward_tests::harness::binary::{CANARY, pair};
use doorward_tests::{Binary, Database, Home};
use serde_json::{Value, json};

const WORLD: &str = r#"
[[tenants]]
key = "acme"
[[roles]]
name = "Admin"
permissions = ["ViewLoginActivity"]
[[clients]]
client_id = "app"
client_secret = "{C}-client-secret"
[[clients]]
client_id = "shared"
client_secret = "{C}-client-secret"
algorithm = "HS256"
hs256_secret = "{C}-shared-key-of-more-than-32-bytes"
[[users]]
username = "user"
password = "{C}-Password-1"
clients = ["app", "shared"]
memberships = [{ tenant = "acme", role = "Admin" }]
"#;

fn credentials(password: &str) -> Value {
    json!({
        "client_id": "app",
        "client_secret": format!("{CANARY}-client-secret"),
        "username": "user",
        "password": password,
    })
}

/// Goes through the main job; answers every token and code seen on the way.
async fn main_job(server: &Binary) -> Vec<String> {
    let password = format!("{CANARY}-Password-1");
    let (_, body) = server.post("/auth/login", None, &credentials(&password)).await;
    let code = body["code"].as_str().expect("a code").to_owned();
    let redeem = json!({ "code": code, "clientId": "app" });
    let (access, refresh) = pair(&server.post("/auth/token", None, &redeem).await);
    let (access_2, refresh_2) = pair(&server.refresh(&access, &refresh).await);
    let mut seen = vec![code, access, refresh, access_2.clone(), refresh_2.clone()];

    assert_eq!(server.get("/auth/me", Some(&access_2)).await.0, 200);
    let (_, activity) = server.get("/login-activity", Some(&access_2)).await;
    for secret in seen.iter().map(String::as_str).chain([CANARY, "$argon2", "hash"]) {
        assert!(!activity.to_string().contains(secret), "{secret} in {activity}");
    }
    wrong_turns(server, &access_2, &refresh_2).await;

    let mut shared = credentials(&password);
    shared["client_id"] = json!("shared");
    let (shared_access, shared_refresh) = pair(&server.post("/auth/login-token", None, &shared).await);
    let body = json!({ "refreshToken": shared_refresh });
    assert_eq!(server.post("/logout", Some(&shared_access), &body).await.0, 200);
    // Last: on a slow machine this is a replay, which ends the session, and no double click.
    assert_eq!(server.post("/auth/token", None, &redeem).await.0, 401);
    seen.extend([shared_access, shared_refresh]);
    seen
}

async fn wrong_turns(server: &Binary, access: &str, refresh: &str) {
    let wrong = format!("{CANARY}-wrong-password");
    assert_eq!(server.post("/auth/login", None, &credentials(&wrong)).await.0, 401);
    let mut unknown = credentials(&wrong);
    unknown["username"] = json!("nobody");
    assert_eq!(server.post("/auth/login", None, &unknown).await.0, 401);
    unknown["client_secret"] = json!(wrong);
    assert_eq!(server.post("/auth/login", None, &unknown).await.0, 401);
    unknown["password"] = json!([wrong]);
    assert_eq!(server.post("/auth/login", None, &unknown).await.0, 422);
    unknown[wrong.as_str()] = json!(1);
    assert_eq!(server.post("/auth/login", None, &unknown).await.0, 422);
    assert_eq!(server.get("/auth/me", Some(&wrong)).await.0, 401);
    assert_eq!(server.get(&format!("/auth/me?access_token={wrong}"), None).await.0, 401);
    assert_eq!(server.get(&format!("/{wrong}"), None).await.0, 404);
    assert_eq!(server.get(&format!("/login-activity?filter={wrong}"), Some(access)).await.0, 400);
    verification_gone_wrong(server, access, &wrong).await;
    let weak = json!({
        "refreshToken": refresh,
        "username": "user",
        "oldPassword": format!("{CANARY}-Password-1"),
        "password": CANARY.to_lowercase(),
    });
    let change =
        server.request(reqwest::Method::PATCH, "/auth/change-password").bearer_auth(access).json(&weak);
    assert_eq!(change.send().await.expect("an answer").status().as_u16(), 422);
}

/// Tokens, codes and passwords in every place where the routes of links and one-time codes take them.
async fn verification_gone_wrong(server: &Binary, access: &str, wrong: &str) {
    let link = format!("/auth/verify-reset-password-link?token={wrong}");
    assert_eq!(server.get(&link, None).await.0, 401);
    assert_eq!(server.get(&format!("{link}&token={wrong}"), None).await.0, 400);
    assert_eq!(server.get("/auth/sign-up/verify-token", Some(wrong)).await.0, 401);
    let headers = |request: reqwest::RequestBuilder| request.header("code", wrong).header("clientId", "app");
    let look = headers(server.request(reqwest::Method::GET, "/auth/check-qr-code"));
    assert_eq!(look.send().await.expect("an answer").status().as_u16(), 401);
    let otp = json!({ "key": "user", "otp": wrong, "clientId": "app", "code": wrong });
    assert_eq!(server.post("/auth/verify-otp", None, &otp).await.0, 401);
    let qr = json!({ "code": wrong, "clientId": "app", "otp": wrong });
    assert_eq!(server.post("/auth/create-qr-code", None, &qr).await.0, 401);
    let email = json!({ "token": wrong });
    assert_eq!(server.post("/auth/verify-email", None, &email).await.0, 401);
    let account = json!({ "email": "new@example.com", "password": wrong });
    assert_eq!(server.post("/auth/sign-up/create-user", Some(wrong), &account).await.0, 401);
    let mut reset = credentials(wrong);
    reset["token"] = json!(wrong);
    if let Some(members) = reset.as_object_mut() {
        members.remove("username");
    }
    let change = |path, body: &Value| {
        server.request(reqwest::Method::PATCH, path).bearer_auth(access).json(body).send()
    };
    let reply = change("/auth/reset-password", &reset).await.expect("an answer");
    assert_eq!(reply.status().as_u16(), 401);
    let reply = change("/auth/change-email", &account).await.expect("an answer");
    assert_eq!(reply.status().as_u16(), 401);
}

fn nothing_secret_is_logged_or_stored(database: Database) {
    let Some(home) = Home::empty(database) else { return };
    let home = home.set("database.auto_migrate", "true").set("log.level", "trace");
    let applied = home.apply(&WORLD.replace("{C}", CANARY), &[]);
    let _ = applied.ok();
    std::fs::remove_file(home.directory().join("apply.toml")).expect("the operator removes the file");
    block_on(async {
        let mut server = home.serve().await;
        let seen = main_job(&server).await;
        server.terminate();
        assert_eq!(server.wait().await, Some(0), "{}", server.log());
        let log = format!("{}{}{}", applied.stdout, applied.stderr, server.log());
        assert!(log.contains("\"request\""), "the trace log says what happened: {log}");
        let stored = String::from_utf8_lossy(&home.place.dump().await).into_owned();
        assert!(stored.contains("user") && stored.contains("ACCESS"));
        let canaries = [CANARY.to_owned(), CANARY.to_lowercase(), CANARY.to_uppercase()];
        for secret in canaries.iter().chain(&seen) {
            assert!(!log.contains(secret.as_str()), "{secret} in the log");
            assert!(!stored.contains(secret.as_str()), "{secret} in the database");
        }
    });
}

mod nothing_secret_is_logged_or_stored {
    use doorward_tests::Database;

    #[test]
    fn sqlite() {
        super::nothing_secret_is_logged_or_stored(Database::Sqlite);
    }

    #[test]
    fn postgres() {
        super::nothing_secret_is_logged_or_stored(Database::Postgres);
    }
}
