//! Request bodies: validation, syntax, type, size (contract §1, design §6.12, security.md H1, H6).

use doorward_tests::bootstrap::{PASSWORD, WEBAPP};
use doorward_tests::harness::app::Options;
use doorward_tests::{App, Reply, on_both, raw};
use reqwest::Method;
use serde_json::{Value, json};

on_both![
    every_failure_is_listed,
    malformed_json_is_a_syntax_error,
    another_content_type_is_unsupported,
    absent_and_null_bodies_count_as_empty,
    odd_strings_are_refused,
    a_body_over_a_mebibyte_is_too_large,
    an_endless_chunked_body_is_too_large,
    a_good_body_may_come_in_chunks,
];
on_both![small_bodies; the_limit_can_be_set];

async fn send(app: &App, content_type: &str, body: impl Into<reqwest::Body>) -> Reply {
    let request = app.request(Method::POST, "/auth/login").header("content-type", content_type);
    app.send(request.body(body)).await
}

async fn every_failure_is_listed(app: &App) {
    let reply = app.post("/auth/login", &json!({ "username": 1, "password": null, "x": true })).await;
    // Both databases make the same assertion.
    insta::allow_duplicates! {
    insta::assert_json_snapshot!(reply.json(), @r#"
    {
      "error": {
        "statusCode": 422,
        "name": "UnprocessableEntityError",
        "message": "The request body is invalid. See error object `details` property for more info.",
        "code": "VALIDATION_FAILED",
        "details": [
          {
            "path": "",
            "code": "required",
            "message": "must have required property 'client_id'",
            "info": {
              "missingProperty": "client_id"
            }
          },
          {
            "path": "/username",
            "code": "type",
            "message": "must be string",
            "info": {
              "type": "string"
            }
          },
          {
            "path": "/password",
            "code": "type",
            "message": "must be string",
            "info": {
              "type": "string"
            }
          },
          {
            "path": "",
            "code": "additionalProperties",
            "message": "must NOT have additional properties",
            "info": {
              "additionalProperty": "x"
            }
          }
        ]
      }
    }
    "#);
    }
    assert_eq!(reply.status, 422);
}

async fn malformed_json_is_a_syntax_error(app: &App) {
    for body in
        ["{", "{\"a\"", "{a:1}", "nul", "{\"a\":1,}", "{}x", "'x'", "\u{feff}{}", "{\"a\":1,\"a\":2}", "NaN"]
    {
        send(app, "application/json", body).await.assert_error_named(400, "SyntaxError");
    }
    let deep = "[".repeat(100_000);
    send(app, "application/json", deep).await.assert_error_named(400, "SyntaxError");
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    send(app, "application/json", utf16).await.assert_error_named(400, "SyntaxError");
    send(app, "application/json", vec![0xff, 0xfe]).await.assert_error_named(400, "SyntaxError");
}

async fn another_content_type_is_unsupported(app: &App) {
    let body = App::credentials(WEBAPP, "alice", PASSWORD).to_string();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
    ] {
        let reply = send(app, content_type, body.clone()).await;
        reply.assert_error_named(415, "UnsupportedMediaTypeError");
        assert_eq!(reply.json()["error"]["code"], "UNSUPPORTED_MEDIA_TYPE", "{content_type}");
    }
    for content_type in
        ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
    {
        let _ = send(app, content_type, body.clone()).await.ok();
    }
    let text = send(app, "text/plain", body).await.json();
    assert_eq!(text["error"]["message"], "Content-type text/plain does not match [application/json].");
}

async fn absent_and_null_bodies_count_as_empty(app: &App) {
    for body in ["", "null", "  \n"] {
        let failures = send(app, "application/json", body).await.validation_failures();
        assert_eq!(failures.len(), 3, "{body:?}");
    }
    let reply = app.send(app.request(Method::POST, "/auth/login")).await;
    assert_eq!(reply.validation_failures().len(), 3);
    for body in ["[]", "\"text\"", "1", "true"] {
        let failures = send(app, "application/json", body).await.validation_failures();
        assert_eq!(failures, [(String::new(), "type".to_owned())], "{body}");
    }
}

async fn odd_strings_are_refused(app: &App) {
    for name in ["client_id", "client_secret", "username", "password"] {
        let mut body = App::credentials(WEBAPP, "alice", PASSWORD);
        body[name] = json!("a\u{0}b");
        assert_eq!(app.post("/auth/login", &body).await.status, 422, "NUL in {name}");
        body[name] = Value::from("x".repeat(1_000_000));
        assert_eq!(app.post("/auth/login", &body).await.status, 422, "a long {name}");
        let lone = body.to_string().replace(&"x".repeat(1_000_000), "\\ud800");
        send(app, "application/json", lone).await.assert_error_named(400, "SyntaxError");
    }
    let mut body = App::credentials(WEBAPP, "a\u{301}lice\u{202e}\u{1f600}", PASSWORD);
    assert_eq!(app.post("/auth/login", &body).await.status, 401);
    body["username"] = json!("İSTANBUL".repeat(500));
    assert_eq!(app.post("/auth/login", &body).await.status, 401);
}

async fn a_body_over_a_mebibyte_is_too_large(app: &App) {
    for size in [1_048_577, 8_000_000] {
        let reply = send(app, "application/json", " ".repeat(size)).await;
        reply.assert_error_named(413, "PayloadTooLargeError");
        assert_eq!(reply.json()["error"]["message"], "request entity too large");
    }
    assert_eq!(send(app, "application/json", " ".repeat(1_048_576)).await.validation_failures().len(), 3);
    let tokens = app.sign_in("alice").await;
    assert!(app.accepts(&tokens.access).await);
}

fn small_bodies() -> Options {
    Options::default().set("server.body_limit", "1KiB")
}

async fn the_limit_can_be_set(app: &App) {
    assert_eq!(send(app, "application/json", " ".repeat(1025)).await.status, 413);
    let _ = app.sign_in("alice").await;
}

const CHUNKED: &str =
    "POST /auth/login HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";

async fn an_endless_chunked_body_is_too_large(app: &App) {
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let body = chunk.repeat(40);
    assert_eq!(raw::status(app.address(), CHUNKED, body.as_bytes()).await, Some(413));
}

async fn a_good_body_may_come_in_chunks(app: &App) {
    let body = App::credentials(WEBAPP, "alice", PASSWORD).to_string();
    let (start, end) = body.split_at(10);
    let chunks = format!("{:x}\r\n{start}\r\n{:x}\r\n{end}\r\n0\r\n\r\n", start.len(), end.len());
    assert_eq!(raw::status(app.address(), CHUNKED, chunks.as_bytes()).await, Some(200));
}
