//! Bearer tokens of the OAuth 2.0 dialect (RFC 6750 §2.1): signature or cache, then times, then revocation, on every request.

use crate::domain::error::{Error, ErrorKind};
use crate::domain::oauth_claims::OAuthToken;
use crate::usecase::Core;

impl Core {
    /// The verified, unrevoked access token.
    ///
    /// # Errors
    /// AccessTokenInvalid, AccessTokenRevoked; Unavailable when this node cannot know what was revoked.
    pub async fn authenticate_oauth(&self, token: &str) -> Result<OAuthToken, Error> {
        let now = self.now();
        let verified = self.ports.signer.verify_oauth(token, now).await?;
        if self.ports.revocations.is_revoked(&verified.claims.probe(), now)? {
            return Err(ErrorKind::AccessTokenRevoked.into());
        }
        Ok(verified)
    }
}
