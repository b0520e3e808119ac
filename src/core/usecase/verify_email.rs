//! A mail address is proved by a link that was sent to it.

use super::links::{About, NewLink};
use super::messages::{Cause, person};
use super::{Core, rerun};
use crate::domain::actor::{Actor, Origin};
use crate::domain::claims::VerifiedToken;
use crate::domain::email_address::is_same_address;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::UserId;
use crate::domain::link::{Link, LinkPurpose, subject};
use crate::domain::membership::choose_membership;
use crate::domain::message::{Destination, MailKind, Message, Particulars};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::User;
use crate::ports::store::Tx;

const PURPOSE: LinkPurpose = LinkPurpose::VerifyEmail;

/// A link that was followed.
#[derive(Debug)]
pub struct VerifyEmail {
    /// Who asks.
    pub actor: Actor,
    /// The link's token.
    pub token: Secret<String>,
}

impl Core {
    /// A link was sent to the account's address, unless that is proved already.
    ///
    /// # Errors
    /// UserInactive, NoDestination.
    pub async fn request_email_verification(
        &self,
        token: VerifiedToken,
        origin: Origin,
    ) -> Result<(), Error> {
        let account = self.live_account(&token).await?;
        let email = account.user.email.clone().ok_or(ErrorKind::NoDestination)?;
        if account.user.email_verified
            || !self.may_send(Cause::Asked(MailKind::VerifyEmail), &email, &origin).await?
        {
            return Ok(());
        }
        let (link, message) = self.verification(&account.user, &email, &token).await?;
        rerun(|| self.write_verification(&link, &message)).await
    }

    /// The link's address is the account's, and proved; the link is used up. The address before is told.
    ///
    /// # Errors
    /// LinkTokenMissing, LinkUnknown, LinkSpent (as when password or address have changed since), AccountExists (another
    /// account has the address by now). A refusal leaves the link as it was.
    pub async fn verify_email(&self, command: VerifyEmail) -> Result<(), Error> {
        self.fresh_link(PURPOSE, &command.token).await?;
        let token = TokenHash::of(command.token.expose());
        let user = rerun(|| self.write_address(&token)).await?;
        self.recent.forget();
        tracing::info!(event = "email_verified", user_id = %user);
        Ok(())
    }

    /// A link that makes `email` the user's, and the mail that carries it.
    pub(super) async fn verification(
        &self,
        user: &User,
        email: &str,
        token: &VerifiedToken,
    ) -> Result<(NewLink, Message), Error> {
        let claims = &token.claims.user;
        let tenant = self.reading("tenant_of_token").await?.tenant(claims.tenant_id).await?;
        let link = self.new_link(About {
            purpose: PURPOSE,
            subject: &about(user),
            client: None,
            user: Some(user),
            email: Some(email),
            data: None,
        });
        let organization = tenant.map(|tenant| tenant.name);
        let particulars = Particulars { person: Some(person(user)), organization, ..link.particulars() };
        let to = Destination::Email(email.to_owned());
        let locale = Some(claims.user_preferences.locale.as_str());
        let message = self.message(MailKind::VerifyEmail, to, particulars, locale);
        Ok((link, message))
    }

    pub(super) async fn write_verification(&self, link: &NewLink, message: &Message) -> Result<(), Error> {
        let mut tx = self.writing("request_email_verification").await?;
        tx.add_link(&link.link).await?;
        self.queue(&mut *tx, message).await?;
        self.commit_and_send(tx).await
    }

    async fn write_address(&self, token: &TokenHash) -> Result<UserId, Error> {
        let mut tx = self.writing("verify_email").await?;
        let link = tx.consume_link(PURPOSE, token, self.now()).await?.ok_or(ErrorKind::LinkSpent)?;
        let user = locked_user(&mut *tx, &link).await?;
        let email = link.email.ok_or(ErrorKind::LinkUnknown)?;
        let former = user.email.clone().filter(|former| !is_same_address(former, &email));
        let is_other = user.email.as_ref() != Some(&email);
        if is_other && is_taken(&mut *tx, &email, user.id).await? {
            return Err(ErrorKind::AccountExists.into());
        }
        let user = User { email: Some(email), email_verified: true, ..user };
        tx.save_user(&user, self.now()).await?;
        if is_other {
            tx.spend_links(LinkPurpose::ResetPassword, user.id, self.now()).await?;
        }
        if let Some(former) = former {
            let notice = self.address_notice(&mut *tx, &user, former).await?;
            self.queue(&mut *tx, &notice).await?;
        }
        self.commit_and_send(tx).await?;
        Ok(user.id)
    }

    /// Whoever owns the address before must hear of it (OWASP ASVS 6.3.7).
    async fn address_notice(&self, tx: &mut dyn Tx, user: &User, former: String) -> Result<Message, Error> {
        let memberships = tx.memberships(user.id).await?;
        let membership = choose_membership(&memberships, user.default_tenant).ok();
        let locale = membership.and_then(|membership| membership.locale.as_deref());
        let organization = membership.map(|membership| membership.tenant_name.clone());
        let particulars = Particulars { person: Some(person(user)), organization, ..Particulars::default() };
        Ok(self.message(MailKind::EmailUpdateSuccessful, Destination::Email(former), particulars, locale))
    }
}

/// The user and the address it has now: a link from before another address came is worth nothing any more.
fn about(user: &User) -> String {
    format!("user\n{}\n{}", user.id, user.email.as_deref().unwrap_or_default())
}

/// The user of the link, whose row is ours until the commit.
async fn locked_user(tx: &mut dyn Tx, link: &Link) -> Result<User, Error> {
    let user = link.user.ok_or(ErrorKind::LinkUnknown)?;
    if !tx.confirm_sign_in(user, link.credential_version, None).await? {
        return Err(ErrorKind::LinkSpent.into());
    }
    let user = tx.account(user).await?.ok_or(ErrorKind::LinkUnknown)?.user;
    if subject(&about(&user)) == link.subject_hash { Ok(user) } else { Err(ErrorKind::LinkSpent.into()) }
}

async fn is_taken(tx: &mut dyn Tx, email: &str, own: UserId) -> Result<bool, Error> {
    let accounts = tx.accounts_by_email(&email.to_ascii_lowercase()).await?;
    Ok(accounts.iter().any(|account| account.user.id != own))
}
