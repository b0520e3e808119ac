//! Mails at a mail server, and text messages at a webhook, of somebody else's making.

mod answers;
mod templates;
mod tls;
mod webhook;
