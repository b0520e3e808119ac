//! Replies of this dialect.

use poem::Response;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

/// For everything that is JSON and not for caches (RFC 6749 §5.1), as the dialect's older clients know it.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::PRAGMA, HeaderValue::from_static("no-cache")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
];

/// JSON that nobody keeps.
pub(super) fn json(status: StatusCode, body: impl Into<poem::Body>) -> Response {
    let mut response = Response::builder().status(status).body(body);
    response.headers_mut().extend(HEADERS);
    response
}

/// An object that nobody keeps.
pub(super) fn object(members: Map<String, Value>) -> Response {
    json(StatusCode::OK, Value::Object(members).to_string())
}
