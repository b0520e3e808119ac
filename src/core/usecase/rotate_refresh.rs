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
use crate::domain::second_factor::Wanted;
use crate::domain::secret::{Secret, TokenHash};
use crate::ports::signer::Expiry;
use crate::ports::store::PresentedRefresh;

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
        let presented = self.native_refresh(&command.refresh_token, None).await?;
        let access_token = command.access_token.as_ref().ok_or(ErrorKind::AccessTokenMismatch)?;
        let verified = self.ports.signer.verify(access_token.expose(), Expiry::Ignored, self.now()).await;
        let verified = verified.map_err(|error| match error.kind {
            ErrorKind::AccessTokenInvalid => ErrorKind::AccessTokenMismatch.into(),
            _ => error,
        })?;
        require_pair(&presented.refresh, &verified)?;
        let rotation = self.prepare(presented, Operation::Refresh)?;
        self.rotate(&rotation, &command.refresh_token, &command.origin).await
    }

    /// The next pair of the family, speaking for another tenant.
    ///
    /// # Errors
    /// AccessTokenInvalid, AccessTokenRevoked, TenantIdMissing, RefreshUnknownOrUsed, AccessTokenMismatch, NotAMember,
    /// UserInactive, SecondFactorPending. A failure consumes nothing.
    pub async fn switch_tenant(&self, command: SwitchTenant) -> Result<TokenPair, Error> {
        let now = self.now();
        let verified = self.ports.signer.verify(command.access_token.expose(), Expiry::Enforced, now).await?;
        let tenant_id = command.tenant_id.as_deref().filter(|id| !id.is_empty());
        let tenant: Option<TenantId> = tenant_id.and_then(|id| id.parse().ok());
        let presented = self.native_refresh(&command.refresh_token, tenant).await;
        self.require_live_bearer(&verified, presented.as_ref().ok().map(|presented| &presented.refresh))?;
        tenant_id.ok_or(ErrorKind::TenantIdMissing)?;
        let presented = presented?;
        require_pair(&presented.refresh, &verified)?;
        tenant.ok_or(ErrorKind::NotAMember)?;
        let rotation = self.prepare(presented, Operation::Switch)?;
        self.require_second_factor(&rotation).await?;
        self.rotate(&rotation, &command.refresh_token, &command.origin).await
    }

    /// [`Core::presented_refresh`], unless its session is one of the OAuth 2.0 dialect.
    async fn native_refresh(
        &self,
        token: &Secret<String>,
        tenant: Option<TenantId>,
    ) -> Result<PresentedRefresh, Error> {
        let presented = self.presented_refresh(token, tenant).await?;
        if presented.session.oauth.is_some() {
            return Err(ErrorKind::RefreshUnknownOrUsed.into());
        }
        Ok(presented)
    }

    /// The token and what its rotation depends on, in that tenant or in the session's.
    pub(super) async fn presented_refresh(
        &self,
        token: &Secret<String>,
        tenant: Option<TenantId>,
    ) -> Result<PresentedRefresh, Error> {
        let hash = TokenHash::of(token.expose());
        let presented = self.reading("presented_refresh").await?.presented_refresh(&hash, tenant).await?;
        presented.ok_or_else(|| ErrorKind::RefreshUnknownOrUsed.into())
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

    /// A session that proved one factor does not get to where two are asked for.
    async fn require_second_factor(&self, rotation: &Rotation) -> Result<(), Error> {
        let Rotation { session, client, user, membership, .. } = rotation;
        if session.methods.are_enough() || self.lacking(client, user, membership).await? == Wanted::Nothing {
            return Ok(());
        }
        Err(ErrorKind::SecondFactorPending.into())
    }

    /// Refuses what may not continue.
    pub(super) fn prepare(
        &self,
        presented: PresentedRefresh,
        operation: Operation,
    ) -> Result<Rotation, Error> {
        let PresentedRefresh { refresh, successor, session, client, user, is_client_allowed, membership } =
            presented;
        if !session.is_live(self.now()) {
            return Err(ErrorKind::RefreshUnknownOrUsed.into());
        }
        if !client.enabled {
            return Err(ErrorKind::ClientUnknown.into());
        }
        if user.deleted_at.is_some() {
            return Err(ErrorKind::UserInactive.into());
        }
        if !is_client_allowed {
            return Err(ErrorKind::ClientUnknown.into());
        }
        let membership = membership.ok_or(match operation {
            Operation::Refresh => ErrorKind::UserInactive,
            Operation::Switch => ErrorKind::NotAMember,
        })?;
        require_standing(&membership)?;
        Ok(Rotation { operation, parent: refresh, successor, session, client, user, membership })
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
