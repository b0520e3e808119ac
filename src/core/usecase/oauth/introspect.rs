//! Token introspection (RFC 7662).

use serde_json::{Map, Value};

use super::client_authentication::PresentedClient;
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::usecase::Core;

/// A question about a token.
#[derive(Debug)]
pub struct Introspect {
    /// Where the request comes from.
    pub origin: Origin,
    /// Who asks; a confidential client.
    pub client: PresentedClient,
    /// The token: an access token of any dialect, or a refresh token.
    pub token: Secret<String>,
}

impl Core {
    /// What is known of a live token that the client may know about; `None` for every other (RFC 7662 §2.2).
    ///
    /// # Errors
    /// RequestInvalid, ClientAuthFailed, TooManyAttempts.
    pub async fn introspect(&self, command: Introspect) -> Result<Option<Map<String, Value>>, Error> {
        self.authenticate_presented(&command.client, &command.origin).await?;
        Err(ErrorKind::Unavailable.into())
    }
}
