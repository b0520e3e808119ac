//! A link to a new password for whom the old one is lost.

use super::links::{About, NewLink, nobody};
use super::messages::{Cause, person};
use super::{Core, rerun};
use crate::domain::actor::{Actor, Origin};
use crate::domain::client::Client;
use crate::domain::error::Error;
use crate::domain::link::LinkPurpose;
use crate::domain::membership::{Membership, choose_membership};
use crate::domain::message::{Destination, MailKind, Message, Particulars, Person};
use crate::domain::secret::Secret;
use crate::domain::user::{User, username_key};

/// A wish for a link to a new password.
#[derive(Debug)]
pub struct ForgetPassword {
    /// Who asks.
    pub actor: Actor,
    /// The client.
    pub client_id: String,
    /// Its secret; public clients have none.
    pub client_secret: Option<Secret<String>>,
    /// The account, in any case.
    pub username: String,
}

/// Who may get a link.
struct Eligible {
    user: User,
    email: String,
    membership: Membership,
}

impl Core {
    /// Who may get a new password was sent a link to it; nobody can tell whether that was so.
    ///
    /// # Errors
    /// ClientAuthFailed, TooManyAttempts (of the client's secret).
    ///
    /// # Security
    /// Every name asks the same questions and writes the same rows: one that may not get a link gets one to nowhere.
    pub async fn forget_password(&self, command: ForgetPassword) -> Result<(), Error> {
        let secret = command.client_secret.as_ref().map(|secret| secret.expose().as_str());
        let origin = &command.actor.origin;
        let client = self.authenticate_client(&command.client_id, secret, origin).await?;
        self.send_reset_link(&command.username, Some(&client), origin).await
    }

    /// The same for our own page, through a client that is known without proof; through none, nobody gets a link.
    pub(super) async fn send_reset_link(
        &self,
        username: &str,
        client: Option<&Client>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let key = username_key(username);
        let eligible = self.may_reset(&key, client).await?;
        let destination = eligible.as_ref().map_or(key.as_str(), |eligible| eligible.email.as_str());
        if !self.may_send(Cause::Asked(MailKind::ForgotPassword), destination, origin).await? {
            return Ok(());
        }
        let link = self.reset_link(&key, eligible.as_ref(), client);
        let message = self.reset_message(username, eligible.as_ref(), client, &link);
        rerun(|| async {
            let mut tx = self.writing("forget_password").await?;
            tx.add_link(&link.link).await?;
            self.queue(&mut *tx, &message).await?;
            self.commit_and_send(tx).await
        })
        .await
    }

    async fn may_reset(&self, key: &str, client: Option<&Client>) -> Result<Option<Eligible>, Error> {
        let mut tx = self.reading("forget_password").await?;
        let account = tx.account_by_username_key(key).await?;
        let user = account.as_ref().map_or(nobody(), |account| account.user.id);
        let memberships = tx.memberships(user).await?;
        let default = account.as_ref().and_then(|account| account.user.default_tenant);
        let membership = choose_membership(&memberships, default).ok().cloned();
        let (Some(account), Some(membership)) = (account, membership) else { return Ok(None) };
        let is_allowed = client.is_some_and(|client| account.clients.contains(&client.key));
        let is_able = account.password_hash.is_some() && is_allowed;
        let email = account.user.email.clone().filter(|_| is_able);
        Ok(email.map(|email| Eligible { user: account.user, email, membership }))
    }

    fn reset_link(&self, key: &str, eligible: Option<&Eligible>, client: Option<&Client>) -> NewLink {
        let about =
            eligible.map_or_else(|| format!("name\n{key}"), |eligible| format!("user\n{}", eligible.user.id));
        self.new_link(About {
            purpose: LinkPurpose::ResetPassword,
            subject: &about,
            client: client.map(|client| client.key),
            user: eligible.map(|eligible| &eligible.user),
            email: eligible.map(|eligible| eligible.email.as_str()),
            data: None,
        })
    }

    fn reset_message(
        &self,
        username: &str,
        eligible: Option<&Eligible>,
        client: Option<&Client>,
        link: &NewLink,
    ) -> Message {
        let stranger = || Person { username: username.to_owned(), ..Person::default() };
        let particulars = Particulars {
            person: Some(eligible.map_or_else(stranger, |eligible| person(&eligible.user))),
            organization: eligible.map(|eligible| eligible.membership.tenant_name.clone()),
            application: client.map(|client| client.name.clone()),
            ..link.particulars()
        };
        let to = eligible.map_or(Destination::Nobody, |eligible| Destination::Email(eligible.email.clone()));
        let locale = eligible.and_then(|eligible| eligible.membership.locale.as_deref());
        self.message(MailKind::ForgotPassword, to, particulars, locale)
    }
}
