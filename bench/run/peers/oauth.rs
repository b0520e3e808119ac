//! Other providers of OAuth 2.0: one written for Node, one written in C.

use std::path::Path;

use anyhow::Context as _;

use super::super::Plan;
use super::super::contender::Load;
use super::super::provider::{Endpoints, Provider};
use super::super::report::Report;
use super::{rounds, start};
use crate::host::{Process, Stage, StageOptions, client, rs256_client};
use crate::raw::hash::Kind;
use crate::seed::Seed;
use crate::walk::ClientCredentials;

/// npm's.
pub(super) const OIDC_PROVIDER: &str = "oidc-provider";
/// Debian's.
pub(super) const GLEWLWYD: &str = "glewlwyd";
/// Of the clients of both.
const PEER_SECRET: &str = "bench-secret-of-the-peer-0123456789";
/// Users who sign in before anything is measured.
const USERS: u64 = 100;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    ClientCredentials,
    Introspect,
    Userinfo,
}

/// What signs the tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Es256,
    Rs256,
}

/// Rows. How many times a peer's rate is wanted is said of issuing tokens, where both do the same work.
const ROWS: [(&str, Operation, Algorithm); 4] = [
    ("client_credentials-es256", Operation::ClientCredentials, Algorithm::Es256),
    ("client_credentials-rs256", Operation::ClientCredentials, Algorithm::Rs256),
    ("introspect", Operation::Introspect, Algorithm::Es256),
    ("userinfo", Operation::Userinfo, Algorithm::Es256),
];

/// Measures beside each of the named peers. Doorward is on SQLite, as they are or nearly so.
pub(super) async fn measure(
    plan: &Plan,
    peers: &Path,
    named: &[&str],
    report: &mut Report,
) -> anyhow::Result<()> {
    let stage = Stage::set_up(&StageOptions {
        doorward: plan.doorward.clone(),
        postgres: None,
        redis: None,
        settings: plan.settings.clone(),
        nodes: 1,
        seed: Seed { users: USERS, activity: 0, password: Kind::Argon2id },
    })
    .await?;
    for peer in named {
        beside(plan, peers, peer, &stage, report).await.with_context(|| (*peer).to_owned())?;
    }
    stage.tear_down().await
}

async fn beside(
    plan: &Plan,
    peers: &Path,
    peer: &str,
    stage: &Stage,
    report: &mut Report,
) -> anyhow::Result<()> {
    let wanted_rows: Vec<_> =
        ROWS.into_iter().filter(|(row, ..)| plan.wants(&format!("{peer}/{row}"))).collect();
    if wanted_rows.is_empty() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let data = folder.path().display().to_string();
    let server = start(peers, peer, folder.path(), "/", &[("PEER_DATA", data)]).await?;
    let mut contenders = Vec::new();
    for (row, operation, algorithm) in wanted_rows {
        let base = format!("{peer}/{row}");
        let theirs = their(peer, &server, operation, algorithm);
        let load = load_of(&theirs, operation).await.with_context(|| base.clone())?;
        contenders.push(theirs.row(base.clone(), load));
        let ours = Provider::of(stage, our_client(algorithm));
        let name = format!("doorward-beside-{base}");
        let load = load_of(&ours, operation).await.with_context(|| name.clone())?;
        contenders.push(ours.row(name, load).against(base, wanted(peer, operation)));
    }
    rounds(plan, peer, &mut contenders, report).await?;
    report.take(contenders);
    Ok(())
}

fn wanted(peer: &str, operation: Operation) -> Option<f64> {
    let times = if peer == GLEWLWYD { 20.0 } else { 3.0 };
    (operation == Operation::ClientCredentials).then_some(times)
}

async fn load_of(provider: &Provider, operation: Operation) -> anyhow::Result<Load> {
    match operation {
        Operation::ClientCredentials => Ok(provider.client_credentials()),
        Operation::Introspect => provider.introspect().await,
        Operation::Userinfo => provider.userinfo().await,
    }
}

fn our_client(algorithm: Algorithm) -> ClientCredentials {
    match algorithm {
        Algorithm::Es256 => client(),
        Algorithm::Rs256 => rs256_client(),
    }
}

fn their(peer: &str, server: &Process, operation: Operation, algorithm: Algorithm) -> Provider {
    let (client_id, endpoints) = match peer {
        GLEWLWYD => ("bench", glewlwyd_endpoints(algorithm)),
        _ => (oidc_provider_client(operation, algorithm), oidc_provider_endpoints()),
    };
    Provider {
        addresses: vec![server.address],
        processes: vec![server.id()],
        postmaster: None,
        endpoints,
        client: ClientCredentials { client_id: client_id.to_owned(), client_secret: PEER_SECRET.to_owned() },
        user: |_lane| ("alice".to_owned(), "password"),
    }
}

/// One plugin for each algorithm.
fn glewlwyd_endpoints(algorithm: Algorithm) -> Endpoints {
    let plugin = match algorithm {
        Algorithm::Es256 => "/api/es256",
        Algorithm::Rs256 => "/api/rs256",
    };
    Endpoints {
        token: format!("{plugin}/token"),
        introspect: format!("{plugin}/introspect"),
        userinfo: format!("{plugin}/userinfo"),
    }
}

fn oidc_provider_endpoints() -> Endpoints {
    Endpoints {
        token: "/token".to_owned(),
        introspect: "/token/introspection".to_owned(),
        userinfo: "/me".to_owned(),
    }
}

/// One client for each form of a token; only opaque ones can be introspected, or lead to claims.
fn oidc_provider_client(operation: Operation, algorithm: Algorithm) -> &'static str {
    match (operation, algorithm) {
        (Operation::ClientCredentials, Algorithm::Es256) => "bench-es256",
        (Operation::ClientCredentials, Algorithm::Rs256) => "bench-rs256",
        (Operation::Introspect | Operation::Userinfo, _) => "bench-opaque",
    }
}
