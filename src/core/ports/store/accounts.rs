//! Aggregates that an administrator keeps: tenants, roles, users, memberships, clients, identities.

use async_trait::async_trait;

use super::Stored;
use crate::domain::client::Client;
use crate::domain::ids::{ClientKey, IdentityId, MembershipId, TenantId, UserId};
use crate::domain::membership::{Membership, MembershipStatus, Role};
use crate::domain::revocation::Revoked;
use crate::domain::tenant::Tenant;
use crate::domain::time::Timestamp;
use crate::domain::user::{Account, Identity, User};

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
    /// Accounts with that e-mail address, at most two, deleted ones left out. ASCII letters are compared without case,
    /// everything else exactly; `address` is in lower case already.
    async fn accounts_by_email(&mut self, address: &str) -> Stored<Vec<Account>>;
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
    /// The link of a provider's subject.
    async fn identity_by_subject(&mut self, provider: &str, subject: &str) -> Stored<Option<Identity>>;
    /// Notes the issuer of a link that has none yet; `false` when it has another, or is gone. One guarded UPDATE.
    async fn pin_issuer(&mut self, identity: IdentityId, issuer: &str) -> Stored<bool>;
    /// Removes a user's link; `false` when the user has no such link.
    async fn remove_identity(&mut self, user: UserId, identity: IdentityId) -> Stored<bool>;
}
