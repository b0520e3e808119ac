//! Access tokens of the service that Doorward replaced: `{"alg":"RS256","typ":"JWT"}`, without `kid`, `jti`, `sub`, `aud`.
//!
//! # Security
//! That service signed codes and link tokens with the same key. Codes have an `aud`, link tokens lack the claims of a user:
//! neither is taken for an access token.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::domain::claims::{Claims, UserClaims};
use doorward_core::domain::ids::{ClientKey, Id, SessionId, TokenId};
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::revocation::Epochs;
use doorward_core::domain::secret::TokenHash;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::{Builder, Uuid};

use super::{Invalid, MAX_TOKEN_BYTES, library_algorithm, read, split};

/// The one header of the old service. Anything more makes it another's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: Algorithm,
    typ: String,
}

#[derive(Deserialize)]
struct LegacyClaims {
    #[serde(flatten)]
    user: UserClaims,
    iat: i64,
    exp: i64,
    iss: String,
    aud: Option<IgnoredAny>,
}

/// Whether the token looks like one of the old service. Believes nothing.
pub(crate) fn looks_like_one(token: &str) -> bool {
    if token.len() > MAX_TOKEN_BYTES {
        return false;
    }
    let header = split(token).ok().and_then(|(first, _)| URL_SAFE_NO_PAD.decode(first).ok());
    let header = header.and_then(|bytes| serde_json::from_slice::<Header>(&bytes).ok());
    header.is_some_and(|header| header.alg == Algorithm::RS256 && header.typ == "JWT")
}

/// Checks signature, issuer and the form of every claim, and writes the claims as ours. It counts until it expires, but
/// never for longer than `longest` after its issue: a revocation is remembered no longer.
///
/// Times are judged by [`check_times`](super::check_times).
pub(crate) fn decode(
    token: &str,
    key: &DecodingKey,
    issuer: &str,
    longest: Duration,
) -> Result<Claims, Invalid> {
    let claims: LegacyClaims = read(token, library_algorithm(Algorithm::RS256), key)?;
    if claims.iss != issuer {
        return Err(Invalid("another issuer"));
    }
    if claims.aud.is_some() {
        return Err(Invalid("a code of the old service is no access token"));
    }
    if claims.exp < claims.iat {
        return Err(Invalid("negative lifetime"));
    }
    let longest = i64::try_from(longest.as_secs()).unwrap_or(i64::MAX);
    Ok(Claims {
        iat: claims.iat,
        exp: claims.exp.min(claims.iat.saturating_add(longest)),
        iss: claims.iss,
        nbf: claims.iat,
        sub: claims.user.id,
        aud: issuer.to_owned(),
        jti: TokenId::from_uuid(derived("jti", token)),
        sid: SessionId::from_uuid(derived("sid", token)),
        client_id: String::new(),
        client_key: ClientKey::from_uuid(Uuid::nil()),
        auth_time: None,
        acr: None,
        amr: Vec::new(),
        scope: String::new(),
        epochs: Epochs::default(),
        user: claims.user,
    })
}

/// An id that only this token has (RFC 9562 §5.8). Of what was signed, so that no other spelling of the signature has another.
fn derived(purpose: &str, token: &str) -> Uuid {
    let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
    let hash = TokenHash::of(&format!("doorward old token {purpose}\n{signed}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}
