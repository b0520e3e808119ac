//! One of every view, with one text in every place that others fill.

use std::time::Duration;

use doorward_core::domain::password_policy::BrokenRule;
use poem::Response;

use super::super::alert::{Alert, Reason};
use super::super::look::Look;
use super::super::view::{
    CheckYourMail, CodeFrom, Consent, Done, EnrolTotp, ErrorPage, Finished, ForgotPassword, FormPost,
    MailPurpose, ProviderButton, RecoveryCodes, ResetPassword, SecondFactor, SignIn, SignOutConfirm,
    SignUpAddress, SignUpForm, SignedOut, VerifyEmail,
};
use super::render;

/// A page and the ids it must have.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) ids: &'static [&'static str],
    pub(super) response: Response,
}

/// One of every view.
pub(super) fn samples(text: &str, look: &Look) -> Vec<Sample> {
    let mut all = signing_in(text, look);
    all.extend(accounts(text, look));
    all.extend(afterwards(text, look));
    all
}

fn signing_in(text: &str, look: &Look) -> Vec<Sample> {
    let own = || text.to_owned();
    let weak = || Some(Alert::PasswordWeak(vec![BrokenRule::NoSymbol]));
    let codes = RecoveryCodes { transaction: own(), codes: vec![own(), own()] };
    let enrol = EnrolTotp { transaction: own(), qr_code: own(), secret_text: Some(own()), alert: weak() };
    vec![
        Sample {
            name: "sign in",
            ids: &["username", "password", "submit", "error", "sign-up", "forgot-password"],
            response: render(&sign_in(text), look),
        },
        Sample {
            name: "second factor",
            ids: &["otp", "submit", "resend", "error"],
            response: render(&second_factor(CodeFrom::Email(Some(own())), weak(), text), look),
        },
        Sample {
            name: "second factor again",
            ids: &["otp", "submit", "message"],
            response: render(&second_factor(CodeFrom::Sms(Some(own())), Some(Alert::CodeSent), text), look),
        },
        Sample { name: "enrol", ids: &["otp", "submit", "secret", "error"], response: render(&enrol, look) },
        Sample { name: "recovery codes", ids: &["submit", "recovery-codes"], response: render(&codes, look) },
    ]
}

/// The sign-in with everything on it.
pub(super) fn sign_in(text: &str) -> SignIn {
    let provider = |id: &'static str| ProviderButton { id: id.to_owned(), kind: id, label: text.to_owned() };
    let known = ["google", "azure", "cognito", "keycloak", "apple", "facebook", "instagram", "saml", "oidc"];
    // A second one of a kind, with a name of the operator's.
    let named = ProviderButton { id: text.to_owned(), kind: "google", label: text.to_owned() };
    SignIn {
        transaction: text.to_owned(),
        client_name: Some(text.to_owned()),
        username: text.to_owned(),
        alert: Some(Alert::WrongCredentials),
        providers: known.into_iter().map(provider).chain([named]).collect(),
        offers_sign_up: true,
        offers_reset: true,
    }
}

fn second_factor(asked: CodeFrom, alert: Option<Alert>, text: &str) -> SecondFactor {
    SecondFactor { transaction: text.to_owned(), asked, alert, offers_resend: true }
}

fn accounts(text: &str, look: &Look) -> Vec<Sample> {
    let own = || text.to_owned();
    let (transaction, back) = (Some(own()), Some(own()));
    let alert = Some(Alert::PasswordWeak(vec![BrokenRule::NoSymbol]));
    let address = SignUpAddress {
        transaction: transaction.clone(),
        back: back.clone(),
        email: own(),
        alert: alert.clone(),
    };
    let form = SignUpForm {
        transaction: transaction.clone(),
        token: own(),
        email: Some(own()),
        first_name: own(),
        last_name: own(),
        alert: alert.clone(),
    };
    let forgot = ForgotPassword {
        transaction: transaction.clone(),
        back: back.clone(),
        username: own(),
        alert: alert.clone(),
    };
    let reset = ResetPassword { transaction: transaction.clone(), back, token: own(), alert };
    vec![
        Sample { name: "sign up", ids: &["email", "submit", "error"], response: render(&address, look) },
        Sample {
            name: "sign-up form",
            ids: &["first-name", "last-name", "email", "new-password", "submit", "error"],
            response: render(&form, look),
        },
        Sample {
            name: "forgot password",
            ids: &["username", "submit", "error"],
            response: render(&forgot, look),
        },
        Sample {
            name: "reset password",
            ids: &["new-password", "submit", "error"],
            response: render(&reset, look),
        },
        Sample {
            name: "verify email",
            ids: &["submit"],
            response: render(&VerifyEmail { transaction, token: own() }, look),
        },
    ]
}

fn afterwards(text: &str, look: &Look) -> Vec<Sample> {
    let own = || text.to_owned();
    let consent = Consent {
        transaction: own(),
        client_name: own(),
        client_logo: Some(own()),
        scopes: vec!["openid".to_owned(), own()],
        user: own(),
    };
    let confirm = SignOutConfirm { user: Some(own()), fields: vec![(own(), own())] };
    let signed_out =
        SignedOut { continue_to: Some(format!("https://a.test/{text}")), client_name: Some(own()) };
    let mail = CheckYourMail { transaction: Some(own()), purpose: MailPurpose::SignUp };
    let error = ErrorPage { reason: Reason::RequestInvalid(own()), request_id: Some(own()) };
    let busy = ErrorPage { reason: Reason::TooManyAttempts(Duration::from_secs(90)), request_id: None };
    let done = Done { what: Finished::PasswordReset, continue_to: Some(format!("https://a.test/{text}")) };
    let post = FormPost { action: own(), fields: vec![(own(), own())] };
    let sample = |name, ids, response| Sample { name, ids, response };
    vec![
        sample("consent", &["allow", "deny"], render(&consent, look)),
        sample("sign out", &["submit"], render(&confirm, look)),
        sample("signed out", &["message"], render(&signed_out, look)),
        sample("check your mail", &["message"], render(&mail, look)),
        sample("error", &["error", "detail", "request-id"], render(&error, look)),
        sample("busy", &["error"], render(&busy, look)),
        sample("done", &["message"], render(&done, look)),
        sample("form post", &[], render(&post, look)),
    ]
}
