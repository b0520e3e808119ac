//! Text messages by a webhook of the operator's: a signed POST.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use doorward_core::domain::message::{Destination, Message};
use doorward_core::domain::secret::Secret;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::messages::{DeliveryError, Texter};
use reqwest::header::CONTENT_TYPE;
use reqwest::{StatusCode, redirect};
use serde::Serialize;
use url::{Host, Url};

use crate::words::Words;

const PATIENCE: Duration = Duration::from_secs(5);

/// The header with the signature.
pub(crate) const SIGNATURE: &str = "Doorward-Signature";

/// Hands text messages to a webhook.
pub struct WebhookTexter {
    url: Url,
    key: hmac::Key,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    words: Arc<Words>,
}

/// The webhook cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("expected an address such as \"https://sms.example.com/hook\"; \"http://\" only to this machine")]
pub struct UnusableWebhook;

/// Whether text messages may be sent there: they hold codes, so not in the clear.
#[must_use]
pub fn is_webhook_url(text: &str) -> bool {
    webhook_url(text).is_some()
}

/// The address, if it is one.
pub(crate) fn webhook_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (is_safe && is_plain).then_some(url)
}

impl WebhookTexter {
    /// Signs with the secret, which the webhook shares.
    ///
    /// # Errors
    /// The address is none that texts may be sent to.
    pub fn new(
        url: &str,
        secret: &Secret<String>,
        clock: Arc<dyn Clock>,
        words: Arc<Words>,
    ) -> Result<Self, UnusableWebhook> {
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .timeout(PATIENCE)
            .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| UnusableWebhook)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Ok(Self { url: webhook_url(url).ok_or(UnusableWebhook)?, key, client, clock, words })
    }

    /// `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`: the time is signed too, so that old calls can be told.
    fn signature(&self, body: &[u8]) -> String {
        let time = self.clock.now().unix_seconds();
        let mut context = hmac::Context::with_key(&self.key);
        context.update(time.to_string().as_bytes());
        context.update(b".");
        context.update(body);
        format!("t={time},v1={}", hex::encode(context.sign()))
    }
}

/// What the webhook gets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TextBody<'a> {
    /// The same in every attempt: whoever has seen it need not send it again.
    id: String,
    to: &'a str,
    text: String,
    kind: &'static str,
    created_at: String,
}

/// The JSON of a text message.
///
/// # Errors
/// Permanent: the destination is no telephone number, or the template cannot be filled in.
pub(crate) fn text_body(message: &Message, words: &Words) -> Result<Vec<u8>, DeliveryError> {
    let to = match &message.to {
        Destination::Phone(number) if !number.chars().any(char::is_control) => number,
        _ => return Err(DeliveryError::Permanent("the destination is no telephone number".to_owned())),
    };
    let kind = message.kind.as_str();
    let text = words.text(message).map_err(|complaint| {
        DeliveryError::Permanent(format!("the template {kind} cannot be filled in: {complaint}"))
    })?;
    let body = TextBody {
        id: message.id.to_string(),
        to,
        text,
        kind,
        created_at: message.created_at.to_iso_millis(),
    };
    serde_json::to_vec(&body).map_err(|_| DeliveryError::Permanent("no JSON can be made of it".to_owned()))
}

#[async_trait]
impl Texter for WebhookTexter {
    async fn send_text(&self, message: &Message) -> Result<(), DeliveryError> {
        let body = text_body(message, &self.words)?;
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE, self.signature(&body))
            .body(body);
        // The address may hold a key of the webhook's.
        let reply = request
            .send()
            .await
            .map_err(|error| DeliveryError::Temporary(error.without_url().to_string()))?;
        verdict(reply.status())
    }
}

fn verdict(status: StatusCode) -> Result<(), DeliveryError> {
    let text = || format!("HTTP {}", status.as_u16());
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(DeliveryError::Temporary(text()))
        }
        status if status.is_server_error() => Err(DeliveryError::Temporary(text())),
        _ => Err(DeliveryError::Permanent(text())),
    }
}

#[cfg(test)]
mod tests;
