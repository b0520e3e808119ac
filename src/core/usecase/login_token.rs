//! Username and password → tokens in one step (mobile apps).

use super::issue_tokens::Opened;
use super::second_factor::Gate;
use super::sign_in::SignIn;
use super::{Core, IssuedCode, PasswordLogin, TokenPair, rerun};
use crate::domain::actor::Origin;
use crate::domain::error::Error;

/// What a sign-in with a password ended in.
#[derive(Debug)]
pub enum LoggedIn {
    /// A session with its first tokens.
    Tokens(TokenPair),
    /// The second factor is missing; the code stands for the first.
    SecondFactorWanted(IssuedCode),
}

impl Core {
    /// A session with its first tokens, unless a second factor is missing. Session, refresh family and activity are
    /// committed together.
    ///
    /// # Errors
    /// ClientAuthFailed, and those of a password sign-in.
    pub async fn login_token(&self, command: PasswordLogin) -> Result<LoggedIn, Error> {
        let sign_in = self.check_login(&command).await?;
        let origin = &command.actor.origin;
        let code = self.opaque_token();
        if let Gate::Pending(pending) = self.gate(&sign_in, &code, origin).await? {
            rerun(|| self.write_waiting(&sign_in, &pending)).await?;
            return Ok(LoggedIn::SecondFactorWanted(IssuedCode { code }));
        }
        let opened = rerun(|| self.write_session(&sign_in, origin)).await?;
        Ok(LoggedIn::Tokens(self.sign_opened(&sign_in, opened).await?))
    }

    async fn write_session(&self, sign_in: &SignIn, origin: &Origin) -> Result<Opened, Error> {
        let mut tx = self.writing("login_token").await?;
        let opened = self.open_session(&mut *tx, sign_in, origin).await?;
        tx.commit().await?;
        Ok(opened)
    }
}
