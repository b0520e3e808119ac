//! Signing in at a provider, from a hosted page and back to it.

use super::turn::{BrowserCookies, Turn};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::usecase::{Browser, Core, Departing};

/// A provider's button that was pressed.
#[derive(Debug)]
pub struct DepartFromPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// The provider instance.
    pub provider: String,
    /// The browser, with the cookie of sign-ins at providers.
    pub browser: Browser,
}

/// A browser that is back from a provider, on a page of ours where its cookies are sent.
#[derive(Debug)]
pub struct ReturnToPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// `result` of the return.
    pub result: Option<Secret<String>>,
    /// `error` of the return.
    pub error: Option<String>,
}

impl Core {
    /// The browser goes to the provider, and comes back to this transaction.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown, ProviderUnknown, UpstreamUnreachable, UpstreamMisconfigured.
    pub async fn depart_from_page(&self, command: DepartFromPage) -> Result<Departing, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }

    /// The sign-in is complete, or waits for its second factor.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown; and those the sign-in page shows: UpstreamDenied, UpstreamRefused,
    /// UpstreamUnreachable, UpstreamFaulty, UpstreamMisconfigured, UserInactive, UserNotActiveYet. Who may not use the client
    /// is told to the client (`access_denied`).
    pub async fn return_to_page(&self, command: ReturnToPage) -> Result<Turn, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }
}
