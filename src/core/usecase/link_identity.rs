//! A signed-in user's accounts at providers: which there are, one more, one less.

use std::time::Duration;

use super::begin_federated_login::{Browser, Departing, redirect_url};
use super::{Core, rerun};
use crate::domain::claims::VerifiedToken;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::{Intent, LoginAttempt};
use crate::domain::ids::{IdentityId, UserId};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::{Account, Identity};
use crate::ports::provider::Memo;

/// How long a ticket to link waits for its browser.
const TICKET_LIFETIME: Duration = Duration::from_mins(2);

/// What a ticket is about, for the page that asks whether to go on.
#[derive(Debug)]
pub struct TicketView {
    /// The account that would be linked to.
    pub username: String,
}

impl Core {
    /// The caller's accounts at providers, oldest first.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn identities(&self, caller: &VerifiedToken) -> Result<Vec<Identity>, Error> {
        Ok(self.reading("identities").await?.identities(caller.claims.sub).await?)
    }

    /// A ticket with which a browser, which cannot send the bearer token, can begin to link for the caller.
    ///
    /// # Errors
    /// ProviderUnknown, ClientUnknown.
    pub async fn ticket_to_link(
        &self,
        caller: &VerifiedToken,
        provider: &str,
    ) -> Result<Secret<String>, Error> {
        let provider = self.provider(provider)?;
        let client = self.known_client(&caller.claims.client_id).await?;
        redirect_url(&client)?;
        let ticket = self.opaque_token();
        let intent = Intent::Link(caller.claims.sub);
        let attempt = self.new_attempt(provider.info(), &client, intent, &ticket, &Memo::of(&())?);
        let attempt = LoginAttempt { expires_at: self.now().plus(TICKET_LIFETIME), ..attempt };
        rerun(|| self.write_attempt(&attempt)).await?;
        Ok(ticket)
    }

    /// Whose account a ticket is for; it is not used up.
    ///
    /// # Errors
    /// ProviderUnknown, LoginAttemptUnknown.
    pub async fn view_ticket(&self, provider: &str, ticket: &Secret<String>) -> Result<TicketView, Error> {
        let provider = self.provider(provider)?;
        let hash = TokenHash::of(ticket.expose());
        let mut tx = self.reading("view_ticket").await?;
        let attempt = tx.waiting_login_attempt(&hash, &provider.info().id, self.now()).await?;
        let user = attempt.as_ref().and_then(linking_user).ok_or(ErrorKind::LoginAttemptUnknown)?;
        let account = live(tx.account(user).await?).ok_or(ErrorKind::LoginAttemptUnknown)?;
        Ok(TicketView { username: account.user.username })
    }

    /// The ticket is used up, and its browser goes to the provider.
    ///
    /// # Errors
    /// ProviderUnknown, LoginAttemptUnknown, ClientUnknown, UpstreamUnreachable, UpstreamMisconfigured.
    pub async fn begin_link(
        &self,
        provider: &str,
        ticket: &Secret<String>,
        browser: Browser,
    ) -> Result<Departing, Error> {
        let provider = self.provider(provider)?;
        let attempt =
            self.consume_attempt(&TokenHash::of(ticket.expose()), &[None], provider.info(), None).await?;
        let user = linking_user(&attempt).ok_or(ErrorKind::LoginAttemptUnknown)?;
        let account = self.reading("linking_account").await?.account(user).await?;
        live(account).ok_or(ErrorKind::LoginAttemptUnknown)?;
        let client = self.attempting_client(&attempt).await?;
        self.depart(provider.as_ref(), &client, attempt.intent, browser, None).await
    }

    /// The caller's link is gone; sessions that began with it live on.
    ///
    /// # Errors
    /// NotFound, OnlyWayToSignIn.
    pub async fn unlink_identity(&self, caller: &VerifiedToken, identity: &str) -> Result<(), Error> {
        let identity: IdentityId = identity.parse().map_err(|_| ErrorKind::NotFound)?;
        rerun(|| self.write_unlink(caller.claims.sub, identity)).await?;
        tracing::info!(event = "identity_unlinked", user_id = %caller.claims.sub);
        Ok(())
    }

    /// The user row is taken first, so that of two unlinkings at once the second sees what the first left.
    async fn write_unlink(&self, user: UserId, identity: IdentityId) -> Result<(), Error> {
        let mut tx = self.writing("unlink_identity").await?;
        let account = live(tx.account(user).await?).ok_or(ErrorKind::NotFound)?;
        if !tx.confirm_sign_in(user, account.user.credential_version, None).await? {
            return Err(ErrorKind::NotFound.into());
        }
        let all = tx.identities(user).await?;
        if !all.iter().any(|known| known.id == identity) {
            return Err(ErrorKind::NotFound.into());
        }
        let is_usable = |known: &&Identity| {
            known.id != identity && self.ports.providers.provider(&known.provider).is_some()
        };
        if account.password_hash.is_none() && all.iter().find(is_usable).is_none() {
            return Err(ErrorKind::OnlyWayToSignIn.into());
        }
        tx.remove_identity(user, identity).await?;
        Ok(tx.commit().await?)
    }
}

fn linking_user(attempt: &LoginAttempt) -> Option<UserId> {
    match attempt.intent {
        Intent::Link(user) => Some(user),
        Intent::SignIn | Intent::Native => None,
    }
}

fn live(account: Option<Account>) -> Option<Account> {
    account.filter(|account| account.user.deleted_at.is_none())
}
