//! Encryption at rest.

use crate::domain::error::Error;
use crate::domain::secret::Secret;

/// AES-256-GCM under the master key; the associated data names the row, so that a sealed value cannot be moved.
pub trait Sealer: Send + Sync {
    /// Encrypts. `place` = `table/row id/column`.
    fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8>;

    /// Decrypts what was sealed for the same place.
    ///
    /// # Errors
    /// Internal: another master key, another place, or damage.
    fn open(&self, place: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, Error>;
}
