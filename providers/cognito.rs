//! Amazon Cognito user pools. Two hosts: tokens are issued by `cognito-idp.<region>.amazonaws.com`, users sign in at the pool's
//! domain.

use doorward_core::domain::federation::UpstreamTokens;
use doorward_core::ports::provider::ProviderError;
use url::Url;

use crate::engine::claims::Claims;
use crate::engine::oidc::Oidc;
use crate::engine::oidc::endpoints::Known;
use crate::engine::oidc::preset::Preset;
use crate::engine::query::with_parameters;
use crate::{Built, ConfigurationError, Parts};

struct Cognito {
    issuer: String,
    /// `https://<the pool's domain>`, without a slash.
    domain: String,
    /// Skips the hosted page and goes straight to this provider of the pool.
    identity_provider: Option<String>,
}

/// Needs `client_id`, `domain`, and `region` and `user_pool` (or `issuer`).
pub(crate) fn build(parts: Parts) -> Built {
    let issuer = issuer(&parts)?;
    let domain = domain(&parts)?;
    let identity_provider = parts.extra("identity_provider").map(str::to_owned);
    Oidc::build(parts, Cognito { issuer, domain, identity_provider })
}

fn issuer(parts: &Parts) -> Result<String, ConfigurationError> {
    if let Some(issuer) = &parts.settings.issuer {
        return Ok(issuer.clone());
    }
    let region = parts.required("region", parts.extra("region"))?;
    let pool = parts.required("user_pool", parts.extra("user_pool"))?;
    Ok(format!("https://cognito-idp.{region}.amazonaws.com/{pool}"))
}

/// A whole address, a host of one's own, or the prefix that Amazon's domain gets.
fn domain(parts: &Parts) -> Result<String, ConfigurationError> {
    let domain = parts.required("domain", parts.extra("domain"))?.trim_end_matches('/');
    if domain.contains("://") {
        return Ok(domain.to_owned());
    }
    if domain.contains('.') {
        return Ok(format!("https://{domain}"));
    }
    let region = parts.required("region", parts.extra("region"))?;
    Ok(format!("https://{domain}.auth.{region}.amazoncognito.com"))
}

impl Preset for Cognito {
    fn issuer(&self) -> String {
        self.issuer.clone()
    }

    fn endpoints(&self) -> Known {
        let at = |path: &str| Some(format!("{}{path}", self.domain));
        Known {
            authorization: at("/oauth2/authorize"),
            token: at("/oauth2/token"),
            userinfo: at("/oauth2/userInfo"),
            jwks: Some(format!("{}/.well-known/jwks.json", self.issuer.trim_end_matches('/'))),
            revocation: at("/oauth2/revoke"),
            end_session: at("/logout"),
        }
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        self.identity_provider.iter().map(|name| ("identity_provider", name.clone())).collect()
    }

    /// Its access tokens are JWTs with the same keys.
    fn check(&self, claims: &Claims) -> Result<(), ProviderError> {
        match claims.text("token_use") {
            Some("id") => Ok(()),
            _ => Err(ProviderError::Untrusted("ID token: token_use is not \"id\"".to_owned())),
        }
    }

    /// Only refresh tokens can be revoked.
    fn revokes_access_tokens(&self) -> bool {
        false
    }

    /// Not the standard's: `logout_uri`, no hint, and it does not sign out of the pool's own upstreams.
    fn logout_url(
        &self,
        end_session: &Url,
        client_id: &str,
        _tokens: &UpstreamTokens,
        return_to: Option<&str>,
    ) -> String {
        let mut parameters = vec![("client_id", client_id)];
        parameters.extend(return_to.map(|return_to| ("logout_uri", return_to)));
        with_parameters(end_session, &parameters)
    }
}

#[cfg(test)]
mod tests;
