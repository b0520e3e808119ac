//! Where a request comes from, as the core's commands want to know it.

use doorward_core::domain::actor::{Actor, Origin};
use poem::http::HeaderMap;
use poem::http::header::USER_AGENT;
use poem::{FromRequest, Request, RequestBody, Result};

use super::client_ip::client_ip;
use crate::shared::App;

/// Most characters kept of `User-Agent`.
const MAX_USER_AGENT: usize = 512;
/// Most characters kept of `device_id`.
const MAX_DEVICE_ID: usize = 255;

/// Extracts the [`Origin`].
pub(crate) struct RequestOrigin(pub(crate) Origin);

impl RequestOrigin {
    /// A caller from there who has proved nothing.
    pub(crate) fn anonymous(self) -> Actor {
        Actor::anonymous(self.0)
    }
}

impl<'a> FromRequest<'a> for RequestOrigin {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let app = App::of(request)?;
        let headers = request.headers();
        let peer = request.remote_addr().as_socket_addr().map(std::net::SocketAddr::ip);
        Ok(Self(Origin {
            ip: peer.map(|peer| client_ip(peer, headers, &app.settings.trusted_proxies)),
            user_agent: header_text(headers, USER_AGENT.as_str(), MAX_USER_AGENT),
            device_id: header_text(headers, "device_id", MAX_DEVICE_ID),
        }))
    }
}

/// The header's text, cut; bytes that are no UTF-8 become U+FFFD.
fn header_text(headers: &HeaderMap, name: &str, most: usize) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    let cut: String = text.chars().take(most).collect();
    (!cut.is_empty()).then_some(cut)
}
