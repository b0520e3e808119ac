//! Request bodies, as bytes of a stated type.

use poem::RequestBody;
use poem::http::{HeaderMap, header};

use crate::middleware::body_limit::BodyFault;

/// Most characters of a content type that an error repeats.
const MAX_ECHO: usize = 100;

/// Why a body did not arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unread {
    /// More bytes than the settings allow.
    TooLarge,
    /// It took too long.
    TooSlow,
    /// The client hung up.
    Aborted,
    /// It is no body.
    Unreadable,
    /// Somebody has read it before: a defect.
    Taken,
}

/// Why a body is not of the type that is needed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Mistyped {
    /// It is compressed.
    Encoded,
    /// It says that it is something else, which is this.
    Other(String),
    /// It is not in UTF-8.
    Charset,
}

/// The whole body.
pub(crate) async fn read(body: &mut RequestBody) -> Result<Vec<u8>, Unread> {
    let body = body.take().map_err(|_| Unread::Taken)?;
    body.into_vec().await.map_err(|error| {
        let poem::error::ReadBodyError::Io(error) = error else {
            return Unread::Unreadable;
        };
        match BodyFault::of(&error) {
            Some(BodyFault::TooLarge) => Unread::TooLarge,
            Some(BodyFault::TooSlow) => Unread::TooSlow,
            None => Unread::Aborted,
        }
    })
}

/// That type in UTF-8, not compressed. A body without a `Content-Type` is taken for one.
pub(crate) fn require_type(headers: &HeaderMap, expected: &str) -> Result<(), Mistyped> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Mistyped::Encoded);
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let content_type = String::from_utf8_lossy(value.as_bytes());
    let mut parts = content_type.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(expected) {
        return Err(Mistyped::Other(essence.chars().take(MAX_ECHO).collect()));
    }
    let is_foreign = |parameter: &str| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("charset")
                && !["utf-8", "utf8"].iter().any(|utf8| value.eq_ignore_ascii_case(utf8))
        })
    };
    if parts.any(is_foreign) { Err(Mistyped::Charset) } else { Ok(()) }
}
