//! One rotation of a refresh token: judge, then one guarded write, or the same answer again.

use super::issue_tokens::{TokenHolder, refresh_expiry};
use super::{Core, TokenPair, rerun};
use crate::domain::activity::{Activity, LoginType};
use crate::domain::actor::Origin;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::membership::Membership;
use crate::domain::refresh::{Consumption, Operation, Presented, Refresh};
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::session::{EndReason, Session};
use crate::domain::user::User;

const PURPOSE: &str = "refresh_successor";

/// Everything known about a presented refresh token, read before anything is written.
pub(super) struct Rotation {
    pub(super) operation: Operation,
    pub(super) parent: Refresh,
    pub(super) successor: Option<Refresh>,
    pub(super) session: Session,
    pub(super) client: Client,
    pub(super) user: User,
    pub(super) membership: Membership,
}

impl Core {
    /// The successor pair of the presented token.
    pub(super) async fn rotate(
        &self,
        rotation: Rotation,
        token: &Secret<String>,
        origin: &Origin,
    ) -> Result<TokenPair, Error> {
        if self.judge(&rotation) != Presented::Fresh {
            return self.answer_used(&rotation, token, origin).await;
        }
        if let Some(pair) = self.rotate_fresh(&rotation, token, origin).await? {
            return Ok(pair);
        }
        // Another request used the token between our read and our write: judge it again as used.
        let parent = self.presented_refresh(token).await?;
        let tenant = rotation.membership.tenant;
        let rotation = self.prepare(parent, rotation.operation, Some(tenant)).await?;
        self.answer_used(&rotation, token, origin).await
    }

    fn judge(&self, rotation: &Rotation) -> Presented {
        let successor_used = rotation.successor.as_ref().is_some_and(|next| next.consumption.is_some());
        let grace = self.settings.refresh_grace;
        rotation.parent.judge(
            self.now(),
            grace,
            rotation.operation,
            rotation.membership.tenant,
            successor_used,
        )
    }

    /// `None` = another request won.
    async fn rotate_fresh(
        &self,
        rotation: &Rotation,
        token: &Secret<String>,
        origin: &Origin,
    ) -> Result<Option<TokenPair>, Error> {
        let (key_version, successor_token) = self.successor_token(token, None).await?;
        let now = self.now();
        let Rotation { client, session, parent, .. } = rotation;
        let next = Refresh {
            id: self.new_id(),
            session: session.id,
            token_hash: TokenHash::of(successor_token.expose()),
            parent: Some(parent.id),
            key_version: Some(key_version),
            access: self.new_access(client, session, now),
            created_at: now,
            expires_at: refresh_expiry(client, session, now),
            consumption: None,
        };
        let old_access =
            Revocation { what: Revoked::Token(parent.access.id), until: parent.access.expires_at };
        let activity = self.relogin_activity(rotation, origin);
        if !rerun(|| self.write_rotation(rotation, &next, old_access, &activity, origin)).await? {
            return Ok(None);
        }
        self.ports.revocations.announce(&[old_access]).await;
        self.sign_successor(rotation, &next, successor_token).await.map(Some)
    }

    async fn write_rotation(
        &self,
        rotation: &Rotation,
        next: &Refresh,
        old_access: Revocation,
        activity: &Activity,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let now = next.created_at;
        let Rotation { session, membership, parent, operation, .. } = rotation;
        let used = Consumption { at: now, operation: *operation, tenant: membership.tenant, ip: origin.ip };
        let mut tx = self.writing("rotate_refresh").await?;
        if !tx.touch_session(session.id, membership.tenant, membership.id, now).await? {
            return Err(ErrorKind::RefreshUnknownOrUsed.into());
        }
        if !tx.consume_refresh(parent.id, &used).await? {
            return Ok(false);
        }
        tx.add_refresh(next).await?;
        tx.record_revocations(&[old_access], now).await?;
        tx.record_activity(activity).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The answer to a token that was used before.
    async fn answer_used(
        &self,
        rotation: &Rotation,
        token: &Secret<String>,
        origin: &Origin,
    ) -> Result<TokenPair, Error> {
        match self.judge(rotation) {
            Presented::Retry => {
                let next = rotation.successor.as_ref().ok_or(ErrorKind::RefreshUnknownOrUsed)?;
                let (_, successor_token) = self.successor_token(token, next.key_version).await?;
                self.sign_successor(rotation, next, successor_token).await
            }
            Presented::Reuse => {
                warn_of_reuse(rotation, origin);
                self.end_session(rotation.session.id, EndReason::RefreshReuse).await?;
                Err(ErrorKind::RefreshUnknownOrUsed.into())
            }
            Presented::Fresh | Presented::LateRetry | Presented::Expired => {
                Err(ErrorKind::RefreshUnknownOrUsed.into())
            }
        }
    }

    async fn sign_successor(
        &self,
        rotation: &Rotation,
        next: &Refresh,
        token: Secret<String>,
    ) -> Result<TokenPair, Error> {
        let Rotation { client, session, user, membership, .. } = rotation;
        self.sign_pair(TokenHolder { client, session, user, membership }, next.access, token).await
    }

    /// Derived from the parent, so that a retry can be answered although only hashes are stored.
    async fn successor_token(
        &self,
        parent: &Secret<String>,
        key_version: Option<i64>,
    ) -> Result<(i64, Secret<String>), Error> {
        let parent = parent.expose().as_bytes();
        let (version, mac) = self.ports.signer.server_mac(PURPOSE, key_version, parent).await?;
        Ok((version, Secret::new(hex::encode(mac))))
    }

    fn relogin_activity(&self, rotation: &Rotation, origin: &Origin) -> Activity {
        let Rotation { client, user, membership, .. } = rotation;
        let payload = self.token_payload(user, membership, client, self.now());
        self.activity(LoginType::Relogin, user.id, Some(membership.tenant), payload, origin)
    }
}

fn warn_of_reuse(rotation: &Rotation, origin: &Origin) {
    let first_use = rotation.parent.consumption.and_then(|used| used.ip);
    tracing::warn!(
        event = "refresh_token_reused",
        session_id = %rotation.session.id,
        user_id = %rotation.user.id,
        first_use_from = ?first_use,
        reused_from = ?origin.ip,
    );
}
