//! OpenID Connect: the authorization code flow with state, nonce and PKCE, on which most providers are a preset.

pub(crate) mod endpoints;
pub(crate) mod id_token;
pub(crate) mod keys;
pub(crate) mod preset;

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::domain::federation::{ExternalIdentity, UpstreamTokens};
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::provider::{
    Arrival, Departure, Destination, Handoff, Memo, Provider, ProviderError, ProviderInfo, Terminator,
    TokenExchanger,
};
use serde::{Deserialize, Serialize};

use self::endpoints::{Directory, Endpoints, Known};
use self::id_token::{Expectation, Nonce};
use self::keys::KeyCache;
use self::preset::{Preset, Userinfo};
use super::answers;
use super::claims::Claims;
use super::credentials::Credentials;
use super::fetch::{Fetch, Request};
use super::query::with_parameters;
use crate::{Built, Parts, Tools};

/// Longest authorization code that is passed on, in bytes.
const MAX_CODE: usize = 8 * 1024;
/// How old an ID token that an app brings may be; its nonce is single use and lives shorter.
const NATIVE_AGE: std::time::Duration = std::time::Duration::from_hours(1);

/// A provider that speaks OpenID Connect, with the particulars of its kind.
pub(crate) struct Oidc<P> {
    info: ProviderInfo,
    preset: P,
    credentials: Credentials,
    audiences: Vec<String>,
    scope: String,
    directory: Directory,
    keys: KeyCache,
    fetch: Fetch,
    tools: Tools,
}

/// What is remembered between departure and arrival.
#[derive(Serialize, Deserialize)]
struct Remembered {
    nonce: String,
    verifier: String,
    departed_at: Timestamp,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of RFC 6749 §5.1")]
struct TokenAnswer {
    access_token: Option<Secretive>,
    id_token: Option<Secretive>,
    refresh_token: Option<Secretive>,
}

/// A text that is wiped.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Secretive(Secret<String>);

impl From<String> for Secretive {
    fn from(text: String) -> Self {
        Self(Secret::new(text))
    }
}

impl<P: Preset> Oidc<P> {
    /// A provider of the preset's kind. Endpoints of the section count more than the preset's, and both more than discovery.
    ///
    /// # Errors
    /// The section lacks something.
    pub(crate) fn build(parts: Parts, preset: P) -> Built {
        let credentials = Credentials::from_parts(&parts)?;
        Self::with_credentials(parts, preset, credentials)
    }

    /// The same, with credentials of its own.
    ///
    /// # Errors
    /// The section lacks something.
    pub(crate) fn with_credentials(parts: Parts, preset: P, credentials: Credentials) -> Built {
        let settings = &parts.settings;
        let scopes = settings.scopes.clone().unwrap_or_else(|| preset.scopes());
        if preset.needs_openid_scope() && !scopes.iter().any(|scope| scope == "openid") {
            return Err(parts.error("`scopes` must hold \"openid\""));
        }
        let known = Known::from_settings(settings).or(preset.endpoints());
        let clock = parts.tools.clock.clone();
        Ok(Arc::new(Self {
            info: parts.info(preset.answers_by_post(), "state"),
            audiences: settings.audiences.clone(),
            scope: scopes.join(" "),
            directory: Directory::new(clock.clone(), &preset.issuer(), known),
            keys: KeyCache::new(clock),
            credentials,
            preset,
            fetch: parts.fetch,
            tools: parts.tools,
        }))
    }

    async fn endpoints(&self) -> Result<Arc<Endpoints>, ProviderError> {
        self.directory.endpoints(&self.fetch, &|issuer| self.preset.announces(issuer)).await
    }

    /// The tokens for the code (OpenID Connect Core §3.1.3.1).
    async fn redeem(
        &self,
        endpoints: &Endpoints,
        code: &str,
        verifier: &str,
        callback_url: &str,
    ) -> Result<TokenAnswer, ProviderError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback_url),
            ("code_verifier", verifier),
        ];
        let asked = self.credentials.post(
            &self.fetch,
            &self.tools,
            &endpoints.authentication,
            &endpoints.token,
            &form,
        );
        let answer = asked.await?;
        if !answer.is_success() {
            return Err(answers::judge_refusal(&answer));
        }
        answer.json()
    }

    /// The claims of a token that is the provider's, for us, in time, and with the nonce.
    async fn judge(
        &self,
        endpoints: &Endpoints,
        token: &str,
        expected: &Expectation<'_>,
    ) -> Result<Claims, ProviderError> {
        let hint = id_token::key_hint(token)?;
        let key = self.keys.find(&self.fetch, &endpoints.jwks, hint.kid.as_deref(), hint.algorithm).await?;
        let claims = id_token::verify(token, &hint, &key, expected, self.tools.clock.now())?;
        let issuer = claims
            .text("iss")
            .ok_or_else(|| ProviderError::Untrusted("ID token: iss is missing or no text".to_owned()))?;
        self.preset.check_issuer(issuer, &endpoints.issuer, &claims)?;
        self.preset.check(&claims)?;
        Ok(claims)
    }

    /// The claims of the userinfo endpoint about the same subject (OpenID Connect Core §5.3.2).
    async fn userinfo(
        &self,
        endpoints: &Endpoints,
        claims: &Claims,
        access_token: Option<&Secretive>,
    ) -> Result<Claims, ProviderError> {
        let wanted = match self.preset.userinfo() {
            Userinfo::Never => false,
            Userinfo::WhenNeeded => claims.email().is_none(),
            Userinfo::Always => true,
        };
        let (true, Some(url), Some(token)) = (wanted, &endpoints.userinfo, access_token) else {
            return Ok(Claims::default());
        };
        let answer = self.fetch.send(Request::get(url).with_bearer(token.0.expose())).await?;
        if !answer.is_success() {
            return Err(answers::judge_refusal(&answer));
        }
        let found: Claims = answer.json()?;
        if found.text("sub") != claims.text("sub") {
            return Err(ProviderError::Untrusted(
                "userinfo is about another subject than the ID token".to_owned(),
            ));
        }
        Ok(found)
    }

    /// Who the verified claims describe.
    fn identity(&self, claims: &Claims) -> Result<ExternalIdentity, ProviderError> {
        let issuer = self.preset.canonical_issuer(claims);
        let subject = self.preset.subject(claims)?;
        let mut identity = claims.identity(&issuer, &subject);
        identity.email_verified = identity.email.is_some() && self.preset.vouches_for_email(claims);
        identity.tokens.session = claims.text("sid").map(str::to_owned);
        Ok(identity)
    }

    async fn settle(
        &self,
        endpoints: &Endpoints,
        remembered: &Remembered,
        answer: TokenAnswer,
        arrival: &Arrival,
    ) -> Result<ExternalIdentity, ProviderError> {
        let id_token = answer.id_token.as_ref().ok_or_else(|| {
            ProviderError::Untrusted(
                "no ID token came with the access token (is the scope openid allowed?)".into(),
            )
        })?;
        let client = [self.credentials.client_id.as_str()];
        let trusted: Vec<&str> =
            client.into_iter().chain(self.audiences.iter().map(String::as_str)).collect();
        let expected = Expectation {
            recipients: &client,
            trusted: &trusted,
            nonce: self.preset.expected_nonce(&remembered.nonce),
            not_before: remembered.departed_at,
            access_token: answer.access_token.as_ref().map(|token| token.0.expose().as_str()),
        };
        let claims = self.judge(endpoints, id_token.0.expose(), &expected).await?;
        let more = self.userinfo(endpoints, &claims, answer.access_token.as_ref()).await?;
        let mut identity = self.identity(&claims.completed_by(more))?;
        self.preset.complete(&mut identity, arrival);
        identity.tokens.access_token = answer.access_token.map(|token| token.0);
        identity.tokens.refresh_token = answer.refresh_token.map(|token| token.0);
        identity.tokens.id_token = answer.id_token.map(|token| token.0);
        Ok(identity)
    }

    /// RFC 9207 §2.4: the answer names the provider that was asked.
    fn check_response_issuer(&self, endpoints: &Endpoints, arrival: &Arrival) -> Result<(), ProviderError> {
        match arrival.parameter("iss") {
            Some(issuer) if issuer == endpoints.issuer || self.preset.announces(issuer) => Ok(()),
            Some(_) => Err(ProviderError::Untrusted("the answer came from another issuer (iss)".to_owned())),
            None if endpoints.names_issuer => {
                Err(ProviderError::Untrusted("the answer does not name its issuer (iss)".to_owned()))
            }
            None => Ok(()),
        }
    }
}

#[async_trait]
impl<P: Preset> Provider for Oidc<P> {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    async fn depart(&self, departure: &Departure) -> Result<Handoff, ProviderError> {
        let endpoints = self.endpoints().await?;
        let remembered = Remembered {
            nonce: self.tools.random_text(),
            verifier: self.tools.random_text(),
            departed_at: self.tools.clock.now(),
        };
        let challenge = digest::digest(&digest::SHA256, remembered.verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", self.credentials.client_id.as_str()),
            ("redirect_uri", departure.callback_url.as_str()),
            ("scope", self.scope.as_str()),
            ("state", departure.state.expose().as_str()),
            ("nonce", remembered.nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let own = self.preset.parameters();
        parameters.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
        let target = self.fetch.checked(&endpoints.authorization)?;
        let memo = Memo::of(&remembered).map_err(|_| memo_error())?;
        Ok(Handoff { destination: Destination::Redirect(with_parameters(&target, &parameters)), memo })
    }

    async fn arrive(
        &self,
        memo: Option<&Memo>,
        arrival: &Arrival,
    ) -> Result<ExternalIdentity, ProviderError> {
        answers::check_arrival(arrival)?;
        let remembered: Remembered = memo.and_then(|memo| memo.read().ok()).ok_or_else(memo_error)?;
        let code = arrival
            .parameter("code")
            .filter(|code| code.len() <= MAX_CODE)
            .ok_or_else(|| ProviderError::Untrusted("the answer holds no code".to_owned()))?;
        let endpoints = self.endpoints().await?;
        self.check_response_issuer(&endpoints, arrival)?;
        let redeemed = self.redeem(&endpoints, code, &remembered.verifier, &arrival.callback_url).await;
        let outcome = match redeemed {
            Ok(answer) => self.settle(&endpoints, &remembered, answer, arrival).await,
            Err(error) => Err(error),
        };
        if matches!(
            outcome,
            Err(ProviderError::Unreachable(_) | ProviderError::Faulty(_) | ProviderError::Misconfigured(_))
        ) {
            self.directory.doubt();
        }
        outcome
    }

    fn exchanger(&self) -> Option<&dyn TokenExchanger> {
        Some(self)
    }

    fn terminator(&self) -> Option<&dyn Terminator> {
        Some(self)
    }
}

fn memo_error() -> ProviderError {
    ProviderError::Untrusted("what was remembered of the departure cannot be read".to_owned())
}

#[async_trait]
impl<P: Preset> TokenExchanger for Oidc<P> {
    async fn exchange(
        &self,
        id_token: &Secret<String>,
        nonce: &str,
    ) -> Result<ExternalIdentity, ProviderError> {
        let endpoints = self.endpoints().await?;
        let own = std::iter::once(self.credentials.client_id.as_str());
        let trusted: Vec<&str> = own.chain(self.audiences.iter().map(String::as_str)).collect();
        let expected = Expectation {
            recipients: &trusted,
            trusted: &trusted,
            nonce: Nonce::ExactOrHashed(nonce),
            not_before: self.tools.clock.now().minus(NATIVE_AGE),
            access_token: None,
        };
        let claims = self.judge(&endpoints, id_token.expose(), &expected).await?;
        self.identity(&claims)
    }
}

#[async_trait]
impl<P: Preset> Terminator for Oidc<P> {
    /// RFC 7009 §2.1; nothing to do without a token or an endpoint.
    async fn terminate(&self, tokens: &UpstreamTokens) -> Result<(), ProviderError> {
        let refresh = tokens.refresh_token.as_ref().map(|token| (token, "refresh_token"));
        let access = tokens.access_token.as_ref().map(|token| (token, "access_token"));
        let access = access.filter(|_| self.preset.revokes_access_tokens());
        let Some((token, hint)) = refresh.or(access) else { return Ok(()) };
        let endpoints = self.endpoints().await?;
        let Some(url) = &endpoints.revocation else { return Ok(()) };
        let form = [("token", token.expose().as_str()), ("token_type_hint", hint)];
        let asked = self.credentials.post(&self.fetch, &self.tools, &endpoints.authentication, url, &form);
        let answer = asked.await?;
        if answer.is_success() { Ok(()) } else { Err(answers::judge_refusal(&answer)) }
    }

    fn logout_url(&self, tokens: &UpstreamTokens, return_to: Option<&str>) -> Option<String> {
        let end_session = self.directory.known_now().end_session?;
        let target = self.fetch.checked(&end_session).ok()?;
        Some(self.preset.logout_url(&target, &self.credentials.client_id, tokens, return_to))
    }
}

#[cfg(test)]
mod tests;
