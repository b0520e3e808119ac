//! Authorization codes (RFC 6749 §4.1.2): opaque, hashed at rest, single use.

use super::authentication::Methods;
use super::authorization::CodeBinding;
use super::ids::{ClientKey, GrantId, MembershipId, SessionId, TenantId, UserId};
use super::secret::TokenHash;
use super::time::Timestamp;

/// What a code stands for until it is redeemed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Row id.
    pub id: GrantId,
    /// SHA-256 of the code.
    pub code_hash: TokenHash,
    /// The client it was issued to (RFC 6749 §4.1.3).
    pub client: ClientKey,
    /// Who signed in.
    pub user: UserId,
    /// The tenant of the sign-in.
    pub tenant: TenantId,
    /// The membership of the sign-in.
    pub membership: MembershipId,
    /// The password version that was checked.
    pub credential_version: i64,
    /// What the sign-in proved.
    pub methods: Methods,
    /// What the OAuth 2.0 dialect bound it to; `None` for codes of the native dialect.
    pub oauth: Option<Box<CodeBinding>>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// From when it is worthless.
    pub expires_at: Timestamp,
}

/// What presenting a code did, decided by one guarded statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Consumed {
    /// This call used the code up.
    Now(Grant),
    /// It was used before.
    Replayed {
        /// When.
        consumed_at: Timestamp,
        /// The session its first use created, if that use succeeded.
        session: Option<SessionId>,
    },
    /// No such code.
    Absent,
}
