//! `doorward dev-idp`: the identity provider for trying out.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use doorward_crypto::{SystemClock, SystemEntropy};
use doorward_dev_idp::DevIdp;

use crate::config::Settings;

/// Serves until `stop`.
///
/// # Errors
/// One line: this is no machine to try things out on, or the address cannot be listened on.
pub(crate) async fn serve(
    settings: &Settings,
    listen: SocketAddr,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    check(settings)?;
    let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    let provider =
        DevIdp::start(listen, clock, entropy).await.with_context(|| format!("--listen {listen}"))?;
    tracing::info!(event = "dev_idp_serving", address = %provider.address());
    stop.await;
    provider.stop().await;
    Ok(())
}

/// Only beside a server that nobody else can reach: everybody can be anybody here.
fn check(settings: &Settings) -> anyhow::Result<()> {
    if !settings.database.url.is_sqlite() {
        bail!("dev-idp is for trying out on SQLite; database.url names another database");
    }
    if !settings.server.listen.ip().is_loopback() {
        bail!(
            "dev-idp is for trying out on this machine; server.listen = {} is open to others",
            settings.server.listen
        );
    }
    Ok(())
}
