//! Browser sessions: somebody signed in to this service itself, so that no client asks for the password again.

use std::net::IpAddr;
use std::time::Duration;

use super::authentication::Methods;
use super::ids::{BrowserSessionId, ClientKey, MembershipId, TenantId, UserId};
use super::secret::TokenHash;
use super::time::Timestamp;

/// One browser in which somebody is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrowserSession {
    /// Row id.
    pub id: BrowserSessionId,
    /// SHA-256 of the cookie.
    pub token_hash: TokenHash,
    /// Who.
    pub user: UserId,
    /// In which tenant.
    pub tenant: TenantId,
    /// The membership there.
    pub membership: MembershipId,
    /// The client the sign-in was made for.
    pub client: ClientKey,
    /// The password version at sign-in.
    pub credential_version: i64,
    /// The user's epoch at sign-in.
    pub user_epoch: i64,
    /// The membership's epoch at sign-in.
    pub membership_epoch: i64,
    /// What the sign-in proved.
    pub methods: Methods,
    /// When: `auth_time`.
    pub authenticated_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Timestamp,
    /// Absolute end.
    pub expires_at: Timestamp,
    /// Set once it is over.
    pub ended_at: Option<Timestamp>,
    /// Address of the sign-in.
    pub ip: Option<IpAddr>,
    /// `User-Agent` of the sign-in.
    pub user_agent: Option<String>,
}

impl BrowserSession {
    /// Whether it still counts at `now`, `idle` after its last use.
    #[must_use]
    pub fn is_live(&self, now: Timestamp, idle: Duration) -> bool {
        self.ended_at.is_none() && now < self.expires_at && now.since(self.last_used_at) < idle
    }
}
