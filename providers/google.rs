//! Google (OpenID Connect, <https://developers.google.com/identity/openid-connect/openid-connect>).

use doorward_core::ports::provider::ProviderError;

use crate::engine::claims::Claims;
use crate::engine::oidc::Oidc;
use crate::engine::oidc::preset::{Preset, another_issuer};
use crate::{Built, Parts};

const ISSUER: &str = "https://accounts.google.com";

struct Google {
    issuer: String,
    /// The Workspace domain that everybody must belong to.
    hosted_domain: Option<String>,
    /// Asks for refresh tokens.
    offline: bool,
}

/// Needs `client_id` and `client_secret`; knows `hosted_domain` and `access_type = "offline"`.
pub(crate) fn build(parts: Parts) -> Built {
    let settings = &parts.settings;
    let offline = match parts.extra("access_type") {
        None | Some("online") => false,
        Some("offline") => true,
        Some(_) => return Err(parts.error("`access_type` is \"online\" or \"offline\"")),
    };
    let issuer = settings.issuer.clone().unwrap_or_else(|| ISSUER.to_owned());
    let hosted_domain = parts.extra("hosted_domain").map(str::to_ascii_lowercase);
    Oidc::build(parts, Google { issuer, hosted_domain, offline })
}

impl Google {
    fn is_own(&self, issuer: &str) -> bool {
        // Google writes either, with and without the scheme.
        issuer == self.issuer || self.issuer.split_once("://").is_some_and(|(_, bare)| issuer == bare)
    }
}

impl Preset for Google {
    fn issuer(&self) -> String {
        self.issuer.clone()
    }

    fn announces(&self, issuer: &str) -> bool {
        self.is_own(issuer)
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = Vec::new();
        if let Some(domain) = &self.hosted_domain {
            // A hint that spares the choice of account; the claim is what counts.
            parameters.push(("hd", domain.clone()));
        }
        if self.offline {
            // Without the consent page, only the very first sign-in brings a refresh token.
            parameters.extend([("access_type", "offline".to_owned()), ("prompt", "consent".to_owned())]);
        }
        parameters
    }

    fn check_issuer(&self, issuer: &str, _announced: &str, _claims: &Claims) -> Result<(), ProviderError> {
        if self.is_own(issuer) { Ok(()) } else { Err(another_issuer()) }
    }

    fn check(&self, claims: &Claims) -> Result<(), ProviderError> {
        let Some(wanted) = &self.hosted_domain else { return Ok(()) };
        match claims.text("hd") {
            Some(domain) if domain.eq_ignore_ascii_case(wanted) => Ok(()),
            _ => Err(ProviderError::Untrusted("the account is not of the hosted domain (hd)".to_owned())),
        }
    }

    fn canonical_issuer(&self, _claims: &Claims) -> String {
        self.issuer.clone()
    }

    /// Google is authoritative for its own mail and for Workspace domains (`hd`). Any other address was the account's when it
    /// was made, and may be somebody else's today. The text "true" is no `true`.
    fn vouches_for_email(&self, claims: &Claims) -> bool {
        let domain = claims.email().and_then(|email| email.rsplit('@').next()).unwrap_or_default();
        let own = domain.eq_ignore_ascii_case("gmail.com") || domain.eq_ignore_ascii_case("googlemail.com");
        claims.is_true("email_verified") && (own || claims.text("hd").is_some())
    }
}

#[cfg(test)]
mod tests;
