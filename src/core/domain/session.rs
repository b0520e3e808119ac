//! Sessions: one sign-in of one user through one client.

use std::net::IpAddr;

use super::authentication::Methods;
use super::authorization::Authorization;
use super::ids::{ClientKey, MembershipId, SessionId, TenantId, UserId};
use super::time::Timestamp;

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndReason {
    /// The user signed out.
    Logout,
    /// The password changed elsewhere.
    PasswordChanged,
    /// A used refresh token came back outside the grace window (RFC 9700 §4.14.2).
    RefreshReuse,
    /// A used authorization code came back (RFC 6749 §4.1.2).
    CodeReplay,
    /// The account, membership, tenant or client was switched off.
    Deactivated,
    /// The client gave a token of it back (RFC 7009).
    Revoked,
}

impl EndReason {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::PasswordChanged => "password_changed",
            Self::RefreshReuse => "refresh_reuse",
            Self::CodeReplay => "code_replay",
            Self::Deactivated => "deactivated",
            Self::Revoked => "revoked",
        }
    }
}

/// One sign-in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// `sid` of its tokens.
    pub id: SessionId,
    /// Who.
    pub user: UserId,
    /// Through which client.
    pub client: ClientKey,
    /// In which tenant; a switch changes it.
    pub tenant: TenantId,
    /// The membership there.
    pub membership: MembershipId,
    /// What the sign-in proved.
    pub methods: Methods,
    /// What the client was allowed in the OAuth 2.0 dialect; `None` for sessions of the native dialect.
    pub oauth: Option<Authorization>,
    /// When it began.
    pub created_at: Timestamp,
    /// When a token of it was last issued.
    pub last_used_at: Timestamp,
    /// Absolute end: no refresh reaches beyond it.
    pub expires_at: Timestamp,
    /// Set once it is over.
    pub ended_at: Option<Timestamp>,
    /// Address of the sign-in.
    pub ip: Option<IpAddr>,
    /// `User-Agent` of the sign-in.
    pub user_agent: Option<String>,
    /// `device_id` of the sign-in.
    pub device_id: Option<String>,
}

impl Session {
    /// Whether it can still issue tokens.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}
