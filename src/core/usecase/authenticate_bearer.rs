//! Bearer tokens (RFC 6750 §2.1): signature or cache, then times, then revocation, on every request.

use super::Core;
use crate::domain::claims::VerifiedToken;
use crate::domain::error::{Error, ErrorKind};
use crate::ports::signer::Expiry;

impl Core {
    /// The verified, unrevoked access token.
    ///
    /// # Errors
    /// AccessTokenInvalid, AccessTokenRevoked; Unavailable when this node cannot know what was revoked.
    pub async fn authenticate(&self, token: &str) -> Result<VerifiedToken, Error> {
        let now = self.now();
        let verified = self.ports.signer.verify(token, Expiry::Enforced, now).await?;
        if self.ports.revocations.is_revoked(&verified.claims.probe(), now)? {
            return Err(ErrorKind::AccessTokenRevoked.into());
        }
        Ok(verified)
    }
}
