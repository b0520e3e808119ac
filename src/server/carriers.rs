//! Who takes messages: what `[mail]` and `[texts]` say, put together.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::messages::{Mailer, Texter};
use doorward_crypto::SystemClock;
use doorward_notify::{FileMailer, FileTexter, MailUrl, Sender, SmtpMailer, Templates, WebhookTexter, Words};
use url::Url;

use crate::config::Settings;
use crate::counted::Counted;

/// The carriers of messages.
pub(crate) struct Carriers {
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) texter: Option<Arc<dyn Texter>>,
}

/// Puts the carriers together. Nobody is called yet.
///
/// # Errors
/// One line about a template, the certificates or the webhook.
pub(crate) fn build(settings: &Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<Carriers> {
    let templates = Templates::load(settings.mail.templates.as_deref()).context("mail.templates")?;
    let words = Arc::new(Words::new(templates, settings.mail.organization.clone()));
    let texter = texter(settings, clock, &words)?;
    Ok(Carriers { mailer: mailer(settings, words)?, texter })
}

/// Whether the carriers can be put together.
///
/// # Errors
/// As [`build`].
pub(crate) fn check(settings: &Settings) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    build(settings, &clock).map(|_| ())
}

/// Says where messages go that nobody but the operator can read.
pub(crate) fn tell(settings: &Settings) {
    if let MailUrl::File(directory) = mail_url(settings) {
        tracing::info!(event = "mails_become_files", directory = %directory.display());
    }
}

fn mailer(settings: &Settings, words: Arc<Words>) -> anyhow::Result<Arc<dyn Mailer>> {
    let sender =
        settings.mail.from.clone().unwrap_or_else(|| Sender::no_reply(&host(&settings.public_url())));
    match mail_url(settings) {
        MailUrl::File(directory) => Ok(Arc::new(Counted(FileMailer::new(directory, sender, words)))),
        MailUrl::Smtp(server) => {
            let authorities = settings.mail.ca_file.as_ref().map(|path| {
                fs::read(path).with_context(|| format!("mail.ca_file: {} cannot be read", path.display()))
            });
            let authorities = authorities.transpose()?;
            let mailer =
                SmtpMailer::new(server, authorities.as_deref(), settings.mail.timeout, sender, words);
            Ok(Arc::new(Counted(mailer.context("mail.ca_file")?)))
        }
    }
}

fn texter(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    words: &Arc<Words>,
) -> anyhow::Result<Option<Arc<dyn Texter>>> {
    let texts = &settings.texts;
    if let (Some(url), Some(secret)) = (&texts.webhook_url, &texts.webhook_secret) {
        let texter = WebhookTexter::new(url.secret().expose(), secret, clock.clone(), words.clone());
        return Ok(Some(Arc::new(Counted(texter.context("texts.webhook_url")?))));
    }
    let directory = texts.file.clone().or_else(|| match mail_url(settings) {
        MailUrl::File(directory) => Some(directory),
        MailUrl::Smtp(_) => None,
    });
    Ok(directory
        .map(|directory| -> Arc<dyn Texter> { Arc::new(Counted(FileTexter::new(directory, words.clone()))) }))
}

fn mail_url(settings: &Settings) -> MailUrl {
    settings.mail.url.clone().unwrap_or_else(|| MailUrl::File(outbox(settings)))
}

/// Where messages become files unless somebody says otherwise.
fn outbox(settings: &Settings) -> PathBuf {
    settings.data_directory().join("outbox")
}

fn host(public_url: &str) -> String {
    Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
