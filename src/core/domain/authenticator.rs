//! Authenticator apps (TOTP, RFC 6238) and recovery codes.

use std::time::Duration;

use super::ids::{AuthenticatorId, UserId};
use super::secret::TokenHash;
use super::time::Timestamp;

/// How many recovery codes are issued with an authenticator.
pub const RECOVERY_CODES: usize = 10;

/// How long a QR code that was shown waits for its first code.
pub const ENROLMENT_TTL: Duration = Duration::from_hours(1);

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

    /// Whether its first code would put it in force.
    #[must_use]
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        self.confirmed_at.is_none() && now.since(self.created_at) < ENROLMENT_TTL
    }
}

/// The one that counts.
#[must_use]
pub fn in_force(authenticators: &[Authenticator]) -> Option<&Authenticator> {
    authenticators.iter().find(|authenticator| authenticator.confirmed_at.is_some())
}

/// A recovery code of 80 random bits: base32 (RFC 4648 §6) in lower case, four groups of four.
#[must_use]
pub fn recovery_code(random: [u8; 10]) -> String {
    let bits = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let letter = |place: u32| {
        let index = u8::try_from((bits >> (75 - 5 * place)) & 31).unwrap_or(0);
        char::from(if index < 26 { b'a' + index } else { b'2' + index - 26 })
    };
    let group = |first: u32| (first..first + 4).map(letter).collect::<String>();
    [0, 4, 8, 12].map(group).join("-")
}

/// What is stored of a user's recovery code; hyphens, spaces and case do not matter.
#[must_use]
pub fn recovery_code_hash(user: UserId, code: &str) -> TokenHash {
    let plain: String =
        code.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_lowercase).collect();
    TokenHash::of(&format!("recovery\n{user}\n{plain}"))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::Id as _;

    #[test]
    fn recovery_codes_are_base32_in_groups() {
        assert_eq!(recovery_code([0; 10]), "aaaa-aaaa-aaaa-aaaa");
        assert_eq!(recovery_code([0xff; 10]), "7777-7777-7777-7777");
        assert_eq!(recovery_code(*b"0123456789"), "gayt-emzu-gu3d-oobz");
    }

    #[test]
    fn a_recovery_code_may_be_typed_as_people_type() {
        let user = UserId::from_uuid(Uuid::from_u128(1));
        let hash = recovery_code_hash(user, "gayt-emzu-gu3d-oobz");
        assert_eq!(recovery_code_hash(user, " GAYT EMZU gu3doobz "), hash);
        assert_ne!(recovery_code_hash(UserId::from_uuid(Uuid::from_u128(2)), "gayt-emzu-gu3d-oobz"), hash);
    }

    #[test]
    fn a_qr_code_does_not_wait_for_ever() {
        let shown = Timestamp::from_unix_seconds(1000).expect("in range");
        let mut authenticator = Authenticator {
            id: AuthenticatorId::from_uuid(Uuid::from_u128(3)),
            user: UserId::from_uuid(Uuid::from_u128(1)),
            sealed_secret: Vec::new(),
            confirmed_at: None,
            last_step: None,
            created_at: shown,
        };
        assert!(authenticator.is_waiting(shown));
        assert!(!authenticator.is_waiting(shown.plus(ENROLMENT_TTL)));
        assert_eq!(in_force(std::slice::from_ref(&authenticator)), None);
        authenticator.confirmed_at = Some(shown);
        assert!(!authenticator.is_waiting(shown));
        assert_eq!(in_force(std::slice::from_ref(&authenticator)), Some(&authenticator));
    }
}
