//! A signed-in user takes another mail address.

use super::Core;
use crate::domain::actor::Origin;
use crate::domain::claims::VerifiedToken;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::user::Password;

/// A wish for another address.
#[derive(Debug)]
pub struct ChangeEmail {
    /// The verified access token.
    pub token: VerifiedToken,
    /// Where the request comes from.
    pub origin: Origin,
    /// The new address.
    pub email: String,
    /// The current password.
    pub password: Password,
}

impl Core {
    /// A link was sent to the new address; it is the account's once that was followed.
    ///
    /// # Errors
    /// In this order: EmailInvalid, UserInactive, ExternalUser, TooManyAttempts, OldPasswordMissing, OldPasswordWrong.
    pub async fn change_email(&self, command: ChangeEmail) -> Result<(), Error> {
        drop(command);
        Err(ErrorKind::Unavailable.into())
    }
}
