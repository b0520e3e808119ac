//! The frame that a client's page asks whether somebody else has signed in since (OpenID Connect Session Management §3.2).

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::TokenHash;
use doorward_core::ports::signer::Expiry;
use poem::http::header;
use poem::{Response, handler};

use super::error::Failure;
use super::parameters::Anywhere;
use crate::shared::App;

/// Reads the cookie `doorward_browser_state`, which is no secret; every salt is in the message.
const SCRIPT: &str = include_str!("check_session.js");

/// Any client's page may hold the frame.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(TokenHash::of(SCRIPT).as_bytes());
    format!("default-src 'none'; script-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors *")
});

static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Session</title>\n</head>\n\
         <body hidden>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
});

/// `GET /oauth2/connect/checkSession`; an `id_token`, which older clients send, has to be one of ours.
#[handler]
pub(super) async fn check_session(app: App, parameters: Anywhere) -> Result<Response, Failure> {
    let Anywhere(mut parameters) = parameters;
    if let Some(token) = parameters.take("id_token") {
        let ports = app.core.ports();
        ports.signer.verify_id_token(&token, Expiry::Ignored, ports.clock.now()).await?;
    }
    let page = Response::builder().content_type("text/html;charset=UTF-8");
    Ok(page.header(header::CONTENT_SECURITY_POLICY, POLICY.as_str()).body(PAGE.as_str()))
}
