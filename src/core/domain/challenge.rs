//! One-time codes that somebody still has to give: as a sign-in of their own, or as its second half.

use std::time::Duration;

use super::authentication::Methods;
use super::ids::{ChallengeId, ClientKey, MembershipId, TenantId, UserId};
use super::second_factor::Channel;
use super::secret::TokenHash;
use super::time::Timestamp;
use super::user::username_key;

/// Guesses that one challenge bears; then it is dead (OWASP ASVS 6.5.1).
pub const MAX_TRIES: i64 = 5;

/// Longest life of a challenge (OWASP ASVS 6.6.2).
pub const MAX_CHALLENGE_TTL: Duration = Duration::from_mins(10);

/// What the answer opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChallengePurpose {
    /// A sign-in with nothing but the code.
    SignIn,
    /// The second half of a sign-in whose first was proved.
    SecondFactor,
}

impl ChallengePurpose {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SecondFactor => "second_factor",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::SignIn, Self::SecondFactor].into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// What the answer is compared with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected {
    /// A code that was sent: HMAC-SHA-256 under a server key, since six digits are guessed from a plain hash at once.
    Sent {
        /// How it was sent.
        channel: Channel,
        /// The MAC of handle and code.
        mac: [u8; 32],
        /// Version of the server key.
        key_version: i64,
    },
    /// A code of the user's authenticator app (RFC 6238), or a recovery code.
    Totp,
}

/// A challenge under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// Row id.
    pub id: ChallengeId,
    /// What it opens.
    pub purpose: ChallengePurpose,
    /// By what it is found; a newer one under the same handle replaces it. SHA-256 of the pending code, or of the account's
    /// name ([`sign_in_handle`]).
    pub handle: TokenHash,
    /// The client it is bound to.
    pub client: ClientKey,
    /// Who; `None` for a name that nobody has: such a challenge is kept too, so that nothing tells it from others.
    pub user: Option<UserId>,
    /// Tenant and membership of the first factor's sign-in.
    pub place: Option<(TenantId, MembershipId)>,
    /// The password version of the account when it began.
    pub credential_version: i64,
    /// What was proved before.
    pub methods: Methods,
    /// What is compared.
    pub expected: Expected,
    /// Guesses so far, this one included.
    pub tries: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// From when it is dead.
    pub expires_at: Timestamp,
}

/// The handle of a sign-in by code alone: one per account.
#[must_use]
pub fn sign_in_handle(username: &str) -> TokenHash {
    TokenHash::of(&format!("sign_in\n{}", username_key(username)))
}
