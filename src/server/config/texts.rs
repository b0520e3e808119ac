//! `[texts]`: who takes text messages.

use std::path::PathBuf;

use doorward_core::domain::secret::Secret;

use super::problem::Problem;
use super::section::DefaultValue::Derived;
use super::section::section;
use super::setting::Setting;
use super::sources::Sources;

section! {
    /// Text messages: who takes them. What a webhook gets, and how it knows that it comes from here, says docs/messages.md.
    [texts] Texts {
        /// Where text messages are sent: `https://…`; `http://` to this machine only.
        webhook_url: Option<WebhookUrl> = Derived("no webhook");
        /// Signs what is sent there (HMAC-SHA256); 16 characters or more.
        webhook_secret: Option<Secret<String>> = Derived("none; `webhook_url` needs it"), if is_long_enough =>
            "16 characters or more";
        /// A directory in which each text message becomes a file, in place of a webhook.
        file: Option<PathBuf> = Derived("that of mails, if those become files; otherwise texts cannot be sent");
    }
}

#[expect(clippy::ref_option, reason = "the checks of a section are given the value as it is declared")]
fn is_long_enough(secret: &Option<Secret<String>>) -> bool {
    secret.as_ref().is_none_or(|secret| secret.expose().len() >= 16)
}

impl Texts {
    /// Rules that concern two keys.
    ///
    /// # Errors
    /// A webhook without a secret, a secret without a webhook, or a directory beside a webhook.
    pub(crate) fn check_together(&self, sources: &Sources) -> Result<(), Problem> {
        let complain = |key, complaint: &str| Err(sources.problem::<Secret<String>>("texts", key, complaint));
        match (&self.webhook_url, &self.webhook_secret, &self.file) {
            (Some(_), None, _) => {
                complain("webhook_secret", "expected a secret, as texts.webhook_url is set")
            }
            (None, Some(_), _) => {
                complain("webhook_url", "expected an address, as texts.webhook_secret is set")
            }
            (Some(_), _, Some(_)) => complain("file", "expected either texts.file or texts.webhook_url"),
            _ => Ok(()),
        }
    }
}

/// Where a webhook is. Its path may hold a key of its own, so it is never shown.
#[derive(Clone, Debug)]
pub struct WebhookUrl(Secret<String>);

impl WebhookUrl {
    /// The URL.
    #[must_use]
    pub fn secret(&self) -> &Secret<String> {
        &self.0
    }
}

impl Setting for WebhookUrl {
    const SECRET: bool = true;

    fn kind() -> String {
        "URL (secret)".to_owned()
    }

    fn expected() -> String {
        doorward_notify::UnusableWebhook.to_string().trim_start_matches("expected ").to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        doorward_notify::is_webhook_url(text).then(|| Self(Secret::from(text)))
    }
}
