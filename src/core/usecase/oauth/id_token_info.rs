//! What an ID token says, for clients that cannot read it themselves.

use serde_json::{Map, Value};

use super::client_authentication::PresentedClient;
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::ports::signer::Expiry;
use crate::usecase::Core;

/// A question about an ID token.
#[derive(Debug)]
pub struct IdTokenInfo {
    /// Where the request comes from.
    pub origin: Origin,
    /// Whose it is.
    pub client: PresentedClient,
    /// The ID token.
    pub id_token: Secret<String>,
    /// Which claims are wanted; empty = all.
    pub claims: Vec<String>,
}

impl Core {
    /// The claims of a valid ID token of the client's.
    ///
    /// # Errors
    /// RequestInvalid, ClientAuthFailed, IdTokenInvalid, TooManyAttempts.
    pub async fn id_token_info(&self, command: IdTokenInfo) -> Result<Map<String, Value>, Error> {
        let client = self.authenticate_presented(&command.client, &command.origin).await?;
        let token = command.id_token.expose();
        let claims = self.ports.signer.verify_id_token(token, Expiry::Enforced, self.now()).await?;
        if claims.get("aud").and_then(Value::as_str) != Some(client.client_id.as_str()) {
            return Err(ErrorKind::IdTokenInvalid.into());
        }
        let is_wanted = |claim: &String| command.claims.is_empty() || command.claims.contains(claim);
        Ok(claims.into_iter().filter(|(claim, _)| is_wanted(claim)).collect())
    }
}
