//! The whole router.

use std::sync::Arc;

use doorward_core::usecase::Core;
use poem::endpoint::{BoxEndpoint, EndpointExt as _};
use poem::error::{MethodNotAllowedError, ResponseError as _};
use poem::http::Method;
use poem::{Endpoint, PathPattern, Request, Response, Result, Route, RouteMethod, get};

use crate::middleware::cors::Cors;
use crate::middleware::guard::Guard;
use crate::middleware::observe::Observe;
use crate::middleware::security_headers::SecurityHeaders;
use crate::native::error::Failure;
use crate::settings::HttpSettings;
use crate::shared::Shared;
use crate::{docs, health, native, oauth2, page, shared, wellknown};

/// The router with all its middlewares; never answers with an error of its own.
pub type App = BoxEndpoint<'static, Response>;

/// Every path of every dialect.
#[must_use]
pub fn app(core: Arc<Core>, settings: HttpSettings) -> App {
    let shared = shared::App::new(Arc::new(Shared { core, settings }));
    let settings = &shared.settings;
    routes(&shared)
        .with(Guard::new(settings))
        .with(SecurityHeaders::new(settings))
        .with(Cors::new(settings))
        .with(Observe::new(shared.clone()))
        .boxed()
}

fn routes(app: &shared::App) -> Route {
    let document = native::native_document();
    let mut route = Route::new()
        .at("/ping", get(health::ping))
        .at("/health/live", get(health::live))
        .at("/health/ready", get(health::ready))
        .at("/.well-known/jwks.json", get(wellknown::jwks));
    let native: Arc<dyn poem::endpoint::DynEndpoint<Output = Response>> =
        Arc::new(poem::endpoint::ToDynEndpoint(native::endpoint()));
    for (path, changes_by_get) in native_paths(&document) {
        let pattern = path.as_str().into();
        route = route.at(path, Mounted { pattern, changes_by_get, dialect: Arc::clone(&native) });
    }
    for (path, endpoint) in oauth2::routes() {
        route = route.at(path, endpoint);
    }
    for (path, endpoint) in wellknown::discovery(app) {
        route = route.at(path, endpoint);
    }
    for (path, file) in docs::files(document, oauth2::oauth2_document()) {
        route = route.at(path, RouteMethod::new().get(file));
    }
    for (path, endpoint) in page::routes::routes() {
        route = route.at(path, endpoint);
    }
    route
}

/// The paths of the dialect's document, in poem's notation; and whether a GET leads the browser on, to a provider or from
/// one, which changes something.
fn native_paths(document: &str) -> Vec<(String, bool)> {
    let document: serde_json::Value = serde_json::from_str(document).unwrap_or_default();
    let paths = document["paths"].as_object().into_iter().flatten();
    let leads_on = |operations: &serde_json::Value| operations["get"]["responses"].get("302").is_some();
    paths.map(|(path, operations)| (path.replace('{', ":").replace('}', ""), leads_on(operations))).collect()
}

/// One path of a dialect, with the dialect's own errors.
struct Mounted {
    pattern: Arc<str>,
    changes_by_get: bool,
    dialect: Arc<dyn poem::endpoint::DynEndpoint<Output = Response>>,
}

impl Endpoint for Mounted {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        // A HEAD must not change anything (RFC 9110 §9.2.1), and poem would run it as the GET.
        let outcome = if self.changes_by_get && request.method() == Method::HEAD {
            Err(MethodNotAllowedError.into())
        } else {
            self.dialect.call(request).await
        };
        let mut response = outcome.unwrap_or_else(|error| Failure::from(error).as_response());
        // The dialect's own router has doubled the pattern.
        response.set_data(PathPattern(Arc::clone(&self.pattern)));
        Ok(response)
    }
}

#[cfg(test)]
mod tests;
