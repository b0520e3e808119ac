//! The dialect's errors, as values and on the wire.
//!
//! `message` is an object `{"message": …}` where the old service raised the error inside a verifier (client, password,
//! bearer), and a string where its controller raised it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::secret::Secret;
use poem::error::{MethodNotAllowedError, NotFoundError, ResponseError};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::error::ParsePathError;
use poem_openapi::registry::{MetaResponses, Registry};
use serde_json::{Map, Value, json};

mod raised;

/// When to come back after a 503.
const RETRY_AFTER_UNAVAILABLE: Duration = Duration::from_secs(1);

/// `error.message` on the wire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// Raised by a controller.
    Text(Cow<'static, str>),
    /// Raised by a verifier: `{"message": …}`.
    Object(Cow<'static, str>),
    /// What the old service answers to a malformed `Authorization`.
    Number(u16),
}

/// Where an error of the core is raised, as far as its wording depends on that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// `POST /auth/login`
    Login,
    /// `POST /auth/login-token`
    LoginToken,
    /// `PATCH /auth/change-password` with the current password in the body.
    ChangeWithOldPassword,
    /// Where a sign-up's token is the bearer.
    SignUp,
    /// `GET /auth/check-qr-code` without a code.
    WithoutCode,
    /// Anywhere else.
    Elsewhere,
}

/// An error as this dialect writes it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) name: Option<&'static str>,
    pub(crate) message: Message,
    pub(crate) code: Option<&'static str>,
    pub(crate) details: Option<Box<Value>>,
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    /// A string message under the status' usual name.
    pub(crate) fn text(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            name: usual_name(status),
            message: Message::Text(message.into()),
            code: None,
            details: None,
            retry_after: None,
        }
    }

    /// An object message, as verifiers raise them.
    pub(crate) fn object(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: Message::Object(message.into()), ..Self::text(status, "") }
    }

    pub(crate) fn internal() -> Self {
        Self::text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }

    pub(crate) fn unavailable() -> Self {
        let failure = Self::text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
        Self { retry_after: Some(RETRY_AFTER_UNAVAILABLE), ..failure }
    }

    fn too_many(wait: Duration, message: &'static str) -> Self {
        Self { retry_after: Some(wait), ..Self::text(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// Unknown path or method.
    pub(crate) fn unknown_api() -> Self {
        Self::text(StatusCode::NOT_FOUND, "API not found !")
    }

    /// A parameter that cannot be understood.
    pub(crate) fn invalid_parameter(message: String, details: Value) -> Self {
        Self {
            code: Some("INVALID_PARAMETER_VALUE"),
            details: Some(Box::new(details)),
            ..Self::text(StatusCode::BAD_REQUEST, message)
        }
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        let message = format!("Required parameter {name} is missing!");
        Self {
            code: Some("MISSING_REQUIRED_PARAMETER"),
            details: Some(Box::new(json!({ "parameter": name }))),
            ..Self::text(StatusCode::BAD_REQUEST, message)
        }
    }

    /// A JSON body that breaks its schema; `details` lists every failure.
    pub(crate) fn invalid_body(details: Vec<Value>) -> Self {
        let message = "The request body is invalid. See error object `details` property for more info.";
        Self {
            code: Some("VALIDATION_FAILED"),
            details: Some(Box::new(Value::Array(details))),
            ..Self::text(StatusCode::UNPROCESSABLE_ENTITY, message)
        }
    }

    /// A body that is not JSON.
    pub(crate) fn syntax(message: impl Into<Cow<'static, str>>) -> Self {
        Self { name: Some("SyntaxError"), ..Self::text(StatusCode::BAD_REQUEST, message) }
    }

    pub(crate) fn unsupported_media_type(message: String) -> Self {
        Self {
            code: Some("UNSUPPORTED_MEDIA_TYPE"),
            ..Self::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
        }
    }

    pub(crate) fn too_large() -> Self {
        Self::text(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large")
    }

    pub(crate) fn body_timeout() -> Self {
        Self::text(StatusCode::REQUEST_TIMEOUT, "request body took too long")
    }

    /// The password is right, and tokens need a second factor: `code` is for `POST /auth/verify-otp`.
    pub(crate) fn second_factor_wanted(code: &Secret<String>) -> Self {
        Self {
            details: Some(Box::new(json!({ "code": code.expose() }))),
            ..Self::text(StatusCode::UNAUTHORIZED, "MfaRequired")
        }
    }

    /// A row of login activity that is not there for the caller.
    pub(crate) fn no_activity(id: &str) -> Self {
        let id: String = id.chars().take(100).collect();
        Self {
            name: Some("EntityNotFoundError"),
            code: Some("ENTITY_NOT_FOUND"),
            ..Self::text(
                StatusCode::NOT_FOUND,
                format!("Entity not found: LoginActivity with id {}", Value::String(id)),
            )
        }
    }

    fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("statusCode".to_owned(), self.status.as_u16().into());
        if let Some(name) = self.name {
            error.insert("name".to_owned(), name.into());
        }
        let message = match &self.message {
            Message::Text(text) => Value::from(text.as_ref()),
            Message::Object(text) => json!({ "message": text }),
            Message::Number(number) => (*number).into(),
        };
        error.insert("message".to_owned(), message);
        if let Some(code) = self.code {
            error.insert("code".to_owned(), code.into());
        }
        if let Some(details) = &self.details {
            error.insert("details".to_owned(), details.as_ref().clone());
        }
        json!({ "error": error })
    }
}

/// The names LoopBack's `http-errors` gives; 5xx have none.
fn usual_name(status: StatusCode) -> Option<&'static str> {
    match status.as_u16() {
        400 => Some("BadRequestError"),
        401 => Some("UnauthorizedError"),
        403 => Some("ForbiddenError"),
        404 => Some("NotFoundError"),
        409 => Some("ConflictError"),
        408 => Some("RequestTimeoutError"),
        413 => Some("PayloadTooLargeError"),
        415 => Some("UnsupportedMediaTypeError"),
        422 => Some("UnprocessableEntityError"),
        429 => Some("TooManyRequestsError"),
        status if status < 500 => Some("ClientError"),
        _ => None,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.status, self.message)
    }
}

impl std::error::Error for Failure {}

impl ResponseError for Failure {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        let mut response = Response::builder()
            .status(self.status)
            .content_type("application/json; charset=utf-8")
            .body(self.body().to_string());
        if let Some(wait) = self.retry_after {
            let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.as_response()
    }
}

/// The statuses of each operation are written in `document.rs`.
impl ApiResponse for Failure {
    fn meta() -> MetaResponses {
        MetaResponses { responses: Vec::new() }
    }

    fn register(_registry: &mut Registry) {}
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::raised(&error, Place::Elsewhere)
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::from(Error::from(kind))
    }
}

/// Errors that poem and poem-openapi raise by themselves.
impl From<poem::Error> for Failure {
    fn from(error: poem::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(failure) => return failure,
            Err(error) => error,
        };
        // A path parameter is a text; one that cannot be read is no UTF-8, and no path of ours is.
        if error.is::<NotFoundError>() || error.is::<MethodNotAllowedError>() || error.is::<ParsePathError>()
        {
            return Self::unknown_api();
        }
        let status = error.status();
        if status.is_client_error() {
            return Self::text(status, status.canonical_reason().unwrap_or("Bad Request"));
        }
        tracing::error!(event = "endpoint_failed", error = %error);
        Self::internal()
    }
}

#[cfg(test)]
mod tests;
