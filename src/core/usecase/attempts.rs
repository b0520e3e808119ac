//! One counter for every route that checks a password, a client's secret or a code.
//!
//! Failures are counted in the store, so that they are shared between nodes and survive a restart. Attempts under way stand
//! in a queue in memory: one begins when its bucket would still have room if all before it failed. So a flood of parallel
//! guesses is no way around, and a flood of right passwords only waits for its turn.

mod running;

use std::time::Duration;

use self::running::Place;
pub(super) use self::running::Running;
use super::{Core, rerun};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{Id, UserId};
use crate::domain::limit::{Level, Limit, LimitKey, LimitSubject, network};
use crate::domain::user::Account;
use crate::ports::store::Tx;

/// How long a device or an address is remembered as the user's.
pub(super) const KNOWN_FOR: Duration = Duration::from_hours(90 * 24);
/// How long an attempt waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// The limits on failed attempts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttemptLimits {
    /// For one account, from anywhere unknown.
    pub account: Limit,
    /// For one address (IPv6: one /64), over all accounts.
    pub address: Limit,
    /// For secrets of one client, for authorization codes, and for sign-ins at providers that do not come back, from one
    /// address.
    pub client: Limit,
}

/// An attempt; its places among those under way are given back on drop.
pub(super) struct Attempt<'a> {
    core: &'a Core,
    places: Vec<Place>,
    /// Counts failures too, and refuses nobody here.
    witness: Option<(LimitKey, Limit)>,
}

/// What one look at the buckets says.
pub(super) enum Turn {
    Now,
    /// The place of this index has to wait until no more than so many are ahead.
    Behind(usize, u32),
    Refused(Duration),
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        for place in &self.places {
            self.core.running.leave(place);
        }
    }
}

impl Attempt<'_> {
    /// Looks whether the attempt may begin.
    ///
    /// Who is ahead is counted first and the levels are read then: who has left in between was charged before. So no more
    /// get through than a bucket holds, whatever the order.
    pub(super) async fn look(&self, tx: &mut dyn Tx) -> Result<Turn, Error> {
        let ahead: Vec<u32> = self.places.iter().map(|place| self.core.running.ahead(place)).collect();
        let keys: Vec<_> = self.places.iter().map(|place| place.key).collect();
        let levels = tx.attempt_levels(&keys).await?;
        Ok(self.judge(&levels, &ahead))
    }

    /// Begins as soon as it may, without a look at anything else.
    ///
    /// # Errors
    /// TooManyAttempts, Overloaded.
    pub(super) async fn begin(self) -> Result<Self, Error> {
        let turn = self.look_alone().await?;
        self.settle(turn).await
    }

    /// [`Attempt::look`] on its own.
    pub(super) async fn look_alone(&self) -> Result<Turn, Error> {
        if self.places.is_empty() {
            return Ok(Turn::Now);
        }
        let mut tx = self.core.reading("attempt_levels").await?;
        self.look(&mut *tx).await
    }

    fn judge(&self, levels: &[Option<Level>], ahead: &[u32]) -> Turn {
        let now = self.core.now();
        let wait = |index: usize, ahead: u32| self.places[index].limit.wait(levels[index], ahead, now);
        let everywhere = 0..self.places.len();
        if let Some(longest) = everywhere.clone().filter_map(|index| wait(index, 0)).max() {
            return Turn::Refused(longest);
        }
        let mut behind = everywhere.filter(|index| wait(*index, ahead[*index]).is_some());
        behind.next().map_or(Turn::Now, |index| {
            let bearable = (0..ahead[index]).rev().find(|fewer| wait(index, *fewer).is_none());
            Turn::Behind(index, bearable.unwrap_or(0))
        })
    }

    /// Waits for its turn, if it must.
    ///
    /// # Errors
    /// TooManyAttempts, and Overloaded when the turn does not come soon.
    pub(super) async fn settle(self, first: Turn) -> Result<Self, Error> {
        let mut turn = first;
        let begun = tokio::time::timeout(PATIENCE, async {
            loop {
                match turn {
                    Turn::Now => return Ok(()),
                    Turn::Refused(wait) => return Err(ErrorKind::TooManyAttempts(wait).into()),
                    Turn::Behind(index, most) => {
                        self.core.running.until_ahead(&self.places[index], most).await;
                    }
                }
                turn = self.look_alone().await?;
            }
        });
        match begun.await {
            Ok(outcome) => outcome.map(|()| self),
            Err(_elapsed) => Err(ErrorKind::Overloaded(PATIENCE).into()),
        }
    }

    /// The attempt failed: that is counted before anybody hears of it.
    pub(super) async fn failed(self) -> Result<(), Error> {
        let places = self.places.iter().map(|place| place.limit.charge(place.key));
        let charges: Vec<_> =
            places.chain(self.witness.iter().map(|(key, limit)| limit.charge(*key))).collect();
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
    fn attempt(&self, buckets: &[Option<(LimitKey, Limit)>]) -> Attempt<'_> {
        let places = buckets.iter().flatten().map(|(key, limit)| self.running.enter(*key, *limit)).collect();
        Attempt { core: self, places, witness: None }
    }

    fn address_bucket(&self, origin: &Origin) -> Option<(LimitKey, Limit)> {
        let limits = self.settings.attempt_limits?;
        origin.ip.map(|ip| (LimitKey::of(&LimitSubject::Address(ip)), limits.address))
    }

    /// A place for an attempt to prove the password of `username_key`, whether there is such an account or not.
    pub(super) fn password_attempt(&self, username_key: &str, origin: &Origin) -> Attempt<'_> {
        let account = self
            .settings
            .attempt_limits
            .map(|limits| (LimitKey::of(&LimitSubject::Account(username_key)), limits.account));
        self.attempt(&[account, self.address_bucket(origin)])
    }

    /// A place for an attempt to prove to be `client_id`.
    ///
    /// # Security
    /// No bucket is the client's alone: whoever knows its id, which is no secret, could shut it out everywhere. Nor is that
    /// of the address asked, only filled: a client's backend must not be shut out by users who mistype behind it.
    pub(super) fn client_attempt(&self, client_id: &str, origin: &Origin) -> Attempt<'_> {
        self.witnessed_attempt(&LimitSubject::ClientFrom(client_id, origin.ip), origin)
    }

    /// A place for an attempt to redeem an authorization code.
    pub(super) fn code_attempt(&self, origin: &Origin) -> Attempt<'_> {
        self.witnessed_attempt(&LimitSubject::CodesFrom(origin.ip), origin)
    }

    fn witnessed_attempt(&self, subject: &LimitSubject<'_>, origin: &Origin) -> Attempt<'_> {
        let own = self.settings.attempt_limits.map(|limits| (LimitKey::of(subject), limits.client));
        let mut attempt = self.attempt(&[own]);
        attempt.witness = self.address_bucket(origin);
        attempt
    }

    /// Lets an attempt on a password begin.
    ///
    /// # Errors
    /// TooManyAttempts, Overloaded. Whether the account exists makes no difference.
    ///
    /// # Security
    /// A stranger fills the buckets of the account and of an address at most; whoever signed in before from this device or
    /// address has a bucket of its own there, so the right password still works under attack.
    pub(super) async fn begin_password_attempt<'a>(
        &'a self,
        attempt: Attempt<'a>,
        turn: Turn,
        account: Option<&Account>,
        origin: &Origin,
    ) -> Result<Attempt<'a>, Error> {
        match attempt.settle(turn).await {
            Err(refused) if is_for_strangers(refused.kind) => {
                self.begin_from_known_origin(account, origin, refused).await
            }
            settled => settled,
        }
    }

    /// The bucket of an account on a device or address of its own; the refusal for strangers.
    async fn begin_from_known_origin(
        &self,
        account: Option<&Account>,
        origin: &Origin,
        refused: Error,
    ) -> Result<Attempt<'_>, Error> {
        let Some(limits) = self.settings.attempt_limits else { return Err(refused) };
        // The same question for accounts that do not exist, so that time tells nothing.
        let user = account.map_or(UserId::from_uuid(uuid::Uuid::nil()), |account| account.user.id);
        let since = self.now().minus(KNOWN_FOR);
        let device_id = origin.device_id.as_deref();
        let mut tx = self.reading("known_origin").await?;
        // The bucket is that of what is known: at a known address every invented device would have one of its own.
        let name = if tx.has_signed_in_from(user, device_id, None, since).await? {
            device_id.map(str::to_owned)
        } else if tx.has_signed_in_from(user, None, origin.ip, since).await? {
            origin.ip.map(|ip| network(ip).to_string())
        } else {
            None
        };
        let Some(name) = name else { return Err(refused) };
        let own = LimitKey::of(&LimitSubject::KnownOrigin(user, &name));
        let mut attempt = self.attempt(&[Some((own, limits.account))]);
        attempt.witness = self.address_bucket(origin);
        let turn = attempt.look(&mut *tx).await?;
        drop(tx);
        attempt.settle(turn).await
    }
}

fn is_for_strangers(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TooManyAttempts(_) | ErrorKind::Overloaded(_))
}
