//! One rotation of a refresh token: judge, then one guarded write, or the same answer again.

use std::sync::Arc;

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
use crate::ports::store::RefreshRotation;

const PURPOSE: &str = "refresh_successor";

/// A presented refresh token that nothing forbids to use, with what was read before anything is written.
pub(super) struct Rotation {
    pub(super) operation: Operation,
    pub(super) parent: Refresh,
    pub(super) successor: Option<Refresh>,
    /// Its `oauth` is what the client asks for this time: all it was allowed, or less.
    pub(super) session: Session,
    pub(super) client: Client,
    pub(super) user: User,
    pub(super) membership: Membership,
}

impl Core {
    /// The successor pair of the presented token.
    pub(super) async fn rotate(
        &self,
        rotation: &Rotation,
        token: &Secret<String>,
        origin: &Origin,
    ) -> Result<TokenPair, Error> {
        if self.judge(rotation) != Presented::Fresh {
            return self.answer_used(rotation, token, origin).await;
        }
        if let Some(pair) = self.rotate_fresh(rotation, token, origin).await? {
            return Ok(pair);
        }
        // Another request used the token, or ended the session, between our read and our write: judge it again.
        let presented = self.presented_refresh(token, Some(rotation.membership.tenant)).await?;
        let mut again = self.prepare(presented, rotation.operation)?;
        again.session.oauth.clone_from(&rotation.session.oauth);
        self.answer_used(&again, token, origin).await
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

    /// `None` = another request was faster.
    async fn rotate_fresh(
        &self,
        rotation: &Rotation,
        token: &Secret<String>,
        origin: &Origin,
    ) -> Result<Option<TokenPair>, Error> {
        let (key_version, successor_token) = self.successor_token(token, None).await?;
        let now = self.now();
        let Rotation { client, session, parent, membership, operation, .. } = rotation;
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
        let act = Arc::new(RefreshRotation {
            parent: parent.id,
            old_access: parent.access,
            used: Consumption { at: now, operation: *operation, tenant: membership.tenant, ip: origin.ip },
            membership: membership.id,
            activity: self.relogin_activity(rotation, origin),
            next,
        });
        let write = async || Ok(self.ports.store.rotate_refresh(Arc::clone(&act)).await?);
        if !rerun(write).await? {
            return Ok(None);
        }
        let old_access = Revoked::Token(parent.access.id);
        let revocation = Revocation { what: old_access, until: parent.access.expires_at };
        self.ports.revocations.announce(&[revocation]).await;
        self.sign_successor(rotation, &act.next, successor_token).await.map(Some)
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
