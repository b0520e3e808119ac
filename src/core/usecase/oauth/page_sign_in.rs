//! Username and password on a hosted page.

use super::browser_session::{Opened, Whole};
use super::transaction::{SignInTransaction, Step};
use super::turn::{BrowserCookies, Next, Stage, Turn};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::GrantId;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::Password;
use crate::usecase::half_way::Held;
use crate::usecase::second_factor::Gate;
use crate::usecase::sign_in::SignIn;
use crate::usecase::{Core, rerun};

/// A sign-in form that was sent.
#[derive(Debug)]
pub struct SignInOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// The account, in any case.
    pub username: String,
    /// Its password.
    pub password: Password,
}

impl Core {
    /// The sign-in is complete, or waits for its second factor.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown; and those the same page shows again: CredentialsMissing,
    /// InvalidCredentials, UserNotActiveYet, UserInactive, TooManyAttempts, Overloaded. Who may not use the client is told
    /// to the client (`access_denied`).
    pub async fn sign_in_on_page(&self, command: SignInOnPage) -> Result<Turn, Error> {
        let SignInOnPage { origin, transaction, cookies, username, password } = command;
        let mut step = self.step(origin, &transaction, cookies).await?;
        step.transaction.start_over();
        if username.is_empty() || password.expose().is_empty() {
            return Err(ErrorKind::CredentialsMissing.into());
        }
        let client = step.client.clone();
        let username = self.meant_username(&username).await?;
        match self.check_password_sign_in(client, &username, &password, &step.origin).await {
            Ok(sign_in) => self.go_on_with(step, &sign_in).await,
            Err(error) => self.told_to_client(&step, error),
        }
    }

    async fn go_on_with(&self, step: Step, sign_in: &SignIn) -> Result<Turn, Error> {
        let code = self.opaque_token();
        match self.gate(sign_in, &code, &step.origin).await? {
            Gate::Open => self.complete_on_page(step, &Whole::Proved(sign_in)).await,
            Gate::Pending(pending) => {
                rerun(|| self.write_waiting(sign_in, &pending)).await?;
                self.wait_for_second_factor(step, &pending.challenge, code).await
            }
        }
    }

    /// The sign-in that the code stands for goes on: with its second factor, or into a browser session.
    ///
    /// # Errors
    /// CodeUnknownOrUsed, CodeExpired, and those of the user's standing.
    pub(super) async fn go_on_with_code(&self, step: Step, code: Secret<String>) -> Result<Turn, Error> {
        match self.held(&TokenHash::of(code.expose()), Some(&step.client)).await? {
            Held::Pending(challenge) => self.wait_for_second_factor(step, &challenge, code).await,
            Held::Grant(grant) => self.complete_on_page(step, &Whole::Code(&grant)).await,
        }
    }

    /// Somebody is signed in in the browser, and the request goes on with that.
    async fn complete_on_page(&self, mut step: Step, whole: &Whole<'_>) -> Result<Turn, Error> {
        let opened = match self.open_browser_session(&step, whole).await {
            Ok(opened) => opened,
            Err(error) => return self.told_to_client(&step, error),
        };
        let holder = upstream_holder(&step.transaction, whole);
        step.transaction.start_over();
        match opened {
            Opened::Session(who) => {
                let cookie = who.cookie();
                step.transaction.upstream = holder.map(|holder| (holder, who.session.id));
                step.cookies.session = Some(who.token.clone());
                let turn = if step.pause {
                    self.to_page(step, Stage::SignIn)?
                } else {
                    Box::pin(self.proceed(step, Some(*who), false)).await?
                };
                Ok(Turn { session: Some(cookie), ..turn })
            }
            Opened::NewPassword(token) => {
                let transaction = self.seal_step(&step)?;
                Ok(Turn::to(Next::NewPassword { token, transaction }))
            }
        }
    }

    /// Who may not use the client is the client's business (`access_denied`); everything else is shown on the page.
    pub(super) fn told_to_client(&self, step: &Step, error: Error) -> Result<Turn, Error> {
        match error.kind {
            ErrorKind::ClientNotAllowed | ErrorKind::NoAllowedClients => {
                Ok(self.refusal(&step.transaction.request.reply_to, &error))
            }
            _ => Err(error),
        }
    }
}

/// What holds the provider's side of the sign-in that is complete: the code of the sign-in that a step up builds on, else
/// its own.
fn upstream_holder(transaction: &SignInTransaction, whole: &Whole<'_>) -> Option<GrantId> {
    let before = transaction.upstream.filter(|(_, session)| transaction.proved_in == Some(*session));
    let own = match whole {
        Whole::Code(grant) => Some(grant.id),
        Whole::Proved(_) => None,
    };
    before.map(|(holder, _)| holder).or(own)
}
