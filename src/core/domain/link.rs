//! Links in mails: opaque tokens for one purpose, hashed at rest, used once.

use super::ids::{ClientKey, LinkId, RoleId, TenantId, UserId};
use super::secret::TokenHash;
use super::time::Timestamp;

/// What following the link does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LinkPurpose {
    /// A new password for whom the old one is lost.
    ResetPassword,
    /// An account for who owns the address.
    SignUp,
    /// Proves the account's address, or makes the link's address the account's.
    VerifyEmail,
}

impl LinkPurpose {
    const ALL: [Self; 3] = [Self::ResetPassword, Self::SignUp, Self::VerifyEmail];

    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_password",
            Self::SignUp => "sign_up",
            Self::VerifyEmail => "verify_email",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// A link that was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Row id.
    pub id: LinkId,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// SHA-256 of the token.
    pub token_hash: TokenHash,
    /// Whom or what it is about, hashed ([`subject`]): a newer link of the purpose about the same kills the older one.
    pub subject_hash: TokenHash,
    /// The client it was asked through, if one was.
    pub client: Option<ClientKey>,
    /// The account; `None` for sign-up, and for links about nobody, which are kept so that nothing tells them from others.
    pub user: Option<UserId>,
    /// The address it was sent to.
    pub email: Option<String>,
    /// What the asking app wants to be stored with the account: JSON.
    pub data: Option<String>,
    /// The tenant and role that whoever invited chose; `None` = the configured ones.
    pub invited_to: Option<(TenantId, RoleId)>,
    /// The account's password version when it was sent: a password changed since kills it.
    pub credential_version: i64,
    /// When it was sent.
    pub created_at: Timestamp,
    /// From when it is dead.
    pub expires_at: Timestamp,
}

/// The hash of whom a link is about: a user id, a folded address, a name.
#[must_use]
pub fn subject(about: &str) -> TokenHash {
    TokenHash::of(&format!("link\n{about}"))
}

/// What looking at a link finds.
#[expect(clippy::large_enum_variant, reason = "there is one of them at a time, for one request")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkState {
    /// It can be used.
    Fresh(Link),
    /// It was used, or a newer one took its place.
    Spent,
    /// Too old, or no link of that purpose.
    Absent,
}
