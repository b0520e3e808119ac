//! Who mails come from.

use std::net::IpAddr;

use lettre::Address;
use lettre::message::Mailbox;

/// The `From` of every mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sender {
    /// The name beside the address; `None` = the organisation's.
    name: Option<String>,
    address: Address,
}

impl Sender {
    /// `noreply@acme.test` or `Acme <noreply@acme.test>`; `None` when it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        let Mailbox { name, email } = text.parse().ok()?;
        Some(Self { name: name.filter(|name| !name.is_empty()), address: email })
    }

    /// `noreply@` and the host; at `localhost` where the host is an address, to which no mail can be answered.
    #[must_use]
    pub fn no_reply(host: &str) -> Self {
        let is_name = !host.starts_with('[') && host.parse::<IpAddr>().is_err();
        let address = is_name.then(|| Address::new("noreply", host).ok()).flatten();
        let address = address.unwrap_or_else(|| Address::new_dangerous("noreply", "localhost"));
        Self { name: None, address }
    }

    /// Where bounces go.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// The mailbox shown, under the organisation's name if it has none of its own.
    pub(crate) fn mailbox(&self, organization: &str) -> Mailbox {
        let name = self.name.clone().unwrap_or_else(|| organization.to_owned());
        Mailbox::new(Some(name), self.address.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_a_name() {
        let shown = |text| Sender::parse(text).map(|sender| sender.mailbox("Acme").to_string());
        assert_eq!(shown("noreply@acme.test").as_deref(), Some("Acme <noreply@acme.test>"));
        assert_eq!(shown("Front Door <a@acme.test>").as_deref(), Some("Front Door <a@acme.test>"));
        for wrong in ["", "acme", "@acme.test", "a@b\r\nBcc: c@d", "a@b, c@d"] {
            assert_eq!(Sender::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn nobody_answers_to_a_number() {
        assert_eq!(Sender::no_reply("auth.acme.test").address.to_string(), "noreply@auth.acme.test");
        for host in ["127.0.0.1", "[::1]", "::1", "a b", ""] {
            assert_eq!(Sender::no_reply(host).address.to_string(), "noreply@localhost", "{host:?}");
        }
    }
}
