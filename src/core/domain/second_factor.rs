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

#[cfg(test)]
mod tests {
    use super::SecondFactorPolicy::{Off, Optional, Required};
    use super::*;

    fn reachable_by(email: bool, phone: bool) -> User {
        User {
            email: email.then(|| "alice@example.test".to_owned()),
            phone: phone.then(|| "+15550000001".to_owned()),
            ..User::sample("alice")
        }
    }

    const METHODS: [OtpMethod; 3] = [OtpMethod::Email, OtpMethod::Sms, OtpMethod::Totp];
    const REACHES: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

    #[test]
    fn off_and_an_app_in_force_leave_nothing_to_choose() {
        for method in METHODS {
            for (email, phone) in REACHES {
                let user = reachable_by(email, phone);
                assert_eq!(wanted(Off, method, true, &user), Wanted::Nothing);
                assert_eq!(wanted(Off, method, false, &user), Wanted::Nothing);
                assert_eq!(wanted(Optional, method, true, &user), Wanted::Totp);
                assert_eq!(wanted(Optional, method, false, &user), Wanted::Nothing);
                assert_eq!(wanted(Required, method, true, &user), Wanted::Totp);
            }
        }
    }

    #[test]
    fn who_has_no_app_is_sent_a_code_or_must_enrol_one() {
        let (mail, text) = (Wanted::Code(Channel::Email), Wanted::Code(Channel::Sms));
        let table = [
            (OtpMethod::Email, [Wanted::Enrolment, mail, Wanted::Enrolment, mail]),
            (OtpMethod::Sms, [Wanted::Enrolment, Wanted::Enrolment, text, text]),
            (OtpMethod::Totp, [Wanted::Enrolment; 4]),
        ];
        for (method, row) in table {
            let found =
                REACHES.map(|(email, phone)| wanted(Required, method, false, &reachable_by(email, phone)));
            assert_eq!(found, row, "{method:?}");
        }
    }

    #[test]
    fn the_client_replaces_the_servers_word_and_the_role_only_sharpens_it() {
        for server in SecondFactorPolicy::ALL {
            assert_eq!(SecondFactorPolicy::effective(server, None, None), server);
            for client in SecondFactorPolicy::ALL {
                assert_eq!(SecondFactorPolicy::effective(server, Some(client), None), client);
                for role in SecondFactorPolicy::ALL {
                    let sharper = if role > client { role } else { client };
                    assert_eq!(SecondFactorPolicy::effective(server, Some(client), Some(role)), sharper);
                }
            }
        }
        assert_eq!(SecondFactorPolicy::effective(Optional, None, Some(Off)), Optional);
        assert_eq!(SecondFactorPolicy::effective(Off, None, Some(Required)), Required);
    }

    #[test]
    fn every_word_is_read_again() {
        for policy in SecondFactorPolicy::ALL {
            assert_eq!(SecondFactorPolicy::parse(policy.as_str()), Some(policy));
        }
        for channel in [Channel::Email, Channel::Sms] {
            assert_eq!(Channel::parse(channel.as_str()), Some(channel));
        }
        assert_eq!((SecondFactorPolicy::parse("Required"), Channel::parse("fax")), (None, None));
    }
}
