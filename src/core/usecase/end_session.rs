//! The one way a session ends: SQL under guard with a revocations row → commit → applied here → told to other nodes.

use super::{Core, MAX_ACCESS_TOKEN_TTL, rerun};
use crate::domain::activity::Activity;
use crate::domain::activity::LoginType;
use crate::domain::actor::Origin;
use crate::domain::claims::VerifiedToken;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::UpstreamSession;
use crate::domain::ids::{SessionId, UserId};
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::session::{EndReason, Session};
use crate::domain::time::Timestamp;

/// A user's wish to sign out.
#[derive(Debug)]
pub struct LogOut {
    /// The verified access token.
    pub token: VerifiedToken,
    /// Where the request comes from.
    pub origin: Origin,
    /// The refresh token issued with the access token.
    pub refresh_token: Option<Secret<String>>,
}

/// Who was signed out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedOut {
    /// The user.
    pub user: UserId,
    /// Where the browser can end the session at the identity provider too, if the sign-in was made there.
    pub provider_logout_url: Option<String>,
}

/// What the end of a session left to be done.
struct Ended {
    /// The provider's side of it.
    upstream: Option<UpstreamSession>,
    /// The session, if it had not ended before.
    ended: Option<Session>,
}

impl Core {
    /// The session of the tokens is over, on this node at once, and stays over across restarts.
    ///
    /// # Errors
    /// RefreshTokenMissing, RefreshUnknownOrUsed, AccessTokenMismatch.
    pub async fn log_out(&self, command: LogOut) -> Result<LoggedOut, Error> {
        let refresh_token = command.refresh_token.as_ref().filter(|token| !token.expose().is_empty());
        let refresh_token = refresh_token.ok_or(ErrorKind::RefreshTokenMissing)?;
        let claims = &command.token.claims;
        if claims.is_of_predecessor() {
            return self.log_out_of_predecessor(&command).await;
        }
        self.own_refresh(&command.token, refresh_token).await?;
        let activity = self.logout_activity(&command)?;
        let upstream = self.finish_session(claims.sid, EndReason::Logout, Some(&activity)).await?;
        let provider_logout_url = match &upstream {
            Some(upstream) => self.upstream_logout_url(upstream, &claims.client_id).await.unwrap_or_default(),
            None => None,
        };
        Ok(LoggedOut { user: claims.sub, provider_logout_url })
    }

    /// Its refresh token is unknown here, and its session too: the access token alone is over.
    async fn log_out_of_predecessor(&self, command: &LogOut) -> Result<LoggedOut, Error> {
        let claims = &command.token.claims;
        let activity = self.logout_activity(command)?;
        let revoked = Revoked::Token(claims.jti);
        let revocation = Revocation { what: revoked, until: self.now().plus(MAX_ACCESS_TOKEN_TTL) };
        rerun(|| self.write_token_end(revocation, &activity)).await?;
        self.ports.revocations.announce(&[revocation]).await;
        Ok(LoggedOut { user: claims.sub, provider_logout_url: None })
    }

    async fn write_token_end(&self, revocation: Revocation, activity: &Activity) -> Result<(), Error> {
        let mut tx = self.writing("end_token").await?;
        tx.record_revocations(&[revocation], self.now()).await?;
        tx.record_activity(activity).await?;
        Ok(tx.commit().await?)
    }

    /// Proves that the refresh token was issued together with the access token.
    pub(super) async fn own_refresh(
        &self,
        token: &VerifiedToken,
        refresh_token: &Secret<String>,
    ) -> Result<(), Error> {
        let hash = TokenHash::of(refresh_token.expose());
        let refresh = self.reading("own_refresh").await?.refresh_by_token(&hash).await?;
        let refresh = refresh.ok_or(ErrorKind::RefreshUnknownOrUsed)?;
        if refresh.access.id != token.claims.jti {
            return Err(ErrorKind::AccessTokenMismatch.into());
        }
        if refresh.consumption.is_some() || self.now() >= refresh.expires_at {
            return Err(ErrorKind::RefreshUnknownOrUsed.into());
        }
        Ok(())
    }

    fn logout_activity(&self, command: &LogOut) -> Result<Activity, Error> {
        let claims = &command.token.claims;
        let mut payload = serde_json::to_value(&claims.user).map_err(Error::internal)?;
        payload["clientId"] = claims.client_id.clone().into();
        let tenant = Some(claims.user.tenant_id);
        Ok(self.activity(LoginType::Logout, claims.sub, tenant, payload.to_string(), &command.origin))
    }

    /// Ends a session without an activity row (replay, reuse).
    pub(super) async fn end_session(&self, session: SessionId, reason: EndReason) -> Result<(), Error> {
        self.finish_session(session, reason, None).await.map(|_| ())
    }

    /// Answers the provider's side of the session, which is told too.
    async fn finish_session(
        &self,
        session: SessionId,
        reason: EndReason,
        activity: Option<&Activity>,
    ) -> Result<Option<UpstreamSession>, Error> {
        let now = self.now();
        let revocation = session_revocation(session, now);
        let Ended { upstream, ended } =
            rerun(|| self.write_end(revocation, session, reason, activity)).await?;
        self.ports.revocations.announce(&[revocation]).await;
        tracing::info!(event = "session_ended", session_id = %session, reason = reason.as_str());
        if reason != EndReason::Revoked {
            self.announce_logout(ended.into_iter().collect());
        }
        if let Some(upstream) = &upstream {
            self.end_upstream_later(upstream);
        }
        Ok(upstream)
    }

    async fn write_end(
        &self,
        revocation: Revocation,
        session: SessionId,
        reason: EndReason,
        activity: Option<&Activity>,
    ) -> Result<Ended, Error> {
        let now = self.now();
        let mut tx = self.writing("end_session").await?;
        let mut ended = None;
        if tx.end_session(session, reason, now).await? {
            tx.record_revocations(&[revocation], now).await?;
            if let Some(activity) = activity {
                tx.record_activity(activity).await?;
            }
            ended = tx.session(session).await?;
        }
        let upstream = tx.take_upstream_session(session).await?;
        tx.commit().await?;
        Ok(Ended { upstream, ended })
    }
}

/// What makes the session's tokens worthless, for as long as there can be any.
pub(super) fn session_revocation(session: SessionId, now: Timestamp) -> Revocation {
    Revocation { what: Revoked::Session(session), until: now.plus(MAX_ACCESS_TOKEN_TTL) }
}
