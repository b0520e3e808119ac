//! Users and their passwords.

use chrono::{Datelike, NaiveDate};

use super::ids::{ClientKey, IdentityId, TenantId, UserId};
use super::secret::Secret;
use super::time::Timestamp;

/// A person's account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// `id` and `sub`.
    pub id: UserId,
    /// As given; looked up by [`username_key`].
    pub username: String,
    /// E-mail address, if any.
    pub email: Option<String>,
    /// Whether the address was proved.
    pub email_verified: bool,
    /// Telephone number, if any.
    pub phone: Option<String>,
    /// Given name.
    pub first_name: String,
    /// Middle name.
    pub middle_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// One letter, as in the old service.
    pub gender: Option<String>,
    /// Date of birth.
    pub dob: Option<NaiveDate>,
    /// Address of a picture.
    pub photo_url: Option<String>,
    /// Job title.
    pub designation: Option<String>,
    /// The tenant a sign-in lands in.
    pub default_tenant: Option<TenantId>,
    /// Last completed sign-in.
    pub last_login: Option<Timestamp>,
    /// Set when the account was removed; such a user does not exist for any caller.
    pub deleted_at: Option<Timestamp>,
    /// Bumped when the password changes; a sign-in proves the version it checked is still the current one.
    pub credential_version: i64,
    /// Bumped to invalidate every token of the user.
    pub epoch: i64,
}

/// A user as sign-in needs it: with password hash and allowed clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The person.
    pub user: User,
    /// PHC or bcrypt string; `None` for accounts that only sign in at a provider.
    pub password_hash: Option<String>,
    /// Clients the user may sign in through.
    pub clients: Vec<ClientKey>,
}

/// A link to an account at an identity provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Row id.
    pub id: IdentityId,
    /// Local account.
    pub user: UserId,
    /// Provider instance (`[providers.<id>]`).
    pub provider: String,
    /// The account's stable id at the provider.
    pub subject: String,
    /// The issuer it was first seen with; empty until then.
    pub issuer: String,
}

/// A new password as submitted, not yet judged.
pub type Password = Secret<String>;

/// The form a username is looked up by: Unicode lower case, so that `Alice` and `alice` are one account.
#[must_use]
pub fn username_key(username: &str) -> String {
    username.to_lowercase()
}

/// Full years from `dob` to `today`.
#[must_use]
pub fn age_in_years(dob: NaiveDate, today: NaiveDate) -> i32 {
    let before_birthday = (today.month(), today.day()) < (dob.month(), dob.day());
    today.year() - dob.year() - i32::from(before_birthday)
}

#[cfg(test)]
impl User {
    /// Somebody whom nothing can reach.
    pub(crate) fn sample(username: &str) -> Self {
        use super::ids::Id as _;
        Self {
            id: UserId::from_uuid(uuid::Uuid::from_u128(1)),
            username: username.to_owned(),
            email: None,
            email_verified: false,
            phone: None,
            first_name: "Alice".to_owned(),
            middle_name: None,
            last_name: None,
            gender: None,
            dob: None,
            photo_url: None,
            designation: None,
            default_tenant: None,
            last_login: None,
            deleted_at: None,
            credential_version: 1,
            epoch: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_differ_by_more_than_case() {
        assert_eq!(username_key("ÄLICE"), username_key("älice"));
        assert_ne!(username_key("alice"), username_key("alice "));
    }

    #[test]
    fn a_year_is_full_on_the_birthday() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        assert_eq!(age_in_years(day("1990-05-17"), day("2026-05-16")), 35);
        assert_eq!(age_in_years(day("1990-05-17"), day("2026-05-17")), 36);
        assert_eq!(age_in_years(day("2000-02-29"), day("2026-02-28")), 25);
    }
}
