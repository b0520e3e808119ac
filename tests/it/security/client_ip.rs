//! Whose address is believed (design §6.15, R8).

use doorward_tests::bootstrap::{PASSWORD, WEBAPP};
use doorward_tests::harness::app::Options;
use doorward_tests::{App, Tokens, on_both};
use reqwest::Method;
use serde_json::json;

on_both![forwarded_headers_of_strangers_are_ignored];
on_both![behind_a_proxy; a_trusted_proxy_is_believed_to_the_first_stranger];

async fn noted_address(app: &App, headers: &[(&str, &str)]) -> String {
    let mut request = app.request(Method::POST, "/auth/login-token");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let tokens = Tokens::of(&app.send(request.json(&App::credentials(WEBAPP, "alice", PASSWORD))).await);
    app.advance(std::time::Duration::from_secs(1));
    let rows = app.activity(&tokens, &json!({ "order": "loginTime DESC", "limit": 1 })).await;
    rows[0]["ipAddress"].as_str().unwrap_or_default().to_owned()
}

async fn forwarded_headers_of_strangers_are_ignored(app: &App) {
    for (name, value) in [
        ("x-forwarded-for", "198.51.100.7"),
        ("forwarded", "for=198.51.100.7"),
        ("x-real-ip", "198.51.100.7"),
        ("x-forwarded-for", "nonsense"),
        ("true-client-ip", "198.51.100.7"),
    ] {
        assert_eq!(noted_address(app, &[(name, value)]).await, "127.0.0.1", "{name}");
    }
}

fn behind_a_proxy() -> Options {
    Options::default().set("server.trusted_proxies", "127.0.0.1/32, 10.0.0.0/8")
}

async fn a_trusted_proxy_is_believed_to_the_first_stranger(app: &App) {
    for (value, expected) in [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7, 10.1.2.3", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("nonsense", "127.0.0.1"),
    ] {
        assert_eq!(noted_address(app, &[("x-forwarded-for", value)]).await, expected, "{value}");
    }
    let two = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7")];
    assert_eq!(noted_address(app, &two).await, "198.51.100.7");
    assert_eq!(noted_address(app, &[]).await, "127.0.0.1");
}
