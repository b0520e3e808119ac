//! Carriers for trying out: each message becomes a file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use doorward_core::domain::message::Message;
use doorward_core::ports::messages::{DeliveryError, Mailer, Texter};
use tokio::fs::{self, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use crate::compose::compose;
use crate::sender::Sender;
use crate::webhook::text_body;
use crate::words::Words;

/// Writes each mail to `DIRECTORY/<id>.eml`.
#[derive(Debug)]
pub struct FileMailer {
    directory: PathBuf,
    sender: Sender,
    words: Arc<Words>,
}

impl FileMailer {
    /// The directory is made when the first mail comes.
    #[must_use]
    pub fn new(directory: PathBuf, sender: Sender, words: Arc<Words>) -> Self {
        Self { directory, sender, words }
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send_mail(&self, message: &Message) -> Result<(), DeliveryError> {
        let mail = compose(message, &self.words, &self.sender)?;
        write(&self.directory, &format!("{}.eml", message.id), &mail.formatted()).await
    }
}

/// Writes each text message to `DIRECTORY/<id>.json`, as the webhook would get it.
#[derive(Debug)]
pub struct FileTexter {
    directory: PathBuf,
    words: Arc<Words>,
}

impl FileTexter {
    /// The directory is made when the first text comes.
    #[must_use]
    pub fn new(directory: PathBuf, words: Arc<Words>) -> Self {
        Self { directory, words }
    }
}

#[async_trait]
impl Texter for FileTexter {
    async fn send_text(&self, message: &Message) -> Result<(), DeliveryError> {
        write(&self.directory, &format!("{}.json", message.id), &text_body(message, &self.words)?).await
    }
}

/// The file is there, whole and only for its owner. Another attempt of the same message writes the same file.
async fn write(directory: &Path, name: &str, content: &[u8]) -> Result<(), DeliveryError> {
    let written = async {
        make(directory).await?;
        let unfinished = directory.join(format!(".{name}.part"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&unfinished).await?;
        file.write_all(content).await?;
        file.sync_all().await?;
        fs::rename(&unfinished, directory.join(name)).await
    };
    written.await.map_err(|error: io::Error| {
        DeliveryError::Temporary(format!("the outbox cannot be written: {}", error.kind()))
    })
}

/// Messages hold codes and links: the directory is made for its owner only.
async fn make(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(directory).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Checked, mail, text, words};

    #[tokio::test]
    async fn mails_become_files_of_their_owner() -> Checked {
        let folder = tempfile::tempdir()?;
        let directory = folder.path().join("a/outbox");
        let sender = Sender::parse("noreply@acme.test").ok_or("a sender")?;
        let mailer = FileMailer::new(directory.clone(), sender, words());
        let message = mail();
        mailer.send_mail(&message).await?;
        let path = directory.join(format!("{}.eml", message.id));
        let first = std::fs::read_to_string(&path)?;
        assert!(first.contains("To: bob@acme.test\r\n"), "{first}");
        mailer.send_mail(&message).await?;
        assert_eq!(std::fs::read_to_string(&path)?, first);
        assert_eq!(std::fs::read_dir(&directory)?.count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
            assert_eq!(std::fs::metadata(&directory)?.permissions().mode() & 0o777, 0o700);
        }
        Ok(())
    }

    #[tokio::test]
    async fn texts_become_files() -> Checked {
        let folder = tempfile::tempdir()?;
        let message = text();
        FileTexter::new(folder.path().to_owned(), words()).send_text(&message).await?;
        let path = folder.path().join(format!("{}.json", message.id));
        let text: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
        assert_eq!(text["to"], "+43123456");
        Ok(())
    }

    #[tokio::test]
    async fn a_full_or_forbidden_place_is_tried_again() -> Checked {
        let folder = tempfile::NamedTempFile::new()?;
        let sender = Sender::parse("noreply@acme.test").ok_or("a sender")?;
        let refused = FileMailer::new(folder.path().join("x"), sender, words()).send_mail(&mail()).await;
        assert!(matches!(refused, Err(DeliveryError::Temporary(_))), "{refused:?}");
        Ok(())
    }
}
