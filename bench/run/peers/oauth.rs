//! Other providers of OAuth 2.0: one written for Node, one written in C.

use std::path::Path;

use anyhow::Context as _;
use doorward_core::domain::key::Algorithm;

use super::super::Plan;
use super::super::contender::{Contender, Load};
use super::super::provider::{Endpoints, Provider};
use super::super::report::Report;
use super::super::stage::{CALLERS, Lanes, Site, open_core};
use super::{rounds, start};
use crate::host::{Process, Stage, StageOptions, client, rs256_client};
use crate::raw;
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

/// Its name, what is asked, what signs the tokens.
type Row = (&'static str, Operation, Algorithm);

/// How many times a peer's rate is wanted is said of issuing tokens, where both do the same work.
const ROWS: [Row; 4] = [
    ("client_credentials-es256", Operation::ClientCredentials, Algorithm::ES256),
    ("client_credentials-rs256", Operation::ClientCredentials, Algorithm::RS256),
    ("introspect", Operation::Introspect, Algorithm::ES256),
    ("userinfo", Operation::Userinfo, Algorithm::ES256),
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
    let token = Lanes::new(Site::of(&stage)).access_token().await?;
    let signer = raw::sign::Bench::new(open_core(&stage).await?, &token).await?;
    let host = Host { plan, peers, stage: &stage, signer };
    for peer in named {
        host.beside(peer, report).await.with_context(|| (*peer).to_owned())?;
    }
    drop(host);
    stage.tear_down().await
}

/// What is the same beside every peer.
struct Host<'a> {
    plan: &'a Plan,
    peers: &'a Path,
    stage: &'a Stage,
    /// With the stage's keys, in this process.
    signer: raw::sign::Bench,
}

impl Host<'_> {
    async fn beside(&self, peer: &str, report: &mut Report) -> anyhow::Result<()> {
        let wanted_rows: Vec<Row> =
            ROWS.into_iter().filter(|(row, ..)| self.plan.wants(&format!("{peer}/{row}"))).collect();
        if wanted_rows.is_empty() {
            return Ok(());
        }
        let folder = tempfile::tempdir()?;
        let data = folder.path().display().to_string();
        let server = start(self.peers, peer, folder.path(), "/", &[("PEER_DATA", data)]).await?;
        let mut contenders = Vec::new();
        for row in wanted_rows {
            contenders.extend(self.pair(peer, &server, row).await?);
        }
        rounds(self.plan, peer, &mut contenders, report).await?;
        report.take(contenders);
        Ok(())
    }

    /// The peer, Doorward, and what bounds Doorward.
    async fn pair(&self, peer: &str, server: &Process, row: Row) -> anyhow::Result<Vec<Contender>> {
        let (row, operation, algorithm) = row;
        let base = format!("{peer}/{row}");
        let theirs = their(peer, server, operation, algorithm);
        let load = load_of(&theirs, operation).await.with_context(|| base.clone())?;
        let mut contenders = vec![theirs.row(base.clone(), load)];
        let ours = Provider::of(self.stage, our_client(algorithm));
        let name = format!("doorward-beside-{base}");
        let load = load_of(&ours, operation).await.with_context(|| name.clone())?;
        let mut row = ours.row(name, load).against(base, wanted(peer, operation));
        if operation == Operation::ClientCredentials {
            let raw = format!("raw-sign-beside-{peer}/{}", algorithm.as_str());
            row = row.against(raw.clone(), None);
            contenders.push(Contender::new(raw, Load::Sign(self.signer.with(algorithm), CALLERS)));
        }
        contenders.push(row);
        Ok(contenders)
    }
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
    if algorithm == Algorithm::RS256 { rs256_client() } else { client() }
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
    let plugin = format!("/api/{}", algorithm.as_str().to_ascii_lowercase());
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
    match operation {
        Operation::ClientCredentials if algorithm == Algorithm::RS256 => "bench-rs256",
        Operation::ClientCredentials => "bench-es256",
        Operation::Introspect | Operation::Userinfo => "bench-opaque",
    }
}
