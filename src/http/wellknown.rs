//! Discovery documents.

use poem::http::header;
use poem::web::Data;
use poem::{IntoResponse, Response, handler};

use crate::native::error::Failure;
use crate::shared::App;

/// How long a key set may be cached; keys are published at least that long before they sign.
const JWKS_CACHE: &str = "public, max-age=300";

/// `GET /.well-known/jwks.json` (RFC 7517 §5).
#[handler]
pub(crate) async fn jwks(Data(app): Data<&App>) -> Result<Response, Failure> {
    let keys = app.core.jwks().await?;
    let response = Response::builder().content_type("application/json").body(keys.to_string());
    Ok(response.with_header(header::CACHE_CONTROL, JWKS_CACHE).into_response())
}
