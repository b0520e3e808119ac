//! An answered 2xx survives `kill -9` (I3).

use std::time::Duration;

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::binary::pair;
use doorward_tests::{App, Database, Home, jwt};
use serde_json::json;

#[test]
fn what_was_answered_survives_kill_9() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite is never left out");
    // Wide enough for the starts in between, also on a busy machine.
    let home = home.set("tokens.refresh_grace", "5m");
    block_on(async {
        let mut server = home.serve().await;
        let (access, refresh) = server.sign_in(WEBAPP, "alice").await;
        server.kill();

        let mut server = home.serve().await;
        assert!(server.accepts(&access).await);
        let rotated = pair(&server.refresh(&access, &refresh).await);
        server.kill();

        let mut server = home.serve().await;
        assert!(!server.accepts(&access).await, "the refreshed token stays revoked");
        let retried = pair(&server.refresh(&access, &refresh).await);
        assert_eq!(rotated.1, retried.1, "the retry of a client that got no answer");
        assert_eq!(jwt::claims(&rotated.0)["jti"], jwt::claims(&retried.0)["jti"]);
        let logout = server.post("/logout", Some(&rotated.0), &json!({ "refreshToken": rotated.1 })).await;
        assert_eq!(logout.0, 200);
        server.kill();

        let mut server = home.serve().await;
        assert!(!server.accepts(&rotated.0).await);
        assert_eq!(server.refresh(&rotated.0, &rotated.1).await.0, 401);
        let login = App::credentials(WEBAPP, "alice", doorward_tests::bootstrap::PASSWORD);
        let (_, body) = server.post("/auth/login", None, &login).await;
        server.kill();

        let server = home.serve().await;
        let redeem = json!({ "code": body["code"], "clientId": WEBAPP });
        let _ = pair(&server.post("/auth/token", None, &redeem).await);
        assert_eq!(server.post("/auth/token", None, &redeem).await.0, 401);
    });
}

#[test]
fn a_kill_amid_work_leaves_all_or_nothing() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite is never left out");
    block_on(async {
        for _ in 0..3 {
            let mut server = home.serve().await;
            let sign_ins = (0..24).map(|_| async {
                let body = App::credentials(WEBAPP, "alice", doorward_tests::bootstrap::PASSWORD);
                let request = server.request(reqwest::Method::POST, "/auth/login-token").json(&body);
                let reply = request.send().await.ok()?;
                (reply.status() == 200).then_some(reply.json::<serde_json::Value>().await.ok())?
            });
            let answers = futures_util::future::join_all(sign_ins);
            let killer = server.kill_after(Duration::from_millis(50));
            let (answers, ()) = futures_util::join!(answers, killer);
            server.kill();
            home.place.assert_whole().await;
            let server = home.serve().await;
            for body in answers.into_iter().flatten() {
                let (access, refresh) = pair(&(200, body));
                assert!(server.accepts(&access).await, "an answered sign-in is there");
                let _ = pair(&server.refresh(&access, &refresh).await);
            }
        }
    });
}
