//! A signed-in user chooses a new password.

use super::{Core, MAX_ACCESS_TOKEN_TTL, rerun};
use crate::domain::actor::Origin;
use crate::domain::claims::VerifiedToken;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::membership::MembershipStatus;
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::secret::Secret;
use crate::domain::session::EndReason;
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
        let account = self.own_account(&command).await?;
        self.check_tokens(&command).await?;
        check_username(&command)?;
        let current = account.password_hash.clone().ok_or(ErrorKind::ExternalUser)?;
        let password = self.check_limited(&command, &account, &current).await?;
        let hash = self.ports.passwords.hash(password.clone()).await?;
        let revocation = rerun(|| self.write_password(&account, &hash)).await?;
        self.ports.revocations.announce(&[revocation]).await;
        tracing::info!(event = "password_changed", user_id = %account.user.id);
        Ok(())
    }

    /// The account, once it is clear that the old password is there when it is needed.
    async fn own_account(&self, command: &ChangePassword) -> Result<Account, Error> {
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
        Ok(account)
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
    ) -> Result<Password, Error> {
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

    async fn check_passwords(
        &self,
        command: &ChangePassword,
        account: &Account,
        current: &str,
    ) -> Result<Password, Error> {
        if let Some(old) = &command.old_password
            && self.ports.passwords.verify(old.clone(), current).await? == Verdict::NoMatch
        {
            return Err(ErrorKind::OldPasswordWrong.into());
        }
        let password = command.password.as_ref().filter(|password| !password.expose().is_empty());
        let password = password.ok_or(ErrorKind::PasswordMissing)?;
        if self.is_current(password, command.old_password.as_ref(), current).await? {
            return Err(ErrorKind::PasswordUnchanged.into());
        }
        let violations = self.settings.password_policy.violations(password.expose(), &account.user);
        if violations.is_empty() {
            Ok(password.clone())
        } else {
            Err(Error::with_public(ErrorKind::PasswordWeak, violations.join("; ")))
        }
    }

    /// The old password was proved right, so comparing with it saves a second hashing.
    async fn is_current(
        &self,
        password: &Password,
        proved_old: Option<&Password>,
        current: &str,
    ) -> Result<bool, Error> {
        match proved_old {
            Some(old) => Ok(old.expose() == password.expose()),
            None => Ok(self.ports.passwords.verify(password.clone(), current).await? != Verdict::NoMatch),
        }
    }

    async fn write_password(&self, account: &Account, hash: &str) -> Result<Revocation, Error> {
        let now = self.now();
        let user = account.user.id;
        let scheme = self.ports.passwords.scheme(hash);
        let mut tx = self.writing("change_password").await?;
        if !tx.change_password(user, account.user.credential_version, hash, &scheme, now).await? {
            return Err(ErrorKind::OldPasswordWrong.into());
        }
        for first_time in [MembershipStatus::REGISTERED, MembershipStatus::PASSWORD_CHANGE_NEEDED] {
            tx.move_status(user, first_time, MembershipStatus::ACTIVE, now).await?;
        }
        tx.end_user_sessions(user, None, EndReason::PasswordChanged, now).await?;
        let epoch = tx.bump_user_epoch(user).await?;
        let revocation =
            Revocation { what: Revoked::UserEpoch(user, epoch), until: now.plus(MAX_ACCESS_TOKEN_TTL) };
        tx.record_revocations(&[revocation], now).await?;
        tx.commit().await?;
        Ok(revocation)
    }
}

fn check_username(command: &ChangePassword) -> Result<(), Error> {
    let own = username_key(&command.token.claims.user.username);
    let given = command.username.as_deref().map(username_key);
    if given == Some(own) { Ok(()) } else { Err(ErrorKind::UsernameMismatch.into()) }
}
