//! The OAuth 2.0 and OpenID Connect dialect: forms in, JSON and redirects out.

mod authorize;
mod check_session;
mod client;
mod document;
mod end_session;
pub(crate) mod error;
mod idtokeninfo;
mod introspect;
mod operations;
mod parameters;
mod reply;
mod revoke;
mod token;
mod tokeninfo;
mod userinfo;
mod visitor;
mod wire;

use poem::error::{MethodNotAllowedError, ResponseError as _};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Endpoint, Request, Response, Result, RouteMethod, get, handler, post};

pub use self::document::oauth2_document;
use self::error::Failure;
use crate::wellknown;

/// Every path of the dialect, its discovery apart.
pub(crate) fn routes() -> Vec<(&'static str, Answering)> {
    use self::authorize::authorize;
    use self::end_session::end_session;
    use self::tokeninfo::tokeninfo;
    use self::userinfo::userinfo;
    vec![
        ("/oauth2/authorize", changing(get(authorize).post(authorize))),
        ("/oauth2/access_token", by_post(post(token::token))),
        ("/oauth2/token", by_post(post(token::token))),
        ("/oauth2/introspect", by_post(post(introspect::introspect))),
        ("/oauth2/token/revoke", by_post(post(revoke::revoke))),
        ("/oauth2/revoke", by_post(post(revoke::revoke))),
        ("/oauth2/userinfo", both(get(userinfo).post(userinfo))),
        ("/oauth2/tokeninfo", both(get(tokeninfo).post(tokeninfo))),
        ("/oauth2/idtokeninfo", by_post(post(idtokeninfo::idtokeninfo))),
        ("/oauth2/connect/endSession", changing(get(end_session).post(end_session))),
        ("/oauth2/connect/checkSession", by_get(get(check_session::check_session))),
        ("/oauth2/connect/jwk_uri", by_get(get(wellknown::jwks))),
    ]
}

fn both(methods: RouteMethod) -> Answering {
    Answering { methods, allow: HeaderValue::from_static("GET, HEAD, POST") }
}

/// What changes something by GET too, as the standards want it: a HEAD must not (RFC 9110 §9.2.1), and is not known.
fn changing(methods: RouteMethod) -> Answering {
    Answering { methods: methods.head(not_known), allow: HeaderValue::from_static("GET, POST") }
}

#[handler]
fn not_known() -> Result<Response> {
    Err(MethodNotAllowedError.into())
}

fn by_get(methods: RouteMethod) -> Answering {
    Answering { methods, allow: HeaderValue::from_static("GET, HEAD") }
}

fn by_post(methods: RouteMethod) -> Answering {
    Answering { methods, allow: HeaderValue::from_static("POST") }
}

/// One path, with the dialect's own errors.
pub(crate) struct Answering {
    methods: RouteMethod,
    /// For a method that is not known (RFC 9110 §15.5.6).
    allow: HeaderValue,
}

impl Endpoint for Answering {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let outcome = self.methods.call(request).await;
        let mut response = outcome.unwrap_or_else(|error| Failure::from(error).as_response());
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, self.allow.clone());
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests;
