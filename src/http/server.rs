//! The server: HTTP/1.1 over hyper, with the limits that poem's own server does not have.
//!
//! Headers have to arrive in time, connections are counted, and a shutdown lets running requests finish while it closes
//! idle connections.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::lingering::LingeringStream;
use crate::settings::HttpSettings;

/// Pause after an accept that failed for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Most headers of a request; hyper answers 431 to more.
const MAX_HEADERS: usize = 100;
/// Most bytes of a request's head; hyper answers 431 to more.
const MAX_HEAD_BYTES: usize = 64 * 1024;

struct Server {
    app: App,
    local: SocketAddr,
    http: http1::Builder,
    shutdown: CancellationToken,
    shutdown_timeout: Duration,
}

/// Serves until `shutdown` is cancelled and every running request is answered, or `shutdown_timeout` is over.
///
/// Connections run on `tasks`; so do use-cases that outlive their request, and this waits for them too. `tasks` is
/// closed afterwards.
///
/// # Errors
/// When the listener has no address; a failed accept is logged and tried again.
pub async fn serve(
    listener: TcpListener,
    app: App,
    settings: HttpSettings,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .half_close(true);
    let server = Arc::new(Server {
        app,
        local: listener.local_addr()?,
        http,
        shutdown: shutdown.clone(),
        shutdown_timeout: settings.shutdown_timeout,
    });
    let places = Arc::new(Semaphore::new(settings.max_connections));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else {
            continue;
        };
        let server = Arc::clone(&server);
        tasks.spawn(async move {
            server.connection(stream, peer).await;
            drop(place);
        });
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(settings.shutdown_timeout, tasks.wait()).await.is_err() {
        tracing::warn!(event = "shutdown_timed_out", running = tasks.len());
    }
    Ok(())
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// The next connection once there is a place for it; `None` = try again.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<Accepted> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            tracing::warn!(event = "accept_failed", error = %error);
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

impl Server {
    /// Serves one connection to its end.
    async fn connection(&self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(event = "nodelay_failed", error = %error);
        }
        let io = TokioIo::new(LingeringStream::new(stream));
        let service = service_fn(|request| self.answer(request, peer));
        let mut connection = std::pin::pin!(self.http.serve_connection(io, service));
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(self.shutdown_timeout, connection).await {
                    Ok(outcome) => outcome,
                    Err(_elapsed) => return,
                }
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(event = "connection_failed", error = %error);
        }
    }

    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<hyper::Response<BoxBody<Bytes, io::Error>>, Infallible> {
        let local = LocalAddr(self.local.into());
        let remote = RemoteAddr(peer.into());
        let request = Request::from((request, local, remote, Scheme::HTTP));
        Ok(self.app.get_response(request).await.into())
    }
}

#[cfg(test)]
mod tests;
