//! Claims about the user of an access token (OpenID Connect Core §5.3).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::authorization::ClaimsRequest;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{SessionId, TenantId, UserId};
use crate::domain::membership::Membership;
use crate::domain::oauth_claims::OAuthClaims;
use crate::domain::oidc_scope::{Known, OPENID, describe};
use crate::domain::profile::Profile;
use crate::domain::secret::Secret;
use crate::domain::user::User;
use crate::usecase::Core;

/// Whom the access tokens of a session speak of.
pub(super) struct SubjectFacts {
    pub(super) user: User,
    profile: Profile,
    membership: Membership,
    /// What was asked for one by one.
    claims: ClaimsRequest,
}

impl Core {
    /// The claims that the token's scopes stand for, and those that were asked for one by one.
    ///
    /// # Errors
    /// AccessTokenInvalid, AccessTokenRevoked, ScopeInsufficient without `openid`.
    pub async fn user_info(&self, token: &Secret<String>) -> Result<Map<String, Value>, Error> {
        let token = self.authenticate_oauth(token.expose()).await?;
        if !token.claims.has_scope(OPENID) {
            return Err(ErrorKind::ScopeInsufficient.into());
        }
        let facts = self.subject_facts(&token.claims).await?;
        let facts = facts.ok_or(ErrorKind::AccessTokenRevoked)?;
        let SubjectFacts { user, profile, membership, claims } = &*facts;
        let known = Known { user, profile, membership };
        let mut told = describe(known, &token.claims.scope, &claims.userinfo);
        told.insert("sub".to_owned(), token.claims.sub.clone().into());
        Ok(told)
    }

    /// `None` for a token of a client that speaks for itself, and when session, user or membership are gone.
    pub(super) async fn subject_facts(
        &self,
        claims: &OAuthClaims,
    ) -> Result<Option<Arc<SubjectFacts>>, Error> {
        let (Some(session), Some(user), Some(tenant)) =
            (claims.sid, claims.binding.user, claims.binding.tenant)
        else {
            return Ok(None);
        };
        let read_at = self.ports.clock.monotonic();
        if let Some(facts) = self.recent.subjects.get(&session, read_at) {
            return Ok(Some(facts));
        }
        let facts = self.read_subject(session, user, tenant).await?.map(Arc::new);
        if let Some(facts) = &facts {
            self.recent.subjects.put(session, Arc::clone(facts), read_at);
        }
        Ok(facts)
    }

    async fn read_subject(
        &self,
        session: SessionId,
        user: UserId,
        tenant: TenantId,
    ) -> Result<Option<SubjectFacts>, Error> {
        let mut tx = self.reading("subject").await?;
        let session = tx.session(session).await?;
        let account = tx.account(user).await?.filter(|account| account.user.deleted_at.is_none());
        let (Some(session), Some(account)) = (session, account) else { return Ok(None) };
        let profile = tx.profile(user).await?;
        let membership = tx.membership(user, tenant).await?;
        let (Some(profile), Some(membership)) = (profile, membership) else { return Ok(None) };
        let claims = session.oauth.map(|oauth| oauth.claims).unwrap_or_default();
        Ok(Some(SubjectFacts { user: account.user, profile, membership, claims }))
    }
}
