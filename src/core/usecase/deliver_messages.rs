//! The worker that empties the outbox.
//!
//! A message is taken with a lease, sent outside any transaction, and removed. Whoever dies in between does so before the
//! lease is over or after: the message is sent again then, and at no other time.

use std::time::Duration;

use super::{Core, Ports, rerun};
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::MessageId;
use crate::domain::message::{Destination, Message, QueueDepth, Queued};
use crate::domain::time::Timestamp;
use crate::ports::messages::DeliveryError;
use crate::ports::store::Mode;

/// How many are sent at once.
const BATCH: u32 = 8;
/// Whoever took a message has it that long.
const LEASE: Duration = Duration::from_mins(1);
/// An attempt takes no longer: it is over well before its lease.
const PATIENCE: Duration = Duration::from_secs(40);
/// Most messages that are listed.
const MOST_DEAD: u32 = 100;
/// Most characters of an error that are kept.
const MAX_ERROR: usize = 500;
/// After so many failures a message is given up.
const MAX_ATTEMPTS: i64 = 10;

/// How long to wait after so many failures; `None` = for ever.
fn backoff(attempts: i64) -> Option<Duration> {
    match attempts {
        ..=1 => Some(Duration::from_secs(5)),
        2 => Some(Duration::from_secs(30)),
        3 => Some(Duration::from_mins(2)),
        4 => Some(Duration::from_mins(10)),
        5 => Some(Duration::from_hours(1)),
        6..MAX_ATTEMPTS => Some(Duration::from_hours(6)),
        MAX_ATTEMPTS.. => None,
    }
}

impl Core {
    /// Sends a batch of what is due; answers how many were tried. Who stops waiting stops no attempt.
    ///
    /// # Errors
    /// Those of the store: what was sent and could not be noted is sent again after its lease.
    pub async fn deliver_messages(&self) -> Result<u32, Error> {
        let claimed = rerun(|| self.claim()).await?;
        let attempts: Vec<_> = claimed
            .into_iter()
            .map(|queued| self.ports.tasks.spawn(deliver(self.ports.clone(), queued)))
            .collect();
        let count = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        for attempt in attempts {
            attempt.await.map_err(Error::internal)??;
        }
        Ok(count)
    }

    async fn claim(&self) -> Result<Vec<Queued>, Error> {
        let mut tx = self.writing("claim_messages").await?;
        let claimed = tx.claim_messages(self.now(), LEASE, BATCH).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// The messages that were given up, newest first, at most a hundred.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn dead_messages(&self) -> Result<Vec<Queued>, Error> {
        Ok(self.reading("dead_messages").await?.dead_messages(MOST_DEAD).await?)
    }

    /// A message that was given up is due again.
    ///
    /// # Errors
    /// NotFound: there is no such dead message.
    pub async fn retry_message(&self, id: MessageId) -> Result<(), Error> {
        let mut tx = self.writing("retry_message").await?;
        if !tx.revive_message(id, self.now()).await? {
            return Err(ErrorKind::NotFound.into());
        }
        self.commit_and_send(tx).await
    }

    /// How many messages wait, and how many were given up.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn queue_depth(&self) -> Result<QueueDepth, Error> {
        Ok(self.reading("queue_depth").await?.queue_depth().await?)
    }
}

/// One attempt, and what comes of it.
async fn deliver(ports: Ports, queued: Queued) -> Result<(), Error> {
    let outcome = match open(&ports, &queued) {
        Ok(message) if is_outdated(&message, ports.clock.now()) => {
            Err(DeliveryError::Permanent("what it holds does not work any more".to_owned()))
        }
        Ok(message) => send(&ports, &message).await,
        Err(error) => Err(DeliveryError::Temporary(format!("it cannot be read: {error}"))),
    };
    rerun(|| note(&ports, &queued, &outcome)).await?;
    tell(&queued, &outcome);
    Ok(())
}

fn open(ports: &Ports, queued: &Queued) -> Result<Message, Error> {
    let plain = ports.sealer.open(&Queued::place(queued.id), &queued.sealed)?;
    // The cause would quote what could not be read.
    serde_json::from_slice(plain.expose()).map_err(|_| ErrorKind::Internal.into())
}

/// A code or link that no longer works only confuses its reader.
fn is_outdated(message: &Message, now: Timestamp) -> bool {
    let lives = message.particulars.minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    lives.is_some_and(|lives| now >= message.created_at.plus(lives))
}

async fn send(ports: &Ports, message: &Message) -> Result<(), DeliveryError> {
    let sending = async {
        match &message.to {
            Destination::Nobody => Ok(()),
            Destination::Email(_) => ports.mailer.send_mail(message).await,
            Destination::Phone(_) => match &ports.texter {
                Some(texter) => texter.send_text(message).await,
                None => Err(DeliveryError::Permanent("there is no way to send text messages".to_owned())),
            },
        }
    };
    let late = || DeliveryError::Temporary(format!("no answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, sending).await.unwrap_or_else(|_elapsed| Err(late()))
}

async fn note(ports: &Ports, queued: &Queued, outcome: &Result<(), DeliveryError>) -> Result<(), Error> {
    let now = ports.clock.now();
    let mut tx = ports.store.begin("note_delivery", Mode::Write).await?;
    match outcome {
        Ok(()) => tx.settle_message(queued.id).await?,
        Err(error) => {
            let text: String = error.to_string().chars().take(MAX_ERROR).collect();
            let due_at = next_attempt(error, queued.attempts).map(|wait| now.plus(wait));
            tx.postpone_message(queued.id, queued.attempts, &text, due_at, now).await?;
        }
    }
    Ok(tx.commit().await?)
}

fn next_attempt(error: &DeliveryError, attempts: i64) -> Option<Duration> {
    match error {
        DeliveryError::Temporary(_) => backoff(attempts),
        DeliveryError::Permanent(_) => None,
    }
}

fn tell(queued: &Queued, outcome: &Result<(), DeliveryError>) {
    let (message_id, kind, attempt) = (queued.id, queued.kind.as_str(), queued.attempts);
    match outcome {
        Ok(()) => tracing::debug!(event = "message_sent", %message_id, kind, attempt),
        Err(error) if next_attempt(error, attempt).is_some() => {
            tracing::warn!(event = "message_postponed", %message_id, kind, attempt, %error);
        }
        Err(error) => tracing::error!(event = "message_given_up", %message_id, kind, attempt, %error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Id as _;
    use crate::domain::message::{MailKind, Particulars};

    #[test]
    fn waits_grow_and_end() {
        let seconds = |attempts| backoff(attempts).map(|wait| wait.as_secs());
        let waits: Vec<_> = (1..=10).map(seconds).collect();
        let hours = [3600, 21_600, 21_600, 21_600, 21_600].map(Some);
        assert_eq!(waits, [&[Some(5), Some(30), Some(120), Some(600)], &hours[..], &[None]].concat());
        assert!(PATIENCE < LEASE, "an attempt ends while the message is its own");
    }

    #[test]
    fn what_can_never_be_delivered_is_given_up_at_once() {
        assert_eq!(next_attempt(&DeliveryError::Permanent(String::new()), 1), None);
        assert!(next_attempt(&DeliveryError::Temporary(String::new()), 1).is_some());
    }

    #[test]
    fn codes_and_links_are_sent_as_long_as_they_work() {
        let at = |second| Timestamp::from_unix_seconds(second).expect("in range");
        let message = |minutes| Message {
            id: MessageId::from_uuid(uuid::Uuid::nil()),
            kind: MailKind::OneTimePasscode,
            to: Destination::Nobody,
            locale: "en".to_owned(),
            created_at: at(0),
            particulars: Particulars { minutes, ..Particulars::default() },
        };
        assert!(!is_outdated(&message(Some(5)), at(299)));
        assert!(is_outdated(&message(Some(5)), at(300)));
        assert!(!is_outdated(&message(None), at(1_000_000)), "notices are always true");
    }
}
