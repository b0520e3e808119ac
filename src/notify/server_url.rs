//! `[mail] url`: which server takes mail, and how safe the way to it is.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use doorward_core::domain::secret::Secret;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// Who takes mail.
#[derive(Clone, Debug)]
pub enum MailUrl {
    /// `smtp://…` or `smtps://…`.
    Smtp(SmtpServer),
    /// `file:DIRECTORY`: nobody; each mail becomes a file.
    File(PathBuf),
}

/// How the way to a server is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// Not at all.
    Plain,
    /// STARTTLS (RFC 3207), without which nothing is sent.
    StartTls,
    /// TLS from the first byte (RFC 8314 §3).
    Tls,
}

/// A mail server.
#[derive(Clone)]
pub struct SmtpServer {
    /// Name or address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Protection.
    pub security: Security,
    /// User and password.
    pub credentials: Option<(String, Secret<String>)>,
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} ({:?})", self.host, self.port, self.security)
    }
}

impl MailUrl {
    /// What [`MailUrl::parse`] takes; ends the sentence "expected …".
    pub const EXPECTED: &str = "\"smtp://user:password@host:587\" (STARTTLS), \"smtps://user:password@host:465\" or \"file:data/outbox\"; \
         \"?tls=none\" sends in the clear to other machines, and then without a password";

    /// Reads the URL; `None` when it cannot be used.
    ///
    /// # Security
    /// `smtp://` means STARTTLS, required, except to loopback addresses; `?tls=none` and `?tls=starttls` say otherwise. A
    /// password never crosses a network in the clear.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return (!path.is_empty()).then(|| Self::File(PathBuf::from(path)));
        }
        smtp_server(&Url::parse(text).ok()?).map(Self::Smtp)
    }
}

fn smtp_server(url: &Url) -> Option<SmtpServer> {
    let (host, is_loopback) = host(url)?;
    let security = match (url.scheme(), url.query()) {
        ("smtps", None) => Security::Tls,
        ("smtp", Some("tls=none")) => Security::Plain,
        ("smtp", None) if is_loopback => Security::Plain,
        ("smtp", None | Some("tls=starttls")) => Security::StartTls,
        _ => return None,
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return None;
    }
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        (user, Some(password)) if !user.is_empty() => Some((decoded(user)?, Secret::new(decoded(password)?))),
        _ => return None,
    };
    if credentials.is_some() && security == Security::Plain && !is_loopback {
        return None;
    }
    let port = url.port().unwrap_or(if security == Security::Tls { 465 } else { 587 });
    Some(SmtpServer { host, port, security, credentials })
}

/// The host, and whether it is this machine.
fn host(url: &Url) -> Option<(String, bool)> {
    let address = match url.host()? {
        Host::Ipv4(address) => IpAddr::from(address),
        Host::Ipv6(address) => IpAddr::from(address),
        Host::Domain(name) => return named_host(name),
    };
    Some((address.to_string(), address.is_loopback()))
}

/// Schemes the URL standard does not know keep their host as it is written: it can be an address too.
fn named_host(name: &str) -> Option<(String, bool)> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Some((address.to_string(), address.is_loopback()));
    }
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    (is_name && !name.is_empty()).then(|| (name.to_owned(), name.eq_ignore_ascii_case("localhost")))
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.chars().any(char::is_control)).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(text: &str) -> Option<SmtpServer> {
        match MailUrl::parse(text) {
            Some(MailUrl::Smtp(server)) => Some(server),
            _ => None,
        }
    }

    #[test]
    fn the_way_to_other_machines_is_protected() {
        let shown = |text| smtp(text).map(|server| format!("{server:?}"));
        for (text, expected) in [
            ("smtp://mail.acme.test", "mail.acme.test:587 (StartTls)"),
            ("smtp://mail.acme.test:25/", "mail.acme.test:25 (StartTls)"),
            ("smtps://mail.acme.test", "mail.acme.test:465 (Tls)"),
            ("smtp://mail.acme.test:25?tls=none", "mail.acme.test:25 (Plain)"),
            ("smtp://127.0.0.1:1025", "127.0.0.1:1025 (Plain)"),
            ("smtp://localhost:1025", "localhost:1025 (Plain)"),
            ("smtp://[::1]:1025", "::1:1025 (Plain)"),
            ("smtp://127.0.0.1:1025?tls=starttls", "127.0.0.1:1025 (StartTls)"),
            ("smtp://10.0.0.1", "10.0.0.1:587 (StartTls)"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let server = smtp("smtp://door%40acme.test:hun%3Ater2%2F@mail.acme.test").expect("usable");
        let (user, password) = server.credentials.clone().expect("given");
        assert_eq!((user.as_str(), password.expose().as_str()), ("door@acme.test", "hun:ter2/"));
        assert!(!format!("{server:?}").contains("hun"));
        assert!(smtp("smtp://u:p@127.0.0.1:25").is_some());
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for wrong in [
            "",
            "smtp:",
            "smtp://",
            "mail.acme.test",
            "http://mail.acme.test",
            "smtp://u:p@mail.acme.test?tls=none",
            "smtp://u@mail.acme.test",
            "smtp://mail.acme.test?tls=maybe",
            "smtps://mail.acme.test?tls=none",
            "smtp://mail.acme.test/path",
            "smtp://mail acme.test",
            "smtp://u:p%0d%0a@mail.acme.test",
            "file:",
        ] {
            assert!(MailUrl::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn files_are_relative_or_absolute() {
        for (text, expected) in [("file:data/outbox", "data/outbox"), ("file:///var/outbox", "/var/outbox")] {
            let Some(MailUrl::File(path)) = MailUrl::parse(text) else { panic!("{text}") };
            assert_eq!(path, PathBuf::from(expected));
        }
    }
}
