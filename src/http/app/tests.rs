use poem::http::{HeaderValue, Method, StatusCode};
use poem::{Body, Request, Response};
use serde_json::{Value, json};

use super::*;
use crate::fakes;
use crate::settings::HttpSettings;

struct Answer {
    status: u16,
    response: Response,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

async fn send_with(settings: HttpSettings, request: Request) -> Answer {
    let app = app(fakes::core().0, settings);
    let mut response = app.get_response(request).await;
    let text = response.take_body().into_string().await.expect("a body");
    Answer { status: response.status().as_u16(), response, text }
}

async fn send(request: Request) -> Answer {
    send_with(fakes::settings(), request).await
}

fn request(method: Method, path: &str) -> poem::RequestBuilder {
    Request::builder().method(method).uri_str(path)
}

async fn get(path: &str) -> Answer {
    send(request(Method::GET, path).finish()).await
}

async fn get_as_caller(path: &str) -> Answer {
    send(request(Method::GET, path).header("authorization", "Bearer good").finish()).await
}

async fn post(path: &str, body: &str) -> Answer {
    send(request(Method::POST, path).content_type("application/json").body(body.to_owned())).await
}

#[tokio::test]
async fn unknown_paths_and_methods_are_404() {
    let paths = [
        "/",
        "/nope",
        "//auth/me",
        "/auth//me",
        "/auth/me//",
        "/auth/../health/live",
        "/auth/%2e%2e/ping",
        "/auth/me;x",
        "/auth/login",
        "/login-activity//count",
        "/active-users/",
        "/AUTH/ME",
    ];
    for path in paths {
        let answer = get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        let expected = json!({"error":{"statusCode":404,"name":"NotFoundError","message":"API not found !"}});
        assert_eq!(answer.json(), expected, "{path}");
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    for method in [Method::PUT, Method::DELETE, Method::TRACE, Method::GET, Method::CONNECT, Method::HEAD] {
        let answer = send(request(method.clone(), "/auth/token").finish()).await;
        assert_eq!(answer.status, 404, "{method}");
    }
}

#[tokio::test]
async fn bodies_are_judged_before_tokens() {
    assert_eq!(post("/logout", "{\"x\":1}").await.status, 422);
    assert_eq!(post("/auth/switch-token", "").await.status, 422);
    let answer = post("/logout", "{}").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"]["message"], "Bearer realm=\"Users\"");
    assert_eq!(post("/auth/login", "{").await.json()["error"]["name"], "SyntaxError");
    let answer = send(request(Method::POST, "/auth/login").content_type("text/plain").body("x")).await;
    assert_eq!(
        answer.json(),
        json!({"error":{"statusCode":415,"name":"UnsupportedMediaTypeError",
            "message":"Content-type text/plain does not match [application/json].",
            "code":"UNSUPPORTED_MEDIA_TYPE"}})
    );
}

#[tokio::test]
async fn parameters_are_judged_before_tokens() {
    for path in [
        "/login-activity?filter={bad",
        "/login-activity?filter[include][]=x",
        "/login-activity/count?where[nope]=1",
        "/login-activity/x?filter[limit]=0",
        "/active-users/hourly?startDate=2026-01-01T00:00:00Z&endDate=2026-01-01T00:00:00Z",
        "/active-users/%ff?startDate=2026-01-01T00:00:00Z&endDate=2026-01-01T00:00:00Z",
        "/active-users/daily?startDate=2026-01-01",
    ] {
        let answer = get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert!(answer.json()["error"]["code"].is_string(), "{path}: {}", answer.text);
    }
    assert_eq!(get("/login-activity/count").await.status, 401);
    let answer = get_as_caller("/login-activity/not%20a%20uuid").await;
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.json(),
        json!({"error":{"statusCode":404,"name":"EntityNotFoundError",
            "message":"Entity not found: LoginActivity with id \"not a uuid\"","code":"ENTITY_NOT_FOUND"}})
    );
    assert_eq!(get_as_caller("/login-activity/%ff").await.status, 404);
}

#[tokio::test]
async fn bearers_are_judged_as_the_old_service_did() {
    for (value, message) in [
        (&b"Bearer"[..], json!(400)),
        (b"Bearer a b", json!(400)),
        (b"good", json!(400)),
        (b"Bearer \xff", json!(400)),
        (b"Basic good", json!("Bearer realm=\"Users\"")),
        (b"Bearer bad", json!({"message":"TokenExpired"})),
    ] {
        let value = HeaderValue::from_bytes(value).expect("a header");
        let answer = send(request(Method::GET, "/auth/me").header("authorization", value).finish()).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["error"]["message"], message);
        assert_eq!(answer.json()["error"]["name"], "UnauthorizedError");
    }
}

#[tokio::test]
async fn me_answers_the_documented_claims() {
    let answer = get_as_caller("/auth/me/").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let document: Value = serde_json::from_str(&native::native_document()).expect("JSON");
    let documented = document["components"]["schemas"]["AuthUser"]["properties"].as_object().expect("object");
    let answered = answer.json();
    let answered = answered.as_object().expect("object");
    assert_eq!(answered.keys().collect::<Vec<_>>(), documented.keys().collect::<Vec<_>>());
    let head = request(Method::HEAD, "/auth/me").header("authorization", "bearer good").finish();
    let head = send(head).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn a_token_in_the_query_needs_a_setting() {
    assert_eq!(get("/auth/me?access_token=good").await.status, 401);
    let allowing = HttpSettings { allow_access_token_in_query: true, ..fakes::settings() };
    let answer =
        send_with(allowing.clone(), request(Method::GET, "/auth/me?access_token=good").finish()).await;
    assert_eq!(answer.status, 200);
    let twice = request(Method::GET, "/auth/me?access_token=good").header("authorization", "Bearer good");
    assert_eq!(send_with(allowing, twice.finish()).await.json()["error"]["message"], 400);
}

#[tokio::test]
async fn missing_tokens_are_told() {
    for body in ["", "null", "{}", r#"{"refreshToken":""}"#] {
        let logout = request(Method::POST, "/logout").header("authorization", "Bearer good");
        let answer = send(logout.content_type("application/json").body(body.to_owned())).await;
        assert_eq!((answer.status, &answer.json()["error"]["message"]), (422, &json!("TokenMissing")));
    }
}

#[tokio::test]
async fn a_dead_store_is_503() {
    let answer = post("/auth/token", r#"{"code":"x","clientId":"y"}"#).await;
    assert_eq!(answer.json(), json!({"error":{"statusCode":503,"message":"Service Unavailable"}}));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(get("/health/ready").await.status, 503);
    assert_eq!(get("/health/live").await.status, 200);
}

#[tokio::test]
async fn panics_and_endless_work_are_answered() {
    let panicking = request(Method::GET, "/auth/me").header("authorization", "Bearer panic").finish();
    let answer = send(panicking).await;
    assert_eq!(answer.json(), json!({"error":{"statusCode":500,"message":"Internal Server Error"}}));
    let body = json!({ "refreshToken": "x", "tenantId": "y" }).to_string();
    let panicking = request(Method::POST, "/auth/switch-token").header("authorization", "Bearer panic");
    assert_eq!(send(panicking.content_type("application/json").body(body)).await.status, 500);
    let settings =
        HttpSettings { request_timeout: std::time::Duration::from_millis(50), ..fakes::settings() };
    let slow = request(Method::GET, "/auth/me").header("authorization", "Bearer slow").finish();
    assert_eq!(send_with(settings, slow).await.status, 503);
}

#[tokio::test]
async fn large_bodies_are_413_also_when_streamed() {
    let chunk = vec![b' '; 1024];
    let chunks = futures_util::stream::iter((0..100).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    let streamed = request(Method::POST, "/auth/login").content_type("application/json");
    let answer = send(streamed.body(Body::from_bytes_stream(chunks))).await;
    assert_eq!(
        answer.json(),
        json!({"error":{"statusCode":413,"name":"PayloadTooLargeError","message":"request entity too large"}})
    );
    assert_eq!(post("/auth/login", &" ".repeat(100_000)).await.status, 413);
}

#[tokio::test]
async fn any_origin_may_call_without_credentials() {
    let preflight = request(Method::OPTIONS, "/any/path")
        .header("origin", "https://app.test")
        .header("access-control-request-headers", "authorization,x-y");
    let answer = send(preflight.finish()).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-methods"), "GET,HEAD,PUT,PATCH,POST,DELETE");
    assert_eq!(answer.header("access-control-allow-headers"), "authorization,x-y");
    assert_eq!(answer.header("access-control-max-age"), "86400");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(get("/nope").await.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn narrowed_origins_are_compared_exactly() {
    let settings = HttpSettings { cors_origins: vec!["https://app.test".to_owned()], ..fakes::settings() };
    for (origin, allowed) in
        [("https://app.test", "https://app.test"), ("https://app.test.evil", ""), ("null", "")]
    {
        for method in [Method::GET, Method::OPTIONS] {
            let asked = request(method, "/ping").header("origin", origin).finish();
            let answer = send_with(settings.clone(), asked).await;
            assert_eq!(answer.header("access-control-allow-origin"), allowed);
            assert!(answer.header("vary").contains("Origin"));
        }
    }
}

#[tokio::test]
async fn requests_have_ids_and_tls_has_hsts() {
    let asked = request(Method::GET, "/ping").header("x-request-id", "abc-1").finish();
    assert_eq!(send(asked).await.header("x-request-id"), "abc-1");
    let asked = request(Method::GET, "/ping").header("x-request-id", "a\tb").finish();
    assert_eq!(send(asked).await.header("x-request-id").len(), 32);
    assert_eq!(get("/ping").await.header("strict-transport-security"), "");
    let https = HttpSettings { public_url: "https://auth.test".to_owned(), ..fakes::settings() };
    let answer = send_with(https, request(Method::GET, "/ping").finish()).await;
    assert!(answer.header("strict-transport-security").contains("max-age"));
}

#[tokio::test]
async fn beside_the_dialect() {
    let ping = get("/ping").await;
    assert_eq!(ping.json()["greeting"], "Hello from Doorward");
    let jwks = get("/.well-known/jwks.json").await;
    assert_eq!((jwks.text.as_str(), jwks.header("cache-control")), (r#"{"keys":[]}"#, "public, max-age=300"));
    assert_eq!(get("/openapi.json").await.json()["openapi"], "3.0.0");
    for (path, content_type) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/", "text/html; charset=utf-8"),
        ("/docs/start.js", "text/javascript; charset=utf-8"),
        ("/docs/swagger-ui.js", "text/javascript; charset=utf-8"),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
    ] {
        let answer = get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{path}");
        assert!(
            answer.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'")
        );
    }
    assert_eq!(get("/docs").await.status, StatusCode::OK.as_u16());
}
