//! Tenants.

use super::ids::TenantId;

/// Whether a tenant's members may sign in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TenantStatus {
    /// Members may sign in.
    Active,
    /// Nobody signs in to this tenant, and its tokens are dead.
    Inactive,
}

impl TenantStatus {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "active" => Some(Self::Active),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// An organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tenant {
    /// Its id, shown as `tenantId` on the wires.
    pub id: TenantId,
    /// The operator's short name, unique.
    pub key: String,
    /// The name shown to people.
    pub name: String,
    /// Whether members may sign in.
    pub status: TenantStatus,
    /// Bumped to invalidate every token of the tenant.
    pub epoch: i64,
}
