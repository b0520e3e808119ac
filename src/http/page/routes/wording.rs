//! What the core found, in the words of the pages: beside a form where there is one, else instead of it.

use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::password_policy::BrokenRules;
use poem::http::StatusCode;

use crate::page::alert::{Alert, Reason};
use crate::shared::log_failure;

/// How an error is shown.
pub(super) struct Wording {
    /// Beside the form that led to it, with this status; `None` where sending the form again cannot help.
    pub(super) beside: Option<(StatusCode, Alert)>,
    /// Instead of a page.
    pub(super) instead: Reason,
}

impl Wording {
    /// The one exhaustive match of this dialect.
    #[expect(
        clippy::too_many_lines,
        reason = "one line or two for each fact; nothing is decided between them"
    )]
    pub(super) fn of(error: &Error) -> Self {
        match error.kind {
            ErrorKind::ClientAuthFailed | ErrorKind::ClientUnknown => instead(Reason::ClientUnknown),
            ErrorKind::ClientNotAllowed
            | ErrorKind::NoAllowedClients
            | ErrorKind::NotAMember
            | ErrorKind::PermissionDenied
            | ErrorKind::AccessDenied => {
                beside(StatusCode::FORBIDDEN, Alert::ClientNotAllowed, Reason::AccessDenied)
            }
            ErrorKind::UserNotActiveYet | ErrorKind::UserInactive | ErrorKind::ExternalUser => {
                beside(StatusCode::FORBIDDEN, Alert::AccountInactive, Reason::AccessDenied)
            }
            ErrorKind::CredentialsMissing | ErrorKind::PasswordMissing => {
                unprocessable(Alert::FieldMissing, "a field is empty")
            }
            ErrorKind::InvalidCredentials => {
                beside(StatusCode::UNAUTHORIZED, Alert::WrongCredentials, Reason::AccessDenied)
            }
            ErrorKind::OneTimeCodeWrong => {
                beside(StatusCode::UNAUTHORIZED, Alert::WrongCode, Reason::TransactionUnknown)
            }
            ErrorKind::OneTimeCodeUnknown | ErrorKind::CodeUnknownOrUsed | ErrorKind::CodeExpired => {
                beside(StatusCode::UNAUTHORIZED, Alert::CodeGone, Reason::TransactionUnknown)
            }
            ErrorKind::SecondFactorPending
            | ErrorKind::AuthenticatorInForce
            | ErrorKind::LoginAttemptUnknown
            | ErrorKind::TransactionUnknown => instead(Reason::TransactionUnknown),
            ErrorKind::LinkUnknown | ErrorKind::LinkSpent | ErrorKind::LinkTokenMissing => {
                instead(Reason::LinkUnknown)
            }
            ErrorKind::EmailMismatch => unprocessable(Alert::EmailMismatch, "the address is not the link's"),
            ErrorKind::EmailInvalid => unprocessable(Alert::EmailInvalid, "the address is none"),
            ErrorKind::NoDestination => unprocessable(Alert::NoDestination, "the account has no address"),
            ErrorKind::AccountExists => {
                let reason = Reason::RequestInvalid("the address belongs to an account".to_owned());
                beside(StatusCode::CONFLICT, Alert::AccountExists, reason)
            }
            ErrorKind::SignUpClosed => instead(Reason::SignUpClosed),
            ErrorKind::PasswordWeak => {
                unprocessable(Alert::PasswordWeak(BrokenRules::of(error).to_vec()), "the password is weak")
            }
            ErrorKind::PasswordUnchanged => {
                unprocessable(Alert::PasswordUnchanged, "the password is the current one")
            }
            ErrorKind::ProviderUnknown | ErrorKind::NotFound => instead(Reason::NotFound),
            ErrorKind::UpstreamDenied => beside(StatusCode::OK, Alert::ProviderDenied, Reason::AccessDenied),
            ErrorKind::UpstreamRefused => {
                beside(StatusCode::UNAUTHORIZED, Alert::ProviderRefused, Reason::AccessDenied)
            }
            ErrorKind::UpstreamUnreachable(_) => {
                beside(StatusCode::SERVICE_UNAVAILABLE, Alert::ProviderUnreachable, Reason::Unavailable)
            }
            ErrorKind::UpstreamFaulty | ErrorKind::UpstreamMisconfigured => {
                beside(StatusCode::BAD_GATEWAY, Alert::ProviderUnreachable, Reason::Unavailable)
            }
            ErrorKind::RedirectUriInvalid => instead(Reason::RedirectUriInvalid),
            ErrorKind::RequestInvalid
            | ErrorKind::IdTokenInvalid
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
            | ErrorKind::ScopeInsufficient
            | ErrorKind::TokenForeign
            | ErrorKind::RefreshUnknownOrUsed
            | ErrorKind::RefreshTokenMissing
            | ErrorKind::AccessTokenMismatch
            | ErrorKind::AccessTokenInvalid
            | ErrorKind::AccessTokenRevoked
            | ErrorKind::BearerMissing
            | ErrorKind::BearerMalformed
            | ErrorKind::TenantIdMissing
            | ErrorKind::UsernameMismatch
            | ErrorKind::OldPasswordMissing
            | ErrorKind::OldPasswordWrong
            | ErrorKind::IdentityTaken
            | ErrorKind::OnlyWayToSignIn => instead(Reason::RequestInvalid(error.public.to_string())),
            ErrorKind::TooManyAttempts(wait) => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                beside(status, Alert::TooManyAttempts(wait), Reason::TooManyAttempts(wait))
            }
            ErrorKind::Overloaded(_) => {
                beside(StatusCode::TOO_MANY_REQUESTS, Alert::Unavailable, Reason::Unavailable)
            }
            ErrorKind::Unavailable => {
                log_failure(error);
                beside(StatusCode::SERVICE_UNAVAILABLE, Alert::Unavailable, Reason::Unavailable)
            }
            ErrorKind::Internal => {
                log_failure(error);
                instead(Reason::Internal)
            }
        }
    }
}

fn instead(reason: Reason) -> Wording {
    Wording { beside: None, instead: reason }
}

fn beside(status: StatusCode, alert: Alert, reason: Reason) -> Wording {
    Wording { beside: Some((status, alert)), instead: reason }
}

/// A form that was filled in wrongly.
fn unprocessable(alert: Alert, detail: &str) -> Wording {
    beside(StatusCode::UNPROCESSABLE_ENTITY, alert, Reason::RequestInvalid(detail.to_owned()))
}
