//! Requests that no HTTP library would send, on a bare socket.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends the bytes and reads until the server closes or `patience` is over; answers what came.
///
/// # Panics
/// When there is nobody to connect to.
pub async fn exchange(address: SocketAddr, bytes: &[u8], patience: Duration) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).await.expect("the server listens");
    // The server may refuse and close before it has read everything.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(patience, socket.read_to_end(&mut answer)).await;
    answer
}

/// The status of a `Connection: close` request with this head and body; `None` when the socket closed without an answer.
///
/// `head` is the request line and headers, each ended by `\r\n`; `Host` and `Connection` are added.
pub async fn status(address: SocketAddr, head: &str, body: &[u8]) -> Option<u16> {
    let mut request = format!("{head}Host: doorward.test\r\nConnection: close\r\n\r\n").into_bytes();
    request.extend_from_slice(body);
    let answer = exchange(address, &request, Duration::from_secs(20)).await;
    status_of(&answer)
}

/// The status code of an answer's first line.
#[must_use]
pub fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
