//! Access tokens of the OAuth 2.0 dialect.

use std::sync::Arc;

use doorward_core::domain::client::Client;
use doorward_core::domain::error::Error;
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::oauth_claims::{OAuthClaims, OAuthToken};
use doorward_core::domain::secret::{Secret, TokenHash};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::signer::Expiry;

use super::state::{Known, Verified};
use super::{KeyRing, OTHER_DIALECT, shared};
use crate::token::{self, ACCESS_TOKEN, Invalid, MAX_TOKEN_BYTES};

impl KeyRing {
    pub(super) async fn sign_oauth_token(
        &self,
        claims: &OAuthClaims,
        client: &Client,
    ) -> Result<Secret<String>, Error> {
        let algorithm = client.algorithm.unwrap_or(self.settings.default_algorithm);
        if algorithm == Algorithm::HS256 {
            let key = shared::signing(client, self.sealer.as_ref())?;
            return token::encode(claims, ACCESS_TOKEN, &shared::kid(client.key), algorithm, &key);
        }
        let token = self.sign_with_current(claims, ACCESS_TOKEN, algorithm).await?;
        if claims.binding.user.is_some() {
            // A client's own tokens are many and used elsewhere.
            self.remember(&token, || Known::OAuth(OAuthToken { claims: Arc::new(claims.clone()) }));
        }
        Ok(token)
    }

    pub(super) async fn verify_oauth_token(&self, token: &str, now: Timestamp) -> Result<OAuthToken, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Invalid("too long").into());
        }
        let name = TokenHash::of(token);
        if let Some(hit) = self.loaded().and_then(|state| state.verified.get(&name)) {
            let Known::OAuth(token) = hit.token else { return Err(OTHER_DIALECT.into()) };
            token::check_times(token.claims.as_ref(), Expiry::Enforced, now)?;
            return Ok(token);
        }
        let header = token::read_header(token, ACCESS_TOKEN)?;
        if header.alg == Algorithm::HS256 {
            return self.verify_shared_oauth(token, &header.kid, now).await;
        }
        let (state, key) = self.named_key(&header, now).await?;
        let claims = token::decode_oauth(token, key.algorithm(), key.verifying(), &self.settings.issuer)?;
        let verified = OAuthToken { claims: Arc::new(claims) };
        token::check_times(verified.claims.as_ref(), Expiry::Enforced, now)?;
        state.verified.insert(name, Verified::new(Known::OAuth(verified.clone()), token));
        Ok(verified)
    }

    /// Verifies a token of one client's shared key; only that client's claims count.
    async fn verify_shared_oauth(&self, token: &str, kid: &str, now: Timestamp) -> Result<OAuthToken, Error> {
        let client = shared::client_of(kid).ok_or(Invalid("unknown key"))?;
        let key = self.shared_key(client).await?;
        let claims = token::decode_oauth(token, Algorithm::HS256, &key.verifying, &self.settings.issuer)?;
        if claims.binding.client != client || claims.client_id != key.client_id {
            return Err(Invalid("signed with another client's key").into());
        }
        token::check_times(&claims, Expiry::Enforced, now)?;
        Ok(OAuthToken { claims: Arc::new(claims) })
    }
}
