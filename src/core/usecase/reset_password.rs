//! A new password by a link in a mail.

use super::Core;
use crate::domain::actor::Actor;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::domain::user::Password;

/// A new password from whom a link was sent to.
#[derive(Debug)]
pub struct ResetPassword {
    /// Who asks.
    pub actor: Actor,
    /// The client the link was asked through.
    pub client_id: String,
    /// Its secret; public clients have none.
    pub client_secret: Option<Secret<String>>,
    /// The link's token.
    pub token: Secret<String>,
    /// The new password.
    pub password: Password,
}

impl Core {
    /// Whether the link would be good for a new password; uses nothing up.
    ///
    /// # Errors
    /// LinkUnknown, LinkSpent.
    pub async fn check_reset_link(&self, token: &Secret<String>) -> Result<(), Error> {
        let _ = token;
        Err(ErrorKind::Unavailable.into())
    }

    /// The password is the new one, the link is used up, and every session of the user is over.
    ///
    /// # Errors
    /// In this order: ClientAuthFailed, LinkTokenMissing, LinkUnknown, LinkSpent, UserInactive, UserNotActiveYet,
    /// PasswordMissing, PasswordUnchanged, PasswordWeak.
    pub async fn reset_password(&self, command: ResetPassword) -> Result<(), Error> {
        drop(command);
        Err(ErrorKind::Unavailable.into())
    }
}
