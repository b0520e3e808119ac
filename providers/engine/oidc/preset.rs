//! What is particular about a provider that speaks OpenID Connect.

use doorward_core::domain::federation::{ExternalIdentity, UpstreamTokens};
use doorward_core::ports::provider::{Arrival, ProviderError};
use url::Url;

use super::endpoints::Known;
use super::id_token::Nonce;
use crate::engine::claims::Claims;
use crate::engine::query::with_parameters;

/// When the userinfo endpoint is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Userinfo {
    /// Never: the ID token says all.
    Never,
    /// When the ID token has no address.
    WhenNeeded,
    /// Always.
    Always,
}

/// The particulars. What is not overridden is plain OpenID Connect.
pub(crate) trait Preset: Send + Sync + 'static {
    /// The issuer; its discovery document is below this address.
    fn issuer(&self) -> String;

    /// Endpoints that are known without discovery.
    fn endpoints(&self) -> Known {
        Known::default()
    }

    /// Scopes, when the section names none.
    fn scopes(&self) -> Vec<String> {
        ["openid", "email", "profile"].map(str::to_owned).to_vec()
    }

    /// Whether no ID token comes without the scope `openid`.
    fn needs_openid_scope(&self) -> bool {
        true
    }

    /// Whether the answer is a cross-site POST.
    fn answers_by_post(&self) -> bool {
        false
    }

    /// Whether a discovery document or an authorization response of this issuer is this provider's.
    fn announces(&self, issuer: &str) -> bool {
        issuer == self.issuer()
    }

    /// Further parameters of the authorization request.
    fn parameters(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The nonce that must come back.
    fn expected_nonce<'a>(&self, nonce: &'a str) -> Nonce<'a> {
        Nonce::Exact(nonce)
    }

    /// Judges `iss` of an ID token whose signature is verified. `announced` is the discovery document's issuer.
    ///
    /// # Errors
    /// Untrusted.
    fn check_issuer(&self, issuer: &str, announced: &str, _claims: &Claims) -> Result<(), ProviderError> {
        if issuer == announced { Ok(()) } else { Err(another_issuer()) }
    }

    /// Judges what else the ID token must say.
    ///
    /// # Errors
    /// Untrusted, Denied.
    fn check(&self, _claims: &Claims) -> Result<(), ProviderError> {
        Ok(())
    }

    /// The one spelling of the issuer that accounts are keyed on.
    fn canonical_issuer(&self, claims: &Claims) -> String {
        claims.text("iss").unwrap_or_default().to_owned()
    }

    /// What is unique among all accounts of this instance.
    ///
    /// # Errors
    /// Untrusted: there is no such thing in the token.
    fn subject(&self, claims: &Claims) -> Result<String, ProviderError> {
        let subject = claims.subject().map(str::to_owned);
        subject.ok_or_else(|| ProviderError::Untrusted("ID token: sub is missing".to_owned()))
    }

    /// Whether the provider is authoritative for the address in the claims and has verified it.
    fn vouches_for_email(&self, claims: &Claims) -> bool {
        claims.is_true("email_verified")
    }

    /// When to ask the userinfo endpoint.
    fn userinfo(&self) -> Userinfo {
        Userinfo::WhenNeeded
    }

    /// Adds what came beside the tokens.
    fn complete(&self, _identity: &mut ExternalIdentity, _arrival: &Arrival) {}

    /// Whether access tokens can be revoked, or refresh tokens only.
    fn revokes_access_tokens(&self) -> bool {
        true
    }

    /// Where the browser ends the provider's session (OpenID Connect RP-Initiated Logout §2).
    fn logout_url(
        &self,
        end_session: &Url,
        client_id: &str,
        tokens: &UpstreamTokens,
        return_to: Option<&str>,
    ) -> String {
        let mut parameters = vec![("client_id", client_id)];
        if let Some(hint) = &tokens.id_token {
            parameters.push(("id_token_hint", hint.expose()));
        }
        if let Some(return_to) = return_to {
            parameters.push(("post_logout_redirect_uri", return_to));
        }
        with_parameters(end_session, &parameters)
    }
}

/// The refusal of tokens of others.
pub(crate) fn another_issuer() -> ProviderError {
    ProviderError::Untrusted("ID token: iss is another issuer".to_owned())
}
