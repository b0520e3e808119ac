//! Paths, methods, and the order in which a request is judged (contract §1, security.md H5).

use doorward_tests::bootstrap::{PASSWORD, WEBAPP};
use doorward_tests::harness::app::Options;
use doorward_tests::{App, on_both, raw};
use reqwest::Method;
use serde_json::json;

on_both![
    unknown_paths_and_methods_are_not_found,
    a_trailing_slash_is_accepted,
    head_answers_like_get_without_body,
    path_tricks_reach_nothing,
    a_body_is_judged_before_its_sender,
    odd_authorization_values_are_refused,
    a_token_in_the_query_is_ignored,
    health_is_told,
];
on_both![tokens_in_query; a_token_in_the_query_can_be_allowed];

async fn unknown_paths_and_methods_are_not_found(app: &App) {
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/nothing"),
        (Method::GET, "/auth/login"),
        (Method::DELETE, "/auth/me"),
        (Method::POST, "/auth/change-password"),
        (Method::PUT, "/logout"),
        (Method::TRACE, "/auth/me"),
        (Method::GET, "/active-users"),
        (Method::GET, "/auth"),
        (Method::POST, "/facebook/logout"),
        (Method::GET, "/auth/saml-redirect"),
        (Method::POST, "/auth/google-auth-redirect"),
    ] {
        let reply = app.send(app.request(method.clone(), path)).await;
        reply.assert_error(404, "API not found !");
    }
}

async fn a_trailing_slash_is_accepted(app: &App) {
    let tokens = app.sign_in("alice").await;
    assert_eq!(app.get_as(&tokens.access, "/auth/me/").await.ok()["username"], "alice");
    let _ = app.post("/auth/login/", &App::credentials(WEBAPP, "alice", PASSWORD)).await.ok();
    let _ = app.get_as(&tokens.access, "/login-activity/?filter[limit]=1").await.ok();
    assert_eq!(app.get("/ping/").await.status, 200);
}

async fn head_answers_like_get_without_body(app: &App) {
    let tokens = app.sign_in("alice").await;
    for path in ["/ping", "/auth/me", "/openapi.json", "/.well-known/jwks.json", "/health/ready"] {
        let reply = app.send(app.request(Method::HEAD, path).bearer_auth(&tokens.access)).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, ""), "{path}");
    }
    assert_eq!(app.send(app.request(Method::HEAD, "/auth/me")).await.status, 401);
    assert_eq!(app.send(app.request(Method::HEAD, "/nothing")).await.status, 404);
}

async fn path_tricks_reach_nothing(app: &App) {
    let tokens = app.sign_in("alice").await;
    let head = |path: &str| format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer {}\r\n", tokens.access);
    for path in [
        "//auth/me",
        "/auth//me",
        "/auth/../auth/me",
        "/auth/%2e%2e/auth/me",
        "/auth/me;x",
        "/AUTH/ME",
        "/auth%2fme",
    ] {
        assert_eq!(raw::status(app.address(), &head(path), b"").await, Some(404), "{path}");
    }
    assert_eq!(raw::status(app.address(), &head("/auth/me"), b"").await, Some(200));
    assert_eq!(raw::status(app.address(), &head("http://elsewhere.test/auth/me"), b"").await, Some(200));
}

async fn a_body_is_judged_before_its_sender(app: &App) {
    let nothing = json!({});
    let required =
        |names: &[&str]| names.iter().map(|_| (String::new(), "required".to_owned())).collect::<Vec<_>>();
    let login = required(&["client_id", "username", "password"]);
    assert_eq!(app.post("/auth/login", &nothing).await.validation_failures(), login);
    assert_eq!(app.post("/auth/login-token", &nothing).await.validation_failures(), login);
    assert_eq!(
        app.post("/auth/token", &nothing).await.validation_failures(),
        required(&["code", "clientId"])
    );
    for path in ["/auth/token-refresh", "/auth/switch-token"] {
        assert_eq!(app.post(path, &nothing).await.validation_failures(), required(&["refreshToken"]));
    }
    app.post("/logout", &nothing).await.assert_error(401, "Bearer realm=\"Users\"");
    let unknown = app.post("/logout", &json!({ "x": 1 })).await.validation_failures();
    assert_eq!(unknown, [(String::new(), "additionalProperties".to_owned())]);
    let reply = app.get("/login-activity?filter=%7Bbad").await;
    reply.assert_error_named(400, "BadRequestError");
}

async fn odd_authorization_values_are_refused(app: &App) {
    let tokens = app.sign_in("alice").await;
    let access = tokens.access.as_str();
    let me = async |value: &[u8]| {
        let value = reqwest::header::HeaderValue::from_bytes(value).expect("a header value");
        app.send(app.request(Method::GET, "/auth/me").header("authorization", value)).await
    };
    for value in ["Bearer", "Bearer ", access, &format!("Bearer  {access}"), &format!("Bearer {access} x")] {
        me(value.as_bytes()).await.assert_error(401, json!(400));
    }
    me(b"Bearer \xff\xfe").await.assert_error(401, json!(400));
    for value in ["Basic YTpi", "Digest x", &format!("Token {access}")] {
        me(value.as_bytes()).await.assert_error(401, "Bearer realm=\"Users\"");
    }
    for value in ["Bearer x", "Bearer a.b.c", "Bearer null", "Bearer ..", "Bearer é"] {
        let reply = me(value.as_bytes()).await;
        assert_eq!(reply.status, 401, "{value}");
    }
    for scheme in ["bearer", "BEARER"] {
        let _ = me(format!("{scheme} {access}").as_bytes()).await.ok();
    }
    let twice = app.request(Method::GET, "/auth/me").bearer_auth(access).bearer_auth(access);
    assert_eq!(app.send(twice).await.status, 401);
}

async fn a_token_in_the_query_is_ignored(app: &App) {
    let tokens = app.sign_in("alice").await;
    let path = format!("/auth/me?access_token={}", tokens.access);
    app.get(&path).await.assert_error(401, "Bearer realm=\"Users\"");
}

fn tokens_in_query() -> Options {
    Options::default().set("native.allow_access_token_in_query", "true")
}

async fn a_token_in_the_query_can_be_allowed(app: &App) {
    let tokens = app.sign_in("alice").await;
    let path = format!("/auth/me?access_token={}", tokens.access);
    assert_eq!(app.get(&path).await.ok()["username"], "alice");
    app.get_as(&tokens.access, &path).await.assert_error(401, json!(400));
}

async fn health_is_told(app: &App) {
    let ping = app.get("/ping").await.ok();
    assert!(ping.is_object());
    assert_eq!(app.get("/health/live").await.status, 200);
    assert_eq!(app.get("/health/ready").await.status, 200);
}
