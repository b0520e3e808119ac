//! Username and password → tokens in one step (mobile apps).

use super::sign_in::SignIn;
use super::{Core, PasswordLogin, TokenPair, rerun};
use crate::domain::actor::Origin;
use crate::domain::error::Error;

impl Core {
    /// A session with its first tokens. Session, refresh family and activity are committed together.
    ///
    /// # Errors
    /// ClientAuthFailed, and those of a password sign-in.
    pub async fn login_token(&self, command: PasswordLogin) -> Result<TokenPair, Error> {
        let sign_in = self.check_login(&command).await?;
        let opened = rerun(|| self.write_session(&sign_in, &command.actor.origin)).await?;
        self.sign_opened(&sign_in, opened).await
    }

    async fn write_session(
        &self,
        sign_in: &SignIn,
        origin: &Origin,
    ) -> Result<super::issue_tokens::Opened, Error> {
        let mut tx = self.writing("login_token").await?;
        let opened = self.open_session(&mut *tx, sign_in, origin).await?;
        tx.commit().await?;
        Ok(opened)
    }
}
