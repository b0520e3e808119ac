//! What people call themselves on a page: their username, or their e-mail address.

use crate::domain::error::Error;
use crate::domain::user::username_key;
use crate::usecase::Core;

impl Core {
    /// The username that is meant. An address counts where exactly one account has proved it and nobody has it as username.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// # Security
    /// An address that was not proved counts for nobody, so that no account can take another's place. For every address the
    /// same is read, whoever has it.
    pub(super) async fn meant_username(&self, given: &str) -> Result<String, Error> {
        if !given.contains('@') {
            return Ok(given.to_owned());
        }
        let mut tx = self.reading("meant_username").await?;
        let named = tx.account_by_username_key(&username_key(given)).await?;
        let mut reached = tx.accounts_by_email(&given.to_ascii_lowercase()).await?;
        reached.retain(|account| account.user.email_verified);
        match (named, reached.pop()) {
            (None, Some(account)) if reached.is_empty() => Ok(account.user.username),
            _ => Ok(given.to_owned()),
        }
    }
}
