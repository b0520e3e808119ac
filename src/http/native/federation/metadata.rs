//! Our own metadata, for the administrators of SAML providers.

use doorward_core::domain::error::ErrorKind;
use poem::Response;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::redirect::Metadata;
use crate::native::Tag;
use crate::native::error::Failure;
use crate::shared::App;

pub(crate) struct MetadataApi;

#[expect(clippy::unused_async, reason = "poem-openapi awaits every handler")]
#[OpenApi(tag = "Tag::SamlLoginController")]
impl MetadataApi {
    /// Metadata of this service provider (SAML 2.0)
    #[oai(path = "/auth/saml/metadata", method = "get", operation_id = "SamlLoginController.metadata")]
    async fn metadata(&self, app: App) -> Result<Metadata, Failure> {
        metadata_of(&app, "saml")
    }

    /// Metadata for the provider of that id (SAML 2.0)
    #[oai(
        path = "/auth/providers/:id/metadata",
        method = "get",
        operation_id = "SamlLoginController.metadataOfProvider"
    )]
    async fn metadata_of_provider(&self, app: App, id: Path<String>) -> Result<Metadata, Failure> {
        metadata_of(&app, &id.0)
    }
}

fn metadata_of(app: &App, provider: &str) -> Result<Metadata, Failure> {
    let metadata = app.core.provider_metadata(provider, &app.settings.public_url)?;
    let metadata = metadata.ok_or(ErrorKind::ProviderUnknown)?;
    Ok(Metadata(Response::builder().content_type("application/samlmetadata+xml").body(metadata)))
}
