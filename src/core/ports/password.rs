//! Password hashing on a bounded pool.

use async_trait::async_trait;

use crate::domain::error::Error;
use crate::domain::user::Password;

/// What comparing a password with a stored hash found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Right.
    Match,
    /// Right, but the hash has other parameters than ours: store a new one.
    MatchRehash,
    /// Wrong, or the stored hash is of no known kind.
    NoMatch,
}

/// Hashes and verifies passwords without blocking the runtime.
///
/// At most as many run at once as memory and cores allow; a bounded number waits; beyond that every method answers
/// [`ErrorKind::Overloaded`](crate::domain::error::ErrorKind::Overloaded) at once.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A PHC string of the password with the current parameters.
    ///
    /// # Errors
    /// Overloaded.
    async fn hash(&self, password: Password) -> Result<String, Error>;

    /// Compares; knows argon2id/i, bcrypt (`$2a$`, `$2b$`, `$2y$`), scrypt and pbkdf2.
    ///
    /// # Errors
    /// Overloaded.
    async fn verify(&self, password: Password, stored: &str) -> Result<Verdict, Error>;

    /// Does the work of a verification for a user who does not exist, so that time tells nothing.
    ///
    /// # Errors
    /// Overloaded.
    async fn verify_nobody(&self, password: Password) -> Result<(), Error>;

    /// Tells which hash parameters most accounts have, as [`PasswordHasher::scheme`] writes them:
    /// `verify_nobody` costs as much as those.
    fn imitate(&self, commonest_scheme: &str);

    /// Kind and cost of a stored hash: `argon2id$m=19456,t=2,p=1`, `bcrypt$10`; `unknown` for anything else.
    fn scheme(&self, stored: &str) -> String;
}
