//! Access tokens of any dialect, for the routes that know them all.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::claims::Claims;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::TokenId;
use crate::domain::key::Algorithm;
use crate::domain::oauth_claims::OAuthClaims;
use crate::usecase::Core;

/// A live access token.
pub(super) enum AnyToken {
    /// Of the OAuth 2.0 dialect.
    OAuth(Arc<OAuthClaims>),
    /// Of the native dialect.
    Native(Arc<Claims>),
}

impl AnyToken {
    /// The client it was issued to; empty for tokens of the service that Doorward replaced.
    pub(super) fn client_id(&self) -> &str {
        match self {
            Self::OAuth(claims) => &claims.client_id,
            Self::Native(claims) => &claims.client_id,
        }
    }

    /// `jti`.
    pub(super) fn id(&self) -> TokenId {
        match self {
            Self::OAuth(claims) => claims.jti,
            Self::Native(claims) => claims.jti,
        }
    }

    /// `exp`.
    pub(super) fn expires_at(&self) -> i64 {
        match self {
            Self::OAuth(claims) => claims.exp,
            Self::Native(claims) => claims.exp,
        }
    }

    /// Its claims as JSON.
    pub(super) fn to_map(&self) -> Result<Map<String, Value>, Error> {
        match self {
            Self::OAuth(claims) => as_map(claims.as_ref()),
            Self::Native(claims) => as_map(claims.as_ref()),
        }
    }
}

impl Core {
    /// The verified, unrevoked access token of whatever dialect.
    ///
    /// # Errors
    /// AccessTokenInvalid, AccessTokenRevoked; Unavailable when this node cannot know what was revoked.
    pub(super) async fn authenticate_any(&self, token: &str) -> Result<AnyToken, Error> {
        match self.authenticate_oauth(token).await {
            Ok(token) => Ok(AnyToken::OAuth(token.claims)),
            Err(error) if error.kind == ErrorKind::AccessTokenInvalid => {
                Ok(AnyToken::Native(self.authenticate(token).await?.claims))
            }
            Err(error) => Err(error),
        }
    }

    /// [`Core::authenticate_any`]; `None` for everything that is no live access token.
    pub(super) async fn live_token(&self, token: &str) -> Result<Option<AnyToken>, Error> {
        match self.authenticate_any(token).await {
            Ok(token) => Ok(Some(token)),
            Err(error) => match error.kind {
                ErrorKind::AccessTokenInvalid | ErrorKind::AccessTokenRevoked => Ok(None),
                _ => Err(error),
            },
        }
    }
}

/// Whether a token can be a JWT: ours without dots are refresh tokens.
pub(super) fn is_jwt(token: &str) -> bool {
    token.contains('.')
}

/// Whether a verified token is signed with a key that its client has too: nobody but that client can rely on it.
pub(super) fn has_shared_key(token: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Header {
        alg: Algorithm,
    }
    let header = token.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    let header = header.and_then(|header| serde_json::from_slice::<Header>(&header).ok());
    header.is_none_or(|header| header.alg == Algorithm::HS256)
}

fn as_map(claims: &impl Serialize) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(claims).map_err(Error::internal)? {
        Value::Object(claims) => Ok(claims),
        _ => Err(ErrorKind::Internal.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_asymmetric_signatures_prove_something_to_others() {
        let token = |header: &str| format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header));
        for (header, is_shared) in [
            (r#"{"alg":"ES256","kid":"a"}"#, false),
            (r#"{"alg":"EdDSA"}"#, false),
            (r#"{"alg":"HS256","kid":"a"}"#, true),
            ("no header", true),
        ] {
            assert_eq!(has_shared_key(&token(header)), is_shared, "{header}");
        }
    }
}
