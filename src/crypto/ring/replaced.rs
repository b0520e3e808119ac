//! Access tokens of the service that Doorward replaced.

use doorward_core::domain::claims::Claims;
use doorward_core::domain::error::Error;
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::signer::Expiry;

use super::KeyRing;
use crate::token::{self, Invalid, legacy};

impl KeyRing {
    /// The claims of such a token, which names no key: any RSA key of ours may be its.
    pub(super) async fn verify_legacy(
        &self,
        token: &str,
        issuer: &str,
        expiry: Expiry,
        now: Timestamp,
    ) -> Result<Claims, Error> {
        if expiry == Expiry::Ignored {
            // No refresh token of ours was issued with it.
            return Err(Invalid("an old token cannot be refreshed").into());
        }
        let longest = self.settings.longest_access_token;
        let state = self.state().await?;
        let mut refused = Invalid("no RSA key counts");
        for key in state.keys_of(Algorithm::RS256).filter(|key| key.counts(now, longest)) {
            match legacy::decode(token, key.verifying(), issuer, longest) {
                Ok(claims) => {
                    token::check_times(&claims, expiry, now)?;
                    return Ok(claims);
                }
                Err(invalid) => refused = invalid,
            }
        }
        Err(refused.into())
    }
}
