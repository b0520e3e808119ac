//! Whatever goes wrong inside, the client gets a reply of the dialect: errors, panics, work that takes too long.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use poem::error::ResponseError as _;
use poem::http::{HeaderValue, Version, header};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

use super::body_limit::limit_body;
use super::trailing_slash::without_trailing_slash;
use crate::settings::HttpSettings;
use crate::{native, oauth2};

/// Limits body and time, catches errors and panics.
pub(crate) struct Guard {
    body_limit: usize,
    request_timeout: Duration,
}

impl Guard {
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        Self { body_limit: settings.body_limit, request_timeout: settings.request_timeout }
    }
}

impl<E: Endpoint> Middleware<E> for Guard {
    type Output = GuardEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        GuardEndpoint { inner, body_limit: self.body_limit, request_timeout: self.request_timeout }
    }
}

pub(crate) struct GuardEndpoint<E> {
    inner: E,
    body_limit: usize,
    request_timeout: Duration,
}

impl<E: Endpoint> Endpoint for GuardEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        if let Some(uri) = without_trailing_slash(request.uri()) {
            *request.uri_mut() = uri;
        }
        let dialect = Dialect::of(request.uri().path());
        let body = request.take_body();
        let (body, rest) = limit_body(body, self.body_limit, self.request_timeout / 2);
        request.set_body(body);
        let keeps_connections = request.version() <= Version::HTTP_11;
        let work = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        let outcome = tokio::time::timeout(self.request_timeout, work).await;
        let mut response = match outcome {
            Ok(Ok(Ok(response))) => response.into_response(),
            Ok(Ok(Err(error))) => dialect.failed(error),
            Ok(Err(_panic)) => {
                // The panic hook has logged the message and the place.
                tracing::error!(event = "endpoint_panicked");
                dialect.failed(native::error::Failure::internal().into())
            }
            Err(_elapsed) => {
                tracing::warn!(event = "request_timed_out");
                dialect.failed(native::error::Failure::unavailable().into())
            }
        };
        if !rest.read_on().await && keeps_connections {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

/// Who is talked to, as far as its errors differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dialect {
    OAuth2,
    Native,
}

impl Dialect {
    fn of(path: &str) -> Self {
        if path.starts_with("/oauth2/") { Self::OAuth2 } else { Self::Native }
    }

    fn failed(self, error: poem::Error) -> Response {
        match self {
            Self::OAuth2 => oauth2::error::Failure::from(error).as_response(),
            Self::Native => native::error::Failure::from(error).as_response(),
        }
    }
}
