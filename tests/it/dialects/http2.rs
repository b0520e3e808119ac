//! HTTP/2 in clear text, by choice (`server.http2`).

use doorward_tests::App;
use doorward_tests::bootstrap::{PASSWORD, WEBAPP};
use doorward_tests::harness::app::{Options, run_with};
use doorward_tests::harness::database::Database;
use reqwest::{Client, Version};

/// Knows beforehand that the server speaks HTTP/2, as a proxy that was told so.
fn knowing() -> Client {
    Client::builder().no_proxy().http2_prior_knowledge().build().expect("an HTTP client can be built")
}

#[test]
fn spoken_beside_http1_where_it_was_chosen() {
    run_with(Database::Sqlite, Options::default().set("server.http2", "true"), async |app: &App| {
        let client = knowing();
        let url = |path: &str| format!("http://{}{path}", app.address());
        let credentials = App::credentials(WEBAPP, "alice", PASSWORD);
        let reply = client.post(url("/auth/login-token")).json(&credentials).send().await.expect("answered");
        assert_eq!((reply.status().as_u16(), reply.version()), (200, Version::HTTP_2));
        let pair: serde_json::Value = reply.json().await.expect("JSON");
        let access = pair["accessToken"].as_str().expect("a token");

        let asking = (0..60).map(|_| client.get(url("/auth/me")).bearer_auth(access).send());
        for reply in futures_util::future::join_all(asking).await {
            assert_eq!(reply.expect("answered").status(), 200);
        }
        let large = vec![b' '; 2 << 20];
        let json = ("content-type", "application/json");
        let reply = client.post(url("/auth/login")).header(json.0, json.1).body(large).send().await;
        // The answer, or the reset that follows it, whichever is seen first.
        assert!(reply.map_or(true, |reply| reply.status() == 413));
        let reply =
            client.get(url("/nowhere")).send().await.expect("the connection, or another one, is there");
        assert_eq!(reply.status(), 404);
        assert!(app.accepts(access).await, "HTTP/1.1 is spoken as well");
    });
}

#[test]
fn not_spoken_otherwise() {
    run_with(Database::Sqlite, Options::default(), async |app: &App| {
        let asked = knowing().get(format!("http://{}/ping", app.address())).send().await;
        assert!(asked.is_err(), "{asked:?}");
    });
}
