//! Signatures a second, of the claims that a sign-in would sign.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use doorward_core::domain::claims::Claims;
use doorward_core::domain::client::Client;
use doorward_core::domain::ids::Id as _;
use doorward_core::domain::key::Algorithm;
use doorward_core::ports::signer::Expiry;
use doorward_core::ports::store::Mode;
use doorward_core::usecase::Core;
use uuid::Uuid;

use super::repeat;
use crate::driver::Counted;

/// A signer with a stage's keys, and claims that one of its tokens holds.
#[derive(Clone)]
pub(crate) struct Bench {
    core: Arc<Core>,
    claims: Arc<Claims>,
    client: Arc<Client>,
}

impl Bench {
    pub(crate) async fn new(core: Arc<Core>, access_token: &str) -> anyhow::Result<Self> {
        let ports = core.ports();
        let verified = ports.signer.verify(access_token, Expiry::Enforced, ports.clock.now()).await?;
        let mut tx = ports.store.begin("bench", Mode::Read).await?;
        let client =
            tx.client_by_client_id(&verified.claims.client_id).await?.context("the client is gone")?;
        drop(tx);
        Ok(Self { claims: verified.claims, client: Arc::new(client), core })
    }

    /// The same with another algorithm than the client's.
    pub(crate) fn with(&self, algorithm: Algorithm) -> Self {
        let client = Client { algorithm: Some(algorithm), ..Client::clone(&self.client) };
        Self { client: Arc::new(client), ..self.clone() }
    }

    /// A token like the first, with a `jti` of its own: one that no cache knows.
    pub(crate) async fn another_token(&self) -> anyhow::Result<String> {
        let claims = Claims { jti: jti(), ..Claims::clone(&self.claims) };
        Ok(self.core.ports().signer.sign(&claims, &self.client).await?.expose().clone())
    }

    pub(crate) async fn run(&self, callers: usize, period: Duration) -> Counted {
        let bench = self.clone();
        repeat(callers, period, move |_caller| {
            let bench = bench.clone();
            async move { bench.another_token().await.map(drop) }
        })
        .await
    }
}

fn jti() -> doorward_core::domain::ids::TokenId {
    doorward_core::domain::ids::TokenId::from_uuid(Uuid::now_v7())
}
