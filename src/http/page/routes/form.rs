//! Forms that are shown again with what was wrong, and those that belong to no sign-in.

use doorward_core::domain::error::Error;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::PageView;
use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};

use super::reply::with_cookies;
use super::visit::Visit;
use super::wording::Wording;
use crate::extract::browser_cookies::set_browser;
use crate::page::alert::{Alert, Reason};
use crate::page::look::Look;

/// Why a form is shown again.
pub(super) struct Refusal {
    status: StatusCode,
    alert: Alert,
}

impl Refusal {
    /// What to say beside the form.
    ///
    /// # Errors
    /// The error itself, where sending the form again cannot help.
    pub(super) fn of(error: Error) -> Result<Self, Error> {
        Wording::of(&error).beside.map(|(status, alert)| Self { status, alert }).ok_or(error)
    }

    /// The words, for the form.
    pub(super) fn alert(&self) -> Alert {
        self.alert.clone()
    }

    /// The form with the status that says so.
    pub(super) fn sent(&self, mut form: Response) -> Response {
        form.set_status(self.status);
        let retry_after = match &self.alert {
            Alert::TooManyAttempts(wait) => Reason::TooManyAttempts(*wait).retry_after(),
            Alert::Unavailable | Alert::ProviderUnreachable => Reason::Unavailable.retry_after(),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            form.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        form
    }
}

/// A form's transaction, and the sign-in it belongs to, if any.
pub(super) struct Form {
    /// For the hidden field.
    pub(super) transaction: Secret<String>,
    /// What the sign-in's pages show.
    pub(super) sign_in: Option<PageView>,
    browser_token: Option<Secret<String>>,
}

impl Form {
    /// That of the sign-in which is under way; a new one where there is none.
    ///
    /// # Errors
    /// Internal.
    pub(super) async fn of(visit: &Visit) -> Result<Self, Error> {
        if let Some((transaction, view)) = interrupted_sign_in(visit).await {
            return Ok(Self { transaction, sign_in: Some(view), browser_token: None });
        }
        let new = visit.app.core.new_form(&visit.cookies)?;
        Ok(Self { transaction: new.transaction, sign_in: None, browser_token: new.browser_token })
    }

    /// The sign-in to go back to.
    pub(super) fn back(&self) -> Option<String> {
        self.sign_in.as_ref().map(|_| self.transaction.expose().clone())
    }

    /// How its page is drawn.
    pub(super) fn look(&self, visit: &Visit) -> Look {
        self.sign_in.as_ref().map_or_else(|| visit.look(), |view| visit.look_of(view))
    }

    /// The page, with the browser's cookie where it is new.
    pub(super) fn sent(&self, visit: &Visit, page: Response) -> Response {
        let cookie = self.browser_token.as_ref().map(|token| set_browser(&visit.app.settings, token));
        with_cookies(page, cookie)
    }
}

/// The sign-in that a mail interrupted: of the request, or left in the browser when the mail was asked for.
pub(super) async fn interrupted_sign_in(visit: &Visit) -> Option<(Secret<String>, PageView)> {
    let asked = visit.secret("transaction").into_iter().chain(visit.left_transaction.clone());
    for transaction in asked {
        if let Ok(view) = visit.app.core.look_at_page(&transaction, &visit.cookies).await {
            return Some((transaction, view));
        }
    }
    None
}
