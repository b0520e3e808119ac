//! Why a new password is refused: facts, which pages word in their reader's language.

use std::fmt;

use super::{MAX_PASSWORD_BYTES, SYMBOLS};
use crate::domain::error::{Error, ErrorKind};

/// A rule that a new password breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BrokenRule {
    /// It has fewer characters than that.
    TooShort(usize),
    /// It has more than [`MAX_PASSWORD_BYTES`].
    TooLong,
    /// It has no lower-case letter.
    NoLowerCaseLetter,
    /// It has no upper-case letter.
    NoUpperCaseLetter,
    /// It has no digit.
    NoNumber,
    /// It has none of [`SYMBOLS`].
    NoSymbol,
    /// It contains the given name.
    FirstNamePart,
    /// It contains the family name.
    LastNamePart,
    /// Many people use it, or it is the account's own name.
    Common,
    /// It is one of so many passwords, the current one among them.
    Former(u32),
}

/// As the native dialect words it: after "The new password".
impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort(least) => write!(f, "must have at least {least} characters"),
            Self::TooLong => write!(f, "must have at most {MAX_PASSWORD_BYTES} bytes"),
            Self::NoLowerCaseLetter => f.write_str("must contain a lower-case letter"),
            Self::NoUpperCaseLetter => f.write_str("must contain an upper-case letter"),
            Self::NoNumber => f.write_str("must contain a digit"),
            Self::NoSymbol => write!(f, "must contain one of {SYMBOLS}"),
            Self::FirstNamePart => f.write_str("must not contain the first name"),
            Self::LastNamePart => f.write_str("must not contain the last name"),
            Self::Common => f.write_str("must not be one that many people use, or the name of the account"),
            Self::Former(count) => write!(f, "must not be one of the last {count} passwords"),
        }
    }
}

/// All that a new password breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenRules(pub Vec<BrokenRule>);

impl BrokenRules {
    /// Those of the error; none of an error about something else.
    #[must_use]
    pub fn of(error: &Error) -> &[BrokenRule] {
        let source = error.source.as_deref();
        source.and_then(|source| source.downcast_ref::<Self>()).map_or(&[], |rules| &rules.0)
    }
}

/// The sentences, with `; ` between them.
impl fmt::Display for BrokenRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{rule}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BrokenRules {}

impl From<BrokenRules> for Error {
    fn from(rules: BrokenRules) -> Self {
        let public = rules.to_string();
        Self { public: public.into(), ..Self::because(ErrorKind::PasswordWeak, rules) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_the_rules_and_words_them() {
        let rules = [BrokenRule::TooShort(8), BrokenRule::NoNumber];
        let error = Error::from(BrokenRules(rules.to_vec()));
        assert_eq!(error.kind, ErrorKind::PasswordWeak);
        assert_eq!(error.public, "must have at least 8 characters; must contain a digit");
        assert_eq!(BrokenRules::of(&error), rules);
        assert!(BrokenRules::of(&Error::internal("something else")).is_empty());
    }
}
