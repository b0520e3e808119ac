//! Facebook Login: OAuth 2.0 with the Graph interface; ID tokens from Limited Login on iOS.
//!
//! Graph never says whether an address is verified, so none counts as such. An access token tells nothing about the app
//! it was given to: `debug_token` does, and `appsecret_proof` proves to Facebook that we are that app.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use doorward_core::domain::federation::{ExternalIdentity, UpstreamTokens};
use doorward_core::domain::secret::Secret;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::provider::{
    Arrival, Departure, Handoff, Memo, Provider, ProviderError, ProviderInfo, Terminator, TokenExchanger,
};
use reqwest::Method;
use serde_json::Value;

use crate::engine::claims::Claims;
use crate::engine::fetch::Request;
use crate::engine::oauth2::{OAuth2, Preset, id};
use crate::engine::oidc::id_token::{self, Expectation, Nonce};
use crate::engine::oidc::keys::KeyCache;
use crate::{Built, Parts};

/// The Graph version, unless `version` says otherwise. Facebook keeps each for two years at least.
const VERSION: &str = "v24.0";
/// `iss` of Limited Login's ID tokens; also what accounts of Facebook are keyed on.
const ISSUER: &str = "https://www.facebook.com";
/// The keys of Limited Login.
const LIMITED_KEYS: &str = "https://limited.facebook.com/.well-known/oauth/openid/jwks/";
/// What of the profile is asked for.
const FIELDS: &str = "id,name,email,first_name,last_name,picture";
/// The oldest ID token that an app may bring: our nonce lives that long.
const NONCE_LIFE: Duration = Duration::from_mins(10);

struct Facebook {
    info: ProviderInfo,
    oauth: OAuth2,
    clock: Arc<dyn Clock>,
    issuer: String,
    profile_url: String,
    /// Below which debug_token and permissions are.
    graph: String,
    audiences: Vec<String>,
    keys: KeyCache,
    keys_url: String,
}

/// Builds one instance.
///
/// # Errors
/// `client_id` or `client_secret` is missing, or `version` is no version.
#[expect(clippy::needless_pass_by_value, reason = "the registration list wants one shape of all")]
pub(crate) fn build(parts: Parts) -> Built {
    let settings = &parts.settings;
    let version = parts.extra("version").unwrap_or(VERSION);
    if !is_version(version) {
        return Err(parts.error("`version` is a Graph version such as \"v24.0\""));
    }
    let graph = format!("https://graph.facebook.com/{version}");
    let preset = Preset {
        authorization_endpoint: &format!("https://www.facebook.com/{version}/dialog/oauth"),
        token_endpoint: &format!("{graph}/oauth/access_token"),
        scopes: &["public_profile", "email"],
        scope_separator: " ",
    };
    let oauth = OAuth2::new(&parts, &preset)?;
    let profile_url = settings.userinfo_endpoint.clone().unwrap_or_else(|| format!("{graph}/me"));
    let graph = profile_url.strip_suffix("/me").unwrap_or(&graph).to_owned();
    let audiences = settings.audiences.iter().cloned().chain([oauth.client_id.clone()]).collect();
    Ok(Arc::new(Facebook {
        info: parts.info(false, "state"),
        clock: parts.tools.clock.clone(),
        issuer: settings.issuer.clone().unwrap_or_else(|| ISSUER.to_owned()),
        keys: KeyCache::new(parts.tools.clock.clone()),
        keys_url: settings.jwks_uri.clone().unwrap_or_else(|| LIMITED_KEYS.to_owned()),
        audiences,
        oauth,
        profile_url,
        graph,
    }))
}

/// `v` and two numbers.
fn is_version(text: &str) -> bool {
    let numbers = text.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
    let is_number =
        |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

#[async_trait]
impl Provider for Facebook {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    async fn depart(&self, departure: &Departure) -> Result<Handoff, ProviderError> {
        self.oauth.depart(departure)
    }

    async fn arrive(
        &self,
        _memo: Option<&Memo>,
        arrival: &Arrival,
    ) -> Result<ExternalIdentity, ProviderError> {
        let response = self.oauth.redeem(arrival).await?;
        let token =
            response["access_token"].as_str().map(Secret::from).ok_or_else(|| faulty("no access token"))?;
        let user = self.user_of(&token).await?;
        let profile = self.profile(&token).await?;
        if id(&profile["id"]).as_ref() != Some(&user) {
            return Err(untrusted("the profile is another user's than the access token"));
        }
        let mut identity = self.identity(&profile, &user);
        identity.tokens = UpstreamTokens { access_token: Some(token), ..UpstreamTokens::default() };
        Ok(identity)
    }

    fn exchanger(&self) -> Option<&dyn TokenExchanger> {
        Some(self)
    }

    fn terminator(&self) -> Option<&dyn Terminator> {
        Some(self)
    }
}

impl Facebook {
    /// Whose the access token is, provided that it was given to our app and is good.
    async fn user_of(&self, token: &Secret<String>) -> Result<String, ProviderError> {
        let app_token =
            Secret::new(format!("{}|{}", self.oauth.client_id, self.oauth.client_secret.expose()));
        let parameters = [("input_token", token.expose().as_str()), ("access_token", app_token.expose())];
        let url = self.oauth.address(&format!("{}/debug_token", self.graph), &parameters)?;
        let answer = self.oauth.ask(Request::get(&url)).await?;
        let data = &answer["data"];
        if data["is_valid"] != true {
            return Err(untrusted("debug_token calls the access token invalid"));
        }
        let app = data["app_id"].as_str().map(str::to_owned).or_else(|| id(&data["app_id"]));
        if app.as_ref() != Some(&self.oauth.client_id) {
            return Err(untrusted("the access token was given to another app"));
        }
        if data.get("type").is_some_and(|kind| kind != "USER") {
            return Err(untrusted("the access token is not a user's"));
        }
        // 0 = never.
        let expires = data["expires_at"].as_i64().unwrap_or_default();
        if expires != 0 && expires <= self.clock.now().unix_seconds() {
            return Err(untrusted("the access token has expired"));
        }
        id(&data["user_id"]).ok_or_else(|| untrusted("debug_token names no user"))
    }

    async fn profile(&self, token: &Secret<String>) -> Result<Value, ProviderError> {
        let parameters = [("fields", FIELDS), ("appsecret_proof", &self.proof(token))];
        let url = self.oauth.address(&self.profile_url, &parameters)?;
        self.oauth.ask(Request::get(&url).with_bearer(token.expose())).await
    }

    /// Hex HMAC-SHA-256 of the access token under the app's secret.
    fn proof(&self, token: &Secret<String>) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.oauth.client_secret.expose().as_bytes());
        hex::encode(hmac::sign(&key, token.expose().as_bytes()))
    }

    fn identity(&self, profile: &Value, user: &str) -> ExternalIdentity {
        let mut claims = Claims(profile.as_object().cloned().unwrap_or_default());
        for (graph, standard) in [("first_name", "given_name"), ("last_name", "family_name")] {
            if let Some(value) = claims.0.get(graph).cloned() {
                claims.0.insert(standard.to_owned(), value);
            }
        }
        claims.0.insert("picture".to_owned(), profile["picture"]["data"]["url"].clone());
        claims.identity(&self.issuer, user)
    }
}

#[async_trait]
impl TokenExchanger for Facebook {
    async fn exchange(
        &self,
        id_token: &Secret<String>,
        nonce: &str,
    ) -> Result<ExternalIdentity, ProviderError> {
        let token = id_token.expose();
        let hint = id_token::key_hint(token)?;
        let key =
            self.keys.find(&self.oauth.fetch, &self.keys_url, hint.kid.as_deref(), hint.algorithm).await?;
        let audiences: Vec<&str> = self.audiences.iter().map(String::as_str).collect();
        let now = self.clock.now();
        let expected = Expectation {
            recipients: &audiences,
            trusted: &audiences,
            nonce: Nonce::ExactOrHashed(nonce),
            not_before: now.minus(NONCE_LIFE),
            access_token: None,
        };
        let claims = id_token::verify(token, &hint, &key, &expected, now)?;
        if claims.text("iss") != Some(&self.issuer) {
            return Err(untrusted("iss is not Facebook"));
        }
        // The same id as in Graph, so that both ways lead to one account.
        let user = claims.subject().and_then(|subject| id(&Value::from(subject)));
        let user = user.ok_or_else(|| untrusted("sub is no id of Facebook"))?;
        Ok(claims.identity(&self.issuer, &user))
    }
}

#[async_trait]
impl Terminator for Facebook {
    /// Takes the app's permissions back, which ends every access token it has of the user.
    async fn terminate(&self, tokens: &UpstreamTokens) -> Result<(), ProviderError> {
        let Some(token) = &tokens.access_token else { return Ok(()) };
        let parameters = [("appsecret_proof", self.proof(token))];
        let parameters = parameters.each_ref().map(|(name, value)| (*name, value.as_str()));
        let url = self.oauth.address(&format!("{}/me/permissions", self.graph), &parameters)?;
        let request = Request::get(&url).with_method(Method::DELETE).with_bearer(token.expose());
        self.oauth.ask(request).await.map(|_| ())
    }

    fn logout_url(&self, _tokens: &UpstreamTokens, _return_to: Option<&str>) -> Option<String> {
        None
    }
}

fn untrusted(why: &str) -> ProviderError {
    ProviderError::Untrusted(why.to_owned())
}

fn faulty(why: &str) -> ProviderError {
    ProviderError::Faulty(format!("the token endpoint answered with {why}"))
}

#[cfg(test)]
mod tests;
