//! Claims about the user of an access token (OpenID Connect Core §5.3).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::authorization::ClaimsRequest;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{ClientKey, SessionId, TenantId, UserId};
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
    client: ClientKey,
    /// What was granted in the session.
    scopes: Vec<String>,
    /// What was asked for one by one.
    claims: ClaimsRequest,
}

impl SubjectFacts {
    /// Whether the token is one of the session's: who holds a client's HS256 key can name any session and anybody in it.
    fn are_of(&self, claims: &OAuthClaims) -> bool {
        let of = (self.user.id, self.membership.tenant, self.client);
        claims.binding.user == Some(of.0)
            && claims.binding.tenant == Some(of.1)
            && claims.binding.client == of.2
            && claims.scope.iter().all(|scope| self.scopes.contains(scope))
    }
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
        let SubjectFacts { user, profile, membership, claims, .. } = &*facts;
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
        let facts = if let Some(facts) = self.recent.subjects.get(&session, read_at) {
            Some(facts)
        } else {
            let facts = self.read_subject(session, user, tenant).await?.map(Arc::new);
            if let Some(facts) = facts.as_ref().filter(|facts| facts.are_of(claims)) {
                self.recent.subjects.put(session, Arc::clone(facts), read_at);
            }
            facts
        };
        Ok(facts.filter(|facts| facts.are_of(claims)))
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
        // Tokens of this dialect come from its own sessions only.
        let Some(oauth) = session.oauth.filter(|_| session.user == user) else { return Ok(None) };
        let (client, scopes, claims) = (session.client, oauth.scopes, oauth.claims);
        Ok(Some(SubjectFacts { user: account.user, profile, membership, client, scopes, claims }))
    }
}
