//! Memberships: a user's role, status and permissions in one tenant.

use super::ids::{MembershipId, RoleId, TenantId, UserId};
use super::second_factor::SecondFactorPolicy;
use super::tenant::{Tenant, TenantStatus};

/// The old service's numeric `status` of a user in a tenant (0…12).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MembershipStatus(u8);

impl MembershipStatus {
    /// Invited, has not signed in yet.
    pub const REGISTERED: Self = Self(0);
    /// In good standing.
    pub const ACTIVE: Self = Self(1);
    /// Switched off by an administrator.
    pub const INACTIVE: Self = Self(2);
    /// May sign in, must choose a new password.
    pub const PASSWORD_CHANGE_NEEDED: Self = Self(3);
    /// Refused by an administrator.
    pub const REJECTED: Self = Self(4);

    /// `None` above 12, the largest number the contract knows.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        u8::try_from(code).ok().filter(|code| *code <= 12).map(Self)
    }

    /// The number on the wire and in the store.
    #[must_use]
    pub fn code(self) -> i64 {
        i64::from(self.0)
    }

    /// Whether sign-in and refresh are refused for good (not merely not yet).
    #[must_use]
    pub fn is_shut_out(self) -> bool {
        self == Self::INACTIVE || self == Self::REJECTED
    }

    /// Whether a session may be created or continued.
    #[must_use]
    pub fn may_sign_in(self) -> bool {
        !self.is_shut_out() && self != Self::REGISTERED
    }

    /// REGISTERED and PASSWORD_CHANGE_NEEDED: the account has not been taken over by its owner yet.
    #[must_use]
    pub fn is_first_time(self) -> bool {
        self == Self::REGISTERED || self == Self::PASSWORD_CHANGE_NEEDED
    }
}

/// A named set of permissions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// The tenant it belongs to; `None` = usable in every tenant.
    pub tenant: Option<TenantId>,
    /// The name in the token's `role`.
    pub name: String,
    /// Permission and scope words.
    pub permissions: Vec<String>,
    /// When its holders are asked for a second factor; `None` = as client and server say.
    pub second_factor: Option<SecondFactorPolicy>,
}

/// A user's place in one tenant, with everything a token needs to know about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// `userTenantId` on the native wire.
    pub id: MembershipId,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub tenant: TenantId,
    /// The tenant's name, as people read it.
    pub tenant_name: String,
    /// Whether the tenant is active.
    pub tenant_status: TenantStatus,
    /// The tenant's epoch, copied into tokens.
    pub tenant_epoch: i64,
    /// The role's name.
    pub role: String,
    /// The role's permissions.
    pub role_permissions: Vec<String>,
    /// The role's word on second factors.
    pub role_second_factor: Option<SecondFactorPolicy>,
    /// Extra permissions of this user here.
    pub allowed: Vec<String>,
    /// Permissions taken from this user here.
    pub denied: Vec<String>,
    /// Standing.
    pub status: MembershipStatus,
    /// Preferred locale, if any.
    pub locale: Option<String>,
    /// Bumped to invalidate every token of this membership.
    pub epoch: i64,
}

impl Membership {
    /// An active place of the user in the tenant, whose role is still to be given.
    #[must_use]
    pub fn blank(id: MembershipId, user: UserId, tenant: &Tenant) -> Self {
        Self {
            id,
            user,
            tenant: tenant.id,
            tenant_status: tenant.status,
            tenant_name: tenant.name.clone(),
            tenant_epoch: tenant.epoch,
            role: String::new(),
            role_permissions: Vec::new(),
            role_second_factor: None,
            allowed: Vec::new(),
            denied: Vec::new(),
            status: MembershipStatus::ACTIVE,
            locale: None,
            epoch: 0,
        }
    }

    /// The role's permissions, then the allowed ones, minus the denied ones; each word once, first occurrence.
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        let mut permissions: Vec<String> = Vec::new();
        for word in self.role_permissions.iter().chain(&self.allowed) {
            if !self.denied.contains(word) && !permissions.contains(word) {
                permissions.push(word.clone());
            }
        }
        permissions
    }

    /// Whether a session may be created or continued here.
    #[must_use]
    pub fn may_sign_in(&self) -> bool {
        self.tenant_status == TenantStatus::Active && self.status.may_sign_in()
    }
}

/// Why a user has no membership to sign in with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoMembership {
    /// The only place is one whose status is REGISTERED.
    NotActiveYet,
    /// No place, or only shut ones.
    Inactive,
}

/// Chooses the membership of a sign-in: the default tenant's; without one, the oldest usable.
///
/// `memberships` come oldest first.
///
/// # Errors
/// [`NoMembership`] tells whether the user is not active yet or shut out.
pub fn choose_membership(
    memberships: &[Membership],
    default_tenant: Option<TenantId>,
) -> Result<&Membership, NoMembership> {
    let default = memberships.iter().find(|membership| Some(membership.tenant) == default_tenant);
    if let Some(membership) = default {
        return if membership.may_sign_in() { Ok(membership) } else { Err(refusal(membership)) };
    }
    if let Some(usable) = memberships.iter().find(|membership| membership.may_sign_in()) {
        return Ok(usable);
    }
    let not_yet = memberships.iter().any(|membership| refusal(membership) == NoMembership::NotActiveYet);
    Err(if not_yet { NoMembership::NotActiveYet } else { NoMembership::Inactive })
}

fn refusal(membership: &Membership) -> NoMembership {
    if membership.tenant_status == TenantStatus::Active && membership.status == MembershipStatus::REGISTERED {
        NoMembership::NotActiveYet
    } else {
        NoMembership::Inactive
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::Id as _;

    fn membership(tenant: u128, status: i64) -> Membership {
        Membership {
            id: MembershipId::from_uuid(Uuid::from_u128(tenant)),
            user: UserId::from_uuid(Uuid::from_u128(9)),
            tenant: TenantId::from_uuid(Uuid::from_u128(tenant)),
            tenant_status: TenantStatus::Active,
            tenant_name: "Acme".to_owned(),
            tenant_epoch: 0,
            role: "Member".to_owned(),
            role_permissions: vec!["a".to_owned(), "b".to_owned()],
            role_second_factor: None,
            allowed: Vec::new(),
            denied: Vec::new(),
            status: MembershipStatus::from_code(status).expect("0 to 12"),
            locale: None,
            epoch: 0,
        }
    }

    fn chosen(memberships: &[Membership], default: Option<u128>) -> Result<u128, NoMembership> {
        let default = default.map(|tenant| TenantId::from_uuid(Uuid::from_u128(tenant)));
        choose_membership(memberships, default).map(|membership| membership.tenant.uuid().as_u128())
    }

    #[test]
    fn the_default_tenant_wins_then_the_oldest_usable() {
        let both = [membership(1, 1), membership(2, 1)];
        assert_eq!(chosen(&both, Some(2)), Ok(2));
        assert_eq!(chosen(&both, None), Ok(1));
        assert_eq!(chosen(&both, Some(3)), Ok(1), "a default tenant without membership counts as none");
        assert_eq!(chosen(&[membership(1, 2), membership(2, 3)], None), Ok(2));
    }

    #[test]
    fn a_shut_default_is_not_replaced_by_another() {
        assert_eq!(chosen(&[membership(1, 2), membership(2, 1)], Some(1)), Err(NoMembership::Inactive));
        assert_eq!(chosen(&[membership(1, 0), membership(2, 1)], Some(1)), Err(NoMembership::NotActiveYet));
    }

    #[test]
    fn every_status_has_its_answer() {
        let answers: Vec<_> = (0..=12).map(|status| chosen(&[membership(1, status)], None)).collect();
        assert_eq!(answers[0], Err(NoMembership::NotActiveYet));
        assert_eq!(answers[2], Err(NoMembership::Inactive));
        assert_eq!(answers[4], Err(NoMembership::Inactive));
        assert!([1, 3, 5, 6, 7, 8, 9, 10, 11, 12].iter().all(|status| answers[*status] == Ok(1)));
        assert_eq!(chosen(&[], None), Err(NoMembership::Inactive));
        assert_eq!(MembershipStatus::from_code(13), None);
    }

    #[test]
    fn an_inactive_tenant_shuts_everybody_out() {
        let shut = Membership { tenant_status: TenantStatus::Inactive, ..membership(1, 1) };
        assert_eq!(chosen(&[shut], None), Err(NoMembership::Inactive));
    }

    #[test]
    fn permissions_are_the_roles_and_the_allowed_without_the_denied() {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let membership =
            Membership { allowed: words(&["c", "a", "c"]), denied: words(&["b"]), ..membership(1, 1) };
        assert_eq!(membership.permissions(), words(&["a", "c"]));
    }
}
