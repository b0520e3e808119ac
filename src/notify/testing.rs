//! What the tests of this crate share.

use std::sync::Arc;

use doorward_core::domain::ids::MessageId;
use doorward_core::domain::message::{Destination, MailKind, Message, Particulars, Person};
use doorward_core::domain::time::Timestamp;

use crate::template::Templates;
use crate::words::Words;

/// What a test answers.
pub(crate) type Checked = Result<(), Box<dyn std::error::Error>>;

/// The built-in words of an organisation.
pub(crate) fn words() -> Arc<Words> {
    let templates = Templates::load(None).expect("the built-in templates are tried by a test of their own");
    Arc::new(Words::new(templates, "Acme".to_owned()))
}

/// A message of a kind, with everything it could say.
pub(crate) fn message(kind: MailKind, to: Destination, locale: &str) -> Message {
    Message {
        id: "018f3e6a-0000-7000-8000-000000000001".parse::<MessageId>().expect("a UUID"),
        kind,
        to,
        locale: locale.to_owned(),
        created_at: Timestamp::from_unix_seconds(1_794_000_000).expect("a time"),
        particulars: Particulars {
            person: Some(Person {
                username: "bob".to_owned(),
                first_name: "Bob".to_owned(),
                last_name: Some("Builder".to_owned()),
                email: Some("bob@acme.test".to_owned()),
            }),
            organization: None,
            application: Some("Web app".to_owned()),
            url: Some("https://auth.acme.test/go?token=abc_-123".to_owned()),
            minutes: Some(30),
            code: Some("123456".to_owned()),
            device: Some("Mozilla/5.0 (X11; Linux x86_64)".to_owned()),
            address: Some("192.0.2.1".to_owned()),
        },
    }
}

/// A mail.
pub(crate) fn mail() -> Message {
    message(MailKind::ForgotPassword, Destination::Email("bob@acme.test".to_owned()), "en")
}

/// A text message.
pub(crate) fn text() -> Message {
    message(MailKind::OneTimePasscode, Destination::Phone("+43123456".to_owned()), "en")
}
