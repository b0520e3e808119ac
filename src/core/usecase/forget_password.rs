//! A link to a new password for whom the old one is lost.

use super::Core;
use crate::domain::actor::Actor;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;

/// A wish for a link to a new password.
#[derive(Debug)]
pub struct ForgetPassword {
    /// Who asks.
    pub actor: Actor,
    /// The client.
    pub client_id: String,
    /// Its secret; public clients have none.
    pub client_secret: Option<Secret<String>>,
    /// The account, in any case.
    pub username: String,
}

impl Core {
    /// Who may get a new password was sent a link to it; nobody can tell whether that was so.
    ///
    /// # Errors
    /// ClientAuthFailed, TooManyAttempts (of the client's secret).
    pub async fn forget_password(&self, command: ForgetPassword) -> Result<(), Error> {
        drop(command);
        Err(ErrorKind::Unavailable.into())
    }
}
