//! What templates can name, and how it is made harmless first.

use doorward_core::domain::ids::{Id as _, MessageId, uuid_v7};
use doorward_core::domain::message::{Destination, MailKind, Message, Particulars, Person};
use doorward_core::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::words::Language;

/// The longest name shown; longer ones are no names.
const LONGEST_NAME: usize = 80;
/// The longest description of a device shown.
const LONGEST_DEVICE: usize = 160;

/// The variables of one message. All are there, empty where nothing is known: an unknown name in a template is a mistake.
///
/// Periods are told in the language of the template's `locale`, dates in nobody's.
pub(crate) fn variables(message: &Message, organization: &str, locale: &str) -> Value {
    let particulars = &message.particulars;
    let language = Language::of(locale);
    let person = particulars.person.clone().unwrap_or_default();
    let text = |value: &Option<String>| line(value.as_deref().unwrap_or_default());
    let organization = line(particulars.organization.as_deref().unwrap_or(organization));
    let device = particulars.device.as_deref().unwrap_or_default();
    json!({
        "user": user(&person, &message.locale),
        "organization": { "name": organization },
        "tenant": { "name": organization },
        "application": { "name": text(&particulars.application) },
        "date": message.created_at.datetime().format("%Y-%m-%d %H:%M UTC").to_string(),
        "url": link(particulars.url.as_deref().unwrap_or_default()),
        "urlExpiry": particulars.minutes.map(|minutes| language.period(minutes)).unwrap_or_default(),
        "params": {
            "otp": text(&particulars.code),
            "device": unlinked(device, LONGEST_DEVICE),
            "address": text(&particulars.address),
        },
    })
}

/// The variables of a message that says nothing in particular, for templates that are only tried.
pub(crate) fn sample_variables(kind: MailKind, locale: &str) -> Value {
    let message = Message {
        id: MessageId::from_uuid(uuid_v7(0, &[0; 10])),
        kind,
        to: Destination::Nobody,
        locale: locale.to_owned(),
        created_at: Timestamp::new(chrono::DateTime::UNIX_EPOCH),
        particulars: Particulars::default(),
    };
    variables(&message, "", locale)
}

fn user(person: &Person, locale: &str) -> Value {
    let given = unlinked(&person.first_name, LONGEST_NAME);
    let family = unlinked(person.last_name.as_deref().unwrap_or_default(), LONGEST_NAME);
    let formatted = format!("{given} {family}").trim().to_owned();
    let username = line(&person.username);
    let display_name = if formatted.is_empty() { username.clone() } else { formatted.clone() };
    json!({
        "name": { "givenName": given, "familyName": family, "formatted": formatted },
        "userName": username,
        "displayName": display_name,
        "emails": { "primary": line(person.email.as_deref().unwrap_or_default()) },
        "preferredLanguage": line(locale),
    })
}

/// One line: control characters become spaces, and so does what turns the direction of writing.
fn line(text: &str) -> String {
    let is_unfit = |letter: char| {
        letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if is_unfit(letter) { ' ' } else { letter }).collect()
}

/// What people write about themselves, at most so many characters, without anything that a mail program would make a link
/// of: `https://evil.test` → `https evil. test`.
fn unlinked(text: &str, longest: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut letters =
        line(text).replace("://", " ").chars().take(longest).collect::<Vec<_>>().into_iter().peekable();
    while let Some(letter) = letters.next() {
        shown.push(letter);
        if letter == '.' && letters.peek().is_some_and(|next| next.is_alphabetic()) {
            shown.push(' ');
        }
    }
    shown
}

/// An address that stays in its attribute. It was made of configuration and a token of ours; this is a second fence.
fn link(url: &str) -> String {
    let is_unfit =
        |letter: char| letter.is_control() || letter.is_whitespace() || "\"'<>`\\".contains(letter);
    url.chars().filter(|letter| !is_unfit(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_and_lead_nowhere() {
        assert_eq!(unlinked("Bob\r\nBcc: x", 80), "Bob  Bcc: x");
        assert_eq!(unlinked("https://evil.test/x", 80), "https evil. test/x");
        assert_eq!(unlinked("J.R. Tolkien 3.5", 80), "J. R. Tolkien 3.5");
        assert_eq!(unlinked("\u{202e}Bob\u{2028}", 80), " Bob ");
        assert_eq!(unlinked("aaaa", 3), "aaa");
    }

    #[test]
    fn links_stay_in_their_attribute() {
        assert_eq!(link("https://a.test/?token=x_-\" onclick='y'>\n"), "https://a.test/?token=x_-onclick=y");
    }
}
