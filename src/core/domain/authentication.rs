//! How a user proved who it is: `amr` (RFC 8176) and `acr` (OpenID Connect Core §2) of the tokens.

/// One proof.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Method {
    /// A password.
    Password,
    /// A code of an authenticator app, a recovery code, or a code sent by mail.
    OneTimeCode,
    /// A code sent as a text message.
    TextMessage,
    /// A sign-in at an identity provider. RFC 8176 has no word for it; `fed` is the usual one.
    Federated,
}

impl Method {
    const ALL: [Self; 4] = [Self::Password, Self::OneTimeCode, Self::TextMessage, Self::Federated];

    /// The word in `amr` and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::OneTimeCode => "otp",
            Self::TextMessage => "sms",
            Self::Federated => "fed",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// Every proof of one sign-in, in the order they were given; empty for sessions from before this was kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Methods(Vec<Method>);

impl Methods {
    /// A single proof.
    #[must_use]
    pub fn one(method: Method) -> Self {
        Self(vec![method])
    }

    /// With a second one after it.
    #[must_use]
    pub fn and(mut self, method: Method) -> Self {
        if !self.0.contains(&method) {
            self.0.push(method);
        }
        self
    }

    /// Whether a second factor was proved.
    #[must_use]
    pub fn is_multi_factor(&self) -> bool {
        self.0.len() > 1
    }

    /// `amr`: the words, and `mfa` after two of them (RFC 8176 §2).
    #[must_use]
    pub fn amr(&self) -> Vec<String> {
        let mfa = self.is_multi_factor().then_some("mfa");
        self.0.iter().map(|method| method.as_str()).chain(mfa).map(str::to_owned).collect()
    }

    /// `acr`: `aal2` with a second factor, `aal1` without; `None` when nothing is known.
    #[must_use]
    pub fn acr(&self) -> Option<&'static str> {
        match self.0.len() {
            0 => None,
            1 => Some("aal1"),
            _ => Some("aal2"),
        }
    }

    /// As stored: words with spaces between them.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Reads what was stored; `None` when a word means nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.split_ascii_whitespace().map(Method::parse).collect::<Option<Vec<_>>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amr_and_acr_tell_what_was_proved() {
        let password = Methods::one(Method::Password);
        assert_eq!((password.amr(), password.acr()), (vec!["pwd".to_owned()], Some("aal1")));
        let both = password.and(Method::OneTimeCode);
        let words = ["pwd", "otp", "mfa"].map(str::to_owned).to_vec();
        assert_eq!((both.amr(), both.acr()), (words, Some("aal2")));
        assert_eq!((Methods::default().amr(), Methods::default().acr()), (Vec::new(), None));
    }

    #[test]
    fn the_same_proof_twice_is_one_factor() {
        assert!(!Methods::one(Method::OneTimeCode).and(Method::OneTimeCode).is_multi_factor());
    }

    #[test]
    fn what_is_stored_is_read_again() {
        for methods in [Methods::default(), Methods::one(Method::Federated).and(Method::TextMessage)] {
            assert_eq!(Methods::parse(&methods.to_text()), Some(methods));
        }
        assert_eq!(Methods::parse("pwd face"), None);
    }
}
