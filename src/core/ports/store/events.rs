//! Aggregates that sign-ins leave behind: codes, sessions, refresh tokens, revocations, activity, attempts; and keys.

use std::net::IpAddr;

use async_trait::async_trait;

use super::{PresentedRefresh, Stored};
use crate::domain::activity::{ActiveRange, ActiveUsers, Activity};
use crate::domain::activity_query::{ActivityQuery, Condition};
use crate::domain::federation::{LoginAttempt, UpstreamSession};
use crate::domain::grant::{Consumed, Grant};
use crate::domain::ids::{ActivityId, BrowserSessionId, ChallengeId, GrantId, SessionId, TenantId, UserId};
use crate::domain::key::{Algorithm, SigningKey};
use crate::domain::limit::{Charge, Level, LimitKey};
use crate::domain::refresh::Refresh;
use crate::domain::revocation::Revocation;
use crate::domain::secret::TokenHash;
use crate::domain::session::{EndReason, Session};
use crate::domain::time::Timestamp;

/// Authorization codes.
#[async_trait]
pub trait Grants {
    /// Adds.
    async fn add_grant(&mut self, grant: &Grant) -> Stored<()>;
    /// Whether there is such a code, used or not: a guess is refused without taking a writer's turn.
    async fn knows_grant(&mut self, code: &TokenHash) -> Stored<bool>;
    /// The code, if it was not used yet, however old; it is not used up.
    async fn unused_grant(&mut self, code: &TokenHash) -> Stored<Option<Grant>>;
    /// Uses the code up: one guarded UPDATE … RETURNING. Who else comes learns it is used.
    async fn consume_grant(&mut self, code: &TokenHash, now: Timestamp) -> Stored<Consumed>;
    /// Notes the session the code's first use created.
    async fn attach_session(&mut self, grant: GrantId, session: SessionId) -> Stored<()>;
    /// Removes codes that nobody can ask about any more; answers how many.
    async fn purge_grants(&mut self, expired_before: Timestamp) -> Stored<u64>;
}

/// Sign-ins at identity providers that are under way, and what they leave behind.
#[async_trait]
pub trait Federations {
    /// Adds.
    async fn add_login_attempt(&mut self, attempt: &LoginAttempt) -> Stored<()>;
    /// Whether there is an attempt under that hash, whoever's and however old.
    async fn knows_login_attempt(&mut self, state: &TokenHash) -> Stored<bool>;
    /// Uses the attempt up, if it is the provider's and this browser's (`None` = none was sent yet) and in time: one
    /// guarded DELETE … RETURNING. A foreign browser uses nothing up.
    async fn consume_login_attempt(
        &mut self,
        state: &TokenHash,
        browser: Option<&TokenHash>,
        provider: &str,
        now: Timestamp,
    ) -> Stored<Option<LoginAttempt>>;
    /// The attempt under that hash that no browser has taken up yet, if it is in time; it is not used up.
    async fn waiting_login_attempt(
        &mut self,
        state: &TokenHash,
        provider: &str,
        now: Timestamp,
    ) -> Stored<Option<LoginAttempt>>;
    /// Removes attempts that are too old; answers how many.
    async fn purge_login_attempts(&mut self, expired_before: Timestamp) -> Stored<u64>;
    /// Adds; who holds it is a code, a session, or a sign-in that waits.
    async fn add_upstream_session(
        &mut self,
        upstream: &UpstreamSession,
        holder: UpstreamHolder,
    ) -> Stored<()>;
    /// The code holds what `holder` held, if that held anything.
    async fn pass_upstream_session(&mut self, holder: UpstreamHolder, grant: GrantId) -> Stored<()>;
    /// The session holds what the code held, if that held anything.
    async fn hand_over_upstream_session(&mut self, grant: GrantId, session: SessionId) -> Stored<()>;
    /// Takes away what the session holds: one DELETE … RETURNING.
    async fn take_upstream_session(&mut self, session: SessionId) -> Stored<Option<UpstreamSession>>;
    /// Notes that a message was accepted; `false` when it was before.
    async fn mark_replay(&mut self, mark: &TokenHash, until: Timestamp) -> Stored<bool>;
    /// Removes marks that are too old to matter; answers how many.
    async fn purge_replay_marks(&mut self, until_before: Timestamp) -> Stored<u64>;
}

/// What holds the provider's side of a sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpstreamHolder {
    /// A code that was not redeemed yet.
    Grant(GrantId),
    /// A session.
    Session(SessionId),
    /// A sign-in whose second factor is missing.
    Challenge(ChallengeId),
}

/// Sessions.
#[async_trait]
pub trait Sessions {
    /// Adds.
    async fn add_session(&mut self, session: &Session) -> Stored<()>;
    /// By id.
    async fn session(&mut self, id: SessionId) -> Stored<Option<Session>>;
    /// Ends it if it has not ended: a guarded UPDATE. `false` = it had ended before.
    async fn end_session(&mut self, id: SessionId, reason: EndReason, now: Timestamp) -> Stored<bool>;
    /// Ends the live sessions that clients got in a browser session; answers them as they were.
    async fn end_sessions_of_browser(
        &mut self,
        browser: BrowserSessionId,
        reason: EndReason,
        now: Timestamp,
    ) -> Stored<Vec<Session>>;
    /// The live sessions that clients got in one browser session belong to another from now on: they end with that. One
    /// UPDATE; [`Authorization::browser_session`](crate::domain::authorization::Authorization::browser_session) stays.
    async fn pass_sessions_of_browser(&mut self, from: BrowserSessionId, to: BrowserSessionId) -> Stored<()>;
    /// Ends every live session of the user but `keep`; answers which.
    async fn end_user_sessions(
        &mut self,
        user: UserId,
        keep: Option<SessionId>,
        reason: EndReason,
        now: Timestamp,
    ) -> Stored<Vec<SessionId>>;
    /// Whether the user has signed in since `since` from that device, or from that address (IPv6: its /64).
    async fn has_signed_in_from(
        &mut self,
        user: UserId,
        device_id: Option<&str>,
        ip: Option<IpAddr>,
        since: Timestamp,
    ) -> Stored<bool>;
    /// Whether the user has signed in before, but since `since` neither from that device nor from that address
    /// (IPv6: its /64).
    async fn is_new_origin(
        &mut self,
        user: UserId,
        device_id: Option<&str>,
        ip: Option<IpAddr>,
        since: Timestamp,
    ) -> Stored<bool>;
    /// Removes sessions, with their refresh tokens, that were over before `over_before`; answers how many.
    async fn purge_sessions(&mut self, over_before: Timestamp) -> Stored<u64>;
}

/// Refresh tokens. They are used up by [`Store::rotate_refresh`](super::Store::rotate_refresh).
#[async_trait]
pub trait Refreshes {
    /// Adds.
    async fn add_refresh(&mut self, refresh: &Refresh) -> Stored<()>;
    /// By token, used ones too.
    async fn refresh_by_token(&mut self, token: &TokenHash) -> Stored<Option<Refresh>>;
    /// By token, used ones too, with what its rotation depends on; in that tenant, or in the session's. One statement.
    async fn presented_refresh(
        &mut self,
        token: &TokenHash,
        tenant: Option<TenantId>,
    ) -> Stored<Option<PresentedRefresh>>;
}

/// The append-only table of revocations.
#[async_trait]
pub trait Revocations {
    /// Appends.
    async fn record_revocations(&mut self, revocations: &[Revocation], now: Timestamp) -> Stored<()>;
    /// Removes what cannot matter any more; answers how many.
    async fn purge_revocations(&mut self, until_before: Timestamp) -> Stored<u64>;
}

/// Login activity. Every read is bound to one tenant.
#[async_trait]
pub trait Activities {
    /// Appends.
    async fn record_activity(&mut self, activity: &Activity) -> Stored<()>;
    /// A page.
    async fn find_activity(&mut self, tenant: TenantId, query: &ActivityQuery) -> Stored<Vec<Activity>>;
    /// One row.
    async fn activity(&mut self, tenant: TenantId, id: ActivityId) -> Stored<Option<Activity>>;
    /// How many.
    async fn count_activity(&mut self, tenant: TenantId, condition: Option<&Condition>) -> Stored<i64>;
    /// First row of each user per bucket and login type between both times (inclusive), FAILED left out; all in SQL.
    async fn active_users(
        &mut self,
        tenant: TenantId,
        range: ActiveRange,
        from: Timestamp,
        to: Timestamp,
    ) -> Stored<ActiveUsers>;
}

/// Counters of failed attempts.
#[async_trait]
pub trait Attempts {
    /// How full the buckets are, in the order asked; `None` = empty.
    async fn attempt_levels(&mut self, keys: &[LimitKey]) -> Stored<Vec<Option<Level>>>;
    /// Adds a failure to each bucket, at most up to its depth: one statement a bucket.
    async fn charge_attempts(&mut self, charges: &[Charge], now: Timestamp) -> Stored<()>;
    /// Removes buckets that are empty; answers how many.
    async fn purge_attempts(&mut self, now: Timestamp) -> Stored<u64>;
}

/// Signing keys and server keys.
#[async_trait]
pub trait Keys {
    /// Every key that was not forgotten, oldest first.
    async fn signing_keys(&mut self) -> Stored<Vec<SigningKey>>;
    /// Adds; `false` when the `kid` exists, or when `first` and the algorithm has a key already (a lost race).
    async fn add_signing_key(&mut self, key: &SigningKey, first: bool) -> Stored<bool>;
    /// Lets a `next` key sign from `at`; `false` when it is no longer `next`.
    async fn schedule_signing_key(&mut self, kid: &str, at: Timestamp) -> Stored<bool>;
    /// Stops a key from signing at `at`; `false` when it is retired already.
    async fn retire_signing_key(&mut self, kid: &str, at: Timestamp) -> Stored<bool>;
    /// Removes keys of an algorithm retired before that moment; answers how many.
    async fn purge_signing_keys(&mut self, algorithm: Algorithm, retired_before: Timestamp) -> Stored<u64>;
    /// A sealed server key: the given version, or the newest; with its version.
    async fn server_key(&mut self, version: Option<i64>) -> Stored<Option<(i64, Vec<u8>)>>;
    /// Adds a server key; `false` when the version exists (a lost race).
    async fn add_server_key(&mut self, version: i64, sealed: &[u8], now: Timestamp) -> Stored<bool>;
}
