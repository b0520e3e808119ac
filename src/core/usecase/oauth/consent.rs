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
    ///
    /// # Security
    /// A yes counts for who was asked: if somebody else is signed in in the browser by now, the question is asked again.
    pub async fn consent_on_page(&self, command: ConsentOnPage) -> Result<Turn, Error> {
        let ConsentOnPage { origin, transaction, cookies, allow } = command;
        let step = self.step(origin, &transaction, cookies).await?;
        let asked_in = step.transaction.asked_in.ok_or(ErrorKind::TransactionUnknown)?;
        if !allow {
            return Ok(self.refusal(&step.transaction.request.reply_to, &ErrorKind::AccessDenied.into()));
        }
        let who = self.signed_in(&step.cookies).await?;
        let consented = who.as_ref().is_some_and(|who| who.session.id == asked_in);
        self.proceed(step, who, consented).await
    }
}
