//! Client authentication (RFC 6749 §2.3).

use super::Core;
use crate::domain::actor::Origin;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::ClientKey;
use crate::domain::secret::constant_time_eq;
use crate::ports::signer::Signer;

const PURPOSE: &str = "client_secret";

/// What is stored of a client secret: the version of the server key, then the HMAC-SHA-256 under it.
///
/// # Errors
/// Unavailable or Internal when the server key cannot be loaded.
pub async fn client_secret_hash(signer: &dyn Signer, secret: &str) -> Result<Vec<u8>, Error> {
    let (version, mac) = signer.server_mac(PURPOSE, None, secret.as_bytes()).await?;
    Ok([version.to_be_bytes().as_slice(), mac.as_slice()].concat())
}

/// Where a client's shared HS256 key is sealed.
#[must_use]
pub fn hs256_place(client: ClientKey) -> String {
    format!("clients/{client}/hs256_secret")
}

impl Core {
    /// The client of that id, proved by its secret; a public client needs none (RFC 6749 §2.3.1).
    ///
    /// # Errors
    /// ClientAuthFailed for an unknown or disabled client and for a wrong or missing secret alike; TooManyAttempts, also
    /// for the right secret, when too many failed from this address.
    pub(super) async fn authenticate_client(
        &self,
        client_id: &str,
        secret: Option<&str>,
        origin: &Origin,
    ) -> Result<Client, Error> {
        let attempt = self.client_attempt(client_id, origin);
        let mut tx = self.reading("authenticate_client").await?;
        let turn = attempt.look(&mut *tx).await?;
        let client = tx.client_by_client_id(client_id).await?;
        drop(tx);
        let attempt = attempt.settle(turn).await?;
        let proved = self.prove_client(client, secret).await;
        if proved.as_ref().is_err_and(|error| error.kind == ErrorKind::ClientAuthFailed) {
            attempt.failed().await?;
        }
        proved
    }

    async fn prove_client(&self, client: Option<Client>, secret: Option<&str>) -> Result<Client, Error> {
        let client = client.filter(|client| client.enabled).ok_or(ErrorKind::ClientAuthFailed)?;
        let is_proved = client.client_type.is_public()
            || self.secret_matches(&client, secret.unwrap_or_default()).await?;
        if is_proved { Ok(client) } else { Err(ErrorKind::ClientAuthFailed.into()) }
    }

    /// Whether it is the client's secret.
    pub(super) async fn secret_matches(&self, client: &Client, secret: &str) -> Result<bool, Error> {
        let stored = client.secret_hash.as_deref().and_then(<[u8]>::split_first_chunk::<8>);
        let Some((version, expected)) = stored else { return Ok(false) };
        let version = i64::from_be_bytes(*version);
        let (_, mac) = self.ports.signer.server_mac(PURPOSE, Some(version), secret.as_bytes()).await?;
        Ok(constant_time_eq(&mac, expected))
    }
}
