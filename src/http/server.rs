//! The server: HTTP/1.1 over hyper, with the limits that poem's own server does not have.
//!
//! Headers have to arrive in time, connections are counted, and a shutdown loses no request: what the kernel has accepted
//! for us is answered too, and a connection that is kept alive is told to close before it is closed.

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
use poem::http::{HeaderValue, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::figures::{self, Render};
use crate::lingering::LingeringStream;
use crate::meter::{self, OpenConnection};
use crate::settings::HttpSettings;

/// Pause after an accept that failed for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long, once shutdown began, a connection that is kept alive may still bring a request, whose answer closes it.
/// Closing it at once would lose the requests that are on their way (RFC 9112 §9.6).
const LAST_REQUESTS: Duration = Duration::from_millis(500);
/// Most headers of a request; hyper answers 431 to more.
const MAX_HEADERS: usize = 100;
/// Most bytes of a request's head; hyper answers 431 to more.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Connections to the listener for metrics at a time: a few readers, one each.
const MAX_METRICS_CONNECTIONS: usize = 16;

struct Server {
    app: App,
    local: SocketAddr,
    http: http1::Builder,
    shutdown: CancellationToken,
    shutdown_timeout: Duration,
    is_counted: bool,
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
    meter::connection_cap(settings.max_connections);
    let server = Server::new(&listener, app, &settings, shutdown, true)?;
    server.run(listener, settings.max_connections, tasks).await;
    Ok(())
}

/// Serves `GET /metrics` on a listener of its own, with the limits of [`serve`], until `shutdown` is cancelled.
///
/// # Errors
/// When the listener has no address.
pub async fn serve_metrics(
    listener: TcpListener,
    render: Render,
    settings: HttpSettings,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let server = Server::new(&listener, figures::app(render), &settings, shutdown, false)?;
    server.run(listener, MAX_METRICS_CONNECTIONS, TaskTracker::new()).await;
    Ok(())
}

type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

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

/// Stops listening; answers the connections that were still waiting to be accepted. Dropping the listener would reset
/// them, and with them the requests that they may have sent.
fn close(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    // Not tokio's accept: it knows only of connections that the runtime was told about.
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let mut waiting = Vec::new();
    while let Ok(accepted) = listener.accept() {
        waiting.push(accepted);
    }
    drop(listener);
    let ready = waiting.into_iter().filter_map(|(stream, peer)| {
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, peer))
    });
    ready.collect()
}

impl Server {
    fn new(
        listener: &TcpListener,
        app: App,
        settings: &HttpSettings,
        shutdown: CancellationToken,
        is_counted: bool,
    ) -> io::Result<Arc<Self>> {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_BYTES)
            .half_close(true);
        let local = listener.local_addr()?;
        let shutdown_timeout = settings.shutdown_timeout;
        Ok(Arc::new(Self { app, local, http, shutdown, shutdown_timeout, is_counted }))
    }

    /// Accepts until shutdown, then waits for everything on `tasks`.
    async fn run(self: Arc<Self>, listener: TcpListener, max_connections: usize, tasks: TaskTracker) {
        let places = Arc::new(Semaphore::new(max_connections));
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => break,
                accepted = accept(&listener, &places) => accepted,
            };
            let Some((stream, peer, place)) = accepted else {
                continue;
            };
            self.spawn_connection(&tasks, stream, peer, Some(place));
        }
        // Beyond the cap, because these clients have been let in by the kernel and may have sent their requests.
        for (stream, peer) in close(listener) {
            self.spawn_connection(&tasks, stream, peer, None);
        }
        tasks.close();
        if tokio::time::timeout(self.shutdown_timeout, tasks.wait()).await.is_err() {
            tracing::warn!(event = "shutdown_timed_out", running = tasks.len());
        }
    }

    fn spawn_connection(
        self: &Arc<Self>,
        tasks: &TaskTracker,
        stream: TcpStream,
        peer: SocketAddr,
        place: Option<OwnedSemaphorePermit>,
    ) {
        let server = Arc::clone(self);
        tasks.spawn(async move {
            let _counted = server.is_counted.then(OpenConnection::count);
            server.connection(stream, peer).await;
            drop(place);
        });
    }

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
                let ending = async {
                    if let Ok(outcome) = tokio::time::timeout(LAST_REQUESTS, connection.as_mut()).await {
                        return outcome;
                    }
                    connection.as_mut().graceful_shutdown();
                    connection.await
                };
                match tokio::time::timeout(self.shutdown_timeout, ending).await {
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
        let mut response = self.app.get_response(request).await;
        if self.shutdown.is_cancelled() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.into())
    }
}

#[cfg(test)]
mod tests;
