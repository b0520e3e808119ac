//! Access tokens as compact JWS (RFC 7515 §3.1, RFC 9068): written, read, judged. Knows no store.
//!
//! The library signs and verifies. Its own reading of headers and claims is left out: it reads both several times and judges
//! times by the system's clock, and what is judged here is stricter.

pub(crate) mod foreign;
pub(crate) mod legacy;
pub(crate) mod parsed;
mod unique;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::domain::claims::Claims;
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::oauth_claims::OAuthClaims;
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::signer::Expiry;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest token that is looked at, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 16 * 1024;
const MAX_KID_BYTES: usize = 128;
/// How far `iat` and `nbf` may lie ahead of our clock, in seconds. `exp` has no such room.
const START_LEEWAY: i64 = 5;

/// `typ` of access tokens (RFC 9068 §2.1).
pub(crate) const ACCESS_TOKEN: &str = "at+jwt";
/// `typ` of ID tokens.
pub(crate) const ID_TOKEN: &str = "JWT";
/// `typ` of logout tokens (OpenID Connect Back-Channel Logout §2.4).
pub(crate) const LOGOUT_TOKEN: &str = "logout+jwt";

/// Why a token is not one of ours; for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("token refused: {0}")]
pub(crate) struct Invalid(pub(crate) &'static str);

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::because(ErrorKind::AccessTokenInvalid, invalid)
    }
}

/// The header of our tokens. Anything more (`crit`, `b64`, `jwk`, `jku`, `x5u`, `zip` …) makes it another's.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    typ: String,
    /// The algorithm it claims; the key decides (RFC 8725 §3.1).
    pub(crate) alg: Algorithm,
    /// Which key.
    pub(crate) kid: String,
}

/// Reads the header of a token of that type, without believing it.
pub(crate) fn read_header(token: &str, expected_type: &str) -> Result<Header, Invalid> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Invalid("too long"));
    }
    let (first, _) = split(token)?;
    let bytes = URL_SAFE_NO_PAD.decode(first).map_err(|_| Invalid("the header is not base64url"))?;
    let header: Header =
        serde_json::from_slice(&bytes).map_err(|_| Invalid("the header is not one of ours"))?;
    let media_type = header.typ.to_ascii_lowercase();
    let media_type = media_type.strip_prefix("application/").unwrap_or(&media_type);
    if !media_type.eq_ignore_ascii_case(expected_type) {
        return Err(Invalid("a token of another kind (typ)"));
    }
    if header.kid.len() > MAX_KID_BYTES || !header.kid.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Invalid("the kid is none of ours"));
    }
    Ok(header)
}

/// Header and payload; exactly three segments.
fn split(token: &str) -> Result<(&str, &str), Invalid> {
    let mut segments = token.split('.');
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some(header), Some(payload), Some(_signature), None) => Ok((header, payload)),
        _ => Err(Invalid("not three segments")),
    }
}

/// Signs.
///
/// # Errors
/// Internal when the key does not fit the algorithm.
pub(crate) fn encode<C: Serialize>(
    claims: &C,
    token_type: &str,
    kid: &str,
    algorithm: Algorithm,
    key: &EncodingKey,
) -> Result<Secret<String>, Error> {
    let mut header = jsonwebtoken::Header::new(library_algorithm(algorithm));
    header.typ = Some(token_type.to_owned());
    header.kid = Some(kid.to_owned());
    jsonwebtoken::encode(&header, claims, key).map(Secret::new).map_err(Error::internal)
}

/// Checks signature, issuer, audience and the form of every claim. Times are judged by [`check_times`].
///
/// The key's algorithm counts, whatever the header says.
pub(crate) fn decode(
    token: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
    issuer: &str,
) -> Result<Claims, Invalid> {
    let claims: Claims = read(token, library_algorithm(algorithm), key)?;
    if claims.iss != issuer || claims.aud != issuer {
        return Err(Invalid("another issuer or audience"));
    }
    if claims.sub != claims.user.id {
        return Err(Invalid("sub and id differ"));
    }
    if claims.exp < claims.iat {
        return Err(Invalid("negative lifetime"));
    }
    Ok(claims)
}

/// The same of an access token of the OAuth 2.0 dialect; whom it is for is judged by whoever takes it.
pub(crate) fn decode_oauth(
    token: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
    issuer: &str,
) -> Result<OAuthClaims, Invalid> {
    let claims: OAuthClaims = read(token, library_algorithm(algorithm), key)?;
    if claims.iss != issuer {
        return Err(Invalid("another issuer"));
    }
    if claims.aud.0.is_empty() || claims.sub.is_empty() {
        return Err(Invalid("aud or sub is empty"));
    }
    if claims.exp < claims.iat {
        return Err(Invalid("negative lifetime"));
    }
    Ok(claims)
}

/// The same of an ID token.
pub(crate) fn decode_id_token(
    token: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
    issuer: &str,
) -> Result<Map<String, Value>, Invalid> {
    let claims: Map<String, Value> = read(token, library_algorithm(algorithm), key)?;
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(Invalid("another issuer"));
    }
    if !claims.get("exp").is_some_and(Value::is_i64) || !claims.get("iat").is_some_and(Value::is_i64) {
        return Err(Invalid("exp or iat is no number"));
    }
    if !claims.get("sub").is_some_and(Value::is_string) || !claims.contains_key("aud") {
        return Err(Invalid("sub or aud is missing"));
    }
    Ok(claims)
}

/// The claims, if that key signed them.
fn read<C: DeserializeOwned>(
    token: &str,
    algorithm: jsonwebtoken::Algorithm,
    key: &DecodingKey,
) -> Result<C, Invalid> {
    let payload = signed_payload(token, algorithm, key)?;
    let claims =
        serde_json::from_slice(&payload).map_err(|_| Invalid("a claim is missing or of the wrong type"))?;
    if unique::has_unique_names(&payload) { Ok(claims) } else { Err(Invalid("a claim appears twice")) }
}

/// What the key signed with that algorithm, whatever the header says.
fn signed_payload(
    token: &str,
    algorithm: jsonwebtoken::Algorithm,
    key: &DecodingKey,
) -> Result<Vec<u8>, Invalid> {
    let (_, payload) = split(token)?;
    let (message, signature) = token.rsplit_once('.').ok_or(Invalid("not three segments"))?;
    match jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, algorithm) {
        Ok(true) => URL_SAFE_NO_PAD.decode(payload).map_err(|_| Invalid("the payload is not base64url")),
        Ok(false) => Err(Invalid("wrong signature")),
        Err(_) => Err(Invalid("another algorithm than the key's, or a malformed signature")),
    }
}

/// The times of a token, Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    exp: i64,
    nbf: i64,
    iat: i64,
}

impl From<&Claims> for Times {
    fn from(claims: &Claims) -> Self {
        Self { exp: claims.exp, nbf: claims.nbf, iat: claims.iat }
    }
}

impl From<&OAuthClaims> for Times {
    fn from(claims: &OAuthClaims) -> Self {
        Self { exp: claims.exp, nbf: claims.nbf, iat: claims.iat }
    }
}

impl From<&Map<String, Value>> for Times {
    fn from(claims: &Map<String, Value>) -> Self {
        let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
        let iat = seconds("iat").unwrap_or(i64::MAX);
        Self { exp: seconds("exp").unwrap_or(i64::MIN), nbf: seconds("nbf").unwrap_or(iat), iat }
    }
}

/// Judges `exp` (unless ignored), `nbf` and `iat` against `now`.
pub(crate) fn check_times(times: impl Into<Times>, expiry: Expiry, now: Timestamp) -> Result<(), Invalid> {
    let (times, now) = (times.into(), now.unix_seconds());
    if expiry == Expiry::Enforced && now >= times.exp {
        return Err(Invalid("expired"));
    }
    let latest_start = now.saturating_add(START_LEEWAY);
    if times.nbf > latest_start || times.iat > latest_start {
        return Err(Invalid("not valid yet"));
    }
    Ok(())
}

/// The library's name of the algorithm.
pub(crate) fn library_algorithm(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::HS256 => jsonwebtoken::Algorithm::HS256,
    }
}

#[cfg(test)]
mod tests;
