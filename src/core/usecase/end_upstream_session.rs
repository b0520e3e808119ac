//! The provider's side of a session that is over here: never before, and whatever it answers, ours stays over.

use super::Core;
use crate::domain::error::Error;
use crate::domain::federation::{UpstreamSession, UpstreamTokens};

impl Core {
    /// Tells the provider, after the reply.
    pub(super) fn end_upstream_later(&self, upstream: &UpstreamSession) {
        let Some((provider, tokens)) = self.upstream_of(upstream) else { return };
        self.ports.tasks.spawn(async move {
            let Some(terminator) = provider.terminator() else { return };
            let provider = provider.info().id.as_str();
            match terminator.terminate(&tokens).await {
                Ok(()) => tracing::info!(event = "provider_session_ended", provider),
                Err(error) => tracing::warn!(event = "provider_session_not_ended", provider, reason = %error),
            }
        });
    }

    /// Where the browser can end the provider's session too, and come back to the client from.
    pub(super) async fn upstream_logout_url(
        &self,
        upstream: &UpstreamSession,
        client_id: &str,
    ) -> Result<Option<String>, Error> {
        let Some((provider, tokens)) = self.upstream_of(upstream) else { return Ok(None) };
        let Some(terminator) = provider.terminator() else { return Ok(None) };
        let client = self.reading("logout_client").await?.client_by_client_id(client_id).await?;
        let return_to = client.as_ref().and_then(|client| client.logout_redirect_uris.first());
        Ok(terminator.logout_url(&tokens, return_to.map(String::as_str)))
    }

    fn upstream_of(
        &self,
        upstream: &UpstreamSession,
    ) -> Option<(std::sync::Arc<dyn crate::ports::provider::Provider>, UpstreamTokens)> {
        let provider = self.ports.providers.provider(&upstream.provider)?;
        match self.open_upstream(upstream) {
            Ok(tokens) => Some((provider, tokens)),
            Err(error) => {
                tracing::error!(event = "provider_tokens_unreadable", provider = upstream.provider, error = %error);
                None
            }
        }
    }
}
