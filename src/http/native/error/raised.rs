//! One exhaustive match from the core's facts to status, name and message, and where they are worded otherwise.

use doorward_core::domain::error::{Error, ErrorKind};
use poem::http::StatusCode;
use serde_json::{Value, json};

use super::{Failure, Message, Place};
use crate::shared::log_failure;

const EXTERNAL_USER: &str = "PasswordCannotBeChangedForExternalUser";

impl Failure {
    /// What the core found, in the words of this dialect.
    #[expect(clippy::too_many_lines, reason = "one arm per fact")]
    pub(crate) fn raised(error: &Error, place: Place) -> Self {
        if let Some(special) = worded_for(place, error.kind) {
            return special;
        }
        match error.kind {
            ErrorKind::ClientAuthFailed => verifier("Client Verification Failed"),
            ErrorKind::ClientUnknown | ErrorKind::ClientNotAllowed => controller("Client Invalid"),
            ErrorKind::NoAllowedClients => unprocessable("Client User Missing"),
            ErrorKind::CredentialsMissing => verifier("Missing credentials"),
            ErrorKind::InvalidCredentials
            | ErrorKind::LoginAttemptUnknown
            | ErrorKind::UpstreamDenied
            | ErrorKind::UpstreamRefused => verifier("Invalid Credentials"),
            ErrorKind::UserNotActiveYet => Self::text(StatusCode::BAD_REQUEST, "User not active yet"),
            ErrorKind::UserInactive => controller("UserInactive"),
            ErrorKind::NotAMember => controller("UserDoesNotExist"),
            ErrorKind::CodeUnknownOrUsed => controller("Invalid Credentials"),
            ErrorKind::CodeExpired => controller("Code Expired"),
            ErrorKind::SecondFactorPending => controller("User Verification Failed"),
            ErrorKind::OneTimeCodeWrong => verifier("Otp Invalid"),
            ErrorKind::OneTimeCodeUnknown => verifier("Otp Token Incorrect or Expired"),
            ErrorKind::LinkUnknown | ErrorKind::RefreshUnknownOrUsed => controller("Token Expired"),
            ErrorKind::LinkSpent => controller("TokenRevoked"),
            ErrorKind::EmailMismatch | ErrorKind::AccessTokenMismatch => controller("Token Invalid"),
            ErrorKind::EmailInvalid => unprocessable("EmailInvalid"),
            ErrorKind::NoDestination => unprocessable("EmailMissing"),
            ErrorKind::AccountExists => Self::text(StatusCode::CONFLICT, "AccountExists"),
            ErrorKind::BearerMissing => controller("Bearer realm=\"Users\""),
            ErrorKind::BearerMalformed => Self { message: Message::Number(400), ..controller("") },
            ErrorKind::AccessTokenInvalid => verifier("TokenExpired"),
            ErrorKind::AccessTokenRevoked => verifier("TokenRevoked"),
            ErrorKind::PermissionDenied
            | ErrorKind::UsernameMismatch
            | ErrorKind::AuthenticatorInForce
            | ErrorKind::SignUpClosed => Self::text(StatusCode::FORBIDDEN, "NotAllowedAccess"),
            ErrorKind::RefreshTokenMissing | ErrorKind::LinkTokenMissing => unprocessable("TokenMissing"),
            ErrorKind::TenantIdMissing => Self::text(StatusCode::BAD_REQUEST, "Tenant ID is required"),
            ErrorKind::OldPasswordMissing => unprocessable("OldPasswordMissing"),
            ErrorKind::OldPasswordWrong => controller("Incorrect Password"),
            ErrorKind::PasswordMissing => unprocessable("PasswordMissing"),
            ErrorKind::PasswordWeak => weak_password(&error.public),
            ErrorKind::PasswordUnchanged => controller("Password cannot be same as previous password!"),
            ErrorKind::ExternalUser => controller(EXTERNAL_USER),
            ErrorKind::ProviderUnknown => Self::unknown_api(),
            ErrorKind::UpstreamUnreachable(wait) => Self { retry_after: Some(wait), ..Self::unavailable() },
            ErrorKind::UpstreamFaulty | ErrorKind::UpstreamMisconfigured => {
                Self::text(StatusCode::BAD_GATEWAY, "Bad Gateway")
            }
            ErrorKind::IdentityTaken => Self::text(StatusCode::CONFLICT, "IdentityLinkedToAnotherUser"),
            ErrorKind::OnlyWayToSignIn => unprocessable("OnlyWayToSignIn"),
            ErrorKind::NotFound => Self::text(StatusCode::NOT_FOUND, "Not Found"),
            ErrorKind::TooManyAttempts(wait) => {
                Self::too_many(wait, "Too many failed attempts; try again later")
            }
            ErrorKind::Overloaded(wait) => Self::too_many(wait, "Too many requests; try again later"),
            ErrorKind::Unavailable => logged(error, Self::unavailable()),
            // What only the OAuth 2.0 dialect asks is a defect here.
            ErrorKind::RequestInvalid
            | ErrorKind::RedirectUriInvalid
            | ErrorKind::ResponseTypeUnsupported
            | ErrorKind::GrantTypeUnsupported
            | ErrorKind::GrantNotAllowed
            | ErrorKind::ScopeInvalid
            | ErrorKind::TargetInvalid
            | ErrorKind::RedirectUriMismatch
            | ErrorKind::PkceMismatch
            | ErrorKind::RequestObjectUnsupported
            | ErrorKind::RequestUriUnsupported
            | ErrorKind::RegistrationUnsupported
            | ErrorKind::LoginRequired
            | ErrorKind::ConsentRequired
            | ErrorKind::InteractionRequired
            | ErrorKind::AccessDenied
            | ErrorKind::TransactionUnknown
            | ErrorKind::ScopeInsufficient
            | ErrorKind::TokenForeign
            | ErrorKind::IdTokenInvalid
            | ErrorKind::Internal => logged(error, Self::internal()),
        }
    }
}

/// Where the old service said the same otherwise than elsewhere.
fn worded_for(place: Place, kind: ErrorKind) -> Option<Failure> {
    Some(match (place, kind) {
        (Place::LoginToken, ErrorKind::ClientNotAllowed | ErrorKind::NoAllowedClients) => {
            verifier("Client Invalid")
        }
        (Place::LoginToken, ErrorKind::CredentialsMissing) => controller("Unauthorized"),
        (Place::Login | Place::LoginToken, ErrorKind::UserInactive) => verifier("UserInactive"),
        (Place::ChangeWithOldPassword, ErrorKind::ExternalUser) => {
            Failure::text(StatusCode::BAD_REQUEST, EXTERNAL_USER)
        }
        (Place::SignUp, ErrorKind::LinkUnknown) => verifier("TokenExpired"),
        (Place::SignUp, ErrorKind::LinkSpent) => verifier("TokenRevoked"),
        (Place::WithoutCode, ErrorKind::CodeUnknownOrUsed) => controller("Token Invalid"),
        _ => return None,
    })
}

/// 401 as a controller raised it.
fn controller(message: &'static str) -> Failure {
    Failure::text(StatusCode::UNAUTHORIZED, message)
}

/// 401 as a verifier raised it.
fn verifier(message: &'static str) -> Failure {
    Failure::object(StatusCode::UNAUTHORIZED, message)
}

fn unprocessable(message: &'static str) -> Failure {
    Failure::text(StatusCode::UNPROCESSABLE_ENTITY, message)
}

/// Every broken rule, in the message for people and in `details` for programs.
fn weak_password(rules: &str) -> Failure {
    let details = rules
        .split("; ")
        .map(|rule| json!({ "path": "/password", "code": "passwordPolicy", "message": rule, "info": {} }));
    Failure {
        code: Some("PASSWORD_POLICY"),
        details: Some(Box::new(Value::Array(details.collect()))),
        ..Failure::text(StatusCode::UNPROCESSABLE_ENTITY, format!("The new password {rules}"))
    }
}

fn logged(error: &Error, failure: Failure) -> Failure {
    log_failure(error);
    failure
}
