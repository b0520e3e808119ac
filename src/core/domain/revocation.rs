//! Revocation facts: what is dead, and until when that matters.

use super::ids::{ClientKey, MembershipId, SessionId, TenantId, TokenId, UserId};
use super::time::Timestamp;

/// Something that no token may rely on any more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Revoked {
    /// A session ended: every token with its `sid` is dead.
    Session(SessionId),
    /// One access token, by `jti`.
    Token(TokenId),
    /// Tokens of the user with a smaller epoch are dead.
    UserEpoch(UserId, i64),
    /// Tokens of the membership with a smaller epoch are dead.
    MembershipEpoch(MembershipId, i64),
    /// Tokens of the tenant with a smaller epoch are dead.
    TenantEpoch(TenantId, i64),
    /// Tokens of the client with a smaller epoch are dead.
    ClientEpoch(ClientKey, i64),
}

/// A fact and the moment from which it cannot matter: the expiry of the last token it concerns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Revocation {
    /// The fact.
    pub what: Revoked,
    /// When it may be forgotten.
    pub until: Timestamp,
}

/// The epochs of the four things a token depends on, as integers copied into it. Clocks are never compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Epochs {
    /// Of the user.
    pub user: i64,
    /// Of the membership.
    pub membership: i64,
    /// Of the tenant.
    pub tenant: i64,
    /// Of the client.
    pub client: i64,
}

/// The identity of one token, as the revocation check needs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenProbe {
    /// `jti`.
    pub token: TokenId,
    /// `sid`.
    pub session: SessionId,
    /// `sub`.
    pub user: UserId,
    /// Membership the token speaks for.
    pub membership: MembershipId,
    /// Tenant the token speaks for.
    pub tenant: TenantId,
    /// Client it was issued to.
    pub client: ClientKey,
    /// Epochs at issue.
    pub epochs: Epochs,
}
