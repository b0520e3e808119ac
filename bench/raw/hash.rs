//! The password hashes of this machine: what a sign-in cannot be quicker than.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use doorward_core::domain::user::Password;
use doorward_core::ports::password::{PasswordHasher as _, Verdict};
use doorward_crypto::{HashPool, HashSettings, SystemEntropy};

use super::repeat;
use crate::driver::Counted;

/// How a password is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The default of new hashes.
    Argon2id,
    /// `$2b$`, with the logarithm of its rounds.
    Bcrypt(u32),
}

impl Kind {
    /// What the store calls it.
    pub(crate) fn scheme(self) -> String {
        match self {
            Self::Argon2id => "argon2id$m=19456,t=2,p=1".to_owned(),
            Self::Bcrypt(cost) => format!("bcrypt${cost}"),
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text.split_once(':') {
            None if text == "argon2id" => Ok(Self::Argon2id),
            Some(("bcrypt", cost)) => Ok(Self::Bcrypt(cost.parse()?)),
            _ => anyhow::bail!("expected argon2id or bcrypt:COST"),
        }
    }
}

fn pool() -> anyhow::Result<HashPool> {
    let settings = HashSettings { max_wait: Duration::from_mins(1), ..HashSettings::default() };
    Ok(HashPool::new(settings, Arc::new(SystemEntropy))?)
}

/// A stored hash of `password`.
pub(crate) async fn stored(kind: Kind, password: &str) -> anyhow::Result<String> {
    match kind {
        Kind::Argon2id => Ok(pool()?.hash(Password::from(password)).await?),
        Kind::Bcrypt(cost) => bcrypt::hash(password, cost).context("bcrypt"),
    }
}

/// Verifications a second on all cores, through the pool that Doorward verifies with.
pub(crate) struct Bench {
    pool: Arc<HashPool>,
    stored: Arc<str>,
}

impl Bench {
    pub(crate) async fn new(kind: Kind) -> anyhow::Result<Self> {
        let stored = stored(kind, crate::host::PASSWORD).await?;
        Ok(Self { pool: Arc::new(pool()?), stored: stored.into() })
    }

    pub(crate) async fn run(&self, callers: usize, period: Duration) -> Counted {
        let (pool, stored) = (Arc::clone(&self.pool), Arc::clone(&self.stored));
        repeat(callers, period, move |_caller| {
            let (pool, stored) = (Arc::clone(&pool), Arc::clone(&stored));
            async move {
                let verdict = pool.verify(Password::from(crate::host::PASSWORD), &stored).await?;
                anyhow::ensure!(verdict != Verdict::NoMatch, "the password does not match its own hash");
                Ok(())
            }
        })
        .await
    }
}
