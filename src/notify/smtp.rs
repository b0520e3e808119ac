//! Mail by SMTP (RFC 5321).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use doorward_core::domain::message::Message;
use doorward_core::ports::messages::{DeliveryError, Mailer};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use crate::compose::compose;
use crate::sender::Sender;
use crate::server_url::{Security, SmtpServer};
use crate::words::Words;

/// Longest wait for a connection to one address of the server.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait for the server's goodbye, which decides nothing.
const GOODBYE: Duration = Duration::from_secs(1);

/// Hands mails to a mail server: one connection for each, so that no reply can be taken for another mail's.
pub struct SmtpMailer {
    server: SmtpServer,
    tls: Option<TlsParameters>,
    patience: Duration,
    sender: Sender,
    words: Arc<Words>,
}

/// The certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("expected certificates in PEM: {0}")]
pub struct UnusableCertificates(String);

impl SmtpMailer {
    /// `authorities` (PEM) are trusted besides the system's; `patience` is the longest time for one mail.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub fn new(
        server: SmtpServer,
        authorities: Option<&[u8]>,
        patience: Duration,
        sender: Sender,
        words: Arc<Words>,
    ) -> Result<Self, UnusableCertificates> {
        let tls = match server.security {
            Security::Plain => None,
            Security::StartTls | Security::Tls => Some(tls(&server.host, authorities)?),
        };
        Ok(Self { server, tls, patience, sender, words })
    }

    /// Connected, protected as configured, and signed in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let name = ClientId::Domain(self.sender.address().domain().to_owned());
        let address = (self.server.host.as_str(), self.server.port);
        let at_once = self.tls.clone().filter(|_| self.server.security == Security::Tls);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &name, at_once, None).await?;
        if let (Security::StartTls, Some(tls)) = (self.server.security, &self.tls) {
            connection.starttls(tls.clone(), &name).await?;
        }
        if let Some((user, password)) = &self.server.credentials {
            let credentials = Credentials::new(user.clone(), password.expose().clone());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
        }
        Ok(connection)
    }
}

const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn tls(host: &str, authorities: Option<&[u8]>) -> Result<TlsParameters, UnusableCertificates> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = authorities {
        // A file without any certificate would mean "none", in silence.
        if !pem.windows(PEM.len()).any(|part| part == PEM) {
            return Err(UnusableCertificates("there is none".to_owned()));
        }
        let certificate =
            Certificate::from_pem(pem).map_err(|error| UnusableCertificates(error.to_string()))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| UnusableCertificates(error.to_string()))
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send_mail(&self, message: &Message) -> Result<(), DeliveryError> {
        let mail = compose(message, &self.words, &self.sender)?;
        let exchange = async {
            let mut connection = self.connect().await?;
            connection.send(mail.envelope(), &mail.formatted()).await?;
            Ok(connection)
        };
        match timeout(self.patience, exchange).await {
            Ok(Ok(mut connection)) => {
                // The server has the mail: whatever happens now must not send it again.
                let _ = timeout(GOODBYE, connection.abort()).await;
                Ok(())
            }
            Ok(Err(error)) => Err(verdict(&error)),
            Err(_) => Err(DeliveryError::Temporary(format!("no answer within {:?}", self.patience))),
        }
    }
}

/// Replies that refuse us, not the mail (RFC 4954 §6, RFC 3207 §4): once the configuration is mended they go away.
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];

/// # Security
/// Servers repeat addresses in their replies, and failures are stored and shown: only codes are kept of them.
fn verdict(error: &SmtpError) -> DeliveryError {
    if let Some(status) = error.status() {
        let code = u16::from(status);
        let text =
            format!("SMTP {code}{}", enhanced_code(error).map(|code| format!(" {code}")).unwrap_or_default());
        return if error.is_permanent() && !ABOUT_US.contains(&code) {
            DeliveryError::Permanent(text)
        } else {
            DeliveryError::Temporary(text)
        };
    }
    if error.is_response() {
        return DeliveryError::Temporary("the server's answer is no SMTP".to_owned());
    }
    let text = error.to_string();
    if error.is_client() && text.contains("SMTPUTF8") {
        return DeliveryError::Permanent(
            "the server takes no addresses with letters beyond ASCII".to_owned(),
        );
    }
    DeliveryError::Temporary(text)
}

/// `5.1.1` of `5.1.1 <bob@acme.test>: no such user` (RFC 3463).
fn enhanced_code(error: &SmtpError) -> Option<String> {
    let text = std::error::Error::source(error)?.to_string();
    let code = text.split_whitespace().next()?;
    let numbers: Vec<&str> = code.split('.').collect();
    let is_number =
        |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    (numbers.len() == 3 && numbers.iter().all(is_number)).then(|| code.to_owned())
}

#[cfg(test)]
mod tests;
