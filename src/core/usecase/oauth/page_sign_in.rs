//! Username and password on a hosted page.

use super::turn::{BrowserCookies, Turn};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::domain::user::Password;
use crate::usecase::Core;

/// A sign-in form that was sent.
#[derive(Debug)]
pub struct SignInOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// The account, in any case.
    pub username: String,
    /// Its password.
    pub password: Password,
}

impl Core {
    /// The sign-in is complete, or waits for its second factor.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown; and those the same page shows again: CredentialsMissing,
    /// InvalidCredentials, UserNotActiveYet, UserInactive, TooManyAttempts, Overloaded. Who may not use the client is told
    /// to the client (`access_denied`).
    pub async fn sign_in_on_page(&self, command: SignInOnPage) -> Result<Turn, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }
}
