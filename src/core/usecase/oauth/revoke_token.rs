//! A client gives a token back (RFC 7009).

use super::any_token::is_jwt;
use super::client_authentication::PresentedClient;
use crate::domain::actor::Origin;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::session::EndReason;
use crate::domain::time::Timestamp;
use crate::ports::signer::Expiry;
use crate::usecase::{Core, rerun};

/// A token that is to be worth nothing.
#[derive(Debug)]
pub struct RevokeToken {
    /// Where the request comes from.
    pub origin: Origin,
    /// Whose it is.
    pub client: PresentedClient,
    /// The token: an access token of any dialect, or a refresh token.
    pub token: Secret<String>,
}

impl Core {
    /// An access token is over; with a refresh token the whole session is. An unknown token is over already (RFC 7009 §2.2).
    ///
    /// # Errors
    /// RequestInvalid (also for an ID token), ClientAuthFailed, TokenForeign, TooManyAttempts.
    pub async fn revoke_token(&self, command: RevokeToken) -> Result<(), Error> {
        let client = self.authenticate_presented(&command.client, &command.origin).await?;
        let token = command.token.expose();
        if is_jwt(token) {
            self.revoke_jwt(&client, token).await
        } else {
            self.revoke_refresh(&client, token).await
        }
    }

    async fn revoke_jwt(&self, client: &Client, token: &str) -> Result<(), Error> {
        let Some(live) = self.live_token(token).await? else {
            return self.refuse_id_token(token).await;
        };
        if live.client_id() != client.client_id {
            return Err(ErrorKind::TokenForeign.into());
        }
        let until = Timestamp::from_unix_seconds(live.expires_at()).ok_or(ErrorKind::Internal)?;
        let revocation = Revocation { what: Revoked::Token(live.id()), until };
        rerun(|| async {
            let mut tx = self.writing("revoke_token").await?;
            tx.record_revocations(&[revocation], self.now()).await?;
            Ok(tx.commit().await?)
        })
        .await?;
        self.ports.revocations.announce(&[revocation]).await;
        tracing::info!(event = "token_revoked", client_id = client.client_id);
        Ok(())
    }

    /// An ID token is nothing that can be revoked; whatever else is no live token is over already.
    async fn refuse_id_token(&self, token: &str) -> Result<(), Error> {
        match self.ports.signer.verify_id_token(token, Expiry::Ignored, self.now()).await {
            Ok(_) => Err(Error::with_public(ErrorKind::RequestInvalid, "an ID token cannot be revoked")),
            Err(error) if error.kind == ErrorKind::IdTokenInvalid => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn revoke_refresh(&self, client: &Client, token: &str) -> Result<(), Error> {
        let mut tx = self.reading("revoke_refresh").await?;
        let Some(refresh) = tx.refresh_by_token(&TokenHash::of(token)).await? else { return Ok(()) };
        let Some(session) = tx.session(refresh.session).await? else { return Ok(()) };
        drop(tx);
        if session.client != client.key {
            return Err(ErrorKind::TokenForeign.into());
        }
        self.end_session(session.id, EndReason::Revoked).await
    }
}
