//! A mail address is proved by a link that was sent to it.

use super::Core;
use crate::domain::actor::{Actor, Origin};
use crate::domain::claims::VerifiedToken;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;

/// A link that was followed.
#[derive(Debug)]
pub struct VerifyEmail {
    /// Who asks.
    pub actor: Actor,
    /// The link's token.
    pub token: Secret<String>,
}

impl Core {
    /// A link was sent to the account's address.
    ///
    /// # Errors
    /// UserInactive, NoDestination.
    pub async fn request_email_verification(
        &self,
        token: VerifiedToken,
        origin: Origin,
    ) -> Result<(), Error> {
        drop((token, origin));
        Err(ErrorKind::Unavailable.into())
    }

    /// The link's address is the account's, and proved; the link is used up.
    ///
    /// # Errors
    /// LinkTokenMissing, LinkUnknown, LinkSpent.
    pub async fn verify_email(&self, command: VerifyEmail) -> Result<(), Error> {
        drop(command);
        Err(ErrorKind::Unavailable.into())
    }
}
