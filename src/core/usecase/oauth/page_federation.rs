//! Signing in at a provider, from a hosted page and back to it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::turn::{BrowserCookies, Turn};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::Intent;
use crate::domain::secret::{Secret, TokenHash};
use crate::usecase::{Brought, Browser, Core, Departing, PageReturn};

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
    /// TransactionUnknown (403), ClientUnknown, ProviderUnknown, TooManyAttempts, UpstreamUnreachable,
    /// UpstreamMisconfigured.
    pub async fn depart_from_page(&self, command: DepartFromPage) -> Result<Departing, Error> {
        let DepartFromPage { origin, transaction, cookies, provider, browser } = command;
        let step = self.step(origin, &transaction, cookies).await?;
        let provider = self.provider(&provider)?;
        let transaction = Some(transaction.expose().clone());
        self.depart(provider.as_ref(), &step.client, Intent::SignIn, browser, transaction).await
    }

    /// Where a browser goes on that came back from a provider.
    ///
    /// # Errors
    /// Those that no page can tell, such as Unavailable.
    pub(in crate::usecase) fn page_return(
        &self,
        transaction: Secret<String>,
        brought: &Result<Brought, Error>,
    ) -> Result<PageReturn, Error> {
        let error = match brought {
            Ok(Brought::Code { code, .. }) => {
                let sealed = self.ports.sealer.seal(&place(&transaction), code.expose().as_bytes());
                let result = Some(Secret::new(URL_SAFE_NO_PAD.encode(sealed)));
                return Ok(PageReturn { transaction, result, error: None });
            }
            Ok(Brought::Denied) => ErrorKind::UpstreamDenied,
            // Nobody links an account from a sign-in page.
            Ok(Brought::Linked | Brought::LinkedToAnother) => ErrorKind::Internal,
            Err(error) => error.kind,
        };
        let word = word(error).ok_or(error)?;
        Ok(PageReturn { transaction, result: None, error: Some(word) })
    }

    /// The sign-in is complete, or waits for its second factor.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown; and those the sign-in page shows: UpstreamDenied, UpstreamRefused,
    /// UpstreamUnreachable, UpstreamFaulty, UpstreamMisconfigured, UserInactive, UserNotActiveYet, CodeExpired,
    /// CodeUnknownOrUsed. Who may not use the client is told to the client (`access_denied`).
    pub async fn return_to_page(&self, command: ReturnToPage) -> Result<Turn, Error> {
        let ReturnToPage { origin, transaction, cookies, result, error } = command;
        let mut step = self.step(origin, &transaction, cookies).await?;
        step.transaction.start_over();
        if let Some(error) = error {
            return self.told_to_client(&step, kind(&error).into());
        }
        let sealed = result.and_then(|result| URL_SAFE_NO_PAD.decode(result.expose()).ok());
        let code = sealed.and_then(|sealed| self.ports.sealer.open(&place(&transaction), &sealed).ok());
        let code = code.and_then(|code| String::from_utf8(code.expose().clone()).ok());
        let code = code.ok_or(ErrorKind::TransactionUnknown)?;
        self.go_on_with_code(step, Secret::new(code)).await
    }
}

/// Where the result of a return is sealed: it fits no other sign-in.
fn place(transaction: &Secret<String>) -> String {
    format!("sign_in_return/{}", hex::encode(TokenHash::of(transaction.expose()).as_bytes()))
}

/// What can go wrong at a provider, by the word of the return.
const ERRORS: [(&str, ErrorKind); 8] = [
    ("access_denied", ErrorKind::UpstreamDenied),
    ("refused", ErrorKind::UpstreamRefused),
    ("faulty", ErrorKind::UpstreamFaulty),
    ("misconfigured", ErrorKind::UpstreamMisconfigured),
    ("not_allowed", ErrorKind::ClientNotAllowed),
    ("no_clients", ErrorKind::NoAllowedClients),
    ("inactive", ErrorKind::UserInactive),
    ("not_active_yet", ErrorKind::UserNotActiveYet),
];

/// The word for a provider that did not answer; how long to wait is told anew.
const UNREACHABLE: &str = "unreachable";

/// When to try again after a provider did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(5);

fn word(kind: ErrorKind) -> Option<&'static str> {
    if matches!(kind, ErrorKind::UpstreamUnreachable(_)) {
        return Some(UNREACHABLE);
    }
    ERRORS.into_iter().find(|(_, known)| *known == kind).map(|(word, _)| word)
}

/// A word that means nothing is a return that brings nothing.
fn kind(word: &str) -> ErrorKind {
    if word == UNREACHABLE {
        return ErrorKind::UpstreamUnreachable(RETRY_AFTER);
    }
    let known = ERRORS.into_iter().find(|(known, _)| *known == word);
    known.map_or(ErrorKind::TransactionUnknown, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_return_is_read_again() {
        for (told, error) in ERRORS {
            assert_eq!((word(error), kind(told)), (Some(told), error));
        }
        let late = ErrorKind::UpstreamUnreachable(Duration::from_secs(1));
        assert_eq!(word(late).map(kind), Some(ErrorKind::UpstreamUnreachable(RETRY_AFTER)));
        assert_eq!((word(ErrorKind::Unavailable), kind("x")), (None, ErrorKind::TransactionUnknown));
    }
}
