//! Signing keys (RFC 7515, RFC 7517) and their life.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Signature algorithms of access tokens (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA on P-256, the default.
    ES256,
    /// Ed25519.
    EdDSA,
    /// RSA PKCS#1 v1.5, 2048 bits or more.
    RS256,
    /// HMAC with a key that one client shares with its old services.
    HS256,
}

impl Algorithm {
    /// The `alg` header value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
            Self::RS256 => "RS256",
            Self::HS256 => "HS256",
        }
    }

    /// Reads an `alg` header value; exact case (RFC 7515 §4.1.1).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ES256" => Some(Self::ES256),
            "EdDSA" => Some(Self::EdDSA),
            "RS256" => Some(Self::RS256),
            "HS256" => Some(Self::HS256),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A stored signing key. Its life: next (published, waits) → current (signs) → retired (verifies).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SigningKey {
    /// `kid` (RFC 7515 §4.1.4).
    pub kid: String,
    /// The one algorithm it serves (RFC 8725 §3.1).
    pub algorithm: Algorithm,
    /// The public key as a JWK (RFC 7517 §4), without private members.
    pub public_jwk: serde_json::Value,
    /// PKCS#8 private key, sealed.
    pub sealed_private: Vec<u8>,
    /// When it was made and first published.
    pub created_at: Timestamp,
    /// From when it signs; `None` while it is `next`.
    pub signs_from: Option<Timestamp>,
    /// From when it no longer signs.
    pub retired_at: Option<Timestamp>,
}

/// Where a key stands at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyStage {
    /// Published, does not sign yet.
    Next,
    /// Signs.
    Current,
    /// Only verifies.
    Retired,
}

impl SigningKey {
    /// Where the key stands at `now`.
    #[must_use]
    pub fn stage(&self, now: Timestamp) -> KeyStage {
        if self.retired_at.is_some_and(|at| at <= now) {
            KeyStage::Retired
        } else if self.signs_from.is_some_and(|from| from <= now) {
            KeyStage::Current
        } else {
            KeyStage::Next
        }
    }
}
