//! Refresh token → the next pair, in the same tenant or another (RFC 6749 §6, RFC 9700 §4.14.2).
//!
//! Everything is validated first; rotation itself is one guarded statement. A retry inside the grace window gets the
//! very same successor: the refresh token is derived from its parent, and `jti`, `iat`, `exp` are columns of its row.

use super::rotation::Rotation;
use super::{Core, TokenPair};
use crate::domain::actor::Origin;
use crate::domain::claims::VerifiedToken;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::TenantId;
use crate::domain::membership::{Membership, MembershipStatus};
use crate::domain::refresh::{Operation, Refresh};
use crate::domain::secret::{Secret, TokenHash};
use crate::ports::signer::Expiry;

/// A wish for new tokens in the same tenant.
#[derive(Debug)]
pub struct RefreshTokens {
    /// Where the request comes from.
    pub origin: Origin,
    /// The refresh token.
    pub refresh_token: Secret<String>,
    /// The access token issued with it; may be expired.
    pub access_token: Option<Secret<String>>,
}

/// A wish for new tokens in another tenant.
#[derive(Debug)]
pub struct SwitchTenant {
    /// Where the request comes from.
    pub origin: Origin,
    /// The access token; not expired.
    pub access_token: Secret<String>,
    /// The refresh token issued with it.
    pub refresh_token: Secret<String>,
    /// Where to.
    pub tenant_id: Option<String>,
}

impl Core {
    /// The next pair of the family. Idempotent inside the grace window; reuse outside it ends the family.
    ///
    /// # Errors
    /// RefreshUnknownOrUsed, AccessTokenMismatch, ClientUnknown, UserInactive. A failure consumes nothing.
    pub async fn refresh_tokens(&self, command: RefreshTokens) -> Result<TokenPair, Error> {
        let parent = self.presented_refresh(&command.refresh_token).await?;
        let access_token = command.access_token.as_ref().ok_or(ErrorKind::AccessTokenMismatch)?;
        let verified = self.ports.signer.verify(access_token.expose(), Expiry::Ignored, self.now()).await;
        let verified = verified.map_err(|error| match error.kind {
            ErrorKind::AccessTokenInvalid => ErrorKind::AccessTokenMismatch.into(),
            _ => error,
        })?;
        require_pair(&parent, &verified)?;
        let rotation = self.prepare(parent, Operation::Refresh, None).await?;
        self.rotate(rotation, &command.refresh_token, &command.origin).await
    }

    /// The next pair of the family, speaking for another tenant.
    ///
    /// # Errors
    /// AccessTokenInvalid, AccessTokenRevoked, TenantIdMissing, RefreshUnknownOrUsed, AccessTokenMismatch, NotAMember,
    /// UserInactive. A failure consumes nothing.
    pub async fn switch_tenant(&self, command: SwitchTenant) -> Result<TokenPair, Error> {
        let now = self.now();
        let verified = self.ports.signer.verify(command.access_token.expose(), Expiry::Enforced, now).await?;
        let presented = self.presented_refresh(&command.refresh_token).await;
        self.require_live_bearer(&verified, presented.as_ref().ok())?;
        let tenant_id =
            command.tenant_id.as_deref().filter(|id| !id.is_empty()).ok_or(ErrorKind::TenantIdMissing)?;
        let parent = presented?;
        require_pair(&parent, &verified)?;
        let tenant: TenantId = tenant_id.parse().map_err(|_| ErrorKind::NotAMember)?;
        let rotation = self.prepare(parent, Operation::Switch, Some(tenant)).await?;
        self.rotate(rotation, &command.refresh_token, &command.origin).await
    }

    pub(super) async fn presented_refresh(&self, token: &Secret<String>) -> Result<Refresh, Error> {
        let hash = TokenHash::of(token.expose());
        let refresh = self.reading("presented_refresh").await?.refresh_by_token(&hash).await?;
        refresh.ok_or_else(|| ErrorKind::RefreshUnknownOrUsed.into())
    }

    /// A switch revokes the access token it was asked with; a retry of the same switch must still get through.
    fn require_live_bearer(
        &self,
        verified: &VerifiedToken,
        presented: Option<&Refresh>,
    ) -> Result<(), Error> {
        let now = self.now();
        if !self.ports.revocations.is_revoked(&verified.claims.probe(), now)? {
            return Ok(());
        }
        let used = presented.filter(|refresh| refresh.access.id == verified.claims.jti);
        let used = used.and_then(|refresh| refresh.consumption);
        if used.is_some_and(|used| now.since(used.at) < self.settings.refresh_grace) {
            return Ok(());
        }
        Err(ErrorKind::AccessTokenRevoked.into())
    }

    /// Reads session, client, user and membership, and refuses what may not continue.
    pub(super) async fn prepare(
        &self,
        parent: Refresh,
        operation: Operation,
        tenant: Option<TenantId>,
    ) -> Result<Rotation, Error> {
        let mut tx = self.reading("prepare_rotation").await?;
        let session = tx.session(parent.session).await?;
        let session = session.filter(|session| session.is_live(self.now()));
        let session = session.ok_or(ErrorKind::RefreshUnknownOrUsed)?;
        let client = tx.client(session.client).await?;
        let client = client.filter(|client| client.enabled).ok_or(ErrorKind::ClientUnknown)?;
        let account = tx.account(session.user).await?;
        let account =
            account.filter(|account| account.user.deleted_at.is_none()).ok_or(ErrorKind::UserInactive)?;
        if !account.clients.contains(&client.key) {
            return Err(ErrorKind::ClientUnknown.into());
        }
        let missing = if tenant.is_some() { ErrorKind::NotAMember } else { ErrorKind::UserInactive };
        let tenant = tenant.unwrap_or(session.tenant);
        let membership = tx.membership(session.user, tenant).await?.ok_or(missing)?;
        require_standing(&membership)?;
        let successor = tx.successor(parent.id).await?;
        Ok(Rotation { operation, parent, successor, session, client, user: account.user, membership })
    }
}

fn require_pair(refresh: &Refresh, access: &VerifiedToken) -> Result<(), Error> {
    if refresh.access.id == access.claims.jti { Ok(()) } else { Err(ErrorKind::AccessTokenMismatch.into()) }
}

fn require_standing(membership: &Membership) -> Result<(), Error> {
    if membership.may_sign_in() {
        return Ok(());
    }
    let not_yet = membership.status == MembershipStatus::REGISTERED;
    Err(if not_yet { ErrorKind::UserNotActiveYet } else { ErrorKind::UserInactive }.into())
}
