//! `[mail]`: who takes mail, and what it looks like.

use std::path::PathBuf;
use std::time::Duration;

use doorward_notify::{MailUrl, Sender};

use super::section::DefaultValue::{Derived, Text};
use super::section::section;
use super::setting::Setting;

section! {
    /// Mail: who takes it, and what it looks like.
    [mail] Mail {
        /// The mail server: `smtp://<user>:<password>@<host>:587` (STARTTLS, without which nothing is sent) or
        /// `smtps://<user>:<password>@<host>:465`; `smtp://<host>:25?tls=none` for one that knows no TLS. Or
        /// `file:<directory>`: each mail becomes a file there.
        url: Option<MailUrl> = Derived("a directory `outbox` beside the database (PostgreSQL: `data/outbox`)");
        /// Whom mails come from: an address, or `Name <address>`.
        from: Option<Sender> = Derived("`noreply@` and the host of `server.public_url`, with the organization's name");
        /// What the operator is called in messages that concern no tenant.
        organization: String = Text("Doorward");
        /// A directory with templates in place of the built-in ones, `<locale>/<type>.md`: docs/messages.md.
        templates: Option<PathBuf> = Derived("the built-in ones, in English and German");
        /// Certificates (PEM) to trust in mail servers, besides the system's.
        ca_file: Option<PathBuf> = Derived("the system's only");
        /// Longest time for one mail to be handed over.
        timeout: Duration = Text("30s"), if is_timeout => "a duration from \"1s\" to \"30s\"";
    }
}

fn is_timeout(time: &Duration) -> bool {
    (Duration::from_secs(1)..=Duration::from_secs(30)).contains(time)
}

/// It may hold a password and is never shown.
impl Setting for MailUrl {
    const SECRET: bool = true;

    fn kind() -> String {
        "URL (secret)".to_owned()
    }

    fn expected() -> String {
        Self::EXPECTED.to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Setting for Sender {
    fn kind() -> String {
        "mailbox".to_owned()
    }

    fn expected() -> String {
        "an address such as \"noreply@example.com\" or \"Example <noreply@example.com>\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}
