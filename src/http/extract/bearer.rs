//! `Authorization: Bearer <token>` (RFC 6750 §2.1), judged as the old service judged it.

use doorward_core::domain::claims::VerifiedToken;
use doorward_core::domain::error::ErrorKind;
use doorward_core::domain::secret::Secret;
use poem::http::{HeaderMap, header};
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::native::error::Failure;
use crate::shared::App;
use crate::urlencoded;

/// The security scheme's name in the document.
const SCHEME: &str = "HTTPBearer";

/// A verified, unrevoked access token.
pub(crate) struct Bearer(pub(crate) VerifiedToken);

/// An access token that the use-case will judge; that there is one is certain.
pub(crate) struct RawBearer(pub(crate) Secret<String>);

/// The second word of `Authorization`, whatever the first one is.
pub(crate) struct AccompanyingToken(pub(crate) Option<Secret<String>>);

impl Bearer {
    async fn extract(request: &Request) -> Result<Self, Failure> {
        let token = presented(request)?;
        let app = App::of(request)?;
        Ok(Self(app.core.authenticate(token.expose()).await?))
    }
}

impl RawBearer {
    #[expect(clippy::unused_async, reason = "the same shape as `Bearer::extract`, which awaits")]
    async fn extract(request: &Request) -> Result<Self, Failure> {
        presented(request).map(Self)
    }
}

impl AccompanyingToken {
    #[expect(clippy::unused_async, reason = "the same shape as `Bearer::extract`, which awaits")]
    async fn extract(request: &Request) -> Result<Self, Failure> {
        let words = single_header(request.headers()).ok().flatten();
        Ok(Self(words.and_then(|value| value.split(' ').nth(1)).map(Secret::from)))
    }
}

macro_rules! documented_as_bearer {
    ($name:ty) => {
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme(SCHEME, scheme());
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![SCHEME]
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> Result<Self> {
                Ok(Self::extract(request).await?)
            }
        }
    };
}
documented_as_bearer!(Bearer);
documented_as_bearer!(RawBearer);
documented_as_bearer!(AccompanyingToken);

fn scheme() -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description: None,
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: Some("JWT"),
        flows: None,
        openid_connect_url: None,
    }
}

/// The token of the header, or of the query where the settings allow that; of both = malformed (RFC 6750 §2).
fn presented(request: &Request) -> Result<Secret<String>, Failure> {
    let of_header = of_header(request.headers())?;
    let reads_query = App::of(request)?.settings.allow_access_token_in_query;
    let of_query = if reads_query { query_token(request) } else { None };
    match (of_header, of_query) {
        (Some(_), Some(_)) => Err(ErrorKind::BearerMalformed.into()),
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(ErrorKind::BearerMissing.into()),
    }
}

/// The token of the header; `None` for none and for another scheme.
pub(crate) fn of_header(headers: &HeaderMap) -> Result<Option<Secret<String>>, ErrorKind> {
    Ok(single_header(headers)?.map(bearer_token).transpose()?.flatten())
}

/// The only `Authorization` header, as text.
fn single_header(headers: &HeaderMap) -> Result<Option<&str>, ErrorKind> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ErrorKind::BearerMalformed),
        (Some(_), Some(_)) => Err(ErrorKind::BearerMalformed),
    }
}

/// `None` for another scheme; an error unless there are exactly two words.
fn bearer_token(value: &str) -> Result<Option<Secret<String>>, ErrorKind> {
    let mut words = value.split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some(scheme), Some(token), None) if !token.is_empty() => {
            Ok(scheme.eq_ignore_ascii_case("bearer").then(|| Secret::from(token)))
        }
        _ => Err(ErrorKind::BearerMalformed),
    }
}

fn query_token(request: &Request) -> Option<Secret<String>> {
    let pairs = urlencoded::pairs(request.uri().query().unwrap_or_default()).ok()?;
    pairs.into_iter().find(|(name, _)| name == "access_token").map(|(_, value)| Secret::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(value: &str) -> Result<Option<String>, ErrorKind> {
        let token = bearer_token(value)?;
        Ok(token.map(|token| token.expose().clone()))
    }

    #[test]
    fn two_words_are_needed_and_the_first_is_bearer() {
        assert_eq!(judge("Bearer abc"), Ok(Some("abc".to_owned())));
        assert_eq!(judge("bEARER abc"), Ok(Some("abc".to_owned())));
        assert_eq!(judge("Basic abc"), Ok(None));
        for malformed in ["Bearer", "Bearer ", "abc", "", "Bearer a b", "Bearer  a"] {
            assert_eq!(judge(malformed), Err(ErrorKind::BearerMalformed), "{malformed}");
        }
    }

    #[test]
    fn odd_headers_are_malformed() {
        let mut headers = HeaderMap::new();
        headers.append(header::AUTHORIZATION, "Bearer a".parse().expect("header"));
        assert!(matches!(single_header(&headers), Ok(Some("Bearer a"))));
        headers.append(header::AUTHORIZATION, "Bearer b".parse().expect("header"));
        assert!(single_header(&headers).is_err());
        let mut headers = HeaderMap::new();
        let bytes = poem::http::HeaderValue::from_bytes(b"Bearer \xff").expect("header");
        headers.append(header::AUTHORIZATION, bytes);
        assert!(single_header(&headers).is_err());
    }
}
