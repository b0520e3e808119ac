//! Requests that two readers could split differently get one answer, and the connection ends (H3, RFC 9112 §6.3).

use std::time::Duration;

use doorward_tests::{App, on_both, raw};

on_both![
    ambiguous_lengths_are_refused,
    pipelined_requests_are_answered_in_order,
    a_body_that_nobody_reads_loses_no_later_request,
];

fn answers(bytes: &[u8]) -> usize {
    bytes.windows(9).filter(|window| window == b"HTTP/1.1 ").count()
}

async fn ambiguous_lengths_are_refused(app: &App) {
    let smuggled = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
    for headers in [
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        " Content-Length: 5\r\n",
    ] {
        let request = format!("POST /auth/login HTTP/1.1\r\nHost: x\r\n{headers}\r\n{smuggled}");
        let said = raw::exchange(app.address(), request.as_bytes(), Duration::from_secs(2)).await;
        let shown = String::from_utf8_lossy(&said);
        assert_eq!(raw::status_of(&said), Some(400), "{headers:?} {shown}");
        assert_eq!(answers(&said), 1, "{headers:?} {shown}");
    }
    let both = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\
        Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
    let said = raw::exchange(app.address(), both.as_bytes(), Duration::from_secs(2)).await;
    assert_eq!(answers(&said), 1, "{}", String::from_utf8_lossy(&said));
    assert_eq!(app.get("/ping").await.status, 200);
}

async fn pipelined_requests_are_answered_in_order(app: &App) {
    let one = "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
    let two = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let said = raw::exchange(app.address(), format!("{one}{two}").as_bytes(), Duration::from_secs(10)).await;
    let text = String::from_utf8_lossy(&said);
    let (first, second) = (text.find("API not found"), text.find("\"live\""));
    assert!(first.is_some() && second.is_some() && first < second, "{text}");
    assert_eq!(answers(&said), 2);
}

/// RFC 9112 §9.6: a server that will not read on says so, or the client's next request on the connection is lost.
async fn a_body_that_nobody_reads_loses_no_later_request(app: &App) {
    let next = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for path in ["/nothing", "/auth/me", "/oauth2/nothing", "/oauth2/authorize"] {
        let first =
            format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n{}", "x".repeat(2000));
        let said =
            raw::exchange(app.address(), format!("{first}{next}").as_bytes(), Duration::from_secs(10)).await;
        let text = String::from_utf8_lossy(&said);
        assert_eq!(answers(&said), 2, "{path}: {text}");
        assert!(text.contains("\"live\""), "{path}: {text}");
        let long = "x".repeat(200 * 1024);
        let first = format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{long}", long.len());
        let said =
            raw::exchange(app.address(), format!("{first}{next}").as_bytes(), Duration::from_secs(10)).await;
        let text = String::from_utf8_lossy(&said).to_lowercase();
        assert!(answers(&said) == 1 && text.contains("connection: close"), "{path}: {text}");
    }
}
