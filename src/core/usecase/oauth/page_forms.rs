//! Forms of the hosted pages that need no authorization request, and forgotten passwords.

use super::transaction::Transaction;
use super::turn::BrowserCookies;
use crate::domain::actor::Origin;
use crate::domain::client::Client;
use crate::domain::error::Error;
use crate::domain::ids::{ClientKey, Id as _};
use crate::domain::secret::Secret;
use crate::domain::user::{Password, username_key};
use crate::usecase::Core;

/// A form that only this browser can send.
#[derive(Debug)]
pub struct NewForm {
    /// The sealed transaction, for the form's hidden field.
    pub transaction: Secret<String>,
    /// The browser's cookie, where it is to be set.
    pub browser_token: Option<Secret<String>>,
}

/// A wish for a link to a new password.
#[derive(Debug)]
pub struct ForgetPasswordOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The form's transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// The account, in any case.
    pub username: String,
}

/// A new password from whom a link was sent to.
#[derive(Debug)]
pub struct ResetPasswordOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The form's transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// The link's token.
    pub token: Secret<String>,
    /// The new password.
    pub password: Password,
}

/// A password that was set.
#[derive(Debug)]
pub struct PasswordSet {
    /// The sealed transaction of a sign-in that can go on with the new password, at its sign-in page.
    pub continue_with: Option<Secret<String>>,
}

impl Core {
    /// A form of its own, for this browser and half an hour.
    ///
    /// # Errors
    /// Internal.
    pub fn new_form(&self, cookies: &BrowserCookies) -> Result<NewForm, Error> {
        let (browser, browser_token) = self.browser_of(cookies);
        Ok(NewForm { transaction: self.seal_transaction(&browser, &Transaction::Form)?, browser_token })
    }

    /// Whether the form is one that this browser was given; a sign-in's own transaction counts too.
    ///
    /// # Errors
    /// TransactionUnknown (403).
    pub fn check_form(&self, transaction: &Secret<String>, cookies: &BrowserCookies) -> Result<(), Error> {
        self.open_transaction(transaction, cookies).map(|_| ())
    }

    /// As [`Core::forget_password`], for our own page: through the transaction's client, or the account's first.
    ///
    /// # Errors
    /// TransactionUnknown (403).
    ///
    /// # Security
    /// Every name asks the same questions, as there.
    pub async fn forget_password_on_page(&self, command: ForgetPasswordOnPage) -> Result<(), Error> {
        let ForgetPasswordOnPage { origin, transaction, cookies, username } = command;
        let opened = self.open_transaction(&transaction, &cookies)?.1;
        let username = self.meant_username(&username).await?;
        let client = match opened {
            Transaction::SignIn(sign_in) => Some(self.known_client(&sign_in.request.client_id).await?),
            Transaction::Form | Transaction::SignOut(_) => self.first_client(&username).await?,
        };
        self.send_reset_link(&username, client.as_ref(), &origin).await
    }

    /// The client that an account's owner most likely means.
    async fn first_client(&self, username: &str) -> Result<Option<Client>, Error> {
        let mut tx = self.reading("first_client").await?;
        let account = tx.account_by_username_key(&username_key(username)).await?;
        let first = account.and_then(|account| account.clients.first().copied());
        let client = tx.client(first.unwrap_or_else(|| ClientKey::from_uuid(uuid::Uuid::nil()))).await?;
        Ok(client.filter(|client| client.enabled))
    }

    /// As [`Core::reset_password`], for our own page: through the client of the link.
    ///
    /// # Errors
    /// TransactionUnknown (403), and those of [`Core::reset_password`] but of the client.
    pub async fn reset_password_on_page(&self, command: ResetPasswordOnPage) -> Result<PasswordSet, Error> {
        let ResetPasswordOnPage { origin: _, transaction, cookies, token, password } = command;
        let (browser, opened) = self.open_transaction(&transaction, &cookies)?;
        self.reset_password_by_link(&token, &password).await?;
        let Transaction::SignIn(mut sign_in) = opened else {
            return Ok(PasswordSet { continue_with: None });
        };
        sign_in.start_over();
        let continue_with = Some(self.seal_transaction(&browser, &Transaction::SignIn(sign_in))?);
        Ok(PasswordSet { continue_with })
    }
}
