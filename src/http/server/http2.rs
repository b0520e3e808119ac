//! HTTP/2 in clear text, for proxies that begin with it (RFC 9113 §3.3); off unless it was chosen.

use std::io;
use std::time::Duration;

use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

/// What a client that speaks HTTP/2 says first (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Between two looks at a beginning that may become the preface.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Requests of one connection at a time.
const MAX_STREAMS: u32 = 100;
/// Streams reset by the client that may wait to be accepted, and resets that it may provoke: more is an attack.
const MAX_RESETS: usize = 20;

/// Streams are tasks that shutdown waits for.
#[derive(Clone)]
pub(super) struct OnTracker(pub(super) TaskTracker);

impl<Work> Executor<Work> for OnTracker
where
    Work: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, work: Work) {
        self.0.spawn(work);
    }
}

/// With the limits that HTTP/1.1 has. A peer that does not answer a ping is gone.
pub(super) fn builder(
    tasks: &TaskTracker,
    header_timeout: Duration,
    max_head_bytes: u32,
) -> http2::Builder<OnTracker> {
    let mut http = http2::Builder::new(OnTracker(tasks.clone()));
    http.timer(TokioTimer::new())
        .keep_alive_interval(header_timeout)
        .keep_alive_timeout(header_timeout)
        .max_header_list_size(max_head_bytes)
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS);
    http
}

/// Whether the client begins with the preface. Takes nothing from the stream.
///
/// # Errors
/// The connection failed, or said too little in time to tell.
pub(super) async fn is_asked_for(stream: &TcpStream, patience: Duration) -> io::Result<bool> {
    let told = tokio::time::timeout(patience, async {
        let mut beginning = [0; PREFACE.len()];
        loop {
            let length = stream.peek(&mut beginning).await?;
            if length == 0 || !PREFACE.starts_with(&beginning[..length]) {
                return Ok(false);
            }
            if length == PREFACE.len() {
                return Ok(true);
            }
            // What was looked at stays readable, so there is nothing to be woken by.
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    });
    told.await.unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
}
