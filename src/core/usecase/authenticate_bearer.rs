//! Bearer tokens (RFC 6750 §2.1): signature or cache, then times, then revocation, on every request.

use super::Core;
use crate::domain::claims::{Claims, VerifiedToken};
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
        if verified.claims.is_of_predecessor() {
            self.check_predecessor(&verified.claims).await?;
        }
        Ok(verified)
    }

    /// A token of the old service says nothing about epochs. It counts while nothing has happened here since the import to
    /// what it relies on: no new password, no changed role or status, no deactivation.
    async fn check_predecessor(&self, claims: &Claims) -> Result<(), Error> {
        let mut tx = self.reading("check_predecessor").await?;
        let account = tx.account(claims.sub).await?;
        let membership = tx.membership(claims.sub, claims.user.tenant_id).await?;
        let is_untouched = account.is_some_and(|account| {
            let user = account.user;
            user.deleted_at.is_none() && user.epoch == 0 && user.credential_version == 0
        });
        let still_stands = membership.is_some_and(|membership| {
            membership.id == claims.user.user_tenant_id
                && membership.epoch == 0
                && membership.tenant_epoch == 0
                && membership.may_sign_in()
        });
        if is_untouched && still_stands { Ok(()) } else { Err(ErrorKind::AccessTokenRevoked.into()) }
    }
}
