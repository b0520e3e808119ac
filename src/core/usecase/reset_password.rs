//! A new password by a link in a mail.

use super::new_password::{Current, Replaced};
use super::{Core, rerun};
use crate::domain::actor::Actor;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::link::{Link, LinkPurpose};
use crate::domain::membership::{Membership, NoMembership, choose_membership};
use crate::domain::message::Message;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::{Account, Password};

const PURPOSE: LinkPurpose = LinkPurpose::ResetPassword;

/// A new password from whom a link was sent to.
#[derive(Debug)]
pub struct ResetPassword {
    /// Who asks.
    pub actor: Actor,
    /// The client the link was asked through.
    pub client_id: String,
    /// Its secret; public clients have none.
    pub client_secret: Option<Secret<String>>,
    /// The link's token.
    pub token: Secret<String>,
    /// The new password.
    pub password: Password,
}

impl Core {
    /// Whether the link would be good for a new password; uses nothing up.
    ///
    /// # Errors
    /// LinkTokenMissing, LinkUnknown, LinkSpent.
    pub async fn check_reset_link(&self, token: &Secret<String>) -> Result<(), Error> {
        let link = self.fresh_link(PURPOSE, token).await?;
        self.link_account(&link).await.map(|_| ())
    }

    /// The password is the new one, the link is used up, and every session of the user is over. A second factor stays: the
    /// link opens no session.
    ///
    /// # Errors
    /// In this order: ClientAuthFailed, LinkTokenMissing, LinkUnknown (another client's too), LinkSpent (as when password or
    /// address have changed since), ClientNotAllowed, UserNotActiveYet, UserInactive, PasswordMissing, PasswordUnchanged,
    /// PasswordWeak. A refusal leaves the link as it was.
    pub async fn reset_password(&self, command: ResetPassword) -> Result<(), Error> {
        let secret = command.client_secret.as_ref().map(|secret| secret.expose().as_str());
        let origin = &command.actor.origin;
        let client = self.authenticate_client(&command.client_id, secret, origin).await?;
        let link = self.fresh_link(PURPOSE, &command.token).await?;
        if link.client != Some(client.key) {
            return Err(ErrorKind::LinkUnknown.into());
        }
        self.set_password_by_link(&link, &client, &command.token, &command.password).await
    }

    /// The same for our own page, through the client the link was asked through.
    pub(super) async fn reset_password_by_link(
        &self,
        token: &Secret<String>,
        password: &Password,
    ) -> Result<(), Error> {
        let link = self.fresh_link(PURPOSE, token).await?;
        let client = link.client.ok_or(ErrorKind::LinkUnknown)?;
        let client = self.reading("link_client").await?.client(client).await?;
        let client = client.filter(|client| client.enabled).ok_or(ErrorKind::LinkUnknown)?;
        self.set_password_by_link(&link, &client, token, password).await
    }

    async fn set_password_by_link(
        &self,
        link: &Link,
        client: &Client,
        token: &Secret<String>,
        password: &Password,
    ) -> Result<(), Error> {
        let account = self.link_account(link).await?;
        let membership = self.admit_to_reset(&account, client).await?;
        let current = account.password_hash.as_deref().map_or(Current::None, Current::Hash);
        let hash = self.hash_new_password(password, current, &account.user).await?;
        let notice = self.password_notice(&account.user, &membership, Some(&client.name));
        let token = TokenHash::of(token.expose());
        let replaced = rerun(|| self.write_reset(&token, &account, &hash, notice.as_ref())).await?;
        self.announce_replaced(replaced).await;
        tracing::info!(event = "password_reset", user_id = %account.user.id);
        Ok(())
    }

    /// The account of a link, as long as it is what it was when the link was sent.
    async fn link_account(&self, link: &Link) -> Result<Account, Error> {
        let user = link.user.ok_or(ErrorKind::LinkUnknown)?;
        let account = self.reading("link_account").await?.account(user).await?;
        let account = account.ok_or(ErrorKind::LinkUnknown)?;
        let stands = account.user.deleted_at.is_none()
            && account.user.credential_version == link.credential_version
            && account.user.email == link.email;
        if stands { Ok(account) } else { Err(ErrorKind::LinkSpent.into()) }
    }

    async fn admit_to_reset(&self, account: &Account, client: &Client) -> Result<Membership, Error> {
        if !account.clients.contains(&client.key) {
            return Err(ErrorKind::ClientNotAllowed.into());
        }
        let memberships = self.reading("reset_password").await?.memberships(account.user.id).await?;
        match choose_membership(&memberships, account.user.default_tenant) {
            Ok(membership) => Ok(membership.clone()),
            Err(NoMembership::NotActiveYet) => Err(ErrorKind::UserNotActiveYet.into()),
            Err(NoMembership::Inactive) => Err(ErrorKind::UserInactive.into()),
        }
    }

    async fn write_reset(
        &self,
        token: &TokenHash,
        account: &Account,
        hash: &str,
        notice: Option<&Message>,
    ) -> Result<Replaced, Error> {
        let mut tx = self.writing("reset_password").await?;
        let link = tx.consume_link(PURPOSE, token, self.now()).await?.ok_or(ErrorKind::LinkSpent)?;
        let replaced = self.replace_password(&mut *tx, account, hash).await?;
        let replaced = replaced.ok_or(ErrorKind::LinkSpent)?;
        // The row of the user is ours now: its address cannot change any more.
        let address = tx.account(account.user.id).await?.and_then(|account| account.user.email);
        if address != link.email {
            return Err(ErrorKind::LinkSpent.into());
        }
        if let Some(notice) = notice {
            self.queue(&mut *tx, notice).await?;
        }
        self.commit_and_send(tx).await?;
        Ok(replaced)
    }
}
