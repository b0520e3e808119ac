//! The dialect's errors on the wire (RFC 6749 §5.2, RFC 6750 §3), and one exhaustive match from the core's facts to them.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use doorward_core::domain::error::{Error, ErrorKind};
use poem::error::{MethodNotAllowedError, ResponseError};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use serde_json::json;

use super::reply;
use crate::body::Unread;
use crate::shared::log_failure;

/// When to come back after a 503.
const RETRY_AFTER_UNAVAILABLE: Duration = Duration::from_secs(1);

/// What a 401 or 403 asks for (RFC 9110 §11.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Challenge {
    /// Client authentication.
    Basic,
    /// A bearer token, when none came: nothing is said about an error then (RFC 6750 §3.1).
    Bearer,
    /// Another bearer token.
    BearerFault,
    /// One bearer token, in the right form.
    BearerForm,
    /// A bearer token with `openid`.
    BearerScope,
}

/// An error as this dialect writes it.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    /// `error`, a word of a registry.
    error: &'static str,
    /// `error_description`, for developers: nothing that came with the request is repeated.
    description: Cow<'static, str>,
    challenge: Option<Challenge>,
    retry_after: Option<Duration>,
}

impl Failure {
    fn new(status: StatusCode, error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error, description: description.into(), challenge: None, retry_after: None }
    }

    /// A request that cannot be understood.
    pub(crate) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// A parameter that has to be there.
    pub(super) fn missing(name: &str) -> Self {
        Self::invalid_request(format!("{name} is missing."))
    }

    fn invalid_grant(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    pub(super) fn internal() -> Self {
        let description = "A defect of the service; its log tells which.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", description)
    }

    fn unavailable(wait: Duration) -> Self {
        let description = "A part the answer depends on cannot be reached; try again.";
        let failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description);
        Self { retry_after: Some(wait), ..failure }
    }

    fn too_many(wait: Duration, description: &'static str) -> Self {
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", description);
        Self { retry_after: Some(wait), ..failure }
    }

    fn invalid_client() -> Self {
        let description = "The client is unknown, disabled, or did not prove who it is.";
        let failure = Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description);
        Self { challenge: Some(Challenge::Basic), ..failure }
    }

    fn invalid_token(challenge: Challenge, description: &'static str) -> Self {
        let failure = Self::new(StatusCode::UNAUTHORIZED, "invalid_token", description);
        Self { challenge: Some(challenge), ..failure }
    }

    /// What is wrong, for a page that shows it to developers.
    pub(super) fn description(&self) -> &str {
        &self.description
    }

    /// What the core found, in the words of this dialect.
    #[expect(clippy::too_many_lines, reason = "one arm per fact")]
    fn raised(error: &Error) -> Self {
        match error.kind {
            ErrorKind::ClientAuthFailed | ErrorKind::ClientUnknown => Self::invalid_client(),
            ErrorKind::RequestInvalid => Self::invalid_request(public_or(error, "The request is malformed.")),
            ErrorKind::GrantTypeUnsupported => Self::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "grant_type is one of authorization_code, refresh_token, client_credentials and password.",
            ),
            ErrorKind::GrantNotAllowed => Self::new(
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                public_or(error, "The client may not use this grant."),
            ),
            ErrorKind::ScopeInvalid => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                public_or(error, "A scope is unknown, not the client's, or more than was granted."),
            ),
            ErrorKind::TargetInvalid => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_target",
                public_or(error, "A resource is malformed, or none that the client may ask for."),
            ),
            ErrorKind::CodeUnknownOrUsed
            | ErrorKind::CodeExpired
            | ErrorKind::RedirectUriMismatch
            | ErrorKind::PkceMismatch => Self::invalid_grant(
                "The code is unknown, used, too old, or was issued for another client, redirect_uri or code_challenge.",
            ),
            ErrorKind::RefreshUnknownOrUsed => {
                Self::invalid_grant("The refresh token is unknown, used, too old, or another client's.")
            }
            ErrorKind::InvalidCredentials | ErrorKind::CredentialsMissing | ErrorKind::ExternalUser => {
                Self::invalid_grant("Username or password is wrong.")
            }
            ErrorKind::UserNotActiveYet
            | ErrorKind::UserInactive
            | ErrorKind::NotAMember
            | ErrorKind::ClientNotAllowed
            | ErrorKind::NoAllowedClients => Self::invalid_grant("The user may not sign in here."),
            ErrorKind::SecondFactorPending => Self::invalid_grant(
                "A second factor is needed, which this grant cannot ask for: use authorization_code.",
            ),
            ErrorKind::TokenForeign => Self::invalid_grant("The token belongs to another client."),
            ErrorKind::IdTokenInvalid => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_token",
                "The ID token is not one of this client's, or too old.",
            ),
            ErrorKind::BearerMissing => {
                Self::invalid_token(Challenge::Bearer, "An access token is needed: Authorization: Bearer.")
            }
            ErrorKind::BearerMalformed => Self {
                challenge: Some(Challenge::BearerForm),
                ..Self::invalid_request("One access token is needed: Authorization: Bearer.")
            },
            ErrorKind::AccessTokenInvalid
            | ErrorKind::AccessTokenRevoked
            | ErrorKind::AccessTokenMismatch => Self::invalid_token(
                Challenge::BearerFault,
                "The access token is not ours, too old, or revoked.",
            ),
            ErrorKind::ScopeInsufficient | ErrorKind::PermissionDenied => Self {
                challenge: Some(Challenge::BearerScope),
                ..Self::new(StatusCode::FORBIDDEN, "insufficient_scope", "The access token lacks openid.")
            },
            ErrorKind::TooManyAttempts(wait) => {
                Self::too_many(wait, "Too many failed attempts; try again later.")
            }
            ErrorKind::Overloaded(wait) => Self::too_many(wait, "Too many requests; try again later."),
            ErrorKind::UpstreamUnreachable(wait) => Self::unavailable(wait),
            ErrorKind::Unavailable => logged(error, Self::unavailable(RETRY_AFTER_UNAVAILABLE)),
            // These are told to the client by a redirect, or to the user on a page; or belong to the native dialect.
            ErrorKind::RedirectUriInvalid
            | ErrorKind::ResponseTypeUnsupported
            | ErrorKind::RequestObjectUnsupported
            | ErrorKind::RequestUriUnsupported
            | ErrorKind::RegistrationUnsupported
            | ErrorKind::LoginRequired
            | ErrorKind::ConsentRequired
            | ErrorKind::InteractionRequired
            | ErrorKind::AccessDenied
            | ErrorKind::TransactionUnknown
            | ErrorKind::AuthenticatorInForce
            | ErrorKind::OneTimeCodeWrong
            | ErrorKind::OneTimeCodeUnknown
            | ErrorKind::LinkUnknown
            | ErrorKind::LinkSpent
            | ErrorKind::LinkTokenMissing
            | ErrorKind::EmailMismatch
            | ErrorKind::EmailInvalid
            | ErrorKind::NoDestination
            | ErrorKind::AccountExists
            | ErrorKind::SignUpClosed
            | ErrorKind::RefreshTokenMissing
            | ErrorKind::TenantIdMissing
            | ErrorKind::UsernameMismatch
            | ErrorKind::OldPasswordMissing
            | ErrorKind::OldPasswordWrong
            | ErrorKind::PasswordMissing
            | ErrorKind::PasswordWeak
            | ErrorKind::PasswordUnchanged
            | ErrorKind::ProviderUnknown
            | ErrorKind::LoginAttemptUnknown
            | ErrorKind::UpstreamDenied
            | ErrorKind::UpstreamRefused
            | ErrorKind::UpstreamFaulty
            | ErrorKind::UpstreamMisconfigured
            | ErrorKind::IdentityTaken
            | ErrorKind::OnlyWayToSignIn
            | ErrorKind::NotFound
            | ErrorKind::Internal => logged(error, Self::internal()),
        }
    }
}

/// What the core says of it that a stranger may read, else the sentence.
fn public_or(error: &Error, sentence: &'static str) -> Cow<'static, str> {
    if error.public.is_empty() { Cow::Borrowed(sentence) } else { error.public.clone() }
}

fn logged(error: &Error, failure: Failure) -> Failure {
    log_failure(error);
    failure
}

impl Challenge {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Basic => "Basic realm=\"Doorward\", charset=\"UTF-8\"",
            Self::Bearer => "Bearer realm=\"Doorward\"",
            Self::BearerFault => "Bearer realm=\"Doorward\", error=\"invalid_token\"",
            Self::BearerForm => "Bearer realm=\"Doorward\", error=\"invalid_request\"",
            Self::BearerScope => "Bearer realm=\"Doorward\", error=\"insufficient_scope\", scope=\"openid\"",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.error, self.description)
    }
}

impl std::error::Error for Failure {}

impl ResponseError for Failure {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut response = reply::json(self.status, body.to_string());
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge.header());
        }
        if let Some(wait) = self.retry_after {
            let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.as_response()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::raised(&error)
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::raised(&kind.into())
    }
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        let (status, description) = match unread {
            Unread::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large."),
            Unread::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The request body took too long."),
            Unread::Aborted => (StatusCode::BAD_REQUEST, "The request was cut off."),
            Unread::Unreadable => (StatusCode::BAD_REQUEST, "The request body cannot be read."),
            Unread::Taken => return Self::internal(),
        };
        Self::new(status, "invalid_request", description)
    }
}

/// Errors that poem and the extractors of both dialects raise.
impl From<poem::Error> for Failure {
    fn from(error: poem::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(failure) => return failure,
            Err(error) => error,
        };
        if error.is::<MethodNotAllowedError>() {
            let description = "The endpoint does not know this method.";
            return Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", description);
        }
        let status = error.status();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return Self::unavailable(RETRY_AFTER_UNAVAILABLE);
        }
        if status.is_client_error() {
            return Self::new(status, "invalid_request", status.canonical_reason().unwrap_or("Bad Request"));
        }
        tracing::error!(event = "endpoint_failed", error = %error);
        Self::internal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(kind: ErrorKind) -> (u16, String, Response) {
        let response = Failure::from(kind).as_response();
        let failure = Failure::from(kind);
        (response.status().as_u16(), failure.error.to_owned(), response)
    }

    #[test]
    fn facts_have_the_words_of_the_registries() {
        for (kind, status, word) in [
            (ErrorKind::ClientAuthFailed, 401, "invalid_client"),
            (ErrorKind::RequestInvalid, 400, "invalid_request"),
            (ErrorKind::GrantTypeUnsupported, 400, "unsupported_grant_type"),
            (ErrorKind::GrantNotAllowed, 400, "unauthorized_client"),
            (ErrorKind::ScopeInvalid, 400, "invalid_scope"),
            (ErrorKind::TargetInvalid, 400, "invalid_target"),
            (ErrorKind::CodeUnknownOrUsed, 400, "invalid_grant"),
            (ErrorKind::CodeExpired, 400, "invalid_grant"),
            (ErrorKind::PkceMismatch, 400, "invalid_grant"),
            (ErrorKind::RedirectUriMismatch, 400, "invalid_grant"),
            (ErrorKind::RefreshUnknownOrUsed, 400, "invalid_grant"),
            (ErrorKind::InvalidCredentials, 400, "invalid_grant"),
            (ErrorKind::UserInactive, 400, "invalid_grant"),
            (ErrorKind::TokenForeign, 400, "invalid_grant"),
            (ErrorKind::IdTokenInvalid, 400, "invalid_token"),
            (ErrorKind::AccessTokenRevoked, 401, "invalid_token"),
            (ErrorKind::ScopeInsufficient, 403, "insufficient_scope"),
            (ErrorKind::BearerMalformed, 400, "invalid_request"),
            (ErrorKind::Overloaded(Duration::from_secs(1)), 429, "temporarily_unavailable"),
            (ErrorKind::Unavailable, 503, "temporarily_unavailable"),
            (ErrorKind::Internal, 500, "server_error"),
        ] {
            let (answered, said, response) = wire(kind);
            assert_eq!((answered, said.as_str()), (status, word), "{kind:?}");
            assert_eq!(response.header("content-type"), Some("application/json;charset=UTF-8"));
            assert_eq!(response.header("pragma"), Some("no-cache"));
            assert_eq!(response.header("cache-control"), Some("no-store"));
        }
    }

    #[test]
    fn codes_and_refresh_tokens_are_refused_alike_whatever_is_wrong() {
        let said = |kind: ErrorKind| Failure::from(kind).description().to_owned();
        for kind in [ErrorKind::CodeExpired, ErrorKind::RedirectUriMismatch, ErrorKind::PkceMismatch] {
            assert_eq!(said(kind), said(ErrorKind::CodeUnknownOrUsed));
        }
        assert_eq!(said(ErrorKind::AccessTokenRevoked), said(ErrorKind::AccessTokenInvalid));
    }

    #[test]
    fn challenges_name_what_is_asked_for() {
        for (kind, challenge) in [
            (ErrorKind::ClientAuthFailed, Some("Basic realm=\"Doorward\", charset=\"UTF-8\"")),
            (ErrorKind::BearerMissing, Some("Bearer realm=\"Doorward\"")),
            (ErrorKind::AccessTokenInvalid, Some("Bearer realm=\"Doorward\", error=\"invalid_token\"")),
            (
                ErrorKind::ScopeInsufficient,
                Some("Bearer realm=\"Doorward\", error=\"insufficient_scope\", scope=\"openid\""),
            ),
            (ErrorKind::CodeExpired, None),
        ] {
            assert_eq!(wire(kind).2.header("www-authenticate"), challenge, "{kind:?}");
        }
    }

    #[test]
    fn waiting_times_are_rounded_up_and_defects_tell_nothing() {
        let (status, _, response) = wire(ErrorKind::TooManyAttempts(Duration::from_millis(2001)));
        assert_eq!((status, response.header("retry-after")), (429, Some("3")));
        let failure = Failure::from(Error::internal("select * from users failed on db.internal"));
        assert!(!failure.to_string().contains("db.internal"));
    }
}
