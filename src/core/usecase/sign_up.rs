//! An account for whom a link to it was sent.

use super::new_password::Current;
use super::sign_up_at_provider::{MAX_TEXT, text};
use super::{Core, SignUpSettings, rerun};
use crate::domain::actor::Actor;
use crate::domain::email_address::is_same_address;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{ClientKey, RoleId};
use crate::domain::link::{Link, LinkPurpose};
use crate::domain::membership::Membership;
use crate::domain::message::{Destination, MailKind, Message, Particulars};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::tenant::Tenant;
use crate::domain::user::{Password, User};
use crate::ports::store::StoreError;
use crate::usecase::messages::person;

const PURPOSE: LinkPurpose = LinkPurpose::SignUp;

/// What a link to an account is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignUpView {
    /// The address it was sent to.
    pub email: String,
}

/// An account from whom a link was sent to.
#[derive(Debug)]
pub struct SignUp {
    /// Who asks.
    pub actor: Actor,
    /// The link's token.
    pub token: Secret<String>,
    /// Must be the link's address.
    pub email: String,
    /// The password the account shall have.
    pub password: Password,
    /// Given name; one that cannot be shown counts as none, as with the others.
    pub first_name: Option<String>,
    /// Middle name.
    pub middle_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
}

/// An account that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedUp {
    /// Its address.
    pub email: String,
    /// The person.
    pub user: User,
}

/// An account that is not stored yet.
struct Newcomer {
    user: User,
    hash: String,
    membership: Membership,
    role: RoleId,
    clients: Vec<ClientKey>,
    welcome: Message,
}

impl Core {
    /// What the link is about; uses nothing up.
    ///
    /// # Errors
    /// LinkTokenMissing, LinkUnknown, LinkSpent.
    pub async fn sign_up_view(&self, token: &Secret<String>) -> Result<SignUpView, Error> {
        let link = self.fresh_link(PURPOSE, token).await?;
        Ok(SignUpView { email: link.email.ok_or(ErrorKind::LinkUnknown)? })
    }

    /// There is an account with the address as its name, and the link is used up. Tenant, role and clients are those of the
    /// link or of the configuration, never of the command.
    ///
    /// # Errors
    /// In this order: LinkTokenMissing, LinkUnknown, LinkSpent, EmailMismatch, SignUpClosed, PasswordMissing, PasswordWeak,
    /// AccountExists. A refusal leaves the link as it was.
    pub async fn sign_up(&self, command: SignUp) -> Result<SignedUp, Error> {
        let link = self.fresh_link(PURPOSE, &command.token).await?;
        let email = link.email.clone().ok_or(ErrorKind::LinkUnknown)?;
        if !is_same_address(&email, &command.email) {
            return Err(ErrorKind::EmailMismatch.into());
        }
        let newcomer = self.newcomer(&command, &link, &email).await?;
        rerun(|| self.write_newcomer(&command.token, &newcomer)).await?;
        let tenant_id = newcomer.membership.tenant;
        tracing::info!(event = "account_made_by_sign_up", user_id = %newcomer.user.id, %tenant_id);
        Ok(SignedUp { email, user: newcomer.user })
    }

    async fn newcomer(&self, command: &SignUp, link: &Link, email: &str) -> Result<Newcomer, Error> {
        let (tenant, role, clients) = self.place_of(link).await?;
        let user = self.signed_up_user(command, email, &tenant);
        let hash = self.hash_new_password(&command.password, Current::None, &user).await?;
        let welcome = self.welcome(&user, email, &tenant);
        let membership = Membership::blank(self.new_id(), user.id, &tenant);
        Ok(Newcomer { user, hash, membership, role, clients, welcome })
    }

    /// Where whoever invited wants the account to be; else where everybody goes.
    async fn place_of(&self, link: &Link) -> Result<(Tenant, RoleId, Vec<ClientKey>), Error> {
        if let Some((tenant, role)) = link.invited_to {
            let tenant = self.reading("invited_to").await?.tenant(tenant).await?;
            let tenant = tenant.ok_or(ErrorKind::SignUpClosed)?;
            let settings = self.settings.sign_up.clone().unwrap_or_default();
            let clients = self.sign_up_clients(&settings, &tenant).await?;
            return Ok((tenant, role, clients));
        }
        let (settings, tenant): (&SignUpSettings, Tenant) = self.sign_up_tenant().await?;
        let role = self.sign_up_role(settings, &tenant).await?;
        let clients = self.sign_up_clients(settings, &tenant).await?;
        Ok((tenant, role.id, clients))
    }

    fn signed_up_user(&self, command: &SignUp, email: &str, tenant: &Tenant) -> User {
        let name = |name: &Option<String>| text(name.as_deref(), MAX_TEXT);
        User {
            id: self.new_id(),
            username: email.to_owned(),
            email: Some(email.to_owned()),
            email_verified: true,
            phone: None,
            first_name: name(&command.first_name).unwrap_or_else(|| email.to_owned()),
            middle_name: name(&command.middle_name),
            last_name: name(&command.last_name),
            gender: None,
            dob: None,
            photo_url: None,
            designation: None,
            default_tenant: Some(tenant.id),
            last_login: None,
            deleted_at: None,
            credential_version: 0,
            epoch: 0,
        }
    }

    async fn write_newcomer(&self, token: &Secret<String>, newcomer: &Newcomer) -> Result<(), Error> {
        let now = self.now();
        let user = &newcomer.user;
        let mut tx = self.writing("sign_up").await?;
        let token = TokenHash::of(token.expose());
        let link = tx.consume_link(PURPOSE, &token, now).await?.ok_or(ErrorKind::LinkSpent)?;
        let email = user.username.to_ascii_lowercase();
        if !tx.accounts_by_email(&email).await?.is_empty() {
            return Err(ErrorKind::AccountExists.into());
        }
        match tx.add_user(user, now).await {
            Err(StoreError::Taken { .. }) => return Err(ErrorKind::AccountExists.into()),
            other => other?,
        }
        let scheme = self.ports.passwords.scheme(&newcomer.hash);
        tx.set_password(user.id, &newcomer.hash, &scheme, now).await?;
        tx.set_user_clients(user.id, &newcomer.clients).await?;
        tx.add_membership(&newcomer.membership, newcomer.role, now).await?;
        if let Some(data) = &link.data {
            tx.keep_sign_up_data(user.id, data).await?;
        }
        self.queue(&mut *tx, &newcomer.welcome).await?;
        self.commit_and_send(tx).await
    }

    /// Tells that there is an account now: whoever else read the first mail did not make it unnoticed.
    fn welcome(&self, user: &User, email: &str, tenant: &Tenant) -> Message {
        let organization = Some(tenant.name.clone());
        let particulars = Particulars { person: Some(person(user)), organization, ..Particulars::default() };
        self.message(MailKind::Welcome, Destination::Email(email.to_owned()), particulars, None)
    }
}
