//! Authenticator apps (TOTP, RFC 6238) and recovery codes.

use super::ids::{AuthenticatorId, UserId};
use super::secret::TokenHash;
use super::time::Timestamp;

/// How many recovery codes are issued with an authenticator.
pub const RECOVERY_CODES: usize = 10;

/// An authenticator app of a user: at most one that counts, and at most one that waits for its first code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authenticator {
    /// Row id.
    pub id: AuthenticatorId,
    /// Whose.
    pub user: UserId,
    /// The shared secret (160 bits), sealed for [`Authenticator::secret_place`].
    pub sealed_secret: Vec<u8>,
    /// When the first good code came; `None` = not in force.
    pub confirmed_at: Option<Timestamp>,
    /// The last time step a code was accepted of (RFC 6238 §5.2: a code counts once).
    pub last_step: Option<i64>,
    /// When its QR code was shown.
    pub created_at: Timestamp,
}

impl Authenticator {
    /// Associated data of the sealed secret.
    #[must_use]
    pub fn secret_place(id: AuthenticatorId) -> String {
        format!("authenticators/{id}/secret")
    }
}

/// What is stored of a user's recovery code; hyphens, spaces and case do not matter.
#[must_use]
pub fn recovery_code_hash(user: UserId, code: &str) -> TokenHash {
    let plain: String =
        code.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_lowercase).collect();
    TokenHash::of(&format!("recovery\n{user}\n{plain}"))
}
