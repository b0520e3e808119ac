//! HS256 keys: each belongs to one client, which shares it with its old services. Never published.

use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::client::Client;
use doorward_core::domain::error::Error;
use doorward_core::domain::ids::ClientKey;
use doorward_core::domain::key::Algorithm;
use doorward_core::ports::sealer::Sealer;
use jsonwebtoken::{DecodingKey, EncodingKey};
use moka::sync::Cache;

use crate::keys::shelf::Shelf;

/// Fewest bytes of a secret (RFC 7518 §3.2 asks for the size of the hash).
const MIN_SECRET_BYTES: usize = 32;
const KID_PREFIX: &str = "hs256.";
/// How long a changed or removed secret may still count on this node.
const CACHE_TTL: Duration = Duration::from_secs(30);
const CACHE_CLIENTS: u64 = 10_000;

/// The verifying half of a client's shared key.
pub(super) struct SharedKey {
    pub(super) verifying: DecodingKey,
    pub(super) client_id: String,
}

/// Verifying keys of clients, read when first needed.
pub(super) struct SharedKeys(Cache<ClientKey, Arc<SharedKey>>);

impl SharedKeys {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(CACHE_CLIENTS).time_to_live(CACHE_TTL).build())
    }

    /// The client's key; `None` when there is no such client, it is disabled, or it does not use HS256.
    /// Only keys that exist are remembered, so invented ones fill no memory.
    ///
    /// # Errors
    /// Unavailable when the store cannot be reached, Internal when the secret is damaged or weak.
    pub(super) async fn verifying(
        &self,
        client: ClientKey,
        rows: &dyn Shelf,
        sealer: &dyn Sealer,
    ) -> Result<Option<Arc<SharedKey>>, Error> {
        if let Some(known) = self.0.get(&client) {
            return Ok(Some(known));
        }
        let usable = rows
            .client(client)
            .await?
            .filter(|found| found.enabled && found.algorithm == Some(Algorithm::HS256));
        let Some(found) = usable else { return Ok(None) };
        let Some(secret) = open_secret(&found, sealer)? else { return Ok(None) };
        let verifying = DecodingKey::from_secret(secret.expose());
        let key = Arc::new(SharedKey { verifying, client_id: found.client_id });
        self.0.insert(client, Arc::clone(&key));
        Ok(Some(key))
    }
}

/// The client's key, ready to sign.
///
/// # Errors
/// Internal when the client has no secret, or a weak or damaged one.
pub(super) fn signing(client: &Client, sealer: &dyn Sealer) -> Result<EncodingKey, Error> {
    let secret = open_secret(client, sealer)?.ok_or_else(|| {
        Error::internal(format!("client {} signs with HS256 but has no hs256_secret", client.key))
    })?;
    Ok(EncodingKey::from_secret(secret.expose()))
}

fn open_secret(
    client: &Client,
    sealer: &dyn Sealer,
) -> Result<Option<doorward_core::domain::secret::Secret<Vec<u8>>>, Error> {
    let Some(stored) = &client.hs256_secret else { return Ok(None) };
    let secret = sealer.open(&format!("clients/{}/hs256_secret", client.key), stored)?;
    if secret.expose().len() < MIN_SECRET_BYTES {
        return Err(Error::internal(format!(
            "client {}: the hs256_secret is weaker than 256 bits (32 bytes)",
            client.key
        )));
    }
    Ok(Some(secret))
}

/// The `kid` of a client's shared key.
pub(super) fn kid(client: ClientKey) -> String {
    format!("{KID_PREFIX}{client}")
}

/// Reads a `kid` back; exactly the form [`kid`] writes.
pub(super) fn client_of(kid_text: &str) -> Option<ClientKey> {
    let client: ClientKey = kid_text.strip_prefix(KID_PREFIX)?.parse().ok()?;
    (kid(client) == kid_text).then_some(client)
}
