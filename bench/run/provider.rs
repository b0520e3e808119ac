//! Lanes for servers that speak OAuth 2.0: Doorward, or what it is compared with.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::contender::{Contender, Load};
use super::stage::CONNECTIONS;
use crate::driver::{Connection, Lane, Reply};
use crate::host::{PASSWORD, Process, Stage};
use crate::seed::username;
use crate::walk::{ClientCredentials, Repeat, get, post_form};

/// Where a server answers.
pub(super) struct Endpoints {
    /// RFC 6749 §3.2.
    pub(super) token: String,
    /// RFC 7662 §2.
    pub(super) introspect: String,
    /// OpenID Connect Core §5.3.
    pub(super) userinfo: String,
}

/// Servers that speak OAuth 2.0, the client that asks, and who signs in there.
pub(super) struct Provider {
    /// Never empty.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) processes: Vec<u32>,
    /// First process of the PostgreSQL server.
    pub(super) postmaster: Option<u32>,
    pub(super) endpoints: Endpoints,
    pub(super) client: ClientCredentials,
    /// Name and password of the user of a lane.
    pub(super) user: fn(usize) -> (String, &'static str),
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
}

#[derive(Deserialize)]
struct Introspection {
    active: bool,
}

impl Provider {
    /// Doorward, asked by one of the clients of the bootstrap file.
    pub(super) fn of(stage: &Stage, client: ClientCredentials) -> Self {
        Self {
            addresses: stage.nodes.iter().map(|node| node.address).collect(),
            processes: stage.nodes.iter().map(Process::id).collect(),
            postmaster: stage.postmaster,
            endpoints: Endpoints {
                token: "/oauth2/token".to_owned(),
                introspect: "/oauth2/introspect".to_owned(),
                userinfo: "/oauth2/userinfo".to_owned(),
            },
            client,
            user: |lane| (username(lane as u64), PASSWORD),
        }
    }

    /// `POST` of the token endpoint: the client for itself (RFC 6749 §4.4).
    pub(super) fn client_credentials(&self) -> Load {
        let request = self.form(&self.endpoints.token, "grant_type=client_credentials&scope=bench");
        self.lanes(|_lane| request.clone())
    }

    /// `POST` of the introspection endpoint, each lane with the token of a user.
    pub(super) async fn introspect(&self) -> anyhow::Result<Load> {
        let tokens = self.sign_in().await?;
        let requests: Vec<Vec<u8>> = tokens
            .iter()
            .map(|token| self.form(&self.endpoints.introspect, &format!("token={token}")))
            .collect();
        let first = requests.first().context("nobody signed in")?;
        let found: Introspection = self.ask(first).await.context("introspection")?;
        ensure!(found.active, "the token of a user who has just signed in is not active");
        Ok(self.lanes(|lane| requests[lane].clone()))
    }

    /// `GET` of the userinfo endpoint, each lane with the token of a user.
    pub(super) async fn userinfo(&self) -> anyhow::Result<Load> {
        let tokens = self.sign_in().await?;
        Ok(self.lanes(|lane| {
            let mut request = Vec::new();
            get(&mut request, &self.endpoints.userinfo, Some(&tokens[lane]));
            request
        }))
    }

    /// A row measured on the servers.
    pub(super) fn row(&self, name: String, load: Load) -> Contender {
        Contender::new(name, load).served_by(self.processes.clone(), self.postmaster)
    }

    /// Access tokens of users with the scopes of a usual sign-in, one for each lane (RFC 6749 §4.3).
    async fn sign_in(&self) -> anyhow::Result<Vec<String>> {
        let mut tokens = Vec::new();
        for lane in 0..CONNECTIONS {
            let (name, password) = (self.user)(lane);
            let form = format!(
                "grant_type=password&scope=openid%20profile%20email&username={name}&password={password}"
            );
            let request = self.form(&self.endpoints.token, &form);
            let issued: Issued = self.ask(&request).await.context("sign-in")?;
            tokens.push(issued.access_token);
        }
        Ok(tokens)
    }

    /// One request, outside of what is measured.
    async fn ask<T: for<'a> Deserialize<'a>>(&self, request: &[u8]) -> anyhow::Result<T> {
        let mut connection = Connection::open(self.address(0)).await?;
        let Reply { status, body } = connection.call(request).await?;
        ensure!(status == 200, "{status} {}", String::from_utf8_lossy(body));
        Ok(serde_json::from_slice(body)?)
    }

    fn form(&self, path: &str, form: &str) -> Vec<u8> {
        let mut request = Vec::new();
        post_form(&mut request, path, &self.client, form);
        request
    }

    fn address(&self, lane: usize) -> SocketAddr {
        self.addresses[lane % self.addresses.len()]
    }

    fn lanes(&self, request: impl Fn(usize) -> Vec<u8>) -> Load {
        let lane = |lane| Lane { address: self.address(lane), walker: Box::new(Repeat(request(lane))) };
        Load::Requests((0..CONNECTIONS).map(lane).collect())
    }
}
