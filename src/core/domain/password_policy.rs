//! What a new password must be. Defaults are those of the management API's password policy.

mod broken_rule;
mod options;

use std::time::Duration;

pub use broken_rule::{BrokenRule, BrokenRules};
pub use options::PasswordPolicyOptions;

use super::common_passwords::is_common;
use super::user::User;

/// Longest password accepted, in bytes: hashing work must be bounded (OWASP ASVS 6.2.9 asks for at least 64 characters).
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// Characters that count as symbols.
pub const SYMBOLS: &str = "~!@#$%^&*()-_=+[]{}\\|;:,.<>/?`";

/// The rules.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent switch of the policy")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PasswordPolicy {
    /// Fewest characters.
    pub min_length: usize,
    /// Needs a lower-case letter.
    pub require_lower_case_letter: bool,
    /// Needs an upper-case letter.
    pub require_upper_case_letter: bool,
    /// Needs a digit.
    pub require_number: bool,
    /// Needs one of [`SYMBOLS`].
    pub require_symbol: bool,
    /// Must not contain the given name.
    pub disallow_first_name_part: bool,
    /// Must not contain the family name.
    pub disallow_last_name_part: bool,
    /// Must not be one of the passwords that everybody uses.
    pub disallow_common: bool,
    /// Must be none of so many passwords before the current one.
    pub history: u32,
    /// After this time a new one is demanded; `None` = never.
    pub max_age: Option<Duration>,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_length: 8,
            require_lower_case_letter: true,
            require_upper_case_letter: true,
            require_number: true,
            require_symbol: true,
            disallow_first_name_part: true,
            disallow_last_name_part: true,
            disallow_common: true,
            history: 0,
            max_age: None,
        }
    }
}

impl PasswordPolicy {
    /// Every rule the password breaks; none = acceptable.
    #[must_use]
    pub fn violations(&self, password: &str, user: &User) -> Vec<BrokenRule> {
        let has = |test: fn(char) -> bool| password.chars().any(test);
        let rules = [
            (password.chars().count() < self.min_length, BrokenRule::TooShort(self.min_length)),
            (password.len() > MAX_PASSWORD_BYTES, BrokenRule::TooLong),
            (self.require_lower_case_letter && !has(char::is_lowercase), BrokenRule::NoLowerCaseLetter),
            (self.require_upper_case_letter && !has(char::is_uppercase), BrokenRule::NoUpperCaseLetter),
            (self.require_number && !has(|c| c.is_ascii_digit()), BrokenRule::NoNumber),
            (self.require_symbol && !has(|c| SYMBOLS.contains(c)), BrokenRule::NoSymbol),
            (
                self.disallow_first_name_part && contains_name(password, Some(&user.first_name)),
                BrokenRule::FirstNamePart,
            ),
            (
                self.disallow_last_name_part && contains_name(password, user.last_name.as_deref()),
                BrokenRule::LastNamePart,
            ),
            (
                self.disallow_common && (is_common(password) || is_own_name(password, user)),
                BrokenRule::Common,
            ),
        ];
        rules.into_iter().filter(|(is_broken, _)| *is_broken).map(|(_, rule)| rule).collect()
    }
}

/// The first that anybody tries: the name of the account, its address, the part before the `@`.
fn is_own_name(password: &str, user: &User) -> bool {
    let password = password.to_lowercase();
    [Some(user.username.as_str()), user.email.as_deref()].into_iter().flatten().any(|name| {
        let name = name.to_lowercase();
        name == password || name.split('@').next() == Some(&password)
    })
}

/// Names of fewer than three characters are left out: every password contains them sooner or later.
fn contains_name(password: &str, name: Option<&str>) -> bool {
    let Some(name) = name.map(str::trim).filter(|name| name.chars().count() >= 3) else {
        return false;
    };
    password.to_lowercase().contains(&name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::{Id as _, UserId};

    fn alice() -> User {
        User {
            id: UserId::from_uuid(Uuid::from_u128(1)),
            username: "alice".to_owned(),
            email: None,
            email_verified: false,
            phone: None,
            first_name: "Alice".to_owned(),
            middle_name: None,
            last_name: Some("Ng".to_owned()),
            gender: None,
            dob: None,
            photo_url: None,
            designation: None,
            default_tenant: None,
            last_login: None,
            deleted_at: None,
            credential_version: 0,
            epoch: 0,
        }
    }

    fn violations(password: &str) -> usize {
        PasswordPolicy::default().violations(password, &alice()).len()
    }

    #[test]
    fn the_samples_of_the_management_api_are_good() {
        for password in ["Password2##", "Password#1", "UsersResetPassw0rd!"] {
            assert_eq!(violations(password), 0, "{password}");
        }
    }

    #[test]
    fn each_rule_is_broken_alone() {
        let bad = ["Aa1#567", "PASSWORD#1", "password#1", "Password##", "Possward17", "xAlIcE#1xx"];
        for password in bad {
            assert_eq!(violations(password), 1, "{password}");
        }
        assert_eq!(violations("Welcome1!"), 1, "many people use it");
        let named = User { username: "Zoe#1@Acme.test".to_owned(), ..alice() };
        for own in ["zoe#1@acme.TEST", "Zoe#1"] {
            let policy = lax();
            assert_eq!(policy.violations(own, &named).len(), 1, "{own} is the name of the account");
        }
        assert_eq!(violations("Wrong#1ng"), 0, "two letters are no name part");
        assert_eq!(violations(&format!("Aa1#{}", "x".repeat(MAX_PASSWORD_BYTES))), 1);
    }

    fn lax() -> PasswordPolicy {
        PasswordPolicy {
            min_length: 1,
            require_lower_case_letter: false,
            require_upper_case_letter: false,
            require_number: false,
            require_symbol: false,
            disallow_first_name_part: false,
            disallow_last_name_part: false,
            disallow_common: true,
            history: 0,
            max_age: None,
        }
    }

    #[test]
    fn nothing_is_required_when_all_is_switched_off() {
        let policy = PasswordPolicy { disallow_common: false, ..lax() };
        assert!(policy.violations("alice", &alice()).is_empty());
    }
}
