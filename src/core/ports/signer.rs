//! Signing and verification of access tokens, and the keys behind them.

use async_trait::async_trait;

use crate::domain::claims::{Claims, VerifiedToken};
use crate::domain::client::Client;
use crate::domain::error::Error;
use crate::domain::key::Algorithm;
use crate::domain::oauth_claims::{OAuthClaims, OAuthToken};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// Whether a token's `exp` counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expiry {
    /// An expired token is invalid.
    Enforced,
    /// The token only has to be one of ours (it accompanies a refresh token).
    Ignored,
}

/// What a signed statement about a user is, by its `typ`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Statement {
    /// An ID token (`JWT`; OpenID Connect Core §2).
    IdToken,
    /// A logout token (`logout+jwt`; OpenID Connect Back-Channel Logout §2.4).
    LogoutToken,
}

/// Signs and verifies our own tokens (RFC 7515, RFC 9068, RFC 8725).
#[async_trait]
pub trait Signer: Send + Sync {
    /// A compact JWS of the claims with the client's algorithm, or the default one.
    ///
    /// # Errors
    /// Unavailable or Internal when no key can be loaded or made.
    async fn sign(&self, claims: &Claims, client: &Client) -> Result<Secret<String>, Error>;

    /// Checks signature, `typ`, `alg` against the key, issuer, audience, times. Does not check revocation.
    ///
    /// # Errors
    /// AccessTokenInvalid, or Unavailable when the keys cannot be loaded.
    async fn verify(&self, token: &str, expiry: Expiry, now: Timestamp) -> Result<VerifiedToken, Error>;

    /// A compact JWS (`at+jwt`) of an access token of the OAuth 2.0 dialect, with the client's algorithm, or the default one.
    ///
    /// # Errors
    /// Unavailable or Internal when no key can be loaded or made.
    async fn sign_oauth(&self, claims: &OAuthClaims, client: &Client) -> Result<Secret<String>, Error>;

    /// Checks signature, `typ`, `alg` against the key, issuer, times. Does not check audience and revocation.
    ///
    /// # Errors
    /// AccessTokenInvalid, or Unavailable when the keys cannot be loaded.
    async fn verify_oauth(&self, token: &str, now: Timestamp) -> Result<OAuthToken, Error>;

    /// A compact JWS of claims that tell a client of a user, with that algorithm, which is not HS256.
    ///
    /// # Errors
    /// Unavailable or Internal when no key can be loaded or made.
    async fn sign_statement(
        &self,
        statement: Statement,
        claims: &serde_json::Map<String, serde_json::Value>,
        algorithm: Algorithm,
    ) -> Result<Secret<String>, Error>;

    /// The claims of an ID token of ours: signature, `typ`, issuer, and `exp` where it counts. Nothing else is checked.
    ///
    /// # Errors
    /// IdTokenInvalid, or Unavailable when the keys cannot be loaded.
    async fn verify_id_token(
        &self,
        token: &str,
        expiry: Expiry,
        now: Timestamp,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Error>;

    /// The claims of a JWT that one of the client's own keys (RFC 7517 §5) signed, with an asymmetric algorithm. Only the
    /// signature is checked, and that no claim comes twice.
    ///
    /// # Errors
    /// ClientAuthFailed.
    fn verify_with_keys(
        &self,
        token: &str,
        jwks: &serde_json::Value,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Error>;

    /// The public keys (RFC 7517 §5): current, next, and those whose tokens can still be alive.
    ///
    /// # Errors
    /// Unavailable when the keys cannot be loaded.
    async fn jwks(&self) -> Result<serde_json::Value, Error>;

    /// Reads the keys from the store again; new keys of other processes become known, retired ones leave.
    ///
    /// # Errors
    /// Unavailable when the store cannot be reached.
    async fn reload(&self) -> Result<(), Error>;

    /// HMAC-SHA-256 under a server key kept in the store; the current key when `version` is `None`.
    /// Answers the version used. `purpose` separates uses.
    ///
    /// # Errors
    /// Unavailable or Internal when the key cannot be loaded.
    async fn server_mac(
        &self,
        purpose: &str,
        version: Option<i64>,
        data: &[u8],
    ) -> Result<(i64, [u8; 32]), Error>;
}
