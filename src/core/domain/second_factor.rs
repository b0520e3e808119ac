//! Whether a sign-in needs a second factor, and which: one pure decision for every way in.

use super::user::User;

/// When a second factor is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SecondFactorPolicy {
    /// Never.
    Off,
    /// Of those who enrolled an authenticator app.
    Optional,
    /// Of everybody.
    Required,
}

impl SecondFactorPolicy {
    const ALL: [Self; 3] = [Self::Off, Self::Optional, Self::Required];

    /// The word in configuration, `apply` file and store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }

    /// What counts for one sign-in: the client's word replaces the server's; the role's only makes it stricter.
    #[must_use]
    pub fn effective(server: Self, client: Option<Self>, role: Option<Self>) -> Self {
        let base = client.unwrap_or(server);
        role.map_or(base, |role| base.max(role))
    }
}

/// The second factor of users without an authenticator app.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OtpMethod {
    /// A code by mail.
    Email,
    /// A code by text message.
    Sms,
    /// An authenticator app, to be enrolled before the first sign-in ends.
    Totp,
}

/// How a one-time code reaches its owner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// By mail.
    Email,
    /// As a text message.
    Sms,
}

impl Channel {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Email, Self::Sms].into_iter().find(|channel| channel.as_str() == text)
    }
}

/// What a sign-in lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// Nothing.
    Nothing,
    /// A code of the authenticator app, or a recovery code.
    Totp,
    /// An authenticator app has to be enrolled, and its first code given.
    Enrolment,
    /// The code that is sent now.
    Code(Channel),
}

/// What a sign-in lacks after the first factor.
///
/// Whoever has an authenticator app is asked for it, whatever `method` says: a code by mail would be weaker. Whom no
/// message can reach must enrol one.
#[must_use]
pub fn wanted(policy: SecondFactorPolicy, method: OtpMethod, has_authenticator: bool, user: &User) -> Wanted {
    match policy {
        SecondFactorPolicy::Off => Wanted::Nothing,
        _ if has_authenticator => Wanted::Totp,
        SecondFactorPolicy::Optional => Wanted::Nothing,
        SecondFactorPolicy::Required => match (method, &user.email, &user.phone) {
            (OtpMethod::Email, Some(_), _) => Wanted::Code(Channel::Email),
            (OtpMethod::Sms, _, Some(_)) => Wanted::Code(Channel::Sms),
            _ => Wanted::Enrolment,
        },
    }
}
