//! Carriers of messages: mail and text.

use async_trait::async_trait;

use crate::domain::message::Message;

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Not now: another attempt may succeed (SMTP 4xx, a time-out, no connection, HTTP 5xx or 429).
    #[error("not delivered yet: {0}")]
    Temporary(String),
    /// Never: another attempt would end the same (SMTP 5xx, an address that is none, HTTP 4xx).
    #[error("cannot be delivered: {0}")]
    Permanent(String),
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// The mail was taken over by the next server, or written to the file outbox. `message.to` is an e-mail address.
    ///
    /// # Errors
    /// [`DeliveryError`]; its text holds nothing of the message and no password of ours.
    async fn send_mail(&self, message: &Message) -> Result<(), DeliveryError>;
}

/// Sends text messages.
#[async_trait]
pub trait Texter: Send + Sync {
    /// The text was taken over by the webhook, or written to the file outbox. `message.to` is a telephone number.
    ///
    /// # Errors
    /// [`DeliveryError`]; its text holds nothing of the message.
    async fn send_text(&self, message: &Message) -> Result<(), DeliveryError>;
}
