//! Requests: taken apart, remembered, spoiled if so asked, and handed to whoever answers them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::ports::provider::ProviderKind;
use futures_util::StreamExt as _;
use futures_util::stream;
use poem::http::{Method, StatusCode, header};
use poem::{Body, Request, Response};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::routes::{Endpoint, Spot, locate};
use crate::world::{Call, World};
use crate::{authorize, control, discovery, pages, profile, redeem, saml};

/// Largest body that is read.
const MAX_BODY: usize = 1024 * 1024;

/// A request, as the endpoints want it.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) authorization: Option<String>,
    pub(crate) is_json: bool,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    async fn read(request: Request) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
        let raw_query = parts.uri.query().unwrap_or_default().to_owned();
        let body = body.into_bytes_limit(MAX_BODY).await.ok()?.to_vec();
        let is_form = content_type.starts_with("application/x-www-form-urlencoded");
        Some(Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: pairs(raw_query.as_bytes()),
            raw_query,
            form: if is_form { pairs(&body) } else { Vec::new() },
            authorization: text(header::AUTHORIZATION),
            is_json: content_type.starts_with("application/json"),
            body,
        })
    }

    /// A parameter of form or query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.form.iter().chain(&self.query);
        all.find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The bearer token of header or parameter.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let header = self.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
        header.or_else(|| self.parameter("access_token"))
    }

    /// User and password of `Authorization: Basic`, percent-decoded (RFC 6749 §2.3.1).
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let encoded = self.authorization.as_deref()?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        let decode =
            |text: &str| pairs(format!("x={text}").as_bytes()).into_iter().next().map(|(_, value)| value);
        Some((decode(user)?, decode(password)?))
    }

    fn call(&self, spot: &Spot) -> Call {
        Call {
            kind: spot.kind,
            endpoint: spot.endpoint,
            method: self.method.to_string(),
            parameters: self.query.iter().chain(&self.form).cloned().collect(),
            authorization: self.authorization.clone(),
            raw_query: self.raw_query.clone(),
        }
    }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

/// Answers any request.
pub(crate) async fn answer(world: Arc<World>, request: Request) -> Response {
    let Some(asked) = Asked::read(request).await else {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the body is too large");
    };
    if asked.path == "/canary" {
        world.touch_canary();
        return json_reply(StatusCode::OK, &json!({}));
    }
    if asked.path == "/" || asked.path.starts_with("/_") {
        return control::answer(&world, &asked);
    }
    let Some(spot) = locate(&asked.path) else {
        return html(StatusCode::NOT_FOUND, &pages::page("There is nothing here", ""));
    };
    world.record(asked.call(&spot));
    for fault in world.faults(spot.kind, spot.endpoint) {
        if let Some(spoiled) = transport(&world, fault).await {
            return spoiled;
        }
    }
    match spot.endpoint {
        Endpoint::Discovery if spot.kind == ProviderKind::Saml => saml::metadata(&world),
        Endpoint::Authorize if spot.kind == ProviderKind::Saml => saml::answer(&world, &spot, &asked),
        Endpoint::Discovery => discovery::configuration(&world, &spot),
        Endpoint::Jwks => discovery::keys(&world),
        Endpoint::Authorize => authorize::answer(&world, &spot, &asked),
        Endpoint::Token => redeem::answer(&world, &spot, &asked),
        Endpoint::Userinfo => profile::userinfo(&world, &spot, &asked),
        Endpoint::DebugToken => profile::debug_token(&world, &spot, &asked),
        Endpoint::Revoke => redeem::revoke(&world, &spot, &asked),
        Endpoint::EndSession => authorize::end_session(&world, &asked),
    }
}

async fn transport(world: &World, fault: Fault) -> Option<Response> {
    let sorry = || pages::page("Something went wrong", "<p>Please try again later.</p>");
    match fault {
        Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            None
        }
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(html(status, &sorry()))
        }
        Fault::Html => Some(html(StatusCode::OK, &sorry())),
        Fault::Huge => {
            let chunk = vec![b' '; 64 * 1024];
            let endless = stream::repeat_with(move || Ok::<_, io::Error>(chunk.clone()));
            Some(json_body(Body::from_bytes_stream(endless)))
        }
        Fault::Drip => {
            let drops = stream::repeat(()).then(|()| async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok::<_, io::Error>(b" ".to_vec())
            });
            Some(json_body(Body::from_bytes_stream(drops)))
        }
        Fault::Redirect => Some(redirect(&format!("{}/canary", world.base))),
        _ => None,
    }
}

fn json_body(body: Body) -> Response {
    Response::builder().content_type("application/json").body(body)
}

/// A JSON answer that nobody may keep.
pub(crate) fn json_reply(status: StatusCode, value: &Value) -> Response {
    Response::builder()
        .status(status)
        .content_type("application/json")
        .header(header::CACHE_CONTROL, "no-store")
        .body(value.to_string())
}

/// An error of RFC 6749 §5.2.
pub(crate) fn error(status: StatusCode, code: &str, description: &str) -> Response {
    json_reply(status, &json!({ "error": code, "error_description": description }))
}

pub(crate) fn html(status: StatusCode, page: &str) -> Response {
    Response::builder()
        .status(status)
        .content_type("text/html; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .body(page.to_owned())
}

pub(crate) fn redirect(address: &str) -> Response {
    Response::builder()
        .status(StatusCode::FOUND)
        .header(header::LOCATION, address)
        .header(header::CACHE_CONTROL, "no-store")
        .finish()
}
