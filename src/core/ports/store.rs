//! The store: transactions over small traits, one per aggregate, methods named for intent.
//!
//! No network, no hashing, no mail while a [`Tx`] is open. Every transition is one guarded statement.

use std::net::IpAddr;

use async_trait::async_trait;

use crate::domain::activity::{ActiveRange, ActiveUsers, Activity};
use crate::domain::activity_query::{ActivityQuery, Condition};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::grant::{Consumed, Grant};
use crate::domain::ids::{
    ActivityId, ClientKey, GrantId, MembershipId, RefreshId, SessionId, TenantId, UserId,
};
use crate::domain::key::{Algorithm, SigningKey};
use crate::domain::limit::{Charge, Level, LimitKey};
use crate::domain::membership::{Membership, MembershipStatus, Role};
use crate::domain::refresh::{Consumption, Refresh};
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::secret::TokenHash;
use crate::domain::session::{EndReason, Session};
use crate::domain::tenant::Tenant;
use crate::domain::time::Timestamp;
use crate::domain::user::{Account, Identity, User};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Lost a race with another transaction (40001, 40P01, SQLITE_BUSY): run the section again.
    #[error("serialization conflict in {transaction}: {source}")]
    Conflict {
        /// Name given to `begin`.
        transaction: &'static str,
        /// From the driver.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database cannot be reached, is full, or took too long.
    #[error("database unavailable in {transaction}: {source}")]
    Unavailable {
        /// Name given to `begin`.
        transaction: &'static str,
        /// From the driver.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A unique value is taken.
    #[error("{what} is taken")]
    Taken {
        /// Constraint or column, for the log.
        what: String,
    },
    /// A row does not parse into its domain type.
    #[error("inconsistent row: {table}.{column} of {id}")]
    Inconsistency {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Row.
        id: String,
    },
    /// Anything else the driver reports.
    #[error("database error in {transaction}: {source}")]
    Other {
        /// Name given to `begin`.
        transaction: &'static str,
        /// From the driver.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Conflict { .. } | StoreError::Unavailable { .. } => ErrorKind::Unavailable,
            StoreError::Taken { .. } | StoreError::Inconsistency { .. } | StoreError::Other { .. } => {
                ErrorKind::Internal
            }
        };
        Self::because(kind, error)
    }
}

impl Error {
    /// Whether the section lost a race and may be run again.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.source
            .as_ref()
            .and_then(|source| source.downcast_ref::<StoreError>())
            .is_some_and(|error| matches!(error, StoreError::Conflict { .. }))
    }
}

/// Result of a store call.
pub type Stored<T> = Result<T, StoreError>;

/// Whether a transaction writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Statements run one by one; each sees what is committed.
    Read,
    /// As [`Mode::Read`], for statements over many rows: they may take longer than others before they are given up.
    Report,
    /// One transaction; SQLite takes the write lock at once.
    Write,
}

/// A database.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins. `name` is for logs and metrics.
    async fn begin(&self, name: &'static str, mode: Mode) -> Stored<Box<dyn Tx>>;
    /// Whether the database answers.
    async fn ping(&self) -> Stored<()>;
    /// Revocations committed since `cursor` (all that can still matter at `now` when `None`), and the next cursor.
    /// A row whose transaction committed late is not missed; rows may come twice. Reads page by page, and a page after the
    /// cursor ends within 1.5 s, so that there is time for another attempt before the view of revocations gets stale.
    async fn tail_revocations(
        &self,
        cursor: Option<&TailCursor>,
        now: Timestamp,
    ) -> Stored<(Vec<Revocation>, TailCursor)>;
}

/// Where the tail of the revocations table stands; opaque outside the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TailCursor {
    /// What lies beyond is new.
    pub position: i64,
    /// What lies before and was not finished yet.
    pub open: String,
}

/// An open transaction. Dropped without commit = rolled back.
#[async_trait]
pub trait Tx:
    Tenants
    + Roles
    + Users
    + Memberships
    + Clients
    + Identities
    + Grants
    + Sessions
    + Refreshes
    + Revocations
    + Activities
    + Keys
    + Attempts
    + super::import::Imports
    + Send
{
    /// Makes everything durable.
    async fn commit(self: Box<Self>) -> Stored<()>;
}

/// Tenants.
#[async_trait]
pub trait Tenants {
    /// By id.
    async fn tenant(&mut self, id: TenantId) -> Stored<Option<Tenant>>;
    /// By the operator's key.
    async fn tenant_by_key(&mut self, key: &str) -> Stored<Option<Tenant>>;
    /// Adds; Taken when id or key exist.
    async fn add_tenant(&mut self, tenant: &Tenant, now: Timestamp) -> Stored<()>;
    /// Writes name and status.
    async fn save_tenant(&mut self, tenant: &Tenant, now: Timestamp) -> Stored<()>;
}

/// Roles.
#[async_trait]
pub trait Roles {
    /// By name: the tenant's own, or (with `None`) the one of all tenants.
    async fn role_by_name(&mut self, name: &str, tenant: Option<TenantId>) -> Stored<Option<Role>>;
    /// Adds.
    async fn add_role(&mut self, role: &Role, now: Timestamp) -> Stored<()>;
    /// Writes the permissions and bumps the epoch of every membership with the role.
    /// Answers the new epochs as facts to be recorded.
    async fn save_role_permissions(&mut self, role: &Role, now: Timestamp) -> Stored<Vec<Revoked>>;
}

/// Users.
#[async_trait]
pub trait Users {
    /// The account a username belongs to, by [`username_key`](crate::domain::user::username_key); never a deleted one.
    async fn account_by_username_key(&mut self, key: &str) -> Stored<Option<Account>>;
    /// The account last removed under a username, for declarations that keep it removed.
    async fn removed_account_by_username_key(&mut self, key: &str) -> Stored<Option<Account>>;
    /// By id; deleted ones too.
    async fn account(&mut self, id: UserId) -> Stored<Option<Account>>;
    /// Adds, without password and clients.
    async fn add_user(&mut self, user: &User, now: Timestamp) -> Stored<()>;
    /// Writes everything but id, last login, credential version and epoch.
    async fn save_user(&mut self, user: &User, now: Timestamp) -> Stored<()>;
    /// Sets the clients the user may sign in through; answers whether anything changed.
    async fn set_user_clients(&mut self, user: UserId, clients: &[ClientKey]) -> Stored<bool>;
    /// Sets the password without any guard (an operator's act) and raises the credential version.
    /// `scheme` = [`PasswordHasher::scheme`](crate::ports::password::PasswordHasher::scheme) of the hash.
    async fn set_password(&mut self, user: UserId, hash: &str, scheme: &str, now: Timestamp) -> Stored<()>;
    /// Replaces the password if its version is still `version`, and raises the version; `false` when it is not, or the
    /// user is deleted. One guarded statement on the user row.
    async fn change_password(
        &mut self,
        user: UserId,
        version: i64,
        hash: &str,
        scheme: &str,
        now: Timestamp,
    ) -> Stored<bool>;
    /// Replaces the hash by one of the same password (other parameters) if the version is still `version`; keeps the version.
    async fn rehash_password(&mut self, user: UserId, version: i64, hash: &str, scheme: &str)
    -> Stored<bool>;
    /// Proves inside this transaction that the password checked outside is still the current one and the user still exists:
    /// a guarded UPDATE of the user row. Also sets the last login when given. `false` = refused.
    async fn confirm_sign_in(
        &mut self,
        user: UserId,
        version: i64,
        last_login: Option<Timestamp>,
    ) -> Stored<bool>;
    /// Raises the user's epoch; answers the new one.
    async fn bump_user_epoch(&mut self, user: UserId) -> Stored<i64>;
    /// Kind and cost of the hash that most accounts have, from a sample; `None` without accounts.
    async fn commonest_password_scheme(&mut self) -> Stored<Option<String>>;
}

/// Memberships.
#[async_trait]
pub trait Memberships {
    /// All of a user's, oldest first, with role and tenant.
    async fn memberships(&mut self, user: UserId) -> Stored<Vec<Membership>>;
    /// The user's place in one tenant.
    async fn membership(&mut self, user: UserId, tenant: TenantId) -> Stored<Option<Membership>>;
    /// Adds, with allowed and denied permissions; the role is given by id.
    async fn add_membership(
        &mut self,
        membership: &Membership,
        role: crate::domain::ids::RoleId,
        now: Timestamp,
    ) -> Stored<()>;
    /// Writes role, status, locale, allowed and denied, and sets the epoch to `membership.epoch`.
    async fn save_membership(
        &mut self,
        membership: &Membership,
        role: crate::domain::ids::RoleId,
        now: Timestamp,
    ) -> Stored<()>;
    /// Turns every membership of the user with status `from` into `to`.
    async fn move_status(
        &mut self,
        user: UserId,
        from: MembershipStatus,
        to: MembershipStatus,
        now: Timestamp,
    ) -> Stored<()>;
    /// Raises the epoch; answers the new one.
    async fn bump_membership_epoch(&mut self, membership: MembershipId) -> Stored<i64>;
    /// Raises the tenant's epoch; answers the new one.
    async fn bump_tenant_epoch(&mut self, tenant: TenantId) -> Stored<i64>;
}

/// Clients.
#[async_trait]
pub trait Clients {
    /// By public `client_id`, disabled ones too.
    async fn client_by_client_id(&mut self, client_id: &str) -> Stored<Option<Client>>;
    /// By internal key, disabled ones too.
    async fn client(&mut self, key: ClientKey) -> Stored<Option<Client>>;
    /// Adds.
    async fn add_client(&mut self, client: &Client, now: Timestamp) -> Stored<()>;
    /// Writes everything but key, client_id and epoch.
    async fn save_client(&mut self, client: &Client, now: Timestamp) -> Stored<()>;
    /// Raises the epoch; answers the new one.
    async fn bump_client_epoch(&mut self, client: ClientKey) -> Stored<i64>;
}

/// Identities at providers.
#[async_trait]
pub trait Identities {
    /// All of a user's.
    async fn identities(&mut self, user: UserId) -> Stored<Vec<Identity>>;
    /// Adds; `false` when the provider's subject is linked already.
    async fn add_identity(&mut self, identity: &Identity, now: Timestamp) -> Stored<bool>;
}

/// Authorization codes.
#[async_trait]
pub trait Grants {
    /// Adds.
    async fn add_grant(&mut self, grant: &Grant) -> Stored<()>;
    /// Uses the code up: one guarded UPDATE … RETURNING. Who else comes learns it is used.
    async fn consume_grant(&mut self, code: &TokenHash, now: Timestamp) -> Stored<Consumed>;
    /// Notes the session the code's first use created.
    async fn attach_session(&mut self, grant: GrantId, session: SessionId) -> Stored<()>;
    /// Removes codes that nobody can ask about any more; answers how many.
    async fn purge_grants(&mut self, expired_before: Timestamp) -> Stored<u64>;
}

/// Sessions.
#[async_trait]
pub trait Sessions {
    /// Adds.
    async fn add_session(&mut self, session: &Session) -> Stored<()>;
    /// By id.
    async fn session(&mut self, id: SessionId) -> Stored<Option<Session>>;
    /// Proves the session is live and notes its use and where it now speaks: a guarded UPDATE. `false` = it is over.
    async fn touch_session(
        &mut self,
        id: SessionId,
        tenant: TenantId,
        membership: MembershipId,
        now: Timestamp,
    ) -> Stored<bool>;
    /// Ends it if it has not ended: a guarded UPDATE. `false` = it had ended before.
    async fn end_session(&mut self, id: SessionId, reason: EndReason, now: Timestamp) -> Stored<bool>;
    /// Ends every live session of the user but `keep`; answers which.
    async fn end_user_sessions(
        &mut self,
        user: UserId,
        keep: Option<SessionId>,
        reason: EndReason,
        now: Timestamp,
    ) -> Stored<Vec<SessionId>>;
    /// Whether the user has signed in since `since` from that device, or from that address.
    async fn has_signed_in_from(
        &mut self,
        user: UserId,
        device_id: Option<&str>,
        ip: Option<IpAddr>,
        since: Timestamp,
    ) -> Stored<bool>;
    /// Removes sessions, with their refresh tokens, that were over before `over_before`; answers how many.
    async fn purge_sessions(&mut self, over_before: Timestamp) -> Stored<u64>;
}

/// Refresh tokens.
#[async_trait]
pub trait Refreshes {
    /// Adds.
    async fn add_refresh(&mut self, refresh: &Refresh) -> Stored<()>;
    /// By token, used ones too.
    async fn refresh_by_token(&mut self, token: &TokenHash) -> Stored<Option<Refresh>>;
    /// The token that replaced this one.
    async fn successor(&mut self, parent: RefreshId) -> Stored<Option<Refresh>>;
    /// Uses it up: one guarded UPDATE. `false` = it was used before, or is too old.
    async fn consume_refresh(&mut self, id: RefreshId, consumption: &Consumption) -> Stored<bool>;
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
