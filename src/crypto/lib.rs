//! Cryptography and its sources: the system's clock and randomness, sealing at rest, password hashing, signing keys.
//!
//! Everything here implements a port of `doorward-core`; every primitive comes from a library.

mod keys;
mod password;
mod ring;
mod sealer;
mod system;
#[cfg(test)]
mod testing;
mod token;
mod totp;

pub use keys::{ImportError, KeyInfo, KeyOperations, Rotation};
pub use password::{HashPool, HashSettings};
pub use ring::{KeyRing, KeySettings};
pub use sealer::{AesGcmSealer, MasterKey, MasterKeyError};
pub use system::{SystemClock, SystemEntropy};
pub use totp::TotpCodes;

/// Makes this process parse each signing key once a thread. To be called before anything else signs or reads a key: whoever
/// is first decides.
pub fn remember_signing_keys() {
    token::parsed::install();
}
