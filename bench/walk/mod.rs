//! What a connection asks for, request by request.

mod login;
mod rotation;
mod script;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::driver::Reply;

pub(crate) use self::login::{CodeFlow, LoginToken, Users};
pub(crate) use self::rotation::Rotation;
pub(crate) use self::script::{Repeat, Sequence};

/// What a reply means for the operation under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Progress {
    /// It is complete.
    Done,
    /// It needs another request.
    More,
    /// It failed; the next request begins a new one.
    Failed,
}

/// One client: keeps what its next request needs.
pub(crate) trait Walker: Send {
    /// Writes the next request.
    fn request(&mut self, out: &mut Vec<u8>);
    /// Takes the reply in.
    fn reply(&mut self, reply: &Reply<'_>) -> Progress;
}

/// The reply to a sign-in or a rotation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl Tokens {
    pub(crate) fn read(reply: &Reply<'_>) -> Option<Self> {
        if reply.status == 200 { serde_json::from_slice(reply.body).ok() } else { None }
    }
}

/// The client every walker signs in through.
#[derive(Clone, Debug)]
pub(crate) struct ClientCredentials {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// Writes `GET path`, with a token if there is one.
pub(crate) fn get(out: &mut Vec<u8>, path: &str, access: Option<&str>) {
    out.extend_from_slice(b"GET ");
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nhost: bench\r\n");
    bearer(out, access);
    out.extend_from_slice(b"\r\n");
}

/// Writes `POST path` with a JSON body, with a token if there is one.
pub(crate) fn post(out: &mut Vec<u8>, path: &str, access: Option<&str>, body: &[u8]) {
    out.extend_from_slice(b"POST ");
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ");
    out.extend_from_slice(body.len().to_string().as_bytes());
    out.extend_from_slice(b"\r\n");
    bearer(out, access);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

/// Writes `POST path` with a form, as a client that says who it is in the header (RFC 6749 §2.3.1).
///
/// Identifier and secret must be of letters, digits, `-`, `.` and `_`: nothing is escaped.
pub(crate) fn post_form(out: &mut Vec<u8>, path: &str, client: &ClientCredentials, form: &str) {
    let ClientCredentials { client_id, client_secret } = client;
    let basic = STANDARD.encode(format!("{client_id}:{client_secret}"));
    let length = form.len();
    out.extend_from_slice(
        format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {length}\r\nauthorization: Basic {basic}\r\n\r\n{form}"
        )
        .as_bytes(),
    );
}

fn bearer(out: &mut Vec<u8>, access: Option<&str>) {
    if let Some(access) = access {
        out.extend_from_slice(b"authorization: Bearer ");
        out.extend_from_slice(access.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}
