use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

use super::*;
use crate::fakes;

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
}

async fn start(settings: HttpSettings) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (core, tasks) = fakes::core();
    let app = crate::app::app(core, settings.clone());
    let shutdown = CancellationToken::new();
    let keeper = TaskTracker::new();
    let serving = keeper.spawn(serve(listener, app, settings, tasks, shutdown.clone()));
    Running { address, shutdown, serving }
}

async fn talk(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request).await.expect("sent");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.expect("closed in order");
    String::from_utf8_lossy(&reply).into_owned()
}

#[tokio::test]
async fn requests_are_answered_in_turn() {
    let running = start(fakes::settings()).await;
    let request =
        b"GET /ping HTTP/1.1\r\nhost: a\r\n\r\nGET /auth/me HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let reply = talk(running.address, request).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert_eq!(reply.matches("HTTP/1.1 401").count(), 1);
}

#[tokio::test]
async fn slow_headers_are_cut_off() {
    let running = start(fakes::settings()).await;
    let waiting = talk(running.address, b"GET /ping HTTP/1.1\r\nhost: a\r\nx-slow: ");
    let reply = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("closed");
    assert!(!reply.contains("200 OK"), "{reply}");
}

#[tokio::test]
async fn a_413_reaches_a_client_that_is_still_sending() {
    let running = start(fakes::settings()).await;
    let mut request = b"POST /auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n".to_vec();
    request.extend_from_slice(b"content-length: 4000000\r\n\r\n");
    request.resize(request.len() + 4_000_000, b' ');
    let reply = talk(running.address, &request).await;
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
    assert!(reply.ends_with('}'), "{reply}");
}

#[tokio::test]
async fn a_body_that_stops_is_408() {
    let settings = HttpSettings { request_timeout: Duration::from_millis(400), ..fakes::settings() };
    let running = start(settings).await;
    let request = b"POST /auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    stream.write_all(request).await.expect("sent");
    let mut reply = vec![0; 12];
    stream.read_exact(&mut reply).await.expect("a reply");
    assert_eq!(reply, b"HTTP/1.1 408");
}

#[tokio::test]
async fn shutdown_closes_idle_connections_and_ends() {
    let running = start(HttpSettings { header_timeout: Duration::from_mins(1), ..fakes::settings() }).await;
    let mut idle = TcpStream::connect(running.address).await.expect("a connection");
    idle.write_all(b"GET /ping HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    let mut start = [0; 15];
    idle.read_exact(&mut start).await.expect("a reply");
    running.shutdown.cancel();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.expect("closed");
    drop(idle);
    let ended = tokio::time::timeout(Duration::from_secs(10), running.serving).await.expect("in time");
    ended.expect("no panic").expect("no error");
}

#[tokio::test]
async fn shutdown_answers_what_is_already_on_its_way() {
    let running = start(HttpSettings { header_timeout: Duration::from_mins(1), ..fakes::settings() }).await;
    let mut kept_alive = TcpStream::connect(running.address).await.expect("a connection");
    kept_alive.write_all(b"GET /ping HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    let mut start = [0; 15];
    kept_alive.read_exact(&mut start).await.expect("a reply");
    // On one thread, nothing of this is seen by the server before its shutdown begins.
    let waiting = std::net::TcpStream::connect(running.address).expect("the kernel lets it in");
    running.shutdown.cancel();
    waiting.set_nonblocking(true).expect("a socket option");
    let mut waiting = TcpStream::from_std(waiting).expect("a runtime");
    for stream in [&mut kept_alive, &mut waiting] {
        stream.write_all(b"GET /ping HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await.expect("closed in order");
        let reply = String::from_utf8_lossy(&reply).to_ascii_lowercase();
        assert!(reply.contains("http/1.1 200 ok\r\n") && reply.contains("connection: close"), "{reply}");
    }
    drop((kept_alive, waiting));
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
    let ended = tokio::time::timeout(Duration::from_secs(10), running.serving).await.expect("in time");
    ended.expect("no panic").expect("no error");
}

/// The preface, then an empty SETTINGS frame.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// The type of a frame is its fourth byte; 4 = SETTINGS (RFC 9113 §4.1).
const SETTINGS: u8 = 4;

async fn beginning_of_reply(address: SocketAddr, request: &[u8]) -> [u8; 9] {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request).await.expect("sent");
    let mut reply = [0; 9];
    stream.read_exact(&mut reply).await.expect("a reply");
    reply
}

#[tokio::test]
async fn http2_is_spoken_where_it_was_chosen() {
    let running = start(HttpSettings { http2: true, ..fakes::settings() }).await;
    assert_eq!(beginning_of_reply(running.address, HTTP2).await[3], SETTINGS);
    // A client that sends its preface in pieces.
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    for piece in HTTP2.chunks(5) {
        stream.write_all(piece).await.expect("sent");
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    let mut reply = [0; 9];
    stream.read_exact(&mut reply).await.expect("a reply");
    assert_eq!(reply[3], SETTINGS);
    let request = b"POST /ping HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert!(talk(running.address, request).await.starts_with("HTTP/1.1 404"), "and HTTP/1.1 beside it");
}

#[tokio::test]
async fn http2_is_not_spoken_otherwise() {
    let running = start(fakes::settings()).await;
    let reply = all_of_reply(running.address, HTTP2).await;
    assert!(reply.get(3) != Some(&SETTINGS), "{reply:?}");
}

#[tokio::test]
async fn half_a_preface_is_cut_off() {
    let running = start(HttpSettings { http2: true, ..fakes::settings() }).await;
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n"] {
        let waiting = all_of_reply(running.address, beginning.as_bytes());
        let reply = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("closed");
        assert!(reply.is_empty(), "{reply:?}");
    }
}

/// Up to the end of the connection, in order or not.
async fn all_of_reply(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request).await.expect("sent");
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    reply
}
