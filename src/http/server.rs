//! The server: HTTP/1.1 (and HTTP/2 in clear text, when chosen) over hyper, with the limits that poem's own server does not have.
//!
//! Headers have to arrive in time, connections are counted, and a shutdown loses no request: what the kernel has accepted
//! for us is answered too, and a connection that is kept alive is told to close before it is closed.

mod http2;

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
use poem::http::{HeaderValue, Version, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::http2::OnTracker;
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
const MAX_HEAD_BYTES_OF_HTTP2: u32 = 64 * 1024;
/// Connections to the listener for metrics at a time: a few readers, one each.
const MAX_METRICS_CONNECTIONS: usize = 16;

/// Why a connection ended early.
type Failed = Box<dyn std::error::Error + Send + Sync>;

struct Server {
    app: App,
    local: SocketAddr,
    http: http1::Builder,
    /// When HTTP/2 was chosen, and how long its preface may take.
    http2: Option<(hyper::server::conn::http2::Builder<OnTracker>, Duration)>,
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
    let server = Server::new(&listener, app, &settings, shutdown, Some(&tasks))?;
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
    let server = Server::new(&listener, figures::app(render), &settings, shutdown, None)?;
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
    /// `public`: where the streams of the public listener run; `None` for the one of the metrics.
    fn new(
        listener: &TcpListener,
        app: App,
        settings: &HttpSettings,
        shutdown: CancellationToken,
        public: Option<&TaskTracker>,
    ) -> io::Result<Arc<Self>> {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_BYTES)
            .half_close(true);
        let header_timeout = settings.header_timeout;
        let http2 = public
            .filter(|_| settings.http2)
            .map(|tasks| (http2::builder(tasks, header_timeout, MAX_HEAD_BYTES_OF_HTTP2), header_timeout));
        let is_counted = public.is_some();
        let local = listener.local_addr()?;
        let shutdown_timeout = settings.shutdown_timeout;
        Ok(Arc::new(Self { app, local, http, http2, shutdown, shutdown_timeout, is_counted }))
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
    async fn connection(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(event = "nodelay_failed", error = %error);
        }
        let outcome = match self.http2_for(&stream).await {
            Ok(Some(http)) => self.serve_http2(http, stream, peer).await,
            Ok(None) => self.serve_http1(stream, peer).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = outcome {
            tracing::debug!(event = "connection_failed", error = %error);
        }
    }

    /// HTTP/2, when it was chosen and the client asks for it.
    async fn http2_for(
        &self,
        stream: &TcpStream,
    ) -> io::Result<Option<&hyper::server::conn::http2::Builder<OnTracker>>> {
        let Some((http, patience)) = &self.http2 else { return Ok(None) };
        tokio::select! {
            asked = http2::is_asked_for(stream, *patience) => Ok(asked?.then_some(http)),
            // A client that has not begun yet is told to go in HTTP/1.1.
            () = self.shutdown.cancelled() => Ok(None),
        }
    }

    async fn serve_http1(&self, stream: TcpStream, peer: SocketAddr) -> Result<(), Failed> {
        let io = TokioIo::new(LingeringStream::new(stream));
        let service = service_fn(|request| self.answer(request, peer));
        let mut connection = std::pin::pin!(self.http.serve_connection(io, service));
        tokio::select! {
            outcome = connection.as_mut() => Ok(outcome?),
            () = self.shutdown.cancelled() => self.end(async {
                if let Ok(outcome) = tokio::time::timeout(LAST_REQUESTS, connection.as_mut()).await {
                    return outcome;
                }
                connection.as_mut().graceful_shutdown();
                connection.await
            }).await,
        }
    }

    async fn serve_http2(
        self: &Arc<Self>,
        http: &hyper::server::conn::http2::Builder<OnTracker>,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> Result<(), Failed> {
        let server = Arc::clone(self);
        let service = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { server.answer(request, peer).await }
        });
        let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            outcome = connection.as_mut() => Ok(outcome?),
            // GOAWAY names the last request that is answered; the client sends others elsewhere (RFC 9113 §6.8).
            () = self.shutdown.cancelled() => self.end(async {
                connection.as_mut().graceful_shutdown();
                connection.await
            }).await,
        }
    }

    /// Runs what ends a connection, for as long as a shutdown may take.
    async fn end(&self, ending: impl Future<Output = hyper::Result<()>>) -> Result<(), Failed> {
        match tokio::time::timeout(self.shutdown_timeout, ending).await {
            Ok(outcome) => Ok(outcome?),
            Err(_elapsed) => Ok(()),
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
        // HTTP/2 has no such header (RFC 9113 §8.2.2).
        let is_told_to_close = request.version() < Version::HTTP_2;
        let mut response = self.app.get_response(request).await;
        if is_told_to_close && self.shutdown.is_cancelled() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.into())
    }
}

#[cfg(test)]
mod tests;
