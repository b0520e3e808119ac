//! What every use-case with an identity provider shares: asking it within a time, wording its failures, sealing its tokens.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Core;
use super::begin_federated_login::callback_url;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::{UpstreamSession, UpstreamTokens};
use crate::domain::ids::{IdentityId, LoginAttemptId, UpstreamSessionId};
use crate::domain::secret::Secret;
use crate::ports::provider::{Provider, ProviderError};

/// Longest time a provider may take for one step of a sign-in, all of its answers together.
const PATIENCE: Duration = Duration::from_millis(4800);
/// When to try again after a provider did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Where an attempt's memo is sealed.
pub(super) fn memo_place(attempt: LoginAttemptId) -> String {
    format!("login_attempts/{attempt}/sealed_memo")
}

fn tokens_place(upstream: UpstreamSessionId) -> String {
    format!("upstream_sessions/{upstream}/sealed_tokens")
}

/// [`UpstreamTokens`] as they are sealed.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct SealedTokens {
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

impl Core {
    /// A configured provider.
    pub(super) fn provider(&self, id: &str) -> Result<Arc<dyn Provider>, Error> {
        self.ports.providers.provider(id).ok_or_else(|| ErrorKind::ProviderUnknown.into())
    }

    /// Our own metadata for the administrator of a provider, if that kind has such.
    ///
    /// # Errors
    /// ProviderUnknown, UpstreamMisconfigured.
    pub fn provider_metadata(&self, provider: &str, public_url: &str) -> Result<Option<String>, Error> {
        let provider = self.provider(provider)?;
        let metadata = provider.metadata(&callback_url(provider.info(), public_url));
        metadata.transpose().map_err(|error| told(&provider.info().id, &error).into())
    }

    /// Waits for a provider's answer, not for long; what went wrong is logged here, and its text goes nowhere else.
    pub(super) async fn ask<T>(
        &self,
        provider: &dyn Provider,
        question: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, Error> {
        let late = |_| Err(ProviderError::Unreachable("no answer within the time for one step".to_owned()));
        let answer = tokio::time::timeout(PATIENCE, question).await.unwrap_or_else(late);
        answer.map_err(|error| told(&provider.info().id, &error).into())
    }

    /// The provider's tokens as a row; `None` when there is nothing to keep.
    pub(super) fn seal_upstream(
        &self,
        provider: &str,
        identity: IdentityId,
        tokens: &UpstreamTokens,
    ) -> Result<Option<UpstreamSession>, Error> {
        let text = |secret: &Option<Secret<String>>| secret.as_ref().map(|secret| secret.expose().clone());
        let kept = SealedTokens {
            refresh_token: text(&tokens.refresh_token),
            access_token: text(&tokens.access_token),
            id_token: text(&tokens.id_token),
            session: tokens.session.clone(),
        };
        let plain = Secret::new(serde_json::to_vec(&kept).map_err(Error::internal)?);
        if plain.expose().as_slice() == b"{}" {
            return Ok(None);
        }
        let id: UpstreamSessionId = self.new_id();
        let sealed_tokens = self.ports.sealer.seal(&tokens_place(id), plain.expose());
        Ok(Some(UpstreamSession { id, provider: provider.to_owned(), identity, sealed_tokens }))
    }

    /// The provider's tokens of a row.
    pub(super) fn open_upstream(&self, upstream: &UpstreamSession) -> Result<UpstreamTokens, Error> {
        let plain = self.ports.sealer.open(&tokens_place(upstream.id), &upstream.sealed_tokens)?;
        let kept: SealedTokens = serde_json::from_slice(plain.expose()).map_err(Error::internal)?;
        Ok(UpstreamTokens {
            refresh_token: kept.refresh_token.map(Secret::new),
            access_token: kept.access_token.map(Secret::new),
            id_token: kept.id_token.map(Secret::new),
            session: kept.session,
        })
    }
}

/// Logs what a provider answered, and names the fact for everybody else.
fn told(provider: &str, error: &ProviderError) -> ErrorKind {
    match error {
        ProviderError::Denied(_) => {
            tracing::info!(event = "provider_denied", provider, reason = %error);
            ErrorKind::UpstreamDenied
        }
        ProviderError::Refused(_) | ProviderError::Untrusted(_) => {
            tracing::warn!(event = "provider_answer_refused", provider, reason = %error);
            ErrorKind::UpstreamRefused
        }
        ProviderError::Unreachable(_) => {
            tracing::error!(event = "provider_unreachable", provider, reason = %error);
            ErrorKind::UpstreamUnreachable(RETRY_AFTER)
        }
        ProviderError::Faulty(_) => {
            tracing::error!(event = "provider_faulty", provider, reason = %error);
            ErrorKind::UpstreamFaulty
        }
        ProviderError::Misconfigured(_) => {
            tracing::error!(event = "provider_misconfigured", provider, reason = %error);
            ErrorKind::UpstreamMisconfigured
        }
    }
}
