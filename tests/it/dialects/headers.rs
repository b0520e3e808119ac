//! CORS, security headers, request ids (contract §1).

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::app::Options;
use doorward_tests::{App, Reply, on_both};
use reqwest::Method;

on_both![
    every_reply_has_the_common_headers,
    a_preflight_is_answered_on_any_path,
    a_request_id_is_kept_or_made,
    success_is_plain_json_and_never_stored,
];
on_both![one_origin; a_narrowed_origin_is_the_only_one];
on_both![behind_tls; behind_tls_browsers_are_told_to_stay_there];

async fn every_reply_has_the_common_headers(app: &App) {
    let replies = [
        app.get("/ping").await,
        app.get("/auth/me").await,
        app.get("/no/such/path").await,
        app.login(WEBAPP, "alice").await,
        app.get("/.well-known/jwks.json").await,
        app.get("/docs").await,
    ];
    for reply in &replies {
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("access-control-allow-credentials"), "", "never together with *");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(!reply.header("x-request-id").is_empty());
        for name in ["www-authenticate", "x-powered-by", "server", "set-cookie", "strict-transport-security"]
        {
            assert_eq!(reply.header(name), "", "{name}");
        }
    }
}

async fn a_preflight_is_answered_on_any_path(app: &App) {
    for path in ["/auth/login", "/auth/me", "/no/such/path"] {
        let request = app
            .request(Method::OPTIONS, path)
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization, x-anything");
        let reply = app.send(request).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("access-control-allow-methods"), "GET,HEAD,PUT,PATCH,POST,DELETE");
        assert_eq!(reply.header("access-control-allow-headers"), "authorization, x-anything");
        assert_eq!(reply.header("access-control-max-age"), "86400");
    }
}

async fn a_request_id_is_kept_or_made(app: &App) {
    async fn ask(app: &App, id: &str) -> Reply {
        app.send(app.request(Method::GET, "/ping").header("x-request-id", id)).await
    }
    assert_eq!(ask(app, "trace-1_2.3:4").await.header("x-request-id"), "trace-1_2.3:4");
    for odd in ["", "a b", "<script>", &"x".repeat(129)] {
        let made = ask(app, odd).await;
        assert_ne!(made.header("x-request-id"), odd);
        assert_eq!(made.header("x-request-id").len(), 32);
    }
    let (first, second) = (app.get("/ping").await, app.get("/ping").await);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

async fn success_is_plain_json_and_never_stored(app: &App) {
    let tokens = app.sign_in("alice").await;
    for reply in [
        app.me(&tokens.access).await,
        app.refresh(&tokens).await,
        app.get_as(&app.sign_in("alice").await.access, "/login-activity").await,
    ] {
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

fn one_origin() -> Options {
    Options::default().set("server.cors_origins", "https://app.example.com")
}

async fn a_narrowed_origin_is_the_only_one(app: &App) {
    for (origin, allowed) in [
        ("https://app.example.com", "https://app.example.com"),
        ("https://evil.example.com", ""),
        ("https://app.example.com.evil.example", ""),
        ("null", ""),
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            let reply = app.send(app.request(method, "/ping").header("origin", origin)).await;
            assert_eq!(reply.header("access-control-allow-origin"), allowed, "{origin}");
            assert!(reply.headers.get_all("vary").iter().any(|value| value == "Origin"), "{origin}");
        }
    }
}

fn behind_tls() -> Options {
    Options::default().set("server.public_url", "https://auth.example.com")
}

async fn behind_tls_browsers_are_told_to_stay_there(app: &App) {
    assert!(app.get("/ping").await.header("strict-transport-security").contains("max-age="));
}
