//! Forms that no page of ours would send: refused in words, and never the server's fault.

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::relying_party::{CAROL, SHOP};
use doorward_tests::{App, on_both};
use reqwest::Method;

use super::{SESSION, at_sign_in, transaction};

on_both![
    what_is_said_twice_is_refused,
    what_is_no_form_is_refused,
    nothing_of_a_form_leads_elsewhere,
    other_methods_are_unknown,
    odd_words_are_the_senders_fault,
];

const PATHS: [&str; 9] = [
    "/sign-in",
    "/sign-in/second-factor",
    "/sign-in/enrol",
    "/consent",
    "/sign-up",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
    "/sign-out",
];

async fn what_is_said_twice_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let own = transaction(&page);
    let mut fields = vec![("transaction", own.as_str()), ("username", CAROL), ("password", PASSWORD)];
    fields.push(("username", "dave"));
    for path in PATHS {
        let refused = visitor.post(path, &fields, Some(&page.url)).await.here();
        refused.assert_shows(400, &["error", "request-id"]);
        let refused = visitor.get(&format!("{path}?transaction=a&transaction=a")).await.here();
        refused.assert_shows(400, &["error", "request-id"]);
    }
    assert!(visitor.cookie(SESSION).is_none());
}

async fn what_is_no_form_is_refused(app: &App) {
    for path in PATHS {
        let sent = |content_type: &str, body: &[u8]| {
            let request = app.request(Method::POST, path).header("content-type", content_type);
            app.send(request.body(body.to_vec()))
        };
        let form = "application/x-www-form-urlencoded";
        assert_eq!(sent("application/json", b"{}").await.status, 415, "{path}");
        assert_eq!(sent("multipart/form-data; boundary=x", b"--x--").await.status, 415, "{path}");
        assert_eq!(sent(form, b"transaction=%ff").await.status, 400, "{path}");
        assert_eq!(sent(form, b"transaction=\xff").await.status, 400, "{path}");
        assert_eq!(sent(form, b"transaction=a&username=a%00b").await.status, 400, "{path}");
        assert_eq!(sent(form, "a=b&".repeat(1001).as_bytes()).await.status, 400, "{path}");
    }
    // Last, since the connection is closed after it.
    let request = app.request(Method::POST, "/sign-in").body(vec![b'a'; 2 * 1024 * 1024]);
    let reply = app.send(request.header("content-type", "application/x-www-form-urlencoded")).await;
    assert_eq!(reply.status, 413, "{}", reply.text);
    assert!(reply.header("content-type").starts_with("text/html"), "{:?}", reply.headers);
}

/// Where the browser goes after a sign-in is in the transaction alone (RFC 9700 §4.11).
async fn nothing_of_a_form_leads_elsewhere(app: &App) {
    app.introduce_relying_parties().await;
    let names =
        ["redirect_uri", "redirect", "return_to", "returnTo", "next", "continue", "url", "continue_to"];
    for target in ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"] {
        let (visitor, page) = at_sign_in(app, SHOP).await;
        let own = transaction(&page);
        let mut fields = vec![("transaction", own.as_str()), ("username", CAROL), ("password", PASSWORD)];
        fields.extend(names.map(|name| (name, target)));
        let departure = visitor.post("/sign-in", &fields, Some(&page.url)).await.away();
        assert_eq!(departure.url.origin().ascii_serialization(), "https://shop.test");
        for path in ["/signed-out", "/sign-in", "/forgot-password?sent=1", "/reset-password?done=1"] {
            let separator = if path.contains('?') { '&' } else { '?' };
            let query = names.map(|name| format!("{name}={target}")).join("&");
            let page = visitor.get(&format!("{path}{separator}{query}")).await.here();
            assert!(!page.reply.text.contains("evil.test"), "{path}: {}", page.reply.text);
            assert!(!page.reply.text.contains("javascript:"), "{path}: {}", page.reply.text);
        }
    }
}

async fn other_methods_are_unknown(app: &App) {
    for path in PATHS {
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            assert_eq!(app.send(app.request(method, path)).await.status, 404, "{path}");
        }
    }
    let provider = app.send(app.request(Method::GET, "/sign-in/provider")).await;
    assert_eq!(provider.status, 404);
}

async fn odd_words_are_the_senders_fault(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let long = "x".repeat(200_000);
    for word in ["\u{feff}", "\u{202e}", "'; DROP TABLE users; --", "{{7*7}}", "\r\nSet-Cookie: a=b", &long] {
        let fields = [("username", word), ("password", word)];
        let again = visitor.submit(&page, &fields).await.here();
        again.assert_shows(401, &["username", "password", "error"]);
        assert!(again.reply.headers.get("set-cookie").is_none());
    }
}
