//! `doorward serve`: listen, work beside, stop gracefully.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use doorward_core::usecase::Core;
use doorward_http::HttpSettings;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::carriers;
use crate::config::Settings;
use crate::identity_providers;
use crate::metrics::{self, LastRead};
use crate::wire::{self, Assembly, Overrides, Purpose};
use crate::worker::{self, Tail};

/// Connections that may wait to be accepted; the same as tokio's own.
const BACKLOG: u32 = 1024;

/// A server that answers requests.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its use-cases.
    pub core: Arc<Core>,
    stop: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Lets requests under way finish, then ends.
    ///
    /// # Errors
    /// The accept loop failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        Ok(self.served.await??)
    }

    /// Stops when `signal` completes, or earlier when the accept loop fails.
    ///
    /// # Errors
    /// The accept loop failed.
    pub async fn stop_at(mut self, signal: impl Future<Output = ()>) -> anyhow::Result<()> {
        tokio::select! {
            () = signal => {
                tracing::info!(event = "stopping");
                self.stop().await
            }
            served = &mut self.served => {
                self.stop.cancel();
                Ok(served??)
            }
        }
    }
}

/// Requests are answered from now on: the schema is right, keys and revocations are loaded.
///
/// # Errors
/// One line about what cannot be used.
pub async fn start(mut settings: Settings, overrides: Overrides) -> anyhow::Result<Running> {
    let listen = settings.server.listen;
    let socket = reserve(listen).with_context(|| unusable("server.listen", listen))?;
    let figures = match settings.server.metrics_listen {
        // Collecting begins first: who counts asks for its counters once.
        Some(listen) => Some((bind("server.metrics_listen", listen).await?, metrics::collect()?)),
        None => None,
    };
    let address = socket.local_addr()?;
    settings.server.listen = address;
    let Assembly { core, ring, courier, .. } = wire::assemble(&settings, overrides, Purpose::Work).await?;
    let last_read = LastRead::now(core.ports().clock.clone());
    let cursor = core.follow_revocations(None).await.context("revocations cannot be loaded")?;
    core.imitate_commonest_hash().await.context("database")?;
    // Reading many may have taken long: the first answer already knows what came meanwhile.
    let cursor = core.follow_revocations(Some(&cursor)).await.context("revocations cannot be loaded")?;
    let stop = CancellationToken::new();
    let tail = Tail { cursor, every: settings.revocation.poll, last_read: last_read.clone() };
    worker::start(&core, &ring, tail, courier, &stop);
    let http = http_settings(&settings);
    if let Some((listener, recorder)) = figures {
        serve_metrics(listener, recorder, last_read, http.clone(), &stop)?;
    }
    let app = doorward_http::app(core.clone(), http.clone());
    let listener = socket.listen(BACKLOG).with_context(|| unusable("server.listen", listen))?;
    let tasks = core.ports().tasks.clone();
    // On a tracker of its own: at the end it waits for everything on the core's.
    let served = TaskTracker::new().spawn(doorward_http::serve(listener, app, http, tasks, stop.clone()));
    identity_providers::tell(core.ports().providers.as_ref(), &settings.public_url());
    carriers::tell(&settings);
    tracing::info!(event = "serving", address = %address, public_url = settings.public_url());
    Ok(Running { address, core, stop, served })
}

/// Takes the address, but no connections yet: until we can answer they are refused, and a balancer asks another node.
/// What the kernel took in for a server whose start then fails would be lost.
fn reserve(listen: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As TcpListener::bind does: connections of a server that has just ended must not be in the way.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    Ok(socket)
}

async fn bind(key: &str, listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| unusable(key, listen))
}

fn unusable(key: &str, listen: SocketAddr) -> String {
    format!("{key} = \"{listen}\" cannot be used")
}

/// Answers `GET /metrics` until `stop`.
fn serve_metrics(
    listener: TcpListener,
    recorder: PrometheusHandle,
    last_read: LastRead,
    http: HttpSettings,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    tracing::info!(event = "serving_metrics", address = %listener.local_addr()?);
    let tasks = TaskTracker::new();
    tasks.spawn(worker::keep_up(recorder.clone(), stop.clone()));
    let render = Arc::new(move || {
        last_read.publish();
        recorder.render()
    });
    let stop = stop.clone();
    tasks.spawn(async move {
        if let Err(error) = doorward_http::serve_metrics(listener, render, http, stop).await {
            tracing::error!(event = "metrics_not_served", error = %error);
        }
    });
    Ok(())
}

fn http_settings(settings: &Settings) -> HttpSettings {
    let server = &settings.server;
    HttpSettings {
        public_url: settings.public_url(),
        trusted_proxies: server.trusted_proxies.clone(),
        cors_origins: server.cors_origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
        body_limit: server.body_limit.bytes(),
        request_timeout: server.request_timeout,
        header_timeout: server.header_timeout,
        http2: server.http2,
        max_connections: server.max_connections.get() as usize,
        shutdown_timeout: server.shutdown_timeout,
        jwks_cache: settings.tokens.jwks_cache,
        web_app_url: settings.native.web_app_url.as_ref().map(|url| url.as_str().to_owned()),
        allow_secret_in_query: settings.native.allow_secret_in_query,
        allow_access_token_in_query: settings.native.allow_access_token_in_query,
    }
}
