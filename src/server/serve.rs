//! `doorward serve`: listen, work beside, stop gracefully.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use doorward_core::usecase::Core;
use doorward_http::HttpSettings;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Settings;
use crate::wire::{self, Assembly, Overrides, Purpose};
use crate::worker;

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
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("server.listen = \"{listen}\" cannot be used"))?;
    let address = listener.local_addr()?;
    settings.server.listen = address;
    let Assembly { core, ring, .. } = wire::assemble(&settings, overrides, Purpose::Work).await?;
    let cursor = core.follow_revocations(None).await.context("revocations cannot be loaded")?;
    core.imitate_commonest_hash().await.context("database")?;
    let stop = CancellationToken::new();
    worker::start(&core, &ring, cursor, settings.revocation.poll, &stop);
    let http = http_settings(&settings);
    let app = doorward_http::app(core.clone(), http.clone());
    let tasks = core.ports().tasks.clone();
    // On a tracker of its own: at the end it waits for everything on the core's.
    let served = TaskTracker::new().spawn(doorward_http::serve(listener, app, http, tasks, stop.clone()));
    tracing::info!(event = "serving", address = %address, public_url = settings.public_url());
    Ok(Running { address, core, stop, served })
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
        max_connections: server.max_connections.get() as usize,
        shutdown_timeout: server.shutdown_timeout,
        jwks_cache: settings.tokens.jwks_cache,
        allow_access_token_in_query: settings.native.allow_access_token_in_query,
    }
}
