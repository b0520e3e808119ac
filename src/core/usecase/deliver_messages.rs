//! The worker that empties the outbox.

use super::Core;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::MessageId;
use crate::domain::message::{QueueDepth, Queued};

impl Core {
    /// Sends a batch of what is due; answers how many were tried.
    ///
    /// # Errors
    /// Those of the store: what was sent and could not be noted is sent again after its lease.
    pub async fn deliver_messages(&self) -> Result<u32, Error> {
        Err(ErrorKind::Unavailable.into())
    }

    /// The messages that were given up, newest first, at most a hundred.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn dead_messages(&self) -> Result<Vec<Queued>, Error> {
        Err(ErrorKind::Unavailable.into())
    }

    /// A message that was given up is due again.
    ///
    /// # Errors
    /// NotFound: there is no such dead message.
    pub async fn retry_message(&self, id: MessageId) -> Result<(), Error> {
        let _ = id;
        Err(ErrorKind::Unavailable.into())
    }

    /// How many messages wait, and how many were given up.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn queue_depth(&self) -> Result<QueueDepth, Error> {
        Err(ErrorKind::Unavailable.into())
    }
}
