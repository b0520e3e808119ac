//! Headers that keep browsers and caches from doing anything clever with a reply.

use poem::http::{HeaderName, HeaderValue, header};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

use crate::settings::HttpSettings;

/// Added where the endpoint did not set them.
const DEFAULTS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// Adds the headers; `Strict-Transport-Security` only where clients come over TLS (RFC 6797 §7.2).
pub(crate) struct SecurityHeaders {
    is_https: bool,
}

impl SecurityHeaders {
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        Self { is_https: settings.is_https() }
    }
}

impl<E: Endpoint> Middleware<E> for SecurityHeaders {
    type Output = SecurityHeadersEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        SecurityHeadersEndpoint { inner, is_https: self.is_https }
    }
}

pub(crate) struct SecurityHeadersEndpoint<E> {
    inner: E,
    is_https: bool,
}

impl<E: Endpoint> Endpoint for SecurityHeadersEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let mut response = self.inner.call(request).await?.into_response();
        let headers = response.headers_mut();
        for (name, value) in DEFAULTS {
            headers.entry(name).or_insert(value);
        }
        if self.is_https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, ONE_YEAR);
        }
        Ok(response)
    }
}
