//! Forms of the hosted pages that need no authorization request, and forgotten passwords.

use super::turn::BrowserCookies;
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::domain::user::Password;
use crate::usecase::Core;

/// A form that only this browser can send.
#[derive(Debug)]
pub struct NewForm {
    /// The sealed transaction, for the form's hidden field.
    pub transaction: Secret<String>,
    /// The browser's cookie, where it is to be set.
    pub browser_token: Option<Secret<String>>,
}

/// A wish for a link to a new password.
#[derive(Debug)]
pub struct ForgetPasswordOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The form's transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// The account, in any case.
    pub username: String,
}

/// A new password from whom a link was sent to.
#[derive(Debug)]
pub struct ResetPasswordOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The form's transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// The link's token.
    pub token: Secret<String>,
    /// The new password.
    pub password: Password,
}

/// A password that was set.
#[derive(Debug)]
pub struct PasswordSet {
    /// The sealed transaction of a sign-in that can go on with the new password, at its sign-in page.
    pub continue_with: Option<Secret<String>>,
}

impl Core {
    /// A form of its own, for this browser and half an hour.
    ///
    /// # Errors
    /// Internal.
    pub fn new_form(&self, cookies: &BrowserCookies) -> Result<NewForm, Error> {
        let _ = cookies;
        Err(ErrorKind::Unavailable.into())
    }

    /// Whether the form is one that this browser was given; a sign-in's own transaction counts too.
    ///
    /// # Errors
    /// TransactionUnknown (403).
    pub fn check_form(&self, transaction: &Secret<String>, cookies: &BrowserCookies) -> Result<(), Error> {
        let _ = (transaction, cookies);
        Err(ErrorKind::TransactionUnknown.into())
    }

    /// As [`Core::forget_password`], for our own page: through the transaction's client, or the account's first.
    ///
    /// # Errors
    /// TransactionUnknown (403).
    pub async fn forget_password_on_page(&self, command: ForgetPasswordOnPage) -> Result<(), Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }

    /// As [`Core::reset_password`], for our own page: through the client of the link.
    ///
    /// # Errors
    /// TransactionUnknown (403), and those of [`Core::reset_password`] but of the client.
    pub async fn reset_password_on_page(&self, command: ResetPasswordOnPage) -> Result<PasswordSet, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }
}
