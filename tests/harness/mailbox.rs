//! The mails and text messages that a server wrote to its outbox folder, as their readers get them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mail_parser::{Address, MessageParser};
use serde_json::Value;

use super::app::{App, eventually};
use super::binary::Home;
use super::database::Place;

/// How long a message may take: it is written after the reply, by a worker.
const PATIENCE: Duration = Duration::from_secs(10);

/// The folder that messages are written to.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
}

/// A mail or a text message.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The template's `type`, such as `forgot-password`.
    pub kind: String,
    /// Every address or number it goes to, those of `Cc` and `Bcc` too.
    pub to: Vec<String>,
    /// The subject; empty for text messages.
    pub subject: String,
    /// The words.
    pub text: String,
    /// The same in HTML; empty for text messages.
    pub html: String,
    /// As it was written.
    pub raw: String,
    path: PathBuf,
}

impl Outbox {
    /// That of the servers of a place; it may not be there yet.
    #[must_use]
    pub fn of(place: &Place) -> Self {
        Self { folder: place.directory.path().join("outbox") }
    }

    /// `mail.url`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("file:{}", self.folder.display())
    }

    /// All messages, oldest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> = paths.collect();
        // Names are ids, which begin with the moment of the message.
        paths.sort_unstable();
        paths.iter().filter_map(|path| Letter::read(path)).collect()
    }

    /// Removes them all.
    pub fn clear(&self) {
        for letter in self.letters() {
            letter.burn();
        }
    }

    /// Waits for a message of the kind to the destination; answers the newest and removes all of that sort.
    ///
    /// # Panics
    /// When none comes.
    pub async fn take(&self, to: &str, kind: &str) -> Letter {
        let what = format!("{kind} goes to {to}");
        let found = eventually(&what, PATIENCE, async || {
            let found = self.of_sort(to, kind);
            found.iter().for_each(Letter::burn);
            found.last().cloned()
        });
        found.await
    }

    /// The messages of the kind to the destination, oldest first.
    #[must_use]
    pub fn of_sort(&self, to: &str, kind: &str) -> Vec<Letter> {
        let mut letters = self.letters();
        letters.retain(|letter| letter.kind == kind && letter.to.iter().any(|address| address == to));
        letters
    }
}

impl Letter {
    /// `None` while it is being written under a name of its own, and when somebody removed it.
    fn read(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "eml" => Some(Self::of_mail(path, &std::fs::read(path).ok()?)),
            "json" => Self::of_text(path, &std::fs::read_to_string(path).ok()?),
            _ => None,
        }
    }

    fn of_mail(path: &Path, bytes: &[u8]) -> Self {
        let mail = MessageParser::default().parse(bytes).expect("a mail that can be read");
        let to = [mail.to(), mail.cc(), mail.bcc()].into_iter().flatten().flat_map(addresses).collect();
        Self {
            kind: mail.header_raw(KIND_HEADER).unwrap_or_default().trim().to_owned(),
            to,
            subject: mail.subject().unwrap_or_default().to_owned(),
            text: mail.body_text(0).unwrap_or_default().into_owned(),
            html: mail.body_html(0).unwrap_or_default().into_owned(),
            raw: String::from_utf8_lossy(bytes).into_owned(),
            path: path.to_owned(),
        }
    }

    fn of_text(path: &Path, text: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(text).ok()?;
        let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Some(Self {
            kind: word("kind"),
            to: vec![word("to")],
            subject: String::new(),
            text: word("text"),
            html: String::new(),
            raw: text.to_owned(),
            path: path.to_owned(),
        })
    }

    /// Removes it.
    fn burn(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    /// The one-time code in it: its only word of six digits.
    ///
    /// # Panics
    /// When there is none, or more than one.
    #[must_use]
    pub fn code(&self) -> String {
        let words = self.text.split(|c: char| !c.is_ascii_alphanumeric());
        let mut codes: Vec<&str> =
            words.filter(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit())).collect();
        codes.dedup();
        assert_eq!(codes.len(), 1, "{}", self.text);
        codes[0].to_owned()
    }

    /// The link in it, up to its token.
    #[must_use]
    pub fn link(&self) -> String {
        self.parts().0
    }

    /// The token of the link in it.
    #[must_use]
    pub fn token(&self) -> String {
        self.parts().1
    }

    /// # Panics
    /// When there is no link with a token.
    fn parts(&self) -> (String, String) {
        let at = self.text.find("?token=").unwrap_or_else(|| unreachable!("no link in {}", self.text));
        let (before, after) = (&self.text[..at], &self.text[at + "?token=".len()..]);
        let start = before.rfind(|c: char| c.is_whitespace() || "<([\"".contains(c)).map_or(0, |at| at + 1);
        let is_of_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let token: String = after.chars().take_while(|c| is_of_token(*c)).collect();
        assert!(token.len() >= 43, "256 bits: {token}");
        (before[start..].to_owned(), token)
    }
}

/// Names the template in mails.
pub const KIND_HEADER: &str = "X-Message-Type";

fn addresses(field: &Address<'_>) -> Vec<String> {
    field.iter().filter_map(|address| Some(address.address()?.to_owned())).collect()
}

impl App {
    /// Where its messages are written.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        Outbox::of(&self.place)
    }

    /// Waits until nothing waits to be sent, and answers every message.
    pub async fn letters(&self) -> Vec<Letter> {
        self.eventually("every message is sent", async || {
            let waiting = "SELECT count(*) FROM outbox WHERE dead_at IS NULL";
            (self.place.figure(waiting).await == 0).then_some(())
        })
        .await;
        self.outbox().letters()
    }

    /// The kinds of the messages that went to a destination, oldest first; what is on its way is waited for.
    pub async fn kinds_to(&self, to: &str) -> Vec<String> {
        let letters = self.letters().await;
        let to_it = letters.into_iter().filter(|letter| letter.to.iter().any(|address| address == to));
        to_it.map(|letter| letter.kind).collect()
    }

    /// The next message of the kind to the destination; it is removed.
    pub async fn letter(&self, to: &str, kind: &str) -> Letter {
        self.outbox().take(to, kind).await
    }
}

impl Home {
    /// Where its servers' messages are written.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        Outbox::of(&self.place)
    }
}
