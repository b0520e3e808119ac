//! Instagram, through "Instagram API with Instagram Login": OAuth 2.0 for business and creator accounts only.
//!
//! There is no e-mail address, and nothing else that could lead to an account here: identities are keyed on `user_id`.

use std::sync::Arc;

use async_trait::async_trait;
use doorward_core::domain::federation::ExternalIdentity;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{
    Arrival, Departure, Handoff, Memo, Provider, ProviderError, ProviderInfo,
};
use serde_json::Value;

use crate::engine::claims::Claims;
use crate::engine::fetch::Request;
use crate::engine::oauth2::{OAuth2, Preset, id};
use crate::{Built, Parts};

/// What accounts of Instagram are keyed on.
const ISSUER: &str = "https://www.instagram.com";
const PROFILE: &str = "https://graph.instagram.com/me";
/// What of the profile is asked for.
const FIELDS: &str = "id,user_id,username,name,account_type,profile_picture_url";

struct Instagram {
    info: ProviderInfo,
    oauth: OAuth2,
    issuer: String,
    profile_url: String,
}

/// Builds one instance.
///
/// # Errors
/// `client_id` or `client_secret` is missing.
#[expect(clippy::needless_pass_by_value, reason = "the registration list wants one shape of all")]
pub(crate) fn build(parts: Parts) -> Built {
    let preset = Preset {
        authorization_endpoint: "https://www.instagram.com/oauth/authorize",
        token_endpoint: "https://api.instagram.com/oauth/access_token",
        scopes: &["instagram_business_basic"],
        scope_separator: ",",
    };
    let oauth = OAuth2::new(&parts, &preset)?;
    let settings = &parts.settings;
    let or = |own: &Option<String>, usual: &str| own.clone().unwrap_or_else(|| usual.to_owned());
    Ok(Arc::new(Instagram {
        info: parts.info(false, "state"),
        issuer: or(&settings.issuer, ISSUER),
        profile_url: or(&settings.userinfo_endpoint, PROFILE),
        oauth,
    }))
}

#[async_trait]
impl Provider for Instagram {
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
        // Wrapped in a list of one, or not.
        let granted = response["data"].get(0).unwrap_or(&response);
        let token = granted["access_token"].as_str().map(Secret::from);
        let (Some(token), Some(account)) = (token, id(&granted["user_id"])) else {
            return Err(ProviderError::Faulty("the token response lacks access_token or user_id".to_owned()));
        };
        let profile = self.profile(&token).await?;
        self.identity(&profile, &account)
    }
}

impl Instagram {
    async fn profile(&self, token: &Secret<String>) -> Result<Value, ProviderError> {
        let parameters = [("fields", FIELDS), ("access_token", token.expose().as_str())];
        let url = self.oauth.address(&self.profile_url, &parameters)?;
        self.oauth.ask(Request::get(&url)).await
    }

    /// The profile's `user_id` is the account. The token response calls the same account by it or by the app's own `id`.
    fn identity(&self, profile: &Value, granted: &str) -> Result<ExternalIdentity, ProviderError> {
        let user = id(&profile["user_id"])
            .ok_or_else(|| ProviderError::Faulty("the profile has no user_id".to_owned()))?;
        if user != granted && id(&profile["id"]).as_deref() != Some(granted) {
            let why = "the profile is another user's than the access token";
            return Err(ProviderError::Untrusted(why.to_owned()));
        }
        let claims = Claims(profile.as_object().cloned().unwrap_or_default());
        let text = |name: &str| claims.text(name).map(str::to_owned);
        Ok(ExternalIdentity {
            issuer: self.issuer.clone(),
            subject: user,
            username: text("username"),
            first_name: text("name"),
            photo_url: text("profile_picture_url").filter(|url| url.starts_with("https://")),
            raw: profile.clone(),
            ..ExternalIdentity::default()
        })
    }
}

#[cfg(test)]
mod tests;
