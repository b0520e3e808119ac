//! ID tokens and logout tokens.

use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::signer::{Expiry, Statement};
use serde_json::{Map, Value};

use super::KeyRing;
use crate::token::{self, ID_TOKEN, Invalid, LOGOUT_TOKEN, MAX_TOKEN_BYTES};

/// The statement's `typ`.
pub(super) fn token_type(statement: Statement) -> &'static str {
    match statement {
        Statement::IdToken => ID_TOKEN,
        Statement::LogoutToken => LOGOUT_TOKEN,
    }
}

/// What is wrong with it is wrong with an ID token, and not with an access token.
pub(super) fn not_an_id_token(error: Error) -> Error {
    match error.kind {
        ErrorKind::AccessTokenInvalid => Error { kind: ErrorKind::IdTokenInvalid, ..error },
        _ => error,
    }
}

impl KeyRing {
    pub(super) async fn read_id_token(
        &self,
        token: &str,
        expiry: Expiry,
        now: Timestamp,
    ) -> Result<Map<String, Value>, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Invalid("too long").into());
        }
        let header = token::read_header(token, ID_TOKEN)?;
        if header.alg == Algorithm::HS256 {
            return Err(Invalid("ID tokens have no shared keys").into());
        }
        let (_, key) = self.named_key(&header, now).await?;
        let claims = token::decode_id_token(token, key.algorithm(), key.verifying(), &self.settings.issuer)?;
        token::check_times(&claims, expiry, now)?;
        Ok(claims)
    }
}
