use poem::http::{HeaderValue, Method};
use poem::{Body, Request, RequestBuilder};
use serde_json::{Value, json};

use super::*;
use crate::fakes;

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

async fn send_to(app: &crate::app::App, request: Request) -> Answer {
    let mut response = app.get_response(request).await;
    let text = response.take_body().into_string().await.expect("a body");
    Answer { status: response.status().as_u16(), response, text }
}

fn service() -> crate::app::App {
    crate::app::app(fakes::core().0, fakes::settings())
}

async fn send(request: Request) -> Answer {
    send_to(&service(), request).await
}

fn request(method: Method, path: &str) -> RequestBuilder {
    Request::builder().method(method).uri_str(path)
}

async fn get(path: &str) -> Answer {
    send(request(Method::GET, path).finish()).await
}

async fn post(path: &str, form: &str) -> Answer {
    let form = Body::from_string(form.to_owned());
    send(request(Method::POST, path).content_type("application/x-www-form-urlencoded").body(form)).await
}

#[tokio::test]
async fn methods_are_those_of_the_document() {
    let document: Value = serde_json::from_str(&oauth2_document()).expect("JSON");
    let app = service();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let known = methods.as_object().expect("methods");
        for method in ["get", "post", "put", "delete"] {
            let sent = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let answer = send_to(&app, request(sent, path).finish()).await;
            let is_refused = answer.status == 405 || answer.status == 404;
            assert_eq!(is_refused, !known.contains_key(method), "{method} {path}: {}", answer.status);
        }
    }
    let answer = get("/oauth2/token").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    assert_eq!(answer.json()["error"], "invalid_request");
}

#[tokio::test]
async fn the_token_endpoint_reads_forms_alone() {
    for (content_type, query, body) in [
        ("application/json", "", r#"{"grant_type":"client_credentials"}"#),
        ("application/x-www-form-urlencoded", "", "grant_type=password&grant_type=password"),
        ("application/x-www-form-urlencoded", "", "grant_type=authorization_code"),
        ("application/x-www-form-urlencoded", "", "grant_type=%ff"),
        ("application/x-www-form-urlencoded", "?client_secret=s", "grant_type=client_credentials"),
        ("application/x-www-form-urlencoded", "?grant_type=client_credentials", ""),
    ] {
        let sent = request(Method::POST, &format!("/oauth2/token{query}")).content_type(content_type);
        let answer = send(sent.body(body.to_owned())).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_request")), "{body}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
    }
    let unknown = post("/oauth2/access_token", "grant_type=implicit").await;
    assert_eq!((unknown.status, &unknown.json()["error"]), (400, &json!("unsupported_grant_type")));
    let large = post("/oauth2/token", &"a".repeat(100_000)).await;
    assert_eq!((large.status, &large.json()["error"]), (413, &json!("invalid_request")));
}

#[tokio::test]
async fn headers_that_prove_nothing_are_401() {
    let app = service();
    for value in [&b"Basic"[..], b"Basic !!!", b"Basic YXBw", b"Basic /////w==", b"Basic \xff"] {
        let value = HeaderValue::from_bytes(value).expect("a header");
        for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/idtokeninfo"] {
            let form = "grant_type=client_credentials&token=t&id_token=t";
            let sent = request(Method::POST, path).header("authorization", value.clone());
            let sent = sent.content_type("application/x-www-form-urlencoded").body(form);
            let answer = send_to(&app, sent).await;
            assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("invalid_client")), "{path}");
            assert!(answer.header("www-authenticate").starts_with("Basic "), "{path}");
        }
    }
}

#[tokio::test]
async fn a_dead_store_is_503() {
    let answer = post("/oauth2/token", "grant_type=client_credentials&client_id=a&client_secret=b").await;
    assert_eq!((answer.status, &answer.json()["error"]), (503, &json!("temporarily_unavailable")));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn whatever_goes_wrong_is_told_in_the_words_of_the_dialect() {
    let unknown = get("/oauth2/nope").await;
    assert_eq!((unknown.status, &unknown.json()["error"]), (404, &json!("invalid_request")));
    let panicking = request(Method::GET, "/oauth2/userinfo").header("authorization", "Bearer panic");
    let answer = send(panicking.finish()).await;
    assert_eq!((answer.status, &answer.json()["error"]), (500, &json!("server_error")));
}

#[tokio::test]
async fn bearers_are_judged_by_rfc_6750() {
    for (value, status, challenge) in [
        (None, 401, "Bearer realm=\"Doorward\""),
        (Some("Bearer bad"), 401, "Bearer realm=\"Doorward\", error=\"invalid_token\""),
        (Some("Bearer a b"), 400, "Bearer realm=\"Doorward\", error=\"invalid_request\""),
        (Some("Basic YTpi"), 401, "Bearer realm=\"Doorward\""),
    ] {
        let asked = request(Method::GET, "/oauth2/userinfo");
        let asked = value.into_iter().fold(asked, |asked, value| asked.header("authorization", value));
        let answer = send(asked.finish()).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (status, challenge), "{value:?}");
    }
    assert_eq!(get("/oauth2/userinfo?access_token=x").await.json()["error"], "invalid_request");
    assert_eq!(post("/oauth2/userinfo", "access_token=bad").await.json()["error"], "invalid_token");
    assert_eq!(get("/oauth2/tokeninfo?access_token=bad").await.json()["error"], "invalid_token");
    assert_eq!(get("/oauth2/tokeninfo").await.status, 401);
}

#[tokio::test]
async fn the_frame_may_be_held_by_anybody_and_repeats_nothing() {
    let answer = get("/oauth2/connect/checkSession").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/html;charset=UTF-8"));
    assert_eq!(answer.header("x-frame-options"), "");
    assert!(answer.header("content-security-policy").ends_with("frame-ancestors *"));
    assert_eq!(get("/oauth2/connect/checkSession?id_token=good").await.text, answer.text);
    let refused = get("/oauth2/connect/checkSession?id_token=%3Cscript%3E").await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_token")));
    assert!(!refused.text.contains("<script"));
}

#[tokio::test]
async fn metadata_is_the_same_whatever_host_is_named() {
    let plain = get("/.well-known/openid-configuration").await;
    assert_eq!(plain.json()["issuer"], "http://issuer.test");
    assert_eq!(plain.json()["token_endpoint"], "http://127.0.0.1:8080/oauth2/token");
    assert_eq!(plain.header("cache-control"), "public, max-age=300");
    assert_eq!(plain.header("access-control-allow-origin"), "*");
    for path in ["/.well-known/oauth-authorization-server", "/oauth2/.well-known/openid-configuration"] {
        let odd = request(Method::GET, path).header("host", "evil.test");
        let odd = odd.header("x-forwarded-host", "evil.test").header("x-forwarded-proto", "gopher");
        assert_eq!(send(odd.finish()).await.text, plain.text, "{path}");
    }
    assert_eq!(get("/oauth2/connect/jwk_uri").await.text, get("/.well-known/jwks.json").await.text);
}

#[tokio::test]
async fn what_browsers_visit_is_not_for_other_origins() {
    let app = service();
    for (path, origin) in [
        ("/oauth2/authorize", ""),
        ("/oauth2/connect/endSession", ""),
        ("/oauth2/connect/checkSession", ""),
        ("/oauth2/userinfo", "*"),
        ("/oauth2/token", "*"),
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let asked = request(method, path).header("origin", "https://app.test").finish();
            let answer = send_to(&app, asked).await;
            assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_shown_and_never_redirected() {
    for query in ["?client_id=%ff", "?client_id=a&client_id=b&redirect_uri=https%3A%2F%2Fevil.test"] {
        let answer = get(&format!("/oauth2/authorize{query}")).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{query}");
        assert!(answer.header("content-type").starts_with("text/html"), "{query}");
        assert!(!answer.text.contains("evil.test"), "{query}");
    }
}
