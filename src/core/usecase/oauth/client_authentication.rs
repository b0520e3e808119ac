//! Client authentication of the OAuth 2.0 dialect (RFC 6749 §2.3, RFC 7523 §2.2).

use crate::domain::actor::Origin;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::usecase::Core;

/// What a client brought to prove who it is, as it came.
#[derive(Debug, Default)]
pub struct PresentedClient {
    /// `id:secret` of the `Authorization` header, base64 taken off (RFC 7617 §2).
    pub basic: Option<Secret<String>>,
    /// `client_id` of the form.
    pub client_id: Option<String>,
    /// `client_secret` of the form.
    pub client_secret: Option<Secret<String>>,
    /// `client_assertion` (RFC 7521 §4.2).
    pub assertion: Option<Secret<String>>,
    /// `client_assertion_type` (RFC 7521 §4.2).
    pub assertion_type: Option<String>,
}

impl Core {
    /// The client, proved by the one method it used.
    ///
    /// # Errors
    /// RequestInvalid for two methods at once, ClientAuthFailed, TooManyAttempts.
    pub(super) async fn authenticate_presented(
        &self,
        _presented: &PresentedClient,
        _origin: &Origin,
    ) -> Result<Client, Error> {
        Err(ErrorKind::Unavailable.into())
    }
}
