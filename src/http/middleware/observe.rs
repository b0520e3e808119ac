//! Request ids and the access log.

use poem::http::{HeaderName, HeaderValue, Method};

use poem::{Endpoint, IntoResponse, Middleware, PathPattern, Request, Response, Result};
use tracing::Instrument as _;

use crate::meter::RequestMeter;
use crate::shared::App;

/// Carries the id in both directions.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest incoming id that is taken over.
const MAX_REQUEST_ID: usize = 128;

/// The id of a request, for whoever shows it.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives every request an id, counts it, and logs it once it is answered: never a body, a query, a header or an address.
pub(crate) struct Observe {
    app: App,
}

impl Observe {
    pub(crate) fn new(app: App) -> Self {
        Self { app }
    }
}

impl<E: Endpoint> Middleware<E> for Observe {
    type Output = ObserveEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        ObserveEndpoint { inner, app: self.app.clone(), meter: RequestMeter::default() }
    }
}

pub(crate) struct ObserveEndpoint<E> {
    inner: E,
    app: App,
    meter: RequestMeter,
}

impl<E: Endpoint> Endpoint for ObserveEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let clock = &self.app.core.ports().clock;
        let started = clock.monotonic();
        let id = incoming_id(&request).unwrap_or_else(|| self.fresh_id());
        let method = known_method(request.method());
        let span = tracing::info_span!("request", request_id = %id);
        request.set_data(self.app.clone());
        request.set_data(RequestId(id.clone()));
        let response = self.inner.call(request).instrument(span).await;
        let mut response = response.map_or_else(poem::Error::into_response, IntoResponse::into_response);
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        // An unknown path is the client's invention and may hold anything: only known patterns are logged.
        let pattern = response.data::<PathPattern>().map(|pattern| pattern.0.clone());
        let latency = clock.monotonic().saturating_sub(started);
        let status = response.status().as_u16();
        // Outside the span: the id is the only thing it would add, and writing a span's fields costs as much again.
        tracing::info!(
            parent: None,
            event = "request",
            request_id = %id,
            method,
            route = pattern.as_deref().unwrap_or("-"),
            status,
            latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
        );
        self.meter.answered(pattern, method, status, latency);
        Ok(response)
    }
}

impl<E> ObserveEndpoint<E> {
    /// 128 random bits in hex.
    fn fresh_id(&self) -> String {
        let mut bytes = [0; 16];
        self.app.core.ports().entropy.fill(&mut bytes);
        format!("{:032x}", u128::from_be_bytes(bytes))
    }
}

/// A method that nobody defined is the client's invention and is not logged.
fn known_method(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("-")
}

/// The caller's id, when it can be logged and echoed without harm.
fn incoming_id(request: &Request) -> Option<String> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let is_sane = (1..=MAX_REQUEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    is_sane.then(|| id.to_owned())
}
