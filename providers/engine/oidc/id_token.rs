//! ID tokens, judged by OpenID Connect Core §3.1.3.7.
//!
//! Signatures are the business of the library `jsonwebtoken` (aws-lc-rs), the same that judges our own tokens. The crate
//! `openidconnect` was weighed and left out (docs/adr/0009-openid-connect.md): its verifier cannot tell `email_verified: true`
//! from the text "true", knows no `nbf`, no `azp` and no leeway, its discovery refuses Microsoft's issuer templates, and it
//! brings a second cryptography library.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::domain::secret::constant_time_eq;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::provider::ProviderError;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};

use crate::engine::claims::Claims;

/// Longest ID token that is looked at, in bytes.
const MAX_TOKEN: usize = 64 * 1024;
/// How far the provider's clock may be from ours, in seconds.
const LEEWAY: i64 = 60;
/// How long before the departure `iat` may lie, in seconds: Microsoft dates its tokens five minutes back.
const BACKDATING: i64 = 600;
/// What may have signed: never `none`, never a shared secret.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What names the key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeyHint {
    /// The algorithm, one of the allowed.
    pub(crate) algorithm: Algorithm,
    /// `kid`.
    pub(crate) kid: Option<String>,
}

/// The nonce that must be in the token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Nonce<'a> {
    /// As it was sent.
    Exact(&'a str),
    /// As it was sent, or missing when the token says that the device cannot carry one (Apple's `nonce_supported: false`).
    ExactIfSupported(&'a str),
    /// As it was given to a mobile SDK, or its SHA-256 in hexadecimal, which some SDKs send instead.
    ExactOrHashed(&'a str),
}

/// What the token must say.
#[derive(Clone, Debug)]
pub(crate) struct Expectation<'a> {
    /// One of these must be an audience.
    pub(crate) recipients: &'a [&'a str],
    /// No audience or authorised party may be anybody else.
    pub(crate) trusted: &'a [&'a str],
    /// The nonce.
    pub(crate) nonce: Nonce<'a>,
    /// When the user set out; `iat` must not be much older.
    pub(crate) not_before: Timestamp,
    /// The access token that came along; `at_hash` must be its own, if there is one.
    pub(crate) access_token: Option<&'a str>,
}

fn untrusted(why: impl Into<String>) -> ProviderError {
    ProviderError::Untrusted(format!("ID token: {}", why.into()))
}

/// Reads which key is said to have signed, without believing it.
///
/// # Errors
/// Untrusted: no JWS, an algorithm that is not allowed, critical extensions.
pub(crate) fn key_hint(token: &str) -> Result<KeyHint, ProviderError> {
    if token.len() > MAX_TOKEN || token.bytes().filter(|byte| *byte == b'.').count() != 2 {
        return Err(untrusted("not a signed token of three parts"));
    }
    let header = jsonwebtoken::decode_header(token)
        .map_err(|_| untrusted("its header cannot be read or names an unknown algorithm"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(untrusted(format!("the algorithm {:?} is not accepted", header.alg)));
    }
    if header.crit.is_some() {
        return Err(untrusted("it has critical extensions"));
    }
    Ok(KeyHint { algorithm: header.alg, kid: header.kid })
}

/// The claims, after everything but the issuer was judged: presets know which issuers are theirs.
///
/// # Errors
/// Untrusted: the first thing that is wrong.
pub(crate) fn verify(
    token: &str,
    hint: &KeyHint,
    key: &DecodingKey,
    expected: &Expectation<'_>,
    now: Timestamp,
) -> Result<Claims, ProviderError> {
    let claims = verified_claims(token, hint.algorithm, key)?;
    check_audience(&claims, expected)?;
    check_times(&claims, expected.not_before, now)?;
    check_nonce(&claims, expected.nonce)?;
    check_access_token(&claims, hint.algorithm, expected.access_token)?;
    if claims.subject().is_none() {
        return Err(untrusted("sub is missing, empty, no text or too long"));
    }
    Ok(claims)
}

fn verified_claims(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Result<Claims, ProviderError> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    // The library asks the system's clock; ours is a port. Audiences are judged below, with `azp`.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, key, &validation).map_err(|error| {
        use jsonwebtoken::errors::ErrorKind as Why;
        untrusted(match error.kind() {
            Why::InvalidSignature => "wrong signature",
            _ => "malformed",
        })
    })?;
    Ok(decoded.claims)
}

/// Points 3 to 5 of the list.
fn check_audience(claims: &Claims, expected: &Expectation<'_>) -> Result<(), ProviderError> {
    let audiences = claims.texts("aud").ok_or_else(|| untrusted("aud is missing or no text"))?;
    if !audiences.iter().any(|audience| expected.recipients.contains(audience)) {
        return Err(untrusted("aud is not our client_id"));
    }
    if !audiences.iter().all(|audience| expected.trusted.contains(audience)) {
        return Err(untrusted("aud also names a client that is not in `audiences`"));
    }
    match claims.0.get("azp") {
        None if audiences.len() > 1 => Err(untrusted("aud has several values and azp is missing")),
        None => Ok(()),
        Some(azp) if azp.as_str().is_some_and(|azp| expected.trusted.contains(&azp)) => Ok(()),
        Some(_) => Err(untrusted("azp is neither our client_id nor in `audiences`")),
    }
}

/// Points 9 and 10, and `nbf` (RFC 7519 §4.1.5).
fn check_times(claims: &Claims, not_before: Timestamp, now: Timestamp) -> Result<(), ProviderError> {
    let now = now.unix_seconds();
    let expires = claims.seconds("exp").ok_or_else(|| untrusted("exp is missing or no number"))?;
    if expires.saturating_add(LEEWAY) <= now {
        return Err(untrusted("expired"));
    }
    let issued = claims.seconds("iat").ok_or_else(|| untrusted("iat is missing or no number"))?;
    if issued > now.saturating_add(LEEWAY) {
        return Err(untrusted("iat lies in the future: one of the clocks is wrong"));
    }
    if issued < not_before.unix_seconds().saturating_sub(BACKDATING) {
        return Err(untrusted("iat is older than this sign-in"));
    }
    let starts = claims.0.contains_key("nbf").then(|| claims.seconds("nbf"));
    match starts {
        Some(None) => Err(untrusted("nbf is no number")),
        Some(Some(starts)) if starts > now.saturating_add(LEEWAY) => Err(untrusted("not valid yet")),
        _ => Ok(()),
    }
}

/// Point 11.
fn check_nonce(claims: &Claims, nonce: Nonce<'_>) -> Result<(), ProviderError> {
    let same = |expected: &str, found: &str| constant_time_eq(expected.as_bytes(), found.as_bytes());
    let Some(found) = claims.text("nonce") else {
        let excused = matches!(nonce, Nonce::ExactIfSupported(_))
            && !claims.0.contains_key("nonce")
            && claims.0.get("nonce_supported") == Some(&serde_json::Value::Bool(false));
        return if excused { Ok(()) } else { Err(untrusted("nonce is missing")) };
    };
    let fits = match nonce {
        Nonce::Exact(expected) | Nonce::ExactIfSupported(expected) => same(expected, found),
        Nonce::ExactOrHashed(expected) => {
            let hashed = hex::encode(digest::digest(&digest::SHA256, expected.as_bytes()));
            same(expected, found) || same(&hashed, &found.to_ascii_lowercase())
        }
    };
    if fits { Ok(()) } else { Err(untrusted("nonce is another one")) }
}

/// OpenID Connect Core §3.1.3.8: the left half of the hash that the algorithm uses.
fn check_access_token(
    claims: &Claims,
    algorithm: Algorithm,
    access_token: Option<&str>,
) -> Result<(), ProviderError> {
    let (Some(claimed), Some(access_token)) = (claims.0.get("at_hash"), access_token) else { return Ok(()) };
    let hash = match algorithm {
        Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => &digest::SHA384,
        Algorithm::RS512 | Algorithm::PS512 | Algorithm::EdDSA => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let hash = digest::digest(hash, access_token.as_bytes());
    let (half, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    let expected = URL_SAFE_NO_PAD.encode(half);
    match claimed.as_str() {
        Some(claimed) if constant_time_eq(claimed.as_bytes(), expected.as_bytes()) => Ok(()),
        _ => Err(untrusted("at_hash is not the hash of the access token")),
    }
}

#[cfg(test)]
mod tests;
