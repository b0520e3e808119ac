//! Mail and text messages: their words (templates), and the carriers that take them; and how clients are told of
//! sign-outs. The only crate that names lettre.

mod compose;
mod logout;
mod outbox;
mod sender;
mod server_url;
mod smtp;
mod template;
#[cfg(test)]
mod testing;
mod variables;
mod webhook;
mod words;

pub use logout::HttpLogoutNotifier;
pub use outbox::{FileMailer, FileTexter};
pub use sender::Sender;
pub use server_url::{MailUrl, Security, SmtpServer};
pub use smtp::{SmtpMailer, UnusableCertificates};
pub use template::{TemplateProblem, Templates};
pub use webhook::{UnusableWebhook, WebhookTexter, is_webhook_url};
pub use words::Words;
