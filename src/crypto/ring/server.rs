//! Server keys: HMAC-SHA-256 (RFC 2104) for secrets of clients and for derived refresh tokens.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::hmac;
use doorward_core::domain::error::Error;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::sealer::Sealer;
use zeroize::Zeroizing;

use crate::keys::shelf::Shelf;

const FIRST_VERSION: i64 = 1;
const KEY_BYTES: usize = 32;

/// What server keys are made and unsealed with.
#[derive(Clone, Copy)]
pub(super) struct Tools<'a> {
    pub(super) shelf: &'a dyn Shelf,
    pub(super) sealer: &'a dyn Sealer,
    pub(super) clock: &'a dyn Clock,
    pub(super) entropy: &'a dyn Entropy,
}

/// Unsealed server keys. A version never changes, so they are kept for the life of the process.
#[derive(Default)]
pub(super) struct ServerKeys(RwLock<Known>);

#[derive(Default)]
struct Known {
    newest: Option<i64>,
    keys: HashMap<i64, hmac::Key>,
}

impl ServerKeys {
    /// HMAC over `purpose`, NUL, `data`; with the version used.
    ///
    /// # Errors
    /// Unavailable when the store cannot be reached; Internal for an unknown version or a damaged key.
    pub(super) async fn mac(
        &self,
        purpose: &str,
        version: Option<i64>,
        data: &[u8],
        tools: Tools<'_>,
    ) -> Result<(i64, [u8; 32]), Error> {
        if purpose.contains('\0') {
            return Err(Error::internal("the purpose of a MAC has no NUL: it ends the purpose"));
        }
        let (version, key) = match self.known(version) {
            Some(found) => found,
            None => self.load(version, tools).await?,
        };
        let mut context = hmac::Context::with_key(&key);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(data);
        let mut mac = [0; 32];
        mac.copy_from_slice(context.sign().as_ref());
        Ok((version, mac))
    }

    fn known(&self, version: Option<i64>) -> Option<(i64, hmac::Key)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let version = version.or(known.newest)?;
        known.keys.get(&version).map(|key| (version, key.clone()))
    }

    async fn load(&self, asked: Option<i64>, tools: Tools<'_>) -> Result<(i64, hmac::Key), Error> {
        let mut row = tools.shelf.server_key(asked).await?;
        if row.is_none() && asked.is_none() {
            let mut bytes = Zeroizing::new([0; KEY_BYTES]);
            tools.entropy.fill(bytes.as_mut());
            let sealed = tools.sealer.seal(&place(FIRST_VERSION), bytes.as_ref());
            // Whoever adds it first, everybody reads what was stored.
            tools.shelf.add_server_key(FIRST_VERSION, &sealed, tools.clock.now()).await?;
            row = tools.shelf.server_key(None).await?;
        }
        let (version, sealed) =
            row.ok_or_else(|| Error::internal(format!("there is no server key of version {asked:?}")))?;
        let bytes = tools.sealer.open(&place(version), &sealed)?;
        if bytes.expose().len() != KEY_BYTES {
            return Err(Error::internal(format!("server key {version} has not 32 bytes")));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes.expose());
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.keys.insert(version, key.clone());
        if asked.is_none() {
            known.newest = Some(version);
        }
        Ok((version, key))
    }
}

fn place(version: i64) -> String {
    format!("server_keys/{version}/sealed")
}
