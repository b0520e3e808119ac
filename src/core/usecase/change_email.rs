//! A signed-in user takes another mail address.

use super::messages::Cause;
use super::{Core, rerun};
use crate::domain::actor::Origin;
use crate::domain::claims::VerifiedToken;
use crate::domain::email_address::is_deliverable;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::message::MailKind;
use crate::domain::user::{Account, Password, username_key};
use crate::ports::password::Verdict;

/// A wish for another address.
#[derive(Debug)]
pub struct ChangeEmail {
    /// The verified access token.
    pub token: VerifiedToken,
    /// Where the request comes from.
    pub origin: Origin,
    /// The new address.
    pub email: String,
    /// The current password.
    pub password: Password,
}

impl Core {
    /// A link was sent to the new address; it is the account's once that was followed. Whether another account has the
    /// address makes no difference here: that one is told instead.
    ///
    /// # Errors
    /// In this order: EmailInvalid, UserInactive, ExternalUser, OldPasswordMissing, TooManyAttempts, OldPasswordWrong.
    pub async fn change_email(&self, command: ChangeEmail) -> Result<(), Error> {
        if !is_deliverable(&command.email) {
            return Err(ErrorKind::EmailInvalid.into());
        }
        let account = self.live_account(&command.token).await?;
        self.prove_own_password(&account, &command.password, &command.origin).await?;
        let owner = self.account_of_address(&command.email).await?;
        let other = owner.filter(|owner| owner.user.id != account.user.id);
        if !self.may_send(Cause::Asked(MailKind::VerifyEmail), &command.email, &command.origin).await? {
            return Ok(());
        }
        let (link, mail) = self.verification(&account.user, &command.email, &command.token).await?;
        let message = other.map_or(mail, |other| self.account_exists(&other, None));
        rerun(|| self.write_verification(&link, &message)).await
    }

    /// The account of a token, if it still exists.
    pub(super) async fn live_account(&self, token: &VerifiedToken) -> Result<Account, Error> {
        let account = self.reading("live_account").await?.account(token.claims.sub).await?;
        let account = account.filter(|account| account.user.deleted_at.is_none());
        account.ok_or_else(|| ErrorKind::UserInactive.into())
    }

    /// A stolen access token must not be a way to guess the password: it counts as a sign-in does.
    async fn prove_own_password(
        &self,
        account: &Account,
        password: &Password,
        origin: &Origin,
    ) -> Result<(), Error> {
        let hash = account.password_hash.as_deref().ok_or(ErrorKind::ExternalUser)?;
        if password.expose().is_empty() {
            return Err(ErrorKind::OldPasswordMissing.into());
        }
        let key = username_key(&account.user.username);
        let attempt = self.password_attempt(&key, origin);
        let turn = attempt.look_alone().await?;
        let attempt = self.begin_password_attempt(attempt, turn, Some(account), origin).await?;
        if self.ports.passwords.verify(password.clone(), hash).await? == Verdict::NoMatch {
            attempt.failed().await?;
            return Err(ErrorKind::OldPasswordWrong.into());
        }
        Ok(())
    }
}
