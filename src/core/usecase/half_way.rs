//! Sign-ins that are half way: whoever holds their code may finish them, or enrol an authenticator app.

use std::time::Duration;

use super::Core;
use super::sign_in::SignIn;
use crate::domain::authentication::Methods;
use crate::domain::browser_session::BrowserSession;
use crate::domain::challenge::{Challenge, ChallengePurpose};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::grant::Grant;
use crate::domain::ids::{MembershipId, TenantId, UserId};
use crate::domain::membership::{Membership, NoMembership, choose_membership};
use crate::domain::secret::TokenHash;
use crate::ports::store::{Tx, UpstreamHolder};

/// How long after its end a pending code is still called expired.
const REMEMBERED_FOR: Duration = Duration::from_hours(1);

/// What a code that was not redeemed stands for.
pub(super) enum Held {
    /// A sign-in whose second factor is missing.
    Pending(Challenge),
    /// A sign-in that lacks nothing.
    Grant(Grant),
}

/// What was proved of a sign-in so far.
#[derive(Clone, Debug)]
pub(super) struct HalfWay {
    pub(super) user: UserId,
    pub(super) place: Option<(TenantId, MembershipId)>,
    pub(super) credential_version: i64,
    pub(super) methods: Methods,
    /// What holds the provider's side of it, and is used up with it; `None` = nothing is.
    pub(super) holder: Option<UpstreamHolder>,
}

impl HalfWay {
    /// `None` for a challenge about nobody.
    pub(super) fn of_challenge(challenge: &Challenge) -> Option<Self> {
        Some(Self {
            user: challenge.user?,
            place: challenge.place,
            credential_version: challenge.credential_version,
            methods: challenge.methods.clone(),
            holder: Some(UpstreamHolder::Challenge(challenge.id)),
        })
    }

    pub(super) fn of_grant(grant: &Grant) -> Self {
        Self {
            user: grant.user,
            place: Some((grant.tenant, grant.membership)),
            credential_version: grant.credential_version,
            methods: grant.methods.clone(),
            holder: Some(UpstreamHolder::Grant(grant.id)),
        }
    }

    pub(super) fn of_sign_in(sign_in: &SignIn) -> Self {
        let SignIn { account, membership, methods, .. } = sign_in;
        Self {
            user: account.user.id,
            place: Some((membership.tenant, membership.id)),
            credential_version: account.user.credential_version,
            methods: methods.clone(),
            holder: None,
        }
    }

    pub(super) fn of_browser_session(session: &BrowserSession) -> Self {
        Self {
            user: session.user,
            place: Some((session.tenant, session.membership)),
            credential_version: session.credential_version,
            methods: session.methods.clone(),
            holder: None,
        }
    }
}

impl Held {
    pub(super) fn half_way(&self) -> Option<HalfWay> {
        match self {
            Self::Pending(challenge) => HalfWay::of_challenge(challenge),
            Self::Grant(grant) => Some(HalfWay::of_grant(grant)),
        }
    }
}

impl Core {
    /// What the code stands for; nothing is used up. `client` = `None` for one that may be any client's.
    ///
    /// # Errors
    /// CodeUnknownOrUsed, CodeExpired.
    pub(super) async fn held(&self, code: &TokenHash, client: Option<&Client>) -> Result<Held, Error> {
        let now = self.now();
        let mut tx = self.reading("half_way_sign_in").await?;
        let challenge = tx.challenge(code, now.minus(REMEMBERED_FOR)).await?;
        let challenge = challenge.filter(|challenge| challenge.purpose == ChallengePurpose::SecondFactor);
        let held = match challenge {
            Some(challenge) => Some(Held::Pending(challenge)),
            // A code of the OAuth 2.0 dialect is no sign-in that is half way.
            None => tx.unused_grant(code).await?.filter(|grant| grant.oauth.is_none()).map(Held::Grant),
        };
        drop(tx);
        let held = held.ok_or(ErrorKind::CodeUnknownOrUsed)?;
        let (owner, expires_at) = match &held {
            Held::Pending(challenge) => (challenge.client, challenge.expires_at),
            Held::Grant(grant) => (grant.client, grant.expires_at),
        };
        if client.is_some_and(|client| client.key != owner) {
            return Err(ErrorKind::CodeUnknownOrUsed.into());
        }
        if now >= expires_at {
            return Err(ErrorKind::CodeExpired.into());
        }
        Ok(held)
    }

    /// Judges again, inside a transaction, whether the user may sign in, and how far the sign-in had come.
    ///
    /// # Errors
    /// UserInactive, UserNotActiveYet, ClientNotAllowed; CodeUnknownOrUsed when the password changed since.
    pub(super) async fn readmit(
        &self,
        tx: &mut dyn Tx,
        client: &Client,
        half_way: &HalfWay,
    ) -> Result<SignIn, Error> {
        let user = half_way.user;
        let account = tx.account(user).await?;
        let account =
            account.filter(|account| account.user.deleted_at.is_none()).ok_or(ErrorKind::UserInactive)?;
        if account.user.credential_version != half_way.credential_version {
            return Err(ErrorKind::CodeUnknownOrUsed.into());
        }
        if !account.clients.contains(&client.key) {
            return Err(ErrorKind::ClientNotAllowed.into());
        }
        let membership = if let Some((tenant, _)) = half_way.place {
            let membership = tx.membership(user, tenant).await?;
            membership.filter(Membership::may_sign_in).ok_or(ErrorKind::UserInactive)?
        } else {
            let memberships = tx.memberships(user).await?;
            choose_membership(&memberships, account.user.default_tenant).map_err(no_place)?.clone()
        };
        Ok(SignIn { client: client.clone(), account, membership, methods: half_way.methods.clone() })
    }
}

/// What a user without a usable membership is told.
pub(super) fn no_place(reason: NoMembership) -> ErrorKind {
    match reason {
        NoMembership::NotActiveYet => ErrorKind::UserNotActiveYet,
        NoMembership::Inactive => ErrorKind::UserInactive,
    }
}
