//! A message as a mail (RFC 5322), the same in every attempt.

use std::time::{Duration, SystemTime};

use doorward_core::domain::message::{Destination, Message};
use doorward_core::ports::messages::DeliveryError;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message as Mail};

use crate::sender::Sender;
use crate::words::Words;

/// The longest address of a mailbox (RFC 5321 §4.5.3.1.3).
const LONGEST_ADDRESS: usize = 254;

/// Makes a mail of a message. Its `Message-ID`, date and boundary come from the message, so that every attempt is one mail.
///
/// # Errors
/// Permanent: the destination is no mail address, or the template cannot be filled in.
///
/// # Security
/// Headers are made of typed values; the recipient's has no name, and the address is one that RFC 5321 allows.
pub(crate) fn compose(message: &Message, words: &Words, sender: &Sender) -> Result<Mail, DeliveryError> {
    let recipient = recipient(message)?;
    let text = words.mail(message).map_err(|complaint| {
        DeliveryError::Permanent(format!(
            "the template {} cannot be filled in: {complaint}",
            message.kind.as_str()
        ))
    })?;
    let envelope = Envelope::new(Some(sender.address().clone()), vec![recipient.clone()])
        .map_err(|_| DeliveryError::Permanent("there is no recipient".to_owned()))?;
    let body = MultiPart::alternative()
        .boundary(format!("doorward-{}", message.id))
        .singlepart(part(ContentType::TEXT_PLAIN, text.plain))
        .singlepart(part(ContentType::TEXT_HTML, text.html));
    Mail::builder()
        .envelope(envelope)
        .from(sender.mailbox(&text.organization))
        .to(Mailbox::new(None, recipient))
        .subject(text.subject)
        .date(system_time(message))
        .message_id(Some(format!("<{}@{}>", message.id, sender.address().domain())))
        .header(AutoSubmitted)
        .header(MessageType(message.kind.as_str()))
        .multipart(body)
        .map_err(|error| DeliveryError::Permanent(format!("no mail can be made of it: {error}")))
}

/// The longest line that needs no encoding (RFC 5322 §2.1.1 allows 998 letters).
const LONGEST_LINE: usize = 900;

/// A part of the mail. Plain ASCII stays as it is, so that links can be read and copied from the raw mail too.
fn part(content_type: ContentType, text: String) -> SinglePart {
    let is_plain = |line: &str| line.is_ascii() && line.len() <= LONGEST_LINE && !line.contains(['\0', '\r']);
    let builder = SinglePart::builder().content_type(content_type);
    if text.lines().all(is_plain) {
        let text = text.replace('\n', "\r\n").into_bytes();
        return builder.body(Body::dangerous_pre_encoded(text, ContentTransferEncoding::SevenBit));
    }
    builder.body(text)
}

fn recipient(message: &Message) -> Result<Address, DeliveryError> {
    let Destination::Email(address) = &message.to else {
        return Err(DeliveryError::Permanent("the destination is no mail address".to_owned()));
    };
    let is_fit = address.len() <= LONGEST_ADDRESS && !address.chars().any(char::is_control);
    let parsed = is_fit.then(|| address.parse::<Address>().ok()).flatten();
    parsed.ok_or_else(|| DeliveryError::Permanent("the mail address is none".to_owned()))
}

fn system_time(message: &Message) -> SystemTime {
    let seconds = u64::try_from(message.created_at.unix_seconds()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// RFC 3834 §5: nobody's absence notes are asked for.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The template's type, for rules of mailboxes.
#[derive(Clone)]
struct MessageType(&'static str);

impl Header for MessageType {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Message-Type")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Err("it is only written".into())
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.to_owned())
    }
}

#[cfg(test)]
mod tests;
