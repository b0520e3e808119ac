//! Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 s, as every authenticator app reads them.

use crate::domain::error::Error;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// What an authenticator app scans.
#[derive(Debug)]
pub struct Enrolment {
    /// `otpauth://totp/…`
    pub url: Secret<String>,
    /// The URL as a QR code, a PNG image.
    pub qr_code_png: Secret<Vec<u8>>,
}

/// The arithmetic of authenticator apps.
pub trait Totp: Send + Sync {
    /// The time step of which `code` is, at `now` or one step off either way; `None` when it is of none.
    /// Anything but six ASCII digits is `None`.
    fn matching_step(&self, secret: &Secret<Vec<u8>>, code: &str, now: Timestamp) -> Option<i64>;

    /// What the app of `account` scans.
    ///
    /// # Errors
    /// Internal: the names do not fit into a QR code.
    fn enrolment(&self, secret: &Secret<Vec<u8>>, issuer: &str, account: &str) -> Result<Enrolment, Error>;
}
