//! The key set that everybody may read (RFC 7517 §5).

use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::key::Algorithm;

use super::KeyRing;

impl KeyRing {
    /// Whoever asks keeps the set for minutes: it has the keys of every token that may come meanwhile.
    pub(super) async fn published(&self) -> Result<serde_json::Value, Error> {
        let mut state = self.state().await?;
        for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
            if state.has(algorithm) {
                continue;
            }
            match self.signing_key(algorithm).await {
                Ok(_) => state = self.state().await?,
                // Without the store nobody can sign with it either, and the keys there are go on verifying.
                Err(error) if error.kind == ErrorKind::Unavailable && state.has_any() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(state.jwks(self.clock.now(), self.settings.longest_access_token))
    }
}
