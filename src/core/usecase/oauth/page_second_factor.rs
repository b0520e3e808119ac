//! The second factor on a hosted page, and enrolling an authenticator app there.

use super::turn::{BrowserCookies, Turn};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::usecase::Core;

/// A one-time code that was sent from the second-factor page or from the enrolment page.
#[derive(Debug)]
pub struct SecondFactorOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// Six digits, or a recovery code.
    pub otp: Secret<String>,
}

/// An enrolment page that is shown.
#[derive(Debug)]
pub struct EnrolmentOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
}

/// What a new authenticator app scans, or is told.
#[derive(Debug)]
pub struct PageEnrolment {
    /// `otpauth://totp/…`
    pub url: Secret<String>,
    /// The URL as a QR code, a PNG image.
    pub qr_code_png: Secret<Vec<u8>>,
    /// The secret in base32, for typing.
    pub secret: Secret<String>,
}

impl Core {
    /// The sign-in is complete.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown; and those the same page shows again: OneTimeCodeWrong, OneTimeCodeUnknown,
    /// TooManyAttempts, Overloaded, UserInactive, UserNotActiveYet.
    pub async fn second_factor_on_page(&self, command: SecondFactorOnPage) -> Result<Turn, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }

    /// What the app that is enrolled in this sign-in scans: the same each time the page is shown.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown, CodeUnknownOrUsed, CodeExpired, AuthenticatorInForce, TooManyAttempts.
    pub async fn enrolment_on_page(&self, command: EnrolmentOnPage) -> Result<PageEnrolment, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }
}
