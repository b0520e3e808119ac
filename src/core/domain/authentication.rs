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
    /// The same at a provider of which the operator says that it asks for a second factor itself.
    FederatedMultiFactor,
}

impl Method {
    const ALL: [Self; 5] =
        [Self::Password, Self::OneTimeCode, Self::TextMessage, Self::Federated, Self::FederatedMultiFactor];

    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::OneTimeCode => "otp",
            Self::TextMessage => "sms",
            Self::Federated => "fed",
            Self::FederatedMultiFactor => "fed-mfa",
        }
    }

    /// The word in `amr`.
    fn reference(self) -> &'static str {
        if self == Self::FederatedMultiFactor { Self::Federated.as_str() } else { self.as_str() }
    }

    /// Reads the word of the store.
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

    /// Whether it was proved so.
    #[must_use]
    pub fn includes(&self, method: Method) -> bool {
        self.0.contains(&method)
    }

    /// Whether a second factor was proved to us.
    #[must_use]
    pub fn is_multi_factor(&self) -> bool {
        self.0.len() > 1
    }

    /// Whether nobody asks for a second factor any more: one was proved, or the provider is trusted to have asked for it.
    #[must_use]
    pub fn are_enough(&self) -> bool {
        self.is_multi_factor() || self.0.contains(&Method::FederatedMultiFactor)
    }

    /// `amr`: the words, and `mfa` after them when there were two factors (RFC 8176 §2).
    #[must_use]
    pub fn amr(&self) -> Vec<String> {
        let mfa = self.is_multi_factor().then_some("mfa");
        self.0.iter().map(|method| method.reference()).chain(mfa).map(str::to_owned).collect()
    }

    /// `acr`: `aal2` with a second factor, `aal1` without; `None` when nothing is known.
    #[must_use]
    pub fn acr(&self) -> Option<&'static str> {
        let strength = if self.is_multi_factor() { "aal2" } else { "aal1" };
        (!self.0.is_empty()).then_some(strength)
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
    fn a_provider_that_asks_for_a_second_factor_is_enough_and_claims_nothing() {
        for (method, is_enough) in [(Method::Federated, false), (Method::FederatedMultiFactor, true)] {
            let methods = Methods::one(method);
            assert_eq!((methods.amr(), methods.acr()), (vec!["fed".to_owned()], Some("aal1")));
            assert_eq!((methods.are_enough(), methods.is_multi_factor()), (is_enough, false));
            assert!(methods.and(Method::OneTimeCode).are_enough());
        }
    }

    #[test]
    fn the_same_proof_twice_is_one_factor() {
        assert!(!Methods::one(Method::OneTimeCode).and(Method::OneTimeCode).is_multi_factor());
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let every = Method::ALL.into_iter().fold(Methods::default(), Methods::and);
        for methods in [Methods::default(), every] {
            assert_eq!(Methods::parse(&methods.to_text()), Some(methods));
        }
        assert_eq!(Methods::parse("pwd face"), None);
    }
}
