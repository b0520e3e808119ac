//! One counter for every route that checks a password: per account, per address, per client.
//!
//! Failures are counted in the store, so that they are shared between nodes and survive a restart; attempts under way
//! are counted in memory, so that a flood of parallel guesses does not slip through before the first has failed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Core, rerun};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{Id, UserId};
use crate::domain::limit::{Limit, LimitKey, LimitSubject};
use crate::domain::user::Account;

/// How long a device or an address is remembered as the user's.
const KNOWN_FOR: Duration = Duration::from_hours(90 * 24);

/// The limits on failed attempts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttemptLimits {
    /// For one account, from anywhere unknown.
    pub account: Limit,
    /// For one address (IPv6: one /64), over all accounts.
    pub address: Limit,
    /// For one client, over all accounts.
    pub client: Limit,
}

/// Attempts under way in this process.
#[derive(Default)]
pub(super) struct Running(Mutex<HashMap<LimitKey, u32>>);

impl Running {
    /// Enters; answers how many were there before.
    fn enter(&self, key: LimitKey) -> u32 {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(key).or_insert(0);
        let before = *count;
        *count += 1;
        before
    }

    fn leave(&self, key: &LimitKey) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                running.remove(key);
            }
        }
    }
}

/// An attempt that was let through; its place among those under way is given back on drop.
pub(super) struct Attempt<'a> {
    core: &'a Core,
    buckets: Vec<(LimitKey, Limit)>,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        for (key, _) in &self.buckets {
            self.core.running.leave(key);
        }
    }
}

impl Attempt<'_> {
    /// Holds the other's places too.
    fn absorb(&mut self, mut other: Self) {
        self.buckets.append(&mut other.buckets);
    }

    /// The attempt failed: that is counted before anybody hears of it.
    pub(super) async fn failed(self) -> Result<(), Error> {
        let charges: Vec<_> = self.buckets.iter().map(|(key, limit)| limit.charge(*key)).collect();
        if charges.is_empty() {
            return Ok(());
        }
        rerun(|| async {
            let mut tx = self.core.writing("charge_attempts").await?;
            tx.charge_attempts(&charges, self.core.now()).await?;
            Ok(tx.commit().await?)
        })
        .await
    }
}

impl Core {
    /// Lets an attempt to prove `username` through `client_id` begin.
    ///
    /// # Errors
    /// TooManyAttempts. Whether the account exists makes no difference.
    ///
    /// # Security
    /// A stranger fills the account's and the client's bucket at most; whoever signed in before from this device or
    /// address has a bucket of its own there, so the right password still works under attack.
    pub(super) async fn begin_attempt(
        &self,
        username_key: &str,
        client_id: &str,
        account: Option<&Account>,
        origin: &Origin,
    ) -> Result<Attempt<'_>, Error> {
        let Some(limits) = self.settings.attempt_limits else {
            return Ok(Attempt { core: self, buckets: Vec::new() });
        };
        let address = origin.ip.map(|ip| (LimitKey::of(&LimitSubject::Address(ip)), limits.address));
        let mut attempt =
            self.enter(address.into_iter().collect()).await?.map_err(ErrorKind::TooManyAttempts)?;
        let strangers = vec![
            (LimitKey::of(&LimitSubject::Account(username_key)), limits.account),
            (LimitKey::of(&LimitSubject::Client(client_id)), limits.client),
        ];
        attempt.absorb(match self.enter(strangers).await? {
            Ok(entered) => entered,
            Err(wait) => self.enter_from_known_origin(account, origin, limits.account, wait).await?,
        });
        Ok(attempt)
    }

    /// Enters the buckets; `Err` = how long the fullest of them makes one wait.
    ///
    /// Entered first and read then: who has left in between was charged before, and who enters later counts this one. So
    /// no more get through than a bucket holds, whatever the order.
    async fn enter(&self, buckets: Vec<(LimitKey, Limit)>) -> Result<Result<Attempt<'_>, Duration>, Error> {
        let places: Vec<u32> = buckets.iter().map(|(key, _)| self.running.enter(*key)).collect();
        let attempt = Attempt { core: self, buckets };
        let keys: Vec<_> = attempt.buckets.iter().map(|(key, _)| *key).collect();
        let levels = self.reading("attempt_levels").await?.attempt_levels(&keys).await?;
        let now = self.now();
        let limits = attempt.buckets.iter().map(|(_, limit)| limit);
        let waits = limits
            .zip(levels)
            .zip(places)
            .filter_map(|((limit, level), place)| limit.wait(level, place, now));
        Ok(match waits.max() {
            None => Ok(attempt),
            Some(wait) => Err(wait),
        })
    }

    /// The bucket of an account on a device or address of its own; TooManyAttempts for strangers.
    async fn enter_from_known_origin(
        &self,
        account: Option<&Account>,
        origin: &Origin,
        limit: Limit,
        wait: Duration,
    ) -> Result<Attempt<'_>, Error> {
        // The same question for accounts that do not exist, so that time tells nothing.
        let user = account.map_or(UserId::from_uuid(uuid::Uuid::nil()), |account| account.user.id);
        let since = self.now().minus(KNOWN_FOR);
        let mut tx = self.reading("known_origin").await?;
        let device_id = origin.device_id.as_deref();
        if !tx.has_signed_in_from(user, device_id, origin.ip, since).await? {
            return Err(ErrorKind::TooManyAttempts(wait).into());
        }
        let name =
            device_id.map_or_else(|| origin.ip.map(|ip| ip.to_string()).unwrap_or_default(), str::to_owned);
        let bucket = (LimitKey::of(&LimitSubject::KnownOrigin(user, &name)), limit);
        Ok(self.enter(vec![bucket]).await?.map_err(ErrorKind::TooManyAttempts)?)
    }
}
