//! Sign in with Apple.

use doorward_core::domain::federation::ExternalIdentity;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{Arrival, ProviderError};
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::json;

use crate::engine::claims::Claims;
use crate::engine::credentials::{Credentials, Proof, SigningKey};
use crate::engine::oidc::Oidc;
use crate::engine::oidc::endpoints::Known;
use crate::engine::oidc::id_token::Nonce;
use crate::engine::oidc::preset::{Preset, Userinfo, another_issuer};
use crate::{Built, ConfigurationError, Parts, Tools};

const ISSUER: &str = "https://appleid.apple.com";
/// What its discovery document called itself for some days in June 2025.
const OTHER_ISSUER: &str = "https://account.apple.com";
/// Where relayed mail goes through.
const RELAY: &str = "@privaterelay.appleid.com";
/// Lifetime of a client secret in seconds; Apple accepts half a year.
const SECRET_LIFETIME: i64 = 300;
/// Longest `user` field that is read, in bytes, and longest name.
const MAX_USER: usize = 4096;
const MAX_NAME: usize = 200;

struct Apple {
    issuer: String,
    /// Whether this is Apple itself, whose endpoints never move.
    original: bool,
}

/// Needs `client_id` (the Services ID), `team_id`, `key_id` and `private_key` (the `.p8` file); `audiences` lists bundle ids.
pub(crate) fn build(parts: Parts) -> Built {
    let credentials = credentials(&parts)?;
    let issuer = parts.settings.issuer.clone();
    let original = issuer.is_none();
    let preset = Apple { issuer: issuer.unwrap_or_else(|| ISSUER.to_owned()), original };
    Oidc::with_credentials(parts, preset, credentials)
}

fn credentials(parts: &Parts) -> Result<Credentials, ConfigurationError> {
    let client_id = parts.required("client_id", parts.settings.client_id.as_deref())?.to_owned();
    let team_id = parts.required("team_id", parts.extra("team_id"))?.to_owned();
    let key_id = parts.required("key_id", parts.extra("key_id"))?;
    let pem = parts.settings.private_key.as_ref().ok_or_else(|| parts.error("needs `private_key`"))?;
    let key = SigningKey::from_pem(pem, Some(key_id), None).map_err(|what| parts.error(what))?;
    if key.algorithm() != Algorithm::ES256 {
        return Err(
            parts.error("`private_key` is no P-256 key: it is the .p8 file of a Sign in with Apple key")
        );
    }
    let subject = client_id.clone();
    let mint = move |tools: &Tools| mint(&key, &team_id, &subject, tools);
    Ok(Credentials { client_id, proof: Proof::Minted(Box::new(mint)), basic: Some(false) })
}

/// A client secret for this minute: <https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret>.
fn mint(
    key: &SigningKey,
    team_id: &str,
    client_id: &str,
    tools: &Tools,
) -> Result<Secret<String>, ProviderError> {
    let now = tools.clock.now().unix_seconds();
    key.sign(&json!({
        "iss": team_id, "sub": client_id, "aud": ISSUER, "iat": now, "exp": now + SECRET_LIFETIME,
    }))
}

impl Apple {
    fn is_own(&self, issuer: &str) -> bool {
        issuer == self.issuer || issuer == ISSUER || issuer == OTHER_ISSUER
    }
}

impl Preset for Apple {
    fn issuer(&self) -> String {
        self.issuer.clone()
    }

    /// Fixed, as the discovery document once led to another host, where signing in did not work.
    fn endpoints(&self) -> Known {
        if !self.original {
            return Known::default();
        }
        let at = |path: &str| Some(format!("{ISSUER}{path}"));
        Known {
            authorization: at("/auth/authorize"),
            token: at("/auth/token"),
            jwks: at("/auth/keys"),
            revocation: at("/auth/revoke"),
            ..Known::default()
        }
    }

    fn scopes(&self) -> Vec<String> {
        ["name", "email"].map(str::to_owned).to_vec()
    }

    /// Every sign-in brings an ID token.
    fn needs_openid_scope(&self) -> bool {
        false
    }

    fn answers_by_post(&self) -> bool {
        true
    }

    fn announces(&self, issuer: &str) -> bool {
        self.is_own(issuer)
    }

    /// Required as soon as name or e-mail is asked for.
    fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![("response_mode", "form_post".to_owned())]
    }

    fn expected_nonce<'a>(&self, nonce: &'a str) -> Nonce<'a> {
        Nonce::ExactIfSupported(nonce)
    }

    fn check_issuer(&self, issuer: &str, _announced: &str, _claims: &Claims) -> Result<(), ProviderError> {
        if self.is_own(issuer) { Ok(()) } else { Err(another_issuer()) }
    }

    fn canonical_issuer(&self, _claims: &Claims) -> String {
        self.issuer.clone()
    }

    /// Apple writes booleans as texts too. A relay address is nobody's address elsewhere.
    fn vouches_for_email(&self, claims: &Claims) -> bool {
        let email = claims.email().unwrap_or_default().to_ascii_lowercase();
        let relayed = claims.is_true_or_says_so("is_private_email") || email.ends_with(RELAY);
        claims.is_true_or_says_so("email_verified") && !relayed
    }

    fn userinfo(&self) -> Userinfo {
        Userinfo::Never
    }

    /// The name comes beside the tokens, at the first consent only, and unsigned: nothing else in that field is believed.
    fn complete(&self, identity: &mut ExternalIdentity, arrival: &Arrival) {
        let user = arrival.parameter("user").filter(|user| user.len() <= MAX_USER);
        let Some(user) = user.and_then(|user| serde_json::from_str::<UserField>(user).ok()) else { return };
        let name = user.name.unwrap_or_default();
        let plain = |name: Option<String>| {
            name.filter(|name| {
                !name.trim().is_empty() && name.len() <= MAX_NAME && !name.contains(char::is_control)
            })
        };
        identity.first_name = plain(name.first_name).or(identity.first_name.take());
        identity.last_name = plain(name.last_name).or(identity.last_name.take());
    }
}

#[derive(Deserialize)]
struct UserField {
    name: Option<NameField>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NameField {
    first_name: Option<String>,
    last_name: Option<String>,
}

#[cfg(test)]
mod tests;
