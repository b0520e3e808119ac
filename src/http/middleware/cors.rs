//! Cross-origin calls (<https://fetch.spec.whatwg.org/#http-cors-protocol>), never with credentials, and never of what
//! browsers visit: scripts of other origins have no business with our pages and cookies.

use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

use crate::settings::HttpSettings;

const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");
const EXPOSED: HeaderValue = HeaderValue::from_static("x-request-id,retry-after");

/// Paths that browsers visit with cookies of ours, with everything below them.
const VISITED: [&str; 11] = [
    "/oauth2/authorize",
    "/oauth2/connect/endSession",
    "/oauth2/connect/checkSession",
    "/sign-in",
    "/sign-up",
    "/sign-out",
    "/signed-out",
    "/consent",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
];

/// Answers preflights of any path and lets the allowed origins read every reply but those of pages.
pub(crate) struct Cors {
    /// `None` = any.
    allowed: Option<Vec<String>>,
}

impl Cors {
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        Self { allowed: (!settings.allows_any_origin()).then(|| settings.cors_origins.clone()) }
    }
}

impl<E: Endpoint> Middleware<E> for Cors {
    type Output = CorsEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        CorsEndpoint { inner, allowed: self.allowed.clone() }
    }
}

pub(crate) struct CorsEndpoint<E> {
    inner: E,
    allowed: Option<Vec<String>>,
}

impl<E: Endpoint> CorsEndpoint<E> {
    /// The origin to name: all, the asking one, or none.
    fn allowed_origin(&self, request: &Request) -> Option<HeaderValue> {
        if is_visited(request.uri().path()) {
            return None;
        }
        let Some(allowed) = &self.allowed else {
            return Some(HeaderValue::from_static("*"));
        };
        let origin = request.headers().get(header::ORIGIN)?;
        allowed.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
    }

    fn decorate(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.allowed.is_some() {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

fn is_visited(path: &str) -> bool {
    VISITED.iter().any(|visited| {
        path.strip_prefix(visited).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    })
}

impl<E: Endpoint> Endpoint for CorsEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let origin = self.allowed_origin(&request);
        if request.method() == Method::OPTIONS {
            return Ok(self.preflight(&request, origin));
        }
        let mut response = self.inner.call(request).await?.into_response();
        self.decorate(response.headers_mut(), origin);
        Ok(response)
    }
}

impl<E: Endpoint> CorsEndpoint<E> {
    fn preflight(&self, request: &Request, origin: Option<HeaderValue>) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        let is_allowed = origin.is_some();
        self.decorate(headers, origin);
        if is_allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
            if let Some(asked) = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
                headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
            }
        }
        headers.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_one_that_browsers_visit() {
        for (path, _) in crate::page::routes::routes() {
            assert!(is_visited(path), "{path} is missing in VISITED");
        }
        let known = crate::page::routes::routes().into_iter().map(|(path, _)| path);
        let known: Vec<_> = known.chain(crate::oauth2::routes().into_iter().map(|(path, _)| path)).collect();
        for visited in VISITED {
            assert!(known.contains(&visited), "{visited} is no path any more");
        }
    }

    #[test]
    fn what_browsers_visit_is_for_nobody_elses_scripts() {
        for path in ["/oauth2/authorize", "/oauth2/authorize/", "/sign-in/second-factor", "/sign-up"] {
            assert!(is_visited(path), "{path}");
        }
        for path in ["/oauth2/token", "/oauth2/userinfo", "/auth/sign-up/verify-token", "/sign-inn", "/"] {
            assert!(!is_visited(path), "{path}");
        }
    }
}
