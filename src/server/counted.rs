//! Counts what becomes of messages.

use async_trait::async_trait;
use doorward_core::domain::message::Message;
use doorward_core::ports::messages::{DeliveryError, Mailer, Texter};

/// A carrier whose outcomes are counted.
pub(crate) struct Counted<Carrier>(pub(crate) Carrier);

#[async_trait]
impl<Carrier: Mailer> Mailer for Counted<Carrier> {
    async fn send_mail(&self, message: &Message) -> Result<(), DeliveryError> {
        let outcome = self.0.send_mail(message).await;
        count("mail", &outcome);
        outcome
    }
}

#[async_trait]
impl<Carrier: Texter> Texter for Counted<Carrier> {
    async fn send_text(&self, message: &Message) -> Result<(), DeliveryError> {
        let outcome = self.0.send_text(message).await;
        count("text", &outcome);
        outcome
    }
}

fn count(carrier: &'static str, outcome: &Result<(), DeliveryError>) {
    let outcome = match outcome {
        Ok(()) => "sent",
        Err(DeliveryError::Temporary(_)) => "postponed",
        Err(DeliveryError::Permanent(_)) => "refused",
    };
    metrics::counter!("doorward_messages_total", "carrier" => carrier, "outcome" => outcome).increment(1);
}
