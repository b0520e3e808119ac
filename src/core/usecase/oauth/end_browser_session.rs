//! Signing out of a browser, and of every client that was signed in to in it (OpenID Connect RP-Initiated Logout).

use super::turn::BrowserCookies;
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::usecase::Core;

/// A wish to sign out (OpenID Connect RP-Initiated Logout §2).
#[derive(Debug, Default)]
pub struct EndBrowserSession {
    /// Where the request comes from.
    pub origin: Origin,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// `id_token_hint`; an expired one is good too.
    pub id_token_hint: Option<Secret<String>>,
    /// `client_id`.
    pub client_id: Option<String>,
    /// `post_logout_redirect_uri`.
    pub post_logout_redirect_uri: Option<String>,
    /// `state`.
    pub state: Option<String>,
    /// The sealed transaction of the confirmation page, when it was sent; everything else was kept in it.
    pub confirmation: Option<Secret<String>>,
}

/// What became of the wish. With `Redirect` and `Done` the session's cookies are to be removed.
#[derive(Debug)]
pub enum SignedOut {
    /// Signed out: the browser goes here, one of the client's own addresses with `state`.
    Redirect(String),
    /// Signed out.
    Done,
    /// The user has to be asked first.
    Confirm {
        /// The sealed transaction of the page.
        transaction: Secret<String>,
        /// The browser's cookie, where it is to be set.
        browser_token: Option<Secret<String>>,
        /// Where the form leads in the end, if anywhere: the page's policy has to let it be redirected there.
        leads_to: Option<String>,
    },
}

impl Core {
    /// The browser session is over, with every session that clients got in it.
    ///
    /// # Errors
    /// ClientUnknown, RedirectUriInvalid (not registered: nobody is redirected), RequestInvalid (`client_id` is not the
    /// hint's), TransactionUnknown (403; a foreign confirmation).
    pub async fn end_browser_session(&self, command: EndBrowserSession) -> Result<SignedOut, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }
}
