//! Lanes for servers that speak the native dialect: Doorward, or what it is compared with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use doorward_core::usecase::Core;
use doorward_server::config::Settings;
use doorward_server::wire::{Overrides, Purpose, assemble};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::contender::{Contender, Load};
use crate::driver::{Connection, Lane};
use crate::host::{PASSWORD, Process, Stage, client};
use crate::raw;
use crate::seed::username;
use crate::walk::{CodeFlow, LoginToken, Repeat, Rotation, Sequence, Tokens, Users, Walker, get, post};

/// Connections where nothing else is said.
pub(super) const CONNECTIONS: usize = 32;
/// Connections of rows whose requests hash passwords: more would only wait.
pub(super) const HASHING_CONNECTIONS: usize = 8;
/// Callers of raw rates on all cores.
pub(super) const CALLERS: usize = 8;
/// More tokens than a server can be asked about in a second.
const FRESH_TOKENS_A_SECOND: f64 = 40_000.0;

/// Servers that speak the native dialect, and who signs in there.
#[derive(Clone)]
pub(super) struct Site {
    /// Never empty.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) processes: Vec<u32>,
    /// First process of the PostgreSQL server.
    pub(super) postmaster: Option<u32>,
    pub(super) users: Users,
}

impl Site {
    pub(super) fn of(stage: &Stage) -> Self {
        Self {
            addresses: stage.nodes.iter().map(|node| node.address).collect(),
            processes: stage.nodes.iter().map(Process::id).collect(),
            postmaster: stage.postmaster,
            users: Users {
                client: client(),
                password: PASSWORD.to_owned(),
                name: Arc::new(username),
                first: 0,
                step: 1,
                count: stage.users,
            },
        }
    }
}

/// Makes lanes for one site.
pub(super) struct Lanes {
    pub(super) site: Site,
    /// Signed in already, one per connection.
    tokens: Vec<Tokens>,
    /// The next user who has not signed in yet.
    next_user: u64,
}

impl Lanes {
    pub(super) fn new(site: Site) -> Self {
        Self { site, tokens: Vec::new(), next_user: 0 }
    }

    fn address(&self, lane: usize) -> SocketAddr {
        self.site.addresses[lane % self.site.addresses.len()]
    }

    fn users(&self, lane: usize, lanes: usize) -> Users {
        Users { first: lane as u64, step: lanes as u64, ..self.site.users.clone() }
    }

    fn lanes(&self, count: usize, walker: impl Fn(usize) -> Box<dyn Walker>) -> Load {
        Load::Requests(
            (0..count).map(|lane| Lane { address: self.address(lane), walker: walker(lane) }).collect(),
        )
    }

    /// Signs `count` further users in.
    async fn sign_in(&mut self, count: usize) -> anyhow::Result<Vec<Tokens>> {
        let mut connection = Connection::open(self.address(0)).await?;
        let mut signed_in = Vec::new();
        for _ in 0..count {
            let mut users = Users { first: self.next_user, ..self.users(0, 1) };
            self.next_user += 1;
            let mut request = Vec::new();
            post(&mut request, "/auth/login-token", None, &users.next());
            let reply = connection.call(&request).await?;
            let tokens = Tokens::read(&reply).with_context(|| {
                format!("sign-in: {} {}", reply.status, String::from_utf8_lossy(reply.body))
            })?;
            signed_in.push(tokens);
        }
        Ok(signed_in)
    }

    /// Tokens for reading.
    async fn tokens(&mut self) -> anyhow::Result<Vec<Tokens>> {
        if self.tokens.is_empty() {
            self.tokens = self.sign_in(CONNECTIONS).await?;
        }
        Ok(self.tokens.clone())
    }

    /// `GET path`, each lane with its own token.
    pub(super) async fn reading(&mut self, path: &str, count: usize) -> anyhow::Result<Load> {
        let tokens = self.tokens().await?;
        Ok(self.lanes(count, |lane| {
            let mut request = Vec::new();
            get(
                &mut request,
                path,
                tokens.get(lane % CONNECTIONS).map(|tokens| tokens.access_token.as_str()),
            );
            Box::new(Repeat(request))
        }))
    }

    /// `GET /auth/me` with tokens that no node has seen.
    pub(super) fn fresh_me(&mut self, signer: raw::sign::Bench) -> Load {
        let addresses = (0..CONNECTIONS).map(|lane| self.address(lane)).collect();
        Load::FreshTokens(FreshTokens { signer, addresses, lanes: Vec::new() })
    }

    pub(super) fn login_token(&self, count: usize) -> Load {
        self.lanes(count, |lane| Box::new(LoginToken(self.users(lane, count))))
    }

    pub(super) fn code_flow(&self, count: usize) -> Load {
        self.lanes(count, |lane| Box::new(CodeFlow::new(self.users(lane, count))))
    }

    pub(super) async fn refresh(&mut self, count: usize) -> anyhow::Result<Load> {
        let tokens = self.sign_in(count).await?;
        Ok(self.lanes(count, |lane| Box::new(Rotation::refresh(tokens[lane].clone()))))
    }

    /// Into one tenant after the other.
    pub(super) async fn switch(&mut self, count: usize, tenants: [Uuid; 2]) -> anyhow::Result<Load> {
        let tokens = self.sign_in(count).await?;
        let [bench, other] = tenants.map(|tenant| tenant.to_string());
        let tenants = vec![other, bench];
        Ok(self.lanes(count, |lane| Box::new(Rotation::switch(tokens[lane].clone(), tenants.clone()))))
    }

    /// An access token of somebody who is signed in.
    pub(super) async fn access_token(&mut self) -> anyhow::Result<String> {
        let tokens = self.tokens().await?;
        Ok(tokens.first().context("nobody is signed in")?.access_token.clone())
    }

    /// A row measured on the site.
    pub(super) fn row(&self, name: String, load: Load) -> Contender {
        Contender::new(name, load).served_by(self.site.processes.clone(), self.site.postmaster)
    }
}

/// Lanes whose every request carries a token of its own.
pub(super) struct FreshTokens {
    signer: raw::sign::Bench,
    addresses: Vec<SocketAddr>,
    pub(super) lanes: Vec<Lane>,
}

impl FreshTokens {
    /// Enough for `period`.
    pub(super) async fn make(&mut self, period: Duration) -> anyhow::Result<()> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some hundred thousand at most"
        )]
        let total = (FRESH_TOKENS_A_SECOND * period.as_secs_f64()) as usize;
        let each = total / self.addresses.len().max(1);
        self.lanes.clear();
        let mut making = JoinSet::new();
        for address in self.addresses.clone() {
            let signer = self.signer.clone();
            making.spawn(async move {
                let mut requests = Vec::with_capacity(each);
                for _ in 0..each {
                    let mut request = Vec::new();
                    get(&mut request, "/auth/me", Some(&signer.another_token().await?));
                    requests.push(request);
                }
                anyhow::Ok(Lane { address, walker: Box::new(Sequence::new(requests)) })
            });
        }
        while let Some(made) = making.join_next().await {
            self.lanes.push(made??);
        }
        Ok(())
    }
}

/// The use-cases on a stage's database, in this process: for its store and its keys.
pub(super) async fn open_core(stage: &Stage) -> anyhow::Result<Arc<Core>> {
    let settings = Settings::load(Some(&stage.config()), &stage.environment())?;
    Ok(assemble(&settings, Overrides::default(), Purpose::Look).await?.core)
}
