//! Claims about the user of an access token (OpenID Connect Core §5.3).

use serde_json::{Map, Value};

use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::usecase::Core;

impl Core {
    /// The claims that the token's scopes stand for, and those that were asked for one by one.
    ///
    /// # Errors
    /// AccessTokenInvalid, AccessTokenRevoked, ScopeInsufficient without `openid`.
    pub async fn user_info(&self, token: &Secret<String>) -> Result<Map<String, Value>, Error> {
        self.authenticate_oauth(token.expose()).await?;
        Err(ErrorKind::Unavailable.into())
    }
}
