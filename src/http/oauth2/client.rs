//! What a client brought to prove who it is (RFC 6749 §2.3, RFC 7521 §4.2).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use doorward_core::domain::error::ErrorKind;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::PresentedClient;
use poem::http::{HeaderMap, header};
use poem::{FromRequest, Request, RequestBody, Result};

use super::error::Failure;
use super::parameters::Parameters;

/// Some clients leave the padding away.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `id:secret` of the `Authorization` header (RFC 7617 §2). Another scheme is none of a client's and is ignored.
pub(super) struct Basic(Option<Secret<String>>);

impl<'a> FromRequest<'a> for Basic {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        Ok(Self(credentials(request.headers())?))
    }
}

impl Basic {
    /// With what the form says of the client.
    pub(super) fn with(self, parameters: &mut Parameters) -> PresentedClient {
        PresentedClient {
            basic: self.0,
            client_id: parameters.take("client_id"),
            client_secret: parameters.take("client_secret").map(Secret::new),
            assertion: parameters.take("client_assertion").map(Secret::new),
            assertion_type: parameters.take("client_assertion_type"),
        }
    }
}

/// A header that cannot be read proves nothing: 401, not 400 (RFC 6749 §5.2).
fn credentials(headers: &HeaderMap) -> Result<Option<Secret<String>>, Failure> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), another) = (values.next(), values.next()) else {
        return Ok(None);
    };
    if another.is_some() {
        return Err(ErrorKind::ClientAuthFailed.into());
    }
    let bytes = value.as_bytes();
    let (scheme, rest) = bytes.split_at_checked(b"basic".len()).unwrap_or((bytes, b""));
    if !scheme.eq_ignore_ascii_case(b"basic") || rest.first().is_some_and(|byte| *byte != b' ') {
        return Ok(None);
    }
    let decoded = BASE64.decode(rest.trim_ascii()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.filter(|text| text.contains(':') && !text.contains('\0')) {
        Some(text) => Ok(Some(Secret::new(text))),
        None => Err(ErrorKind::ClientAuthFailed.into()),
    }
}

#[cfg(test)]
mod tests {
    use poem::error::ResponseError as _;
    use poem::http::HeaderValue;

    use super::*;

    fn judge(values: &[&[u8]]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value).expect("a header"));
        }
        match credentials(&headers) {
            Ok(basic) => Ok(basic.map(|secret| secret.expose().clone())),
            Err(failure) => Err(failure.status().as_u16()),
        }
    }

    #[test]
    fn credentials_are_taken_as_they_come() {
        let taken = Ok(Some("app:a+b/c=:%41".to_owned()));
        assert_eq!(judge(&[b"Basic YXBwOmErYi9jPTolNDE="]), taken);
        assert_eq!(judge(&[b"bASIC   YXBwOmErYi9jPTolNDE"]), taken);
        assert_eq!(judge(&[]), Ok(None));
        for other in [&b"Bearer abc"[..], b"Basically abc", b"", b"Bas", b"DPoP x"] {
            assert_eq!(judge(&[other]), Ok(None));
        }
    }

    #[test]
    fn what_cannot_be_read_proves_nothing() {
        for malformed in [
            &b"Basic"[..],
            b"Basic ",
            b"Basic ***",
            b"Basic YXBw",
            b"Basic /////w==",
            b"Basic \xff",
            b"Basic OgA=",
        ] {
            assert_eq!(judge(&[malformed]), Err(401), "{malformed:?}");
        }
        assert_eq!(judge(&[b"Basic YTpi", b"Basic YTpi"]), Err(401));
    }
}
