//! Telling clients that a session ended.

use async_trait::async_trait;

use crate::domain::secret::Secret;

/// Why a client could not be told.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotTold(pub String);

/// Posts logout tokens (OpenID Connect Back-Channel Logout §2.5).
#[async_trait]
pub trait LogoutNotifier: Send + Sync {
    /// One attempt, with a time limit.
    ///
    /// # Errors
    /// What the client answered, or that it did not; without the token.
    async fn tell(&self, uri: &str, logout_token: &Secret<String>) -> Result<(), NotTold>;
}
