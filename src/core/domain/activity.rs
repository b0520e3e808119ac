//! Login activity: who signed in, refreshed, signed out or failed to.

use std::collections::BTreeMap;

use super::ids::{ActivityId, TenantId};
use super::time::Timestamp;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LoginType {
    /// Tokens were issued for a sign-in.
    Access,
    /// Tokens were issued for a refresh or a switch of tenant.
    Relogin,
    /// A session ended by its user.
    Logout,
    /// A sign-in of a known account failed.
    Failed,
}

impl LoginType {
    /// The word on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "ACCESS",
            Self::Relogin => "RELOGIN",
            Self::Logout => "LOGOUT",
            Self::Failed => "FAILED",
        }
    }
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activity {
    /// Row id.
    pub id: ActivityId,
    /// The user's id, as text (imported rows may hold other keys).
    pub actor: String,
    /// The tenant of the session, `None` for a failure of a user without a tenant.
    pub tenant: Option<TenantId>,
    /// When.
    pub login_time: Timestamp,
    /// A JSON text about the user and the client, never with a secret.
    pub token_payload: String,
    /// What; a text because imported rows may hold other words.
    pub login_type: String,
    /// `User-Agent`.
    pub device_info: Option<String>,
    /// Client address.
    pub ip_address: Option<String>,
}

/// The bucket size of the active-users report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ActiveRange {
    /// `2026-11-21`
    Daily,
    /// `11-2026`
    Monthly,
    /// `2026`
    Yearly,
}

/// Active users: bucket → login type → one row per user, the first seen.
pub type ActiveUsers = BTreeMap<String, BTreeMap<String, Vec<Activity>>>;
