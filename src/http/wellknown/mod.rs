//! What others look up about this service: its public keys and its metadata.

mod discovery;

use std::sync::Arc;

use poem::endpoint::make_sync;
use poem::http::header;
use poem::web::Data;
use poem::{Endpoint, EndpointExt as _, IntoResponse, Response, RouteMethod, get, handler};

use crate::native::error::Failure;
use crate::shared::App;

/// `GET /.well-known/jwks.json` (RFC 7517 §5).
#[handler]
pub(crate) async fn jwks(Data(app): Data<&App>) -> Result<Response, Failure> {
    let keys = app.core.jwks().await?;
    let response = Response::builder().content_type("application/json").body(keys.to_string());
    Ok(response.with_header(header::CACHE_CONTROL, public(app)).into_response())
}

/// The metadata of the OAuth 2.0 dialect, under every path where clients look for it.
pub(crate) fn discovery(app: &App) -> Vec<(String, RouteMethod)> {
    let issuer = app.core.issuer();
    let document = discovery::document(issuer, &app.settings.public_url).to_string();
    let document: Arc<[u8]> = document.into_bytes().into();
    let paths = discovery::paths(issuer).into_iter();
    paths.map(|path| (path, get(metadata(Arc::clone(&document), public(app))))).collect()
}

fn metadata(document: Arc<[u8]>, cache: String) -> impl Endpoint<Output = Response> + 'static {
    make_sync(move |_| {
        Response::builder()
            .content_type("application/json")
            .header(header::CACHE_CONTROL, cache.as_str())
            .body(document.to_vec())
    })
    .map_to_response()
}

/// Others may keep it as long as keys are published before they sign.
fn public(app: &App) -> String {
    format!("public, max-age={}", app.settings.jwks_cache.as_secs())
}
