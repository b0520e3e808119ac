//! Request bodies: JSON → every failure at once → the request type.

use poem::http::{HeaderMap, header};
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::Value;

use super::error::Failure;
use super::schema::BodySchema;
use super::strict_json;
use crate::middleware::body_limit::BodyFault;

/// A request type of this dialect: an object of strings and objects.
pub(crate) trait RequestObject: Type + ParseFromJSON {
    /// What a body of this type must look like, read once from the type's own OpenAPI schema.
    fn schema() -> &'static BodySchema;
}

/// Makes a type derived with `Object` a request body; an `open` one may hold whatever else it likes.
macro_rules! request_body {
    ($name:ty) => {
        $crate::native::body::request_body!($name, closed);
    };
    ($name:ty, $openness:ident) => {
        impl $crate::native::body::RequestObject for $name {
            fn schema() -> &'static $crate::native::schema::BodySchema {
                static SCHEMA: std::sync::OnceLock<$crate::native::schema::BodySchema> =
                    std::sync::OnceLock::new();
                SCHEMA.get_or_init($crate::native::schema::BodySchema::$openness::<$name>)
            }
        }
    };
}
pub(crate) use request_body;

/// The parsed body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: RequestObject> Payload for Body<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: RequestObject> ParsePayload for Body<T> {
    // As in the old document: an absent body counts as `{}`.
    const IS_REQUIRED: bool = false;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let bytes = read(body).await?;
        if !bytes.is_empty() {
            require_json(request.headers())?;
        }
        Ok(parse(&bytes).map(Self)?)
    }
}

impl<'a, T: RequestObject> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: <Self as Payload>::CONTENT_TYPE,
                schema: <Self as Payload>::schema_ref(),
            }],
            required: <Self as ParsePayload>::IS_REQUIRED,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        <Self as ParsePayload>::from_request(request, body).await
    }
}

pub(super) async fn read(body: &mut RequestBody) -> Result<Vec<u8>, Failure> {
    let body = body.take().map_err(|_| Failure::internal())?;
    body.into_vec().await.map_err(|error| {
        let poem::error::ReadBodyError::Io(error) = error else {
            return Failure::syntax("request body cannot be read");
        };
        match BodyFault::of(&error) {
            Some(BodyFault::TooLarge) => Failure::too_large(),
            Some(BodyFault::TooSlow) => Failure::body_timeout(),
            None => Failure::syntax("request aborted"),
        }
    })
}

/// `application/json` in UTF-8, not compressed. Without a `Content-Type` the body is taken for JSON.
fn require_json(headers: &HeaderMap) -> Result<(), Failure> {
    require_type(headers, "application/json")
}

/// That type in UTF-8, not compressed. A body without a `Content-Type` is taken for one.
pub(super) fn require_type(headers: &HeaderMap, expected: &str) -> Result<(), Failure> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Failure::unsupported_media_type("Content-encoding is not supported.".to_owned()));
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let content_type = String::from_utf8_lossy(value.as_bytes());
    let mut parts = content_type.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(expected) {
        let shown: String = essence.chars().take(100).collect();
        let message = format!("Content-type {shown} does not match [{expected}].");
        return Err(Failure::unsupported_media_type(message));
    }
    let is_foreign = |parameter: &str| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("charset")
                && !["utf-8", "utf8"].iter().any(|utf8| value.eq_ignore_ascii_case(utf8))
        })
    };
    if parts.any(is_foreign) {
        return Err(Failure::unsupported_media_type("Only charset utf-8 is supported.".to_owned()));
    }
    Ok(())
}

/// The body as `T`, or every reason why it is none.
fn parse<T: RequestObject>(bytes: &[u8]) -> Result<T, Failure> {
    let value = if bytes.iter().all(u8::is_ascii_whitespace) {
        Value::Null
    } else {
        strict_json::parse(bytes).map_err(|problem| Failure::syntax(problem.to_string()))?
    };
    of_object(match value {
        Value::Null => Value::Object(serde_json::Map::new()),
        other => other,
    })
}

/// The object as `T`, or every reason why it is none.
pub(super) fn of_object<T: RequestObject>(object: Value) -> Result<T, Failure> {
    let failures = T::schema().failures(&object);
    if !failures.is_empty() {
        return Err(Failure::invalid_body(failures));
    }
    T::parse_from_json(Some(object)).map_err(|error| {
        tracing::error!(event = "schema_and_type_disagree", error = %error.into_message());
        Failure::internal()
    })
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::native::wire::{LoginRequest, RefreshTokenRequestPartial};

    fn refused(body: &str) -> Failure {
        match parse::<LoginRequest>(body.as_bytes()) {
            Ok(_) => panic!("accepted {body}"),
            Err(failure) => failure,
        }
    }

    #[test]
    fn a_good_body_is_taken_exactly() {
        let body = r#"{"client_id":"webapp","username":" Alice ","password":"p\u00e9"}"#;
        let parsed = parse::<LoginRequest>(body.as_bytes()).expect("valid");
        assert_eq!(parsed.username, " Alice ");
        assert_eq!(parsed.password, "pé");
        assert!(parsed.client_secret.is_none());
    }

    #[test]
    fn every_failure_is_listed() {
        let failure = refused(r#"{"username":1,"x":true}"#);
        assert_eq!(failure.status.as_u16(), 422);
        assert_eq!(
            failure.details.as_deref(),
            Some(&json!([
                {"path":"","code":"required","message":"must have required property 'client_id'",
                 "info":{"missingProperty":"client_id"}},
                {"path":"","code":"required","message":"must have required property 'password'",
                 "info":{"missingProperty":"password"}},
                {"path":"/username","code":"type","message":"must be string","info":{"type":"string"}},
                {"path":"","code":"additionalProperties","message":"must NOT have additional properties",
                 "info":{"additionalProperty":"x"}},
            ]))
        );
    }

    #[test]
    fn absent_and_null_bodies_count_as_empty_objects() {
        for body in ["", " ", "null"] {
            assert!(parse::<RefreshTokenRequestPartial>(body.as_bytes()).is_ok());
            assert_eq!(refused(body).status.as_u16(), 422);
        }
    }

    #[test]
    fn odd_json_is_refused() {
        for (body, status) in [
            ("{", 400),
            (r#"{"username":"a","username":"b"}"#, 400),
            (r#"{"username":"\ud800"}"#, 400),
            (r#"{"username":1e999}"#, 400),
            ("\u{feff}{}", 400),
            ("[]", 422),
            ("\"text\"", 422),
            (r#"{"client_id":"a","username":"a\u0000","password":"p"}"#, 422),
            (r#"{"client_id":null,"username":"a","password":"p"}"#, 422),
            (r#"{"client_id":"a","client_secret":null,"username":"a","password":"p"}"#, 422),
        ] {
            assert_eq!(refused(body).status.as_u16(), status, "{body}");
        }
        assert_eq!(refused(&"[".repeat(100_000)).status.as_u16(), 400);
        let long = "x".repeat(1_000_000);
        let body = json!({ "client_id": long, "username": "a", "password": "b" }).to_string();
        assert_eq!(refused(&body).status.as_u16(), 422);
        assert!(parse::<LoginRequest>(b"\xff").is_err());
    }

    #[test]
    fn only_json_in_utf8_is_supported() {
        let judge = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_bytes(value).expect("header"));
            require_json(&headers).map_err(|failure| failure.status.as_u16())
        };
        assert_eq!(judge(b"application/json"), Ok(()));
        assert_eq!(judge(b"Application/JSON; charset=\"UTF-8\""), Ok(()));
        for bad in [&b"text/plain"[..], b"application/json; charset=utf-16", b"application/x-\xff", b""] {
            assert_eq!(judge(bad), Err(415));
        }
    }
}
