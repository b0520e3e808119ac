//! Clients that take their time (H2, T14).

use std::time::Duration;

use doorward_tests::harness::app::Options;
use doorward_tests::{App, on_both, raw};

on_both![impatient; slow_headers_are_cut_off, an_idle_connection_is_closed, a_slow_body_is_cut_off];

fn impatient() -> Options {
    Options::default().set("server.header_timeout", "500ms").set("server.request_timeout", "1s")
}

/// Far beyond every timeout of the server.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whether the server closes the connection by itself after these bytes; what it said.
async fn closes(app: &App, bytes: &[u8]) -> Option<Vec<u8>> {
    tokio::time::timeout(Duration::from_secs(8), raw::exchange(app.address(), bytes, PATIENCE)).await.ok()
}

async fn slow_headers_are_cut_off(app: &App) {
    for start in ["G", "GET /ping HTTP/1.1\r\n", "GET /ping HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let said = closes(app, start.as_bytes()).await.expect("the connection is closed");
        assert!(matches!(raw::status_of(&said), None | Some(408)), "{}", String::from_utf8_lossy(&said));
    }
    assert_eq!(app.get("/ping").await.status, 200);
}

async fn an_idle_connection_is_closed(app: &App) {
    let said = closes(app, b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("the connection is closed");
    assert_eq!(raw::status_of(&said), Some(200));
    assert!(closes(app, b"").await.is_some());
}

async fn a_slow_body_is_cut_off(app: &App) {
    let head = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let said = closes(app, head.as_bytes()).await.expect("the connection is closed");
    assert_eq!(raw::status_of(&said), Some(408), "{}", String::from_utf8_lossy(&said));
    assert_eq!(app.get("/ping").await.status, 200);
}
