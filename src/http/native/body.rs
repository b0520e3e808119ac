//! Request bodies: JSON → every failure at once → the request type.

use poem::http::HeaderMap;
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::Value;

use super::error::Failure;
use super::schema::BodySchema;
use super::strict_json;
use crate::body::{self, Mistyped, Unread};

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

/// The whole body.
pub(super) async fn read(body: &mut RequestBody) -> Result<Vec<u8>, Failure> {
    body::read(body).await.map_err(|unread| match unread {
        Unread::TooLarge => Failure::too_large(),
        Unread::TooSlow => Failure::body_timeout(),
        Unread::Aborted => Failure::syntax("request aborted"),
        Unread::Unreadable => Failure::syntax("request body cannot be read"),
        Unread::Taken => Failure::internal(),
    })
}

/// `application/json` in UTF-8, not compressed. Without a `Content-Type` the body is taken for JSON.
fn require_json(headers: &HeaderMap) -> Result<(), Failure> {
    require_type(headers, "application/json")
}

/// That type in UTF-8, not compressed. A body without a `Content-Type` is taken for one.
pub(super) fn require_type(headers: &HeaderMap, expected: &str) -> Result<(), Failure> {
    body::require_type(headers, expected).map_err(|mistyped| {
        Failure::unsupported_media_type(match mistyped {
            Mistyped::Encoded => "Content-encoding is not supported.".to_owned(),
            Mistyped::Other(shown) => format!("Content-type {shown} does not match [{expected}]."),
            Mistyped::Charset => "Only charset utf-8 is supported.".to_owned(),
        })
    })
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
    use poem::http::{HeaderValue, header};
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
