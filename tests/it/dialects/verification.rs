//! What the routes of one-time codes, links and sign-up make of bad requests: before anybody is asked who he is.

use doorward_tests::bootstrap::{CLIENT_SECRET, WEBAPP};
use doorward_tests::{App, Reply, on_both};
use reqwest::Method;
use serde_json::{Value, json};

on_both![
    another_content_type_is_unsupported,
    malformed_json_is_a_syntax_error,
    missing_fields_are_listed,
    absent_bodies_count_as_empty,
    unknown_fields_are_refused,
    values_that_are_no_texts_are_refused,
    nul_and_endless_texts_are_refused,
    a_large_body_is_refused,
    other_methods_are_not_found,
    a_body_is_judged_before_the_bearer,
    a_new_account_may_come_with_more,
    data_of_a_sign_up_is_a_small_object,
    a_link_is_looked_at_with_one_token,
    a_code_is_looked_at_with_two_headers,
    nothing_is_kept_by_caches,
    a_wrong_bearer_is_no_sign_up,
];

/// A route with a body.
struct Route {
    method: Method,
    path: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

impl Route {
    fn of(
        method: Method,
        path: &'static str,
        required: &'static [&'static str],
        optional: &'static [&'static str],
    ) -> Self {
        Self { method, path, required, optional }
    }

    async fn send(&self, app: &App, content_type: &str, body: impl Into<reqwest::Body>) -> Reply {
        let request = app.request(self.method.clone(), self.path).header("content-type", content_type);
        app.send(request.body(body)).await
    }

    async fn send_json(&self, app: &App, body: &Value) -> Reply {
        self.send(app, "application/json", body.to_string()).await
    }

    /// A body whose shape is right.
    fn good(&self) -> Value {
        self.required.iter().map(|name| ((*name).to_owned(), json!("x"))).collect()
    }

    fn is_open(&self) -> bool {
        self.path == "/auth/sign-up/create-user"
    }
}

fn routes() -> [Route; 9] {
    let secret: &[&str] = &["client_secret"];
    let names: &[&str] = &["firstName", "middleName", "lastName"];
    [
        Route::of(Method::POST, "/auth/send-otp", &["client_id", "key"], secret),
        Route::of(Method::POST, "/auth/verify-otp", &["key", "otp"], &["clientId", "code"]),
        Route::of(Method::POST, "/auth/create-qr-code", &["code", "clientId"], &["otp"]),
        Route::of(Method::POST, "/auth/forget-password", &["username", "client_id"], secret),
        Route::of(Method::PATCH, "/auth/reset-password", &["token", "password", "client_id"], secret),
        Route::of(Method::POST, "/auth/sign-up/create-token", &["email"], &[]),
        Route::of(Method::POST, "/auth/sign-up/create-user", &["email", "password"], names),
        Route::of(Method::PATCH, "/auth/change-email", &["email", "password"], &[]),
        Route::of(Method::POST, "/auth/verify-email", &["token"], &[]),
    ]
}

fn failure(path: &str, code: &str) -> (String, String) {
    (path.to_owned(), code.to_owned())
}

async fn another_content_type_is_unsupported(app: &App) {
    for route in routes() {
        for content_type in
            ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
        {
            let reply = route.send(app, content_type, route.good().to_string()).await;
            reply.assert_error_named(415, "UnsupportedMediaTypeError");
        }
    }
}

async fn malformed_json_is_a_syntax_error(app: &App) {
    for route in routes() {
        let twice = format!(r#"{{"{0}":"a","{0}":"b"}}"#, route.required[0]);
        for body in ["{", "nul", "\u{feff}{}", &twice] {
            route.send(app, "application/json", body.to_owned()).await.assert_error_named(400, "SyntaxError");
        }
    }
}

async fn missing_fields_are_listed(app: &App) {
    for route in routes() {
        for name in route.required {
            let mut body = route.good();
            body.as_object_mut().expect("an object").remove(*name);
            let failures = route.send_json(app, &body).await.validation_failures();
            assert_eq!(failures, [failure("", "required")], "{} without {name}", route.path);
        }
    }
}

async fn absent_bodies_count_as_empty(app: &App) {
    for route in routes() {
        for body in ["", "null", "{}"] {
            let failures = route.send(app, "application/json", body).await.validation_failures();
            assert_eq!(failures.len(), route.required.len(), "{} {body:?}", route.path);
        }
        for body in ["[]", "\"text\"", "1"] {
            let failures = route.send(app, "application/json", body).await.validation_failures();
            assert_eq!(failures, [failure("", "type")], "{} {body}", route.path);
        }
    }
}

async fn unknown_fields_are_refused(app: &App) {
    for route in routes().into_iter().filter(|route| !route.is_open()) {
        let mut body = route.good();
        body["role"] = json!("SuperAdmin");
        let failures = route.send_json(app, &body).await.validation_failures();
        assert_eq!(failures, [failure("", "additionalProperties")], "{}", route.path);
    }
}

async fn values_that_are_no_texts_are_refused(app: &App) {
    for route in routes() {
        for name in route.required.iter().chain(route.optional) {
            for value in [json!(123_456), json!(["123456"]), json!({ "$ne": "" }), json!(true)] {
                let mut body = route.good();
                body[*name] = value.clone();
                let failures = route.send_json(app, &body).await.validation_failures();
                assert_eq!(failures, [failure(&format!("/{name}"), "type")], "{} {name} {value}", route.path);
            }
        }
        for name in route.required {
            let mut body = route.good();
            body[*name] = Value::Null;
            let failures = route.send_json(app, &body).await.validation_failures();
            assert_eq!(failures, [failure(&format!("/{name}"), "type")], "{} {name}", route.path);
        }
    }
}

async fn nul_and_endless_texts_are_refused(app: &App) {
    for route in routes() {
        for name in route.required.iter().chain(route.optional) {
            for (value, code) in [("a\0b".to_owned(), "pattern"), ("é".repeat(8193), "maxLength")] {
                let mut body = route.good();
                body[*name] = json!(value);
                let failures = route.send_json(app, &body).await.validation_failures();
                assert_eq!(failures, [failure(&format!("/{name}"), code)], "{} {name}", route.path);
            }
        }
    }
}

async fn a_large_body_is_refused(app: &App) {
    for route in routes() {
        let reply = route.send(app, "application/json", " ".repeat(1_048_577)).await;
        reply.assert_error_named(413, "PayloadTooLargeError");
    }
}

async fn other_methods_are_not_found(app: &App) {
    let bodiless = [
        (Method::GET, "/auth/check-qr-code"),
        (Method::GET, "/auth/verify-reset-password-link"),
        (Method::GET, "/auth/sign-up/verify-token"),
        (Method::POST, "/auth/verify-email/create-token"),
    ];
    let with_body = routes().map(|route| (route.method, route.path));
    for (method, path) in bodiless.into_iter().chain(with_body) {
        for other in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if other != method {
                app.send(app.request(other, path)).await.assert_error(404, "API not found !");
            }
        }
    }
}

async fn a_body_is_judged_before_the_bearer(app: &App) {
    for route in routes() {
        let request = app.request(route.method.clone(), route.path).bearer_auth("no-token").json(&json!({}));
        assert_eq!(app.send(request).await.validation_failures().len(), route.required.len());
    }
    let missing = "Bearer realm=\"Users\"";
    for (method, path) in [
        (Method::POST, "/auth/sign-up/create-user"),
        (Method::PATCH, "/auth/change-email"),
        (Method::POST, "/auth/verify-email/create-token"),
        (Method::GET, "/auth/sign-up/verify-token"),
    ] {
        let body = json!({ "email": "new@example.com", "password": "x" });
        let request = app.request(method.clone(), path);
        let request = if method == Method::GET { request } else { request.json(&body) };
        app.send(request).await.assert_error(401, missing);
    }
}

async fn a_new_account_may_come_with_more(app: &App) {
    let body = json!({
        "email": "new@example.com", "password": "x", "role": "SuperAdmin", "tenantId": 7, "lastName": null,
    });
    app.post("/auth/sign-up/create-user", &body).await.assert_error(401, "Bearer realm=\"Users\"");
}

async fn data_of_a_sign_up_is_a_small_object(app: &App) {
    let ask = async |data: Value| {
        app.post("/auth/sign-up/create-token", &json!({ "email": "new@example.com", "data": data })).await
    };
    for data in [json!("text"), json!(1), json!([]), Value::Null] {
        assert_eq!(ask(data).await.validation_failures(), [failure("/data", "type")]);
    }
    let large = json!({ "a": "x".repeat(8192) });
    assert_eq!(ask(large).await.validation_failures(), [failure("/data", "maxLength")]);
    let twice = r#"{"email":"new@example.com","data":{"a":1,"a":2}}"#;
    let request = app.request(Method::POST, "/auth/sign-up/create-token");
    let reply = app.send(request.header("content-type", "application/json").body(twice)).await;
    reply.assert_error_named(400, "SyntaxError");
}

async fn a_link_is_looked_at_with_one_token(app: &App) {
    const PATH: &str = "/auth/verify-reset-password-link";
    let missing = app.get(PATH).await;
    missing.assert_error_named(400, "BadRequestError");
    let error = &missing.json()["error"];
    assert_eq!(error["code"], "MISSING_REQUIRED_PARAMETER");
    assert_eq!(error["message"], "Required parameter token is missing!");
    for query in ["?token=a&token=b", "?token=%ff", "?token[]=a", "?token[a]=b"] {
        app.get(&format!("{PATH}{query}")).await.assert_error_named(400, "BadRequestError");
    }
    let long = format!("?token={}", "a".repeat(8000));
    app.get(&format!("{PATH}?token=")).await.assert_error(422, "TokenMissing");
    for query in ["?token=unknown", "?token=%00", "?token=%27+OR+1%3D1--", &long] {
        app.get(&format!("{PATH}{query}")).await.assert_error(401, "Token Expired");
    }
}

async fn look(app: &App, headers: &[(&str, &str)]) -> Reply {
    let request = app.request(Method::GET, "/auth/check-qr-code");
    app.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn a_code_is_looked_at_with_two_headers(app: &App) {
    for headers in [
        &[][..],
        &[("code", "x")],
        &[("code", "x"), ("clientId", "nobody")],
        &[("code", "x"), ("clientId", "")],
        &[("clientId", "webapp\u{e9}")],
        &[("clientId", WEBAPP), ("clientId", WEBAPP)],
    ] {
        look(app, headers).await.assert_error(401, "Client Invalid");
    }
    for headers in [&[("clientId", WEBAPP)][..], &[("clientId", WEBAPP), ("code", "")]] {
        look(app, headers).await.assert_error(401, "Token Invalid");
    }
    let token = app.sign_in("alice").await.access;
    for code in ["unknown", &token] {
        look(app, &[("clientId", WEBAPP), ("code", code)]).await.assert_error(401, "Invalid Credentials");
    }
}

async fn nothing_is_kept_by_caches(app: &App) {
    let code = app.code(WEBAPP, "alice").await;
    let looked = look(app, &[("code", &code), ("clientId", WEBAPP)]).await;
    let drawn = app.post("/auth/create-qr-code", &json!({ "code": code, "clientId": WEBAPP })).await;
    assert_eq!(looked.ok(), json!({ "isGenerated": false }));
    assert!(drawn.ok()["qrCode"].as_str().is_some_and(|uri| uri.starts_with("data:image/png;base64,")));
    let refused = app.post("/auth/verify-otp", &json!({ "key": "alice", "otp": "000000" })).await;
    let asked = json!({ "client_id": WEBAPP, "client_secret": CLIENT_SECRET, "key": "alice" });
    let sent = app.post("/auth/send-otp", &asked).await;
    assert_eq!((sent.status, sent.text.as_str()), (204, ""));
    for reply in [looked, drawn, refused, sent] {
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

async fn a_wrong_bearer_is_no_sign_up(app: &App) {
    let access = app.sign_in("alice").await.access;
    let body = json!({ "email": "new@example.com", "password": "Aa1!aaaaaa" });
    for token in ["unknown", access.as_str()] {
        app.get_as(token, "/auth/sign-up/verify-token").await.assert_wrapped_error(401, "TokenExpired");
        let reply = app.post_as(token, "/auth/sign-up/create-user", &body).await;
        reply.assert_wrapped_error(401, "TokenExpired");
    }
}
