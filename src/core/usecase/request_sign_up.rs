//! A link to an account for who owns an address.

use super::links::{About, NewLink, nobody};
use super::messages::{Cause, person};
use super::{Core, rerun};
use crate::domain::actor::Actor;
use crate::domain::email_address::is_deliverable;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::link::LinkPurpose;
use crate::domain::message::{Destination, MailKind, Message, Particulars};
use crate::domain::tenant::Tenant;
use crate::domain::user::{Account, username_key};

/// Longest `data` of a sign-up, in bytes of JSON.
pub const MAX_SIGN_UP_DATA: usize = 8 * 1024;

/// A wish for an account.
#[derive(Debug)]
pub struct RequestSignUp {
    /// Who asks.
    pub actor: Actor,
    /// The address the account shall have.
    pub email: String,
    /// What the asking app wants to be kept with the account: a JSON object of at most [`MAX_SIGN_UP_DATA`] bytes, which the
    /// dialects see to.
    pub data: Option<serde_json::Value>,
}

impl Core {
    /// A link was sent to the address; if there is an account of it already, a mail that says so. Nobody can tell which.
    ///
    /// # Errors
    /// EmailInvalid, SignUpClosed.
    ///
    /// # Security
    /// Every address asks the same questions and writes the same rows.
    pub async fn request_sign_up(&self, command: RequestSignUp) -> Result<(), Error> {
        if !is_deliverable(&command.email) {
            return Err(ErrorKind::EmailInvalid.into());
        }
        let (_, tenant) = self.sign_up_tenant().await?;
        let existing = self.account_of_address(&command.email).await?;
        if !self.may_send(Cause::Asked(MailKind::Registration), &command.email, &command.actor.origin).await?
        {
            return Ok(());
        }
        let data = command.data.as_ref().map(ToString::to_string);
        debug_assert!(data.as_ref().is_none_or(|data| data.len() <= MAX_SIGN_UP_DATA));
        let link = self.sign_up_link(&command.email, data);
        let message = match &existing {
            None => self.invitation(&command.email, &tenant, &link),
            Some(account) => self.account_exists(account, Some(tenant.name)),
        };
        rerun(|| async {
            let mut tx = self.writing("request_sign_up").await?;
            tx.add_link(&link.link).await?;
            self.queue(&mut *tx, &message).await?;
            self.commit_and_send(tx).await
        })
        .await
    }

    /// The account that has the address, as its name or to be reached by.
    pub(super) async fn account_of_address(&self, email: &str) -> Result<Option<Account>, Error> {
        let mut tx = self.reading("account_of_address").await?;
        let named = tx.account_by_username_key(&username_key(email)).await?;
        let reached = tx.accounts_by_email(&email.to_ascii_lowercase()).await?;
        if reached.is_empty() {
            // What finding one costs, so that time tells nothing.
            tx.account(nobody()).await?;
        }
        Ok(reached.into_iter().next().or(named))
    }

    /// Also written for an address that has an account, and then sent to nobody.
    fn sign_up_link(&self, email: &str, data: Option<String>) -> NewLink {
        let about = format!("address\n{}", email.to_ascii_lowercase());
        self.new_link(About {
            purpose: LinkPurpose::SignUp,
            subject: &about,
            client: None,
            user: None,
            email: Some(email),
            data,
        })
    }

    fn invitation(&self, email: &str, tenant: &Tenant, link: &NewLink) -> Message {
        let particulars = Particulars { organization: Some(tenant.name.clone()), ..link.particulars() };
        self.message(MailKind::Registration, Destination::Email(email.to_owned()), particulars, None)
    }

    /// Tells the owner of an account, at the account's address, that somebody wants to have one with it.
    pub(super) fn account_exists(&self, account: &Account, organization: Option<String>) -> Message {
        let user = &account.user;
        let particulars = Particulars { person: Some(person(user)), organization, ..Particulars::default() };
        let to = user.email.clone().map_or(Destination::Nobody, Destination::Email);
        self.message(MailKind::AccountExists, to, particulars, None)
    }
}
