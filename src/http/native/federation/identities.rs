//! The caller's accounts at providers.

use doorward_core::domain::user::Identity;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use crate::extract::bearer::Bearer;
use crate::native::Tag;
use crate::native::error::Failure;
use crate::native::reply::Reply;
use crate::native::wire::{IdentityResponse, SuccessResponse};
use crate::shared::App;

pub(crate) struct IdentitiesApi;

#[OpenApi(tag = "Tag::ProviderController")]
impl IdentitiesApi {
    /// The caller's accounts at identity providers, oldest first
    #[oai(path = "/auth/identities", method = "get", operation_id = "ProviderController.identities")]
    async fn identities(&self, app: App, caller: Bearer) -> Result<Reply<Vec<IdentityResponse>>, Failure> {
        let identities = app.core.identities(&caller.0).await?;
        Reply::of(&identities.into_iter().map(IdentityResponse::from).collect::<Vec<_>>())
    }

    /// Unlinks one of them; refused when it is the only way to sign in
    #[oai(path = "/auth/identities/:id", method = "delete", operation_id = "ProviderController.unlink")]
    async fn unlink(
        &self,
        app: App,
        id: Path<String>,
        caller: Bearer,
    ) -> Result<Reply<SuccessResponse>, Failure> {
        app.run_to_end(|core| async move { core.unlink_identity(&caller.0, &id.0).await }).await?;
        Reply::of(&SuccessResponse::done())
    }
}

impl From<Identity> for IdentityResponse {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id.to_string(),
            provider: identity.provider,
            subject: identity.subject,
            issuer: Some(identity.issuer).filter(|issuer| !issuer.is_empty()),
        }
    }
}
