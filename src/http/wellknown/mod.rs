//! Discovery documents.

use poem::http::header;
use poem::web::Data;
use poem::{IntoResponse, Response, handler};

use crate::native::error::Failure;
use crate::shared::App;

/// `GET /.well-known/jwks.json` (RFC 7517 §5).
#[handler]
pub(crate) async fn jwks(Data(app): Data<&App>) -> Result<Response, Failure> {
    let keys = app.core.jwks().await?;
    let response = Response::builder().content_type("application/json").body(keys.to_string());
    let cache = format!("public, max-age={}", app.settings.jwks_cache.as_secs());
    Ok(response.with_header(header::CACHE_CONTROL, cache).into_response())
}
