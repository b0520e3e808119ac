//! Draws a view: one template each, escaped by construction, with every header a page needs.

use std::borrow::Cow;

use askama::Template;
use poem::Response;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};

use super::alert::Alert;
use super::form_page::FormPage;
use super::look::Look;
use super::policy::{Needs, https_origin, policy};
use super::texts::{Texts, around, filled};
use super::view::{
    CheckYourMail, CodeFrom, Consent, Done, EnrolTotp, ErrorPage, Finished, ForgotPassword, FormPost,
    MailPurpose, RecoveryCodes, ResetPassword, SecondFactor, SignIn, SignOutConfirm, SignUpAddress,
    SignUpForm, SignedOut, VerifyEmail,
};

/// Submits the page's form.
pub(super) const SUBMIT_SCRIPT: &str = "document.forms[0].submit();";
/// The styles of every page.
pub(super) const STYLE: &str = include_str!("style.css");

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Something [`render`] can draw.
pub(crate) trait View {
    /// The reply's status.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }

    /// `Retry-After`, in seconds.
    fn retry_after(&self) -> Option<u64> {
        None
    }

    /// What the policy has to let through.
    fn needs(&self) -> NeedsOf<'_> {
        NeedsOf::default()
    }

    /// The page.
    fn html(&self, frame: &Frame<'_>) -> Result<String, askama::Error>;
}

/// What a view asks of its policy.
#[derive(Clone, Copy, Default)]
pub(crate) struct NeedsOf<'a>(Needs<'a>);

/// The reply: the page with all its headers. There is no `Cross-Origin-Opener-Policy`: with any but `unsafe-none` browsers
/// part a popup from the window that opened it, and apps that sign people in by one would wait for ever.
pub(crate) fn render(view: &impl View, look: &Look) -> Response {
    let frame = Frame::of(look);
    let Ok(html) = view.html(&frame) else {
        tracing::error!(event = "page_not_drawn");
        return Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).finish();
    };
    let mut response = Response::builder()
        .status(view.status())
        .content_type("text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, policy(look, &view.needs().0))
        .header(header::CONTENT_LANGUAGE, look.language.tag())
        .body(html);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (RESOURCE_POLICY, "same-origin"),
        (PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(seconds) = view.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What every template knows.
pub(crate) struct Frame<'a> {
    texts: &'static Texts,
    language: &'static str,
    nonce: &'a str,
    style: &'static str,
    look: &'a Look,
}

impl<'a> Frame<'a> {
    pub(super) fn of(look: &'a Look) -> Self {
        let language = look.language;
        Self {
            texts: Texts::of(language),
            language: language.tag(),
            nonce: look.nonce.as_str(),
            style: STYLE,
            look,
        }
    }

    /// The operator's logo, where it can be used.
    fn logo(&self) -> Option<&str> {
        self.usable(self.look.pages.logo_url.as_deref())
    }

    /// The operator's stylesheet, where it can be used.
    fn stylesheet(&self) -> Option<&str> {
        self.usable(self.look.pages.css_url.as_deref())
    }

    /// An `https` address that the policy names.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn usable<'b>(&self, address: Option<&'b str>) -> Option<&'b str> {
        address.filter(|_| https_origin(address).is_some())
    }

    /// The operator's words, otherwise ours.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn title<'b>(&self, own: Option<&'b str>, ours: &'b str) -> &'b str {
        own.filter(|own| !own.trim().is_empty()).unwrap_or(ours)
    }

    /// An address a link may have: of the web, or a path of ours; never a script.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn link<'b>(&self, address: Option<&'b str>) -> Option<&'b str> {
        let is_path =
            |text: &str| text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\");
        let is_web = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        address.filter(|text| is_path(text) || is_web(text))
    }

    /// A path of ours.
    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.look.base_path)
    }

    /// A path of ours that carries the transaction.
    fn path_with(&self, path: &str, transaction: &str) -> String {
        // A sealed transaction is base64url; whatever else stands there is left out.
        let is_sealed = |each: &char| each.is_ascii_alphanumeric() || "-_.~".contains(*each);
        let transaction: String = transaction.chars().filter(is_sealed).collect();
        format!("{}{path}?transaction={transaction}", self.look.base_path)
    }

    /// A text with a word filled in.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn filled(&self, text: &str, name: &str, value: &str) -> String {
        filled(text, name, value)
    }

    /// What stands before and after a word.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn around<'b>(&self, text: &'b str, name: &str) -> (&'b str, &'b str) {
        around(text, name)
    }

    /// Whether a field has to say that something is wrong.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn is_wrong(&self, alert: Option<&Alert>) -> bool {
        alert.is_some_and(|alert| !alert.is_note())
    }

    /// What is wrong, in words.
    fn alert<'b>(&'b self, alert: &'b Alert) -> Cow<'b, str> {
        alert.text(self.texts)
    }

    /// The first letter of a name.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn initial(&self, name: &str) -> String {
        name.chars().take(1).flat_map(char::to_uppercase).collect()
    }

    /// What a scope means; `None` for those only the operator knows.
    fn scope(&self, scope: &str) -> Option<&str> {
        let texts = self.texts;
        let text = match scope {
            "openid" => &texts.scope_openid,
            "profile" => &texts.scope_profile,
            "email" => &texts.scope_email,
            "phone" => &texts.scope_phone,
            "address" => &texts.scope_address,
            "offline_access" => &texts.scope_offline_access,
            _ => return None,
        };
        Some(text)
    }
}

/// The template of a view.
macro_rules! sheet {
    ($sheet:ident, $view:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $sheet<'a> {
            view: &'a $view,
            frame: &'a Frame<'a>,
        }
    };
}

/// A view without wishes.
macro_rules! plain_view {
    ($sheet:ident, $view:ident, $path:literal) => {
        sheet!($sheet, $view, $path);

        impl View for $view {
            fn html(&self, frame: &Frame<'_>) -> Result<String, askama::Error> {
                $sheet { view: self, frame }.render()
            }
        }
    };
}

/// A view whose form may lead to the client.
macro_rules! leading_view {
    ($sheet:ident, $view:ident, $path:literal) => {
        sheet!($sheet, $view, $path);

        impl View for $view {
            fn needs(&self) -> NeedsOf<'_> {
                NeedsOf(Needs { leads_away: true, ..Needs::default() })
            }

            fn html(&self, frame: &Frame<'_>) -> Result<String, askama::Error> {
                $sheet { view: self, frame }.render()
            }
        }
    };
}

leading_view!(SecondFactorSheet, SecondFactor, "second_factor.html");
leading_view!(EnrolTotpSheet, EnrolTotp, "enrol_totp.html");
leading_view!(RecoveryCodesSheet, RecoveryCodes, "recovery_codes.html");
leading_view!(SignUpFormSheet, SignUpForm, "sign_up_form.html");
leading_view!(ResetPasswordSheet, ResetPassword, "reset_password.html");
leading_view!(SignOutConfirmSheet, SignOutConfirm, "sign_out_confirm.html");
plain_view!(SignUpAddressSheet, SignUpAddress, "sign_up_address.html");
plain_view!(ForgotPasswordSheet, ForgotPassword, "forgot_password.html");
plain_view!(CheckYourMailSheet, CheckYourMail, "check_your_mail.html");
plain_view!(VerifyEmailSheet, VerifyEmail, "verify_email.html");
plain_view!(DoneSheet, Done, "done.html");
plain_view!(SignedOutSheet, SignedOut, "signed_out.html");
sheet!(SignInSheet, SignIn, "sign_in.html");
sheet!(ConsentSheet, Consent, "consent.html");
sheet!(ErrorSheet, ErrorPage, "error.html");

impl View for SignIn {
    fn needs(&self) -> NeedsOf<'_> {
        let leads_to_providers = !self.providers.is_empty();
        NeedsOf(Needs { leads_away: true, leads_to_providers, ..Needs::default() })
    }

    fn html(&self, frame: &Frame<'_>) -> Result<String, askama::Error> {
        SignInSheet { view: self, frame }.render()
    }
}

impl View for Consent {
    fn needs(&self) -> NeedsOf<'_> {
        NeedsOf(Needs { leads_away: true, picture: self.client_logo.as_deref(), ..Needs::default() })
    }

    fn html(&self, frame: &Frame<'_>) -> Result<String, askama::Error> {
        ConsentSheet { view: self, frame }.render()
    }
}

impl View for ErrorPage {
    fn status(&self) -> StatusCode {
        self.reason.status()
    }

    fn retry_after(&self) -> Option<u64> {
        self.reason.retry_after()
    }

    fn html(&self, frame: &Frame<'_>) -> Result<String, askama::Error> {
        ErrorSheet { view: self, frame }.render()
    }
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPostSheet<'a> {
    view: &'a FormPost,
    frame: &'a Frame<'a>,
    script: &'static str,
}

impl View for FormPost {
    fn needs(&self) -> NeedsOf<'_> {
        NeedsOf(Needs { has_script: true, action: Some(&self.action), ..Needs::default() })
    }

    fn html(&self, frame: &Frame<'_>) -> Result<String, askama::Error> {
        FormPostSheet { view: self, frame, script: SUBMIT_SCRIPT }.render()
    }
}

/// The template of a [`FormPage`], which makes its own reply.
#[derive(Template)]
#[template(path = "form_page.html")]
pub(super) struct FormPageSheet<'a> {
    pub(super) view: &'a FormPage<'a>,
    pub(super) frame: &'a Frame<'a>,
    pub(super) script: &'static str,
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod tests;
