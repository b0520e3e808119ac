//! Clients that prove themselves with a key of their own (RFC 7523 §2.2, OpenID Connect Core §9).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::time::Timestamp;
use crate::usecase::{Core, rerun};

/// The one `client_assertion_type` (RFC 7523 §2.2).
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead an assertion may expire: its `jti` is remembered that long. Authlib's live for an hour.
const LONGEST_LIFE: Duration = Duration::from_hours(1);
/// How far a client's clock may be ahead of ours.
const LEEWAY: Duration = Duration::from_mins(1);
/// Longest `jti`.
const MAX_JTI: usize = 512;

/// Whose assertion it claims to be; nothing was verified yet.
pub(super) fn claimed_client(assertion: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        sub: String,
    }
    let payload = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok().map(|claimed: Claimed| claimed.sub)
}

/// What remains of a valid assertion: it counts once.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    jti: String,
    until: Timestamp,
}

impl Core {
    /// # Errors
    /// ClientAuthFailed.
    pub(super) async fn check_assertion(
        &self,
        client: &Client,
        assertion: &Secret<String>,
    ) -> Result<(), Error> {
        let jwks = client.oauth.jwks.as_ref().ok_or(ErrorKind::ClientAuthFailed)?;
        let claims = self.ports.signer.verify_with_keys(assertion.expose(), jwks)?;
        let mark = judge(&claims, &client.client_id, &self.assertion_audiences(), self.now())
            .ok_or(ErrorKind::ClientAuthFailed)?;
        let hash = TokenHash::of(&format!("client_assertion\n{}\n{}", client.client_id, mark.jti));
        let is_new = rerun(|| async {
            let mut tx = self.writing("client_assertion").await?;
            let is_new = tx.mark_replay(&hash, mark.until).await?;
            tx.commit().await?;
            Ok(is_new)
        });
        if is_new.await? { Ok(()) } else { Err(ErrorKind::ClientAuthFailed.into()) }
    }

    /// Names of this server in an assertion: the issuer, or an endpoint that takes assertions.
    fn assertion_audiences(&self) -> Vec<String> {
        let base = self.settings.oauth.public_url.trim_end_matches('/');
        let endpoints = [
            "/oauth2/token",
            "/oauth2/access_token",
            "/oauth2/introspect",
            "/oauth2/revoke",
            "/oauth2/token/revoke",
        ];
        let endpoints = endpoints.map(|path| format!("{base}{path}"));
        std::iter::once(self.settings.issuer.clone()).chain(endpoints).collect()
    }
}

/// `None` = the assertion proves nothing (RFC 7523 §3).
fn judge(claims: &Map<String, Value>, client_id: &str, audiences: &[String], now: Timestamp) -> Option<Mark> {
    let names = |claim: &str| claims.get(claim).and_then(Value::as_str) == Some(client_id);
    let second = |claim: &str| claims.get(claim).map(Value::as_i64);
    let is_ours =
        |audience: &Value| audience.as_str().is_some_and(|text| audiences.iter().any(|own| own == text));
    let is_for_us = match claims.get("aud")? {
        Value::Array(several) => several.iter().any(is_ours),
        one => is_ours(one),
    };
    let expires_at = Timestamp::from_unix_seconds(second("exp")??)?;
    let in_time = now < expires_at && expires_at <= now.plus(LONGEST_LIFE).plus(LEEWAY);
    let has_begun = ["nbf", "iat"].into_iter().filter_map(second).all(|begin| {
        begin.and_then(Timestamp::from_unix_seconds).is_some_and(|begin| begin <= now.plus(LEEWAY))
    });
    let jti = claims.get("jti")?.as_str().filter(|jti| !jti.is_empty() && jti.len() <= MAX_JTI)?;
    let is_valid = names("iss") && names("sub") && is_for_us && in_time && has_begun;
    is_valid.then(|| Mark { jti: jti.to_owned(), until: expires_at })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_795_253_400;

    fn judged(change: &Value) -> Option<Mark> {
        let mut claims = json!({
            "iss": "web", "sub": "web", "aud": "https://id.test", "exp": NOW + 60, "iat": NOW, "jti": "one",
        });
        let changed = change.as_object().expect("an object").clone();
        let claims = claims.as_object_mut().expect("an object");
        claims.extend(changed);
        claims.retain(|_, value| !value.is_null());
        let audiences = ["https://id.test".to_owned(), "https://id.test/oauth2/token".to_owned()];
        judge(claims, "web", &audiences, Timestamp::from_unix_seconds(NOW).expect("in range"))
    }

    #[test]
    fn rfc7523_3_issuer_subject_audience_and_times_are_checked() {
        let until = Timestamp::from_unix_seconds(NOW + 60).expect("in range");
        assert_eq!(judged(&json!({})), Some(Mark { jti: "one".to_owned(), until }));
        for good in [
            json!({"aud": "https://id.test/oauth2/token"}),
            json!({"aud": ["https://other.test", "https://id.test"]}),
            json!({"exp": NOW + 3600, "nbf": NOW + 30, "iat": null}),
        ] {
            assert!(judged(&good).is_some(), "{good}");
        }
        for bad in [
            json!({"iss": "other"}),
            json!({"sub": "other"}),
            json!({"iss": null}),
            json!({"aud": "https://id.test/"}),
            json!({"aud": []}),
            json!({"aud": null}),
            json!({"exp": NOW}),
            json!({"exp": NOW + 3661}),
            json!({"exp": null}),
            json!({"exp": (NOW + 60).to_string()}),
            json!({"nbf": NOW + 120}),
            json!({"iat": "soon"}),
            json!({"jti": null}),
            json!({"jti": ""}),
            json!({"jti": 7}),
        ] {
            assert_eq!(judged(&bad), None, "{bad}");
        }
    }

    #[test]
    fn a_claimed_client_is_read_from_whatever_comes() {
        let assertion = |payload: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        assert_eq!(claimed_client(&assertion(r#"{"sub":"web"}"#)).as_deref(), Some("web"));
        for other in [assertion("{}"), assertion(r#"{"sub":1}"#), "e30".to_owned(), "a.!.b".to_owned()] {
            assert_eq!(claimed_client(&other), None);
        }
    }
}
