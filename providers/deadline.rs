//! No sign-in waits longer than five seconds for its provider, however many questions must be asked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use doorward_core::domain::federation::{ExternalIdentity, UpstreamTokens};
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{
    Arrival, Departure, Handoff, Memo, Provider, ProviderError, ProviderInfo, Terminator, TokenExchanger,
};

/// For all questions of one call together. Our own work beside it fits into what is left of the five seconds.
const WHOLE_CALL: Duration = Duration::from_millis(4500);

/// A provider whose every call ends in time.
pub(crate) struct Deadline(Arc<dyn Provider>);

impl Deadline {
    /// Wraps it.
    pub(crate) fn around(provider: Arc<dyn Provider>) -> Arc<dyn Provider> {
        Arc::new(Self(provider))
    }
}

async fn in_time<T>(
    id: &str,
    call: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    tokio::time::timeout(WHOLE_CALL, call)
        .await
        .unwrap_or_else(|_| Err(ProviderError::Unreachable(format!("{id} did not answer in time"))))
}

#[async_trait]
impl Provider for Deadline {
    fn info(&self) -> &ProviderInfo {
        self.0.info()
    }

    async fn depart(&self, departure: &Departure) -> Result<Handoff, ProviderError> {
        in_time(&self.info().id, self.0.depart(departure)).await
    }

    async fn arrive(
        &self,
        memo: Option<&Memo>,
        arrival: &Arrival,
    ) -> Result<ExternalIdentity, ProviderError> {
        in_time(&self.info().id, self.0.arrive(memo, arrival)).await
    }

    fn exchanger(&self) -> Option<&dyn TokenExchanger> {
        self.0.exchanger().map(|_| self as &dyn TokenExchanger)
    }

    fn terminator(&self) -> Option<&dyn Terminator> {
        self.0.terminator().map(|_| self as &dyn Terminator)
    }

    fn metadata(&self, callback_url: &str) -> Option<Result<String, ProviderError>> {
        self.0.metadata(callback_url)
    }
}

#[async_trait]
impl TokenExchanger for Deadline {
    async fn exchange(
        &self,
        id_token: &Secret<String>,
        nonce: &str,
    ) -> Result<ExternalIdentity, ProviderError> {
        let exchanger = self.0.exchanger().ok_or_else(|| cannot("take ID tokens of apps"))?;
        in_time(&self.info().id, exchanger.exchange(id_token, nonce)).await
    }
}

#[async_trait]
impl Terminator for Deadline {
    async fn terminate(&self, tokens: &UpstreamTokens) -> Result<(), ProviderError> {
        let terminator = self.0.terminator().ok_or_else(|| cannot("sign out"))?;
        in_time(&self.info().id, terminator.terminate(tokens)).await
    }

    fn logout_url(&self, tokens: &UpstreamTokens, return_to: Option<&str>) -> Option<String> {
        self.0.terminator()?.logout_url(tokens, return_to)
    }
}

fn cannot(what: &str) -> ProviderError {
    ProviderError::Misconfigured(format!("this kind of provider cannot {what}"))
}
