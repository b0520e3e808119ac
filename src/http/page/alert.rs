//! What can go wrong, in words: beside a form ([`Alert`]) or instead of a page ([`Reason`]).

use std::borrow::Cow;
use std::time::Duration;

use doorward_core::domain::password_policy::{BrokenRule, MAX_PASSWORD_BYTES, SYMBOLS};
use poem::http::StatusCode;

use super::texts::{Texts, filled};

/// Shown above a form, in the box `error`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Alert {
    /// Username or password is wrong.
    WrongCredentials,
    /// A field is empty.
    FieldMissing,
    /// The account is not usable.
    AccountInactive,
    /// The user may not use this app.
    ClientNotAllowed,
    /// The one-time code is wrong.
    WrongCode,
    /// The one-time code is too old, used, or was guessed at too often: another one is needed.
    CodeGone,
    /// Another code was sent; a note rather than an error.
    CodeSent,
    /// The code could not be sent: no address or number is known.
    NoDestination,
    /// Too many attempts; try again after that time.
    TooManyAttempts(Duration),
    /// The new password breaks the policy; which rules.
    PasswordWeak(Vec<BrokenRule>),
    /// The new password is the old one.
    PasswordUnchanged,
    /// That is no address.
    EmailInvalid,
    /// It is not the address the link was sent to.
    EmailMismatch,
    /// There is such an account already.
    AccountExists,
    /// The user pressed cancel at the provider.
    ProviderDenied,
    /// The provider said no, or nobody here signs in with that account.
    ProviderRefused,
    /// The provider does not answer.
    ProviderUnreachable,
    /// A part of this service does not answer.
    Unavailable,
}

impl Alert {
    /// The sentence.
    pub(crate) fn text<'a>(&'a self, texts: &'a Texts) -> Cow<'a, str> {
        let text = match self {
            Self::WrongCredentials => &texts.alert_wrong_credentials,
            Self::FieldMissing => &texts.alert_field_missing,
            Self::AccountInactive => &texts.alert_account_inactive,
            Self::ClientNotAllowed => &texts.alert_client_not_allowed,
            Self::WrongCode => &texts.alert_wrong_code,
            Self::CodeGone => &texts.alert_code_gone,
            Self::CodeSent => &texts.alert_code_sent,
            Self::NoDestination => &texts.alert_no_destination,
            Self::TooManyAttempts(wait) => {
                return filled(&texts.alert_too_many_attempts, "{minutes}", &minutes(*wait)).into();
            }
            Self::PasswordWeak(rules) => {
                let rules: Vec<_> = rules.iter().map(|rule| in_words(*rule, texts)).collect();
                return filled(&texts.alert_password_weak, "{rules}", &rules.join("; ")).into();
            }
            Self::PasswordUnchanged => &texts.alert_password_unchanged,
            Self::EmailInvalid => &texts.alert_email_invalid,
            Self::EmailMismatch => &texts.alert_email_mismatch,
            Self::AccountExists => &texts.alert_account_exists,
            Self::ProviderDenied => &texts.alert_provider_denied,
            Self::ProviderRefused => &texts.alert_provider_refused,
            Self::ProviderUnreachable => &texts.alert_provider_unreachable,
            Self::Unavailable => &texts.alert_unavailable,
        };
        text.as_str().into()
    }

    /// Whether it is good news.
    pub(crate) fn is_note(&self) -> bool {
        *self == Self::CodeSent
    }
}

/// Why there is no page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    /// Nobody sent the browser here to sign in; no error.
    StartAtApp,
    /// The page is too old, was opened in another browser, or the form is not ours.
    TransactionUnknown,
    /// No such client, or it is switched off.
    ClientUnknown,
    /// The redirect URI is missing or not registered.
    RedirectUriInvalid,
    /// The address after the sign-out is not registered.
    LogoutUriInvalid,
    /// The request means nothing; what is wrong with it, for developers.
    RequestInvalid(String),
    /// The link of a mail is unknown, too old or used.
    LinkUnknown,
    /// Nobody may sign up.
    SignUpClosed,
    /// The user may not use the app.
    AccessDenied,
    /// No such page.
    NotFound,
    /// Too many attempts; try again after that time.
    TooManyAttempts(Duration),
    /// A part of this service does not answer, or too much is asked of it.
    Unavailable,
    /// A defect.
    Internal,
}

impl Reason {
    /// The reply's status.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::StartAtApp => StatusCode::OK,
            Self::TransactionUnknown | Self::SignUpClosed | Self::AccessDenied => StatusCode::FORBIDDEN,
            Self::ClientUnknown
            | Self::RedirectUriInvalid
            | Self::LogoutUriInvalid
            | Self::RequestInvalid(_)
            | Self::LinkUnknown => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whole seconds to wait before the next attempt.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts(wait) => Some(wait.as_secs().max(1)),
            Self::Unavailable => Some(1),
            _ => None,
        }
    }

    /// The heading.
    pub(crate) fn title<'a>(&self, texts: &'a Texts) -> &'a str {
        match self {
            Self::StartAtApp => &texts.reason_start_at_app_title,
            Self::TransactionUnknown => &texts.reason_transaction_title,
            Self::ClientUnknown | Self::RedirectUriInvalid | Self::LogoutUriInvalid => {
                &texts.reason_client_title
            }
            Self::RequestInvalid(_) => &texts.reason_request_title,
            Self::LinkUnknown => &texts.reason_link_title,
            Self::SignUpClosed => &texts.reason_sign_up_closed_title,
            Self::AccessDenied => &texts.reason_access_denied_title,
            Self::NotFound => &texts.reason_not_found_title,
            Self::TooManyAttempts(_) => &texts.reason_too_many_title,
            Self::Unavailable => &texts.reason_unavailable_title,
            Self::Internal => &texts.reason_internal_title,
        }
    }

    /// The sentence that helps.
    pub(crate) fn text<'a>(&self, texts: &'a Texts) -> Cow<'a, str> {
        let text = match self {
            Self::StartAtApp => &texts.reason_start_at_app,
            Self::TransactionUnknown => &texts.reason_transaction,
            Self::ClientUnknown => &texts.reason_client_unknown,
            Self::RedirectUriInvalid => &texts.reason_redirect_uri,
            Self::LogoutUriInvalid => &texts.reason_logout_uri,
            Self::RequestInvalid(_) => &texts.reason_request,
            Self::LinkUnknown => &texts.reason_link,
            Self::SignUpClosed => &texts.reason_sign_up_closed,
            Self::AccessDenied => &texts.reason_access_denied,
            Self::NotFound => &texts.reason_not_found,
            Self::TooManyAttempts(wait) => {
                return filled(&texts.alert_too_many_attempts, "{minutes}", &minutes(*wait)).into();
            }
            Self::Unavailable => &texts.reason_unavailable,
            Self::Internal => &texts.reason_internal,
        };
        text.as_str().into()
    }

    /// What is wrong, for developers.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            Self::RequestInvalid(detail) if !detail.is_empty() => Some(detail),
            _ => None,
        }
    }
}

/// What a new password must be, or must not.
fn in_words(rule: BrokenRule, texts: &Texts) -> String {
    let counted = |text: &str, count: String| filled(text, "{count}", &count);
    match rule {
        BrokenRule::TooShort(least) => counted(&texts.rule_too_short, least.to_string()),
        BrokenRule::TooLong => counted(&texts.rule_too_long, MAX_PASSWORD_BYTES.to_string()),
        BrokenRule::NoLowerCaseLetter => texts.rule_lower_case_letter.clone(),
        BrokenRule::NoUpperCaseLetter => texts.rule_upper_case_letter.clone(),
        BrokenRule::NoNumber => texts.rule_number.clone(),
        BrokenRule::NoSymbol => filled(&texts.rule_symbol, "{symbols}", SYMBOLS),
        BrokenRule::FirstNamePart => texts.rule_first_name.clone(),
        BrokenRule::LastNamePart => texts.rule_last_name.clone(),
        BrokenRule::Common => texts.rule_common.clone(),
        BrokenRule::Former(count) => counted(&texts.rule_former, count.to_string()),
    }
}

/// Minutes, rounded up, at least one.
fn minutes(wait: Duration) -> String {
    wait.as_secs().div_ceil(60).max(1).to_string()
}
