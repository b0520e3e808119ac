//! What each hosted page shows: one struct per page, filled by the routes, drawn by [`super::render`].
//!
//! Nothing here is trusted: names, hints and addresses are other people's, and the templates escape them.

use super::alert::{Alert, Reason};

/// `/sign-in`: username, password and the providers.
#[derive(Clone, Default)]
pub(crate) struct SignIn {
    /// The sealed transaction.
    pub(crate) transaction: String,
    /// The app that wants to know who it is.
    pub(crate) client_name: Option<String>,
    /// What stands in the field already: `login_hint`, or what was typed before.
    pub(crate) username: String,
    /// What went wrong.
    pub(crate) alert: Option<Alert>,
    /// Other ways in.
    pub(crate) providers: Vec<ProviderButton>,
    /// Whether the page leads to `/sign-up`.
    pub(crate) offers_sign_up: bool,
    /// Whether the page leads to `/forgot-password`.
    pub(crate) offers_reset: bool,
}

/// A button `provider-<id>`.
#[derive(Clone)]
pub(crate) struct ProviderButton {
    /// The provider's id, such as `google`.
    pub(crate) id: String,
    /// What it is, such as `google`: says how the button looks.
    pub(crate) kind: &'static str,
    /// Its name, such as "Google".
    pub(crate) label: String,
}

/// `/sign-in/second-factor`: the one-time code.
#[derive(Clone)]
pub(crate) struct SecondFactor {
    /// The sealed transaction.
    pub(crate) transaction: String,
    /// Where the code comes from.
    pub(crate) asked: CodeFrom,
    /// What went wrong.
    pub(crate) alert: Option<Alert>,
    /// Whether another code can be sent (the button `resend` posts `resend=1`).
    pub(crate) offers_resend: bool,
}

/// Where a one-time code comes from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum CodeFrom {
    /// The authenticator app; a recovery code does as well.
    App,
    /// A mail, to an address shown in part.
    Email(Option<String>),
    /// A text message, to a number shown in part.
    Sms(Option<String>),
}

/// `/sign-in/enrol`: a new authenticator app.
#[derive(Clone)]
pub(crate) struct EnrolTotp {
    /// The sealed transaction.
    pub(crate) transaction: String,
    /// The QR code as a `data:` URI.
    pub(crate) qr_code: String,
    /// The secret, for typing in.
    pub(crate) secret_text: Option<String>,
    /// What went wrong.
    pub(crate) alert: Option<Alert>,
}

/// `/sign-in/enrol`, afterwards: shown once.
#[derive(Clone)]
pub(crate) struct RecoveryCodes {
    /// The sealed transaction.
    pub(crate) transaction: String,
    /// The codes.
    pub(crate) codes: Vec<String>,
}

/// `/sign-up` without a token: asks for the address.
#[derive(Clone, Default)]
pub(crate) struct SignUpAddress {
    /// The sealed transaction, which only this browser has.
    pub(crate) transaction: Option<String>,
    /// The sign-in to go back to, where there is one.
    pub(crate) back: Option<String>,
    /// What was typed before.
    pub(crate) email: String,
    /// What went wrong.
    pub(crate) alert: Option<Alert>,
}

/// `/sign-up?token=`: the account.
#[derive(Clone, Default)]
pub(crate) struct SignUpForm {
    /// The sealed transaction, where there is one.
    pub(crate) transaction: Option<String>,
    /// The link's token.
    pub(crate) token: String,
    /// The address the link was sent to, where it is known: the name of the account.
    pub(crate) email: Option<String>,
    /// What was typed before.
    pub(crate) first_name: String,
    /// What was typed before.
    pub(crate) last_name: String,
    /// What went wrong.
    pub(crate) alert: Option<Alert>,
}

/// `/forgot-password`.
#[derive(Clone, Default)]
pub(crate) struct ForgotPassword {
    /// The sealed transaction, which only this browser has.
    pub(crate) transaction: Option<String>,
    /// The sign-in to go back to, where there is one.
    pub(crate) back: Option<String>,
    /// What was typed before.
    pub(crate) username: String,
    /// What went wrong.
    pub(crate) alert: Option<Alert>,
}

/// A mail is on its way, if there is somebody to send it to.
#[derive(Clone)]
pub(crate) struct CheckYourMail {
    /// The sealed transaction, for the way back to the sign-in.
    pub(crate) transaction: Option<String>,
    /// What for.
    pub(crate) purpose: MailPurpose,
}

/// What a mail is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailPurpose {
    /// A new password.
    ResetPassword,
    /// A new account.
    SignUp,
}

/// `/reset-password?token=`.
#[derive(Clone, Default)]
pub(crate) struct ResetPassword {
    /// The sealed transaction, which only this browser has.
    pub(crate) transaction: Option<String>,
    /// The sign-in to go back to, where there is one.
    pub(crate) back: Option<String>,
    /// The link's token.
    pub(crate) token: String,
    /// What went wrong.
    pub(crate) alert: Option<Alert>,
}

/// `/verify-email?token=`: a button, so that programs that follow links in mails confirm nothing.
#[derive(Clone, Default)]
pub(crate) struct VerifyEmail {
    /// The sealed transaction, where there is one.
    pub(crate) transaction: Option<String>,
    /// The link's token.
    pub(crate) token: String,
}

/// Something is done.
#[derive(Clone)]
pub(crate) struct Done {
    /// What.
    pub(crate) what: Finished,
    /// Where to go on: an address of ours or of a client, never one of a request.
    pub(crate) continue_to: Option<String>,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finished {
    /// The password is new.
    PasswordReset,
    /// The account is made.
    SignedUp,
    /// The address is confirmed.
    EmailVerified,
}

/// `/consent`: what an app will see.
#[derive(Clone, Default)]
pub(crate) struct Consent {
    /// The sealed transaction.
    pub(crate) transaction: String,
    /// The app.
    pub(crate) client_name: String,
    /// The app's picture; shown when it is an `https` address.
    pub(crate) client_logo: Option<String>,
    /// The scopes asked for; those of OpenID Connect are told in words.
    pub(crate) scopes: Vec<String>,
    /// Who is signed in.
    pub(crate) user: String,
}

/// `/sign-out`: asks before ending anything.
#[derive(Clone, Default)]
pub(crate) struct SignOutConfirm {
    /// Who is signed in, where it is known.
    pub(crate) user: Option<String>,
    /// What the form carries, the protection against foreign forms among it.
    pub(crate) fields: Vec<(String, String)>,
}

/// `/signed-out`.
#[derive(Clone, Default)]
pub(crate) struct SignedOut {
    /// Where to go on: a registered address, never one of a request.
    pub(crate) continue_to: Option<String>,
    /// The app there.
    pub(crate) client_name: Option<String>,
}

/// Something cannot be done; the status is the reason's.
#[derive(Clone)]
pub(crate) struct ErrorPage {
    /// Why.
    pub(crate) reason: Reason,
    /// For whoever is asked for help.
    pub(crate) request_id: Option<String>,
}

/// `response_mode=form_post` (OAuth 2.0 Form Post Response Mode §2): submits itself.
#[derive(Clone)]
pub(crate) struct FormPost {
    /// The client's registered address.
    pub(crate) action: String,
    /// The parameters of the answer, in order.
    pub(crate) fields: Vec<(String, String)>,
}
