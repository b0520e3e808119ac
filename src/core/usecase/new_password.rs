//! What a new password must be, and what follows from it: one judgement for change, reset and sign-up.

use super::{Core, MAX_ACCESS_TOKEN_TTL};
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::SessionId;
use crate::domain::membership::{Membership, MembershipStatus};
use crate::domain::message::{Destination, MailKind, Message, Particulars};
use crate::domain::password_policy::{BrokenRule, BrokenRules, MAX_PASSWORD_BYTES};
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::session::EndReason;
use crate::domain::user::{Account, Password, User};
use crate::ports::password::Verdict;
use crate::ports::store::Tx;
use crate::usecase::messages::person;

/// The password a new one replaces.
#[derive(Clone, Copy)]
pub(super) enum Current<'a> {
    /// There is none.
    None,
    /// It was given and proved right: comparing with it saves a hashing.
    Proved(&'a Password),
    /// Only its hash is known.
    Hash(&'a str),
}

/// What a new password put an end to.
pub(super) struct Replaced {
    revocation: Revocation,
    ended: Vec<SessionId>,
}

impl Core {
    /// The hash of a password that may replace `current`.
    ///
    /// # Errors
    /// In this order: PasswordMissing, PasswordUnchanged, PasswordWeak (the policy, then former passwords), Overloaded.
    pub(super) async fn hash_new_password(
        &self,
        password: &Password,
        current: Current<'_>,
        user: &User,
    ) -> Result<String, Error> {
        if password.expose().is_empty() {
            return Err(ErrorKind::PasswordMissing.into());
        }
        // Nobody's current password is that long: no work for it.
        let is_hashable = password.expose().len() <= MAX_PASSWORD_BYTES;
        if is_hashable && self.is_current(password, current).await? {
            return Err(ErrorKind::PasswordUnchanged.into());
        }
        let violations = self.settings.password_policy.violations(password.expose(), user);
        if !violations.is_empty() {
            return Err(BrokenRules(violations).into());
        }
        if self.is_former(password, user).await? {
            let count = self.settings.password_policy.history.saturating_add(1);
            return Err(BrokenRules(vec![BrokenRule::Former(count)]).into());
        }
        self.ports.passwords.hash(password.clone()).await
    }

    async fn is_current(&self, password: &Password, current: Current<'_>) -> Result<bool, Error> {
        match current {
            Current::None => Ok(false),
            Current::Proved(old) => Ok(old.expose() == password.expose()),
            Current::Hash(hash) => {
                Ok(self.ports.passwords.verify(password.clone(), hash).await? != Verdict::NoMatch)
            }
        }
    }

    async fn is_former(&self, password: &Password, user: &User) -> Result<bool, Error> {
        let most = self.settings.password_policy.history;
        if most == 0 {
            return Ok(false);
        }
        let hashes = self.reading("former_passwords").await?.former_passwords(user.id, most).await?;
        for hash in hashes {
            if self.ports.passwords.verify(password.clone(), &hash).await? != Verdict::NoMatch {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Replaces the password, remembers the former one and ends every session. `None` = the password is no longer the one
    /// of `account`, and nothing was done. To be announced after the commit.
    pub(super) async fn replace_password(
        &self,
        tx: &mut dyn Tx,
        account: &Account,
        hash: &str,
    ) -> Result<Option<Replaced>, Error> {
        let now = self.now();
        let user = account.user.id;
        let scheme = self.ports.passwords.scheme(hash);
        if !tx.change_password(user, account.user.credential_version, hash, &scheme, now).await? {
            return Ok(None);
        }
        let keep = self.settings.password_policy.history;
        if let Some(former) = account.password_hash.as_deref().filter(|_| keep > 0) {
            tx.remember_password(user, former, keep, now).await?;
        }
        let demanded = MembershipStatus::PASSWORD_CHANGE_NEEDED;
        tx.move_status(user, demanded, MembershipStatus::ACTIVE, now).await?;
        let ended = tx.end_user_sessions(user, None, EndReason::PasswordChanged, now).await?;
        let epoch = tx.bump_user_epoch(user).await?;
        let revocation =
            Revocation { what: Revoked::UserEpoch(user, epoch), until: now.plus(MAX_ACCESS_TOKEN_TTL) };
        tx.record_revocations(&[revocation], now).await?;
        Ok(Some(Replaced { revocation, ended }))
    }

    /// Tells everybody, after the commit, that the old password and its sessions are over.
    pub(super) async fn announce_replaced(&self, replaced: Replaced) {
        self.ports.revocations.announce(&[replaced.revocation]).await;
        self.announce_logout_of(replaced.ended);
    }

    /// The mail that tells the owner of a new password (OWASP ASVS 6.3.7); `None` without an address.
    pub(super) fn password_notice(
        &self,
        user: &User,
        membership: &Membership,
        application: Option<&str>,
    ) -> Option<Message> {
        let particulars = Particulars {
            person: Some(person(user)),
            organization: Some(membership.tenant_name.clone()),
            application: application.map(str::to_owned),
            ..Particulars::default()
        };
        let to = Destination::Email(user.email.clone()?);
        Some(self.message(MailKind::ResetPassword, to, particulars, membership.locale.as_deref()))
    }
}
