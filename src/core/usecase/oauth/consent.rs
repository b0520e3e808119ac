//! The user's word on what a client may have.

use super::turn::{BrowserCookies, Turn};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::usecase::Core;

/// A consent form that was sent.
#[derive(Debug)]
pub struct ConsentOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// Whether the client may.
    pub allow: bool,
}

impl Core {
    /// Back to the client: with a code, or with `access_denied`.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown.
    pub async fn consent_on_page(&self, command: ConsentOnPage) -> Result<Turn, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }
}
