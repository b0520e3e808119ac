//! A link to an account for who owns an address.

use super::Core;
use crate::domain::actor::Actor;
use crate::domain::error::{Error, ErrorKind};

/// A wish for an account.
#[derive(Debug)]
pub struct RequestSignUp {
    /// Who asks.
    pub actor: Actor,
    /// The address the account shall have.
    pub email: String,
    /// What the asking app wants to be kept with the account: a JSON object of at most 8 KiB.
    pub data: Option<serde_json::Value>,
}

impl Core {
    /// A link was sent to the address; if there is an account of it already, a mail that says so. Nobody can tell which.
    ///
    /// # Errors
    /// EmailInvalid, SignUpClosed.
    pub async fn request_sign_up(&self, command: RequestSignUp) -> Result<(), Error> {
        drop(command);
        Err(ErrorKind::Unavailable.into())
    }
}
