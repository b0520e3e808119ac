//! A signed-in user chooses a new password.

use super::new_password::{Current, Replaced};
use super::{Core, rerun};
use crate::domain::actor::Origin;
use crate::domain::claims::VerifiedToken;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::membership::{Membership, MembershipStatus};
use crate::domain::message::Message;
use crate::domain::secret::Secret;
use crate::domain::user::{Account, Password, username_key};
use crate::ports::password::Verdict;

/// A wish for a new password.
#[derive(Debug)]
pub struct ChangePassword {
    /// The verified access token.
    pub token: VerifiedToken,
    /// Where the request comes from.
    pub origin: Origin,
    /// The refresh token issued with it.
    pub refresh_token: Option<Secret<String>>,
    /// Must be the token's user.
    pub username: Option<String>,
    /// The current password; not needed while a change is demanded.
    pub old_password: Option<Password>,
    /// The new password.
    pub password: Option<Password>,
}

impl Core {
    /// The password is the new one, and every session of the user is over, the asking one included.
    /// REGISTERED and PASSWORD_CHANGE_NEEDED memberships become ACTIVE.
    ///
    /// # Errors
    /// In this order: OldPasswordMissing, RefreshTokenMissing, RefreshUnknownOrUsed, AccessTokenMismatch,
    /// UsernameMismatch, ExternalUser, TooManyAttempts, OldPasswordWrong, PasswordMissing, PasswordUnchanged, PasswordWeak.
    pub async fn change_password(&self, command: ChangePassword) -> Result<(), Error> {
        let (account, membership) = self.own_account(&command).await?;
        self.check_tokens(&command).await?;
        check_username(&command)?;
        let current = account.password_hash.clone().ok_or(ErrorKind::ExternalUser)?;
        let hash = self.check_limited(&command, &account, &current).await?;
        let notice = self.password_notice(&account.user, &membership, None);
        let replaced = rerun(|| self.write_password(&account, &hash, notice.as_ref())).await?;
        self.announce_replaced(replaced).await;
        tracing::info!(event = "password_changed", user_id = %account.user.id);
        Ok(())
    }

    /// The account, once it is clear that the old password is there when it is needed.
    async fn own_account(&self, command: &ChangePassword) -> Result<(Account, Membership), Error> {
        let claims = &command.token.claims;
        let mut tx = self.reading("own_account").await?;
        let account = tx.account(claims.sub).await?;
        let account =
            account.filter(|account| account.user.deleted_at.is_none()).ok_or(ErrorKind::UserInactive)?;
        let membership =
            tx.membership(claims.sub, claims.user.tenant_id).await?.ok_or(ErrorKind::UserInactive)?;
        let demanded = membership.status == MembershipStatus::PASSWORD_CHANGE_NEEDED;
        if command.old_password.is_none() && !demanded {
            return Err(ErrorKind::OldPasswordMissing.into());
        }
        Ok((account, membership))
    }

    async fn check_tokens(&self, command: &ChangePassword) -> Result<(), Error> {
        let refresh_token = command.refresh_token.as_ref().filter(|token| !token.expose().is_empty());
        self.own_refresh(&command.token, refresh_token.ok_or(ErrorKind::RefreshTokenMissing)?).await
    }

    /// A stolen access token must not be a way to guess the password: the old one counts as a sign-in does.
    async fn check_limited(
        &self,
        command: &ChangePassword,
        account: &Account,
        current: &str,
    ) -> Result<String, Error> {
        let key = username_key(&account.user.username);
        let origin = &command.origin;
        let attempt = self.password_attempt(&key, origin);
        let turn = attempt.look_alone().await?;
        let attempt = self.begin_password_attempt(attempt, turn, Some(account), origin).await?;
        let checked = self.check_passwords(command, account, current).await;
        if checked.as_ref().is_err_and(|error| error.kind == ErrorKind::OldPasswordWrong) {
            attempt.failed().await?;
        }
        checked
    }

    /// The hash of the new password, once the old one is proved.
    async fn check_passwords(
        &self,
        command: &ChangePassword,
        account: &Account,
        current: &str,
    ) -> Result<String, Error> {
        if let Some(old) = &command.old_password
            && self.ports.passwords.verify(old.clone(), current).await? == Verdict::NoMatch
        {
            return Err(ErrorKind::OldPasswordWrong.into());
        }
        let password = command.password.as_ref().ok_or(ErrorKind::PasswordMissing)?;
        let current = command.old_password.as_ref().map_or(Current::Hash(current), Current::Proved);
        self.hash_new_password(password, current, &account.user).await
    }

    async fn write_password(
        &self,
        account: &Account,
        hash: &str,
        notice: Option<&Message>,
    ) -> Result<Replaced, Error> {
        let mut tx = self.writing("change_password").await?;
        let replaced = self.replace_password(&mut *tx, account, hash).await?;
        let replaced = replaced.ok_or(ErrorKind::OldPasswordWrong)?;
        let (registered, active) = (MembershipStatus::REGISTERED, MembershipStatus::ACTIVE);
        tx.move_status(account.user.id, registered, active, self.now()).await?;
        if let Some(notice) = notice {
            self.queue(&mut *tx, notice).await?;
        }
        self.commit_and_send(tx).await?;
        Ok(replaced)
    }
}

fn check_username(command: &ChangePassword) -> Result<(), Error> {
    let own = username_key(&command.token.claims.user.username);
    let given = command.username.as_deref().map(username_key);
    if given == Some(own) { Ok(()) } else { Err(ErrorKind::UsernameMismatch.into()) }
}
