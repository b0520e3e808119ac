//! Messages are queued in the transaction of what they tell of, sealed; a worker sends them after its commit.

use std::time::Duration;

use tokio::sync::Notify;

use super::{Core, rerun};
use crate::domain::actor::Origin;
use crate::domain::error::Error;
use crate::domain::limit::{Limit, LimitKey, LimitSubject};
use crate::domain::message::{Destination, MailKind, Message, Particulars, Person, Queued};
use crate::domain::secret::Secret;
use crate::domain::user::User;
use crate::ports::store::Tx;

/// How much easier it is for who proved a first factor to have a code sent.
const PROVED: u32 = 5;

/// Who causes a message, as far as it is limited.
#[derive(Clone, Copy)]
pub(super) enum Cause {
    /// Anybody who knows a name or an address; each kind of message has a bucket of its own, so that a stranger who fills
    /// one keeps nobody from the others.
    Asked(MailKind),
    /// Somebody who has proved the first factor: no stranger.
    Proved,
}

impl Cause {
    fn as_str(self) -> &'static str {
        match self {
            Self::Asked(kind) => kind.as_str(),
            Self::Proved => "second-factor",
        }
    }

    fn limit(self, limit: Limit) -> Limit {
        match self {
            Self::Asked(_) => limit,
            Self::Proved => {
                Limit { burst: limit.burst.saturating_mul(PROVED), refill: limit.refill / PROVED }
            }
        }
    }
}

impl Core {
    /// Rung whenever messages were queued and committed: the worker need not wait for its next round.
    #[must_use]
    pub fn outbox_bell(&self) -> &Notify {
        &self.outbox_bell
    }

    /// A message; `locale` is the reader's, if known.
    pub(super) fn message(
        &self,
        kind: MailKind,
        to: Destination,
        particulars: Particulars,
        locale: Option<&str>,
    ) -> Message {
        let locale = locale.unwrap_or(&self.settings.default_locale).to_owned();
        Message { id: self.new_id(), kind, to, locale, created_at: self.now(), particulars }
    }

    /// Queues the message, sealed. It is sent once `tx` is committed by [`Core::commit_and_send`], and never otherwise.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn queue(&self, tx: &mut dyn Tx, message: &Message) -> Result<(), Error> {
        let plain = Secret::new(serde_json::to_vec(message).map_err(Error::internal)?);
        let queued = Queued {
            id: message.id,
            kind: message.kind.as_str().to_owned(),
            sealed: self.ports.sealer.seal(&Queued::place(message.id), plain.expose()),
            created_at: message.created_at,
            due_at: message.created_at,
            attempts: 0,
            dead_at: None,
            last_error: None,
        };
        Ok(tx.enqueue(&queued).await?)
    }

    /// Commits, and lets the worker look at the queue at once.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn commit_and_send(&self, tx: Box<dyn Tx>) -> Result<(), Error> {
        tx.commit().await?;
        self.outbox_bell.notify_one();
        Ok(())
    }

    /// Whether one more message may be caused: if so, it is counted, for its destination and for the address that asks.
    /// `destination` is a mail address, a telephone number, or for [`Destination::Nobody`] the name that was asked for: the
    /// same questions then, so that time tells nothing.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn may_send(
        &self,
        cause: Cause,
        destination: &str,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let Some(limits) = self.settings.message_limits else { return Ok(true) };
        let destination = format!("{}:{}", cause.as_str(), destination.to_lowercase());
        let buckets = [
            (LimitKey::of(&LimitSubject::Destination(&destination)), cause.limit(limits.destination)),
            (LimitKey::of(&LimitSubject::MessagesFrom(origin.ip)), limits.address),
        ];
        // A look without the write lock first: who floods must not slow down others who write.
        let allowed = self.has_room(&buckets).await? && rerun(|| self.charge_message(&buckets)).await?;
        if !allowed {
            tracing::warn!(event = "message_limit_reached", address = ?origin.ip);
        }
        Ok(allowed)
    }

    /// After which time who proved a first factor may cause one more message to a destination.
    pub(super) fn until_next_message(&self) -> Duration {
        let limit = self.settings.message_limits.map(|limits| Cause::Proved.limit(limits.destination));
        limit.map_or(Duration::ZERO, |limit| limit.refill)
    }

    async fn has_room(&self, buckets: &[(LimitKey, Limit)]) -> Result<bool, Error> {
        let keys: Vec<_> = buckets.iter().map(|(key, _)| *key).collect();
        let levels = self.reading("message_limits").await?.attempt_levels(&keys).await?;
        let now = self.now();
        Ok(buckets.iter().zip(levels).all(|((_, limit), level)| limit.wait(level, 0, now).is_none()))
    }

    /// Charges first and judges then, so that parallel requests stand in line at the rows; what did not fit is rolled back.
    async fn charge_message(&self, buckets: &[(LimitKey, Limit)]) -> Result<bool, Error> {
        let now = self.now();
        let keys: Vec<_> = buckets.iter().map(|(key, _)| *key).collect();
        let charges: Vec<_> = buckets.iter().map(|(key, limit)| limit.widened().charge(*key)).collect();
        let mut tx = self.writing("charge_message").await?;
        tx.charge_attempts(&charges, now).await?;
        let levels = tx.attempt_levels(&keys).await?;
        let fits =
            |((_, limit), level): (&(LimitKey, Limit), _)| limit.widened().wait(level, 0, now).is_none();
        let all_fit = buckets.iter().zip(levels).all(fits);
        if all_fit {
            tx.commit().await?;
        }
        Ok(all_fit)
    }
}

/// The user as messages name him.
pub(super) fn person(user: &User) -> Person {
    Person {
        username: user.username.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        email: user.email.clone(),
    }
}
