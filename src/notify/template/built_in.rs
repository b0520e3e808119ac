//! The templates that come with the program.

use doorward_core::domain::message::MailKind;

macro_rules! language {
    ($locale:literal) => {
        [
            (MailKind::Registration, include_str!(concat!("../templates/", $locale, "/registration.md"))),
            (MailKind::Welcome, include_str!(concat!("../templates/", $locale, "/welcome.md"))),
            (
                MailKind::ForgotPassword,
                include_str!(concat!("../templates/", $locale, "/forgot-password.md")),
            ),
            (MailKind::ResetPassword, include_str!(concat!("../templates/", $locale, "/reset-password.md"))),
            (
                MailKind::EmailUpdateSuccessful,
                include_str!(concat!("../templates/", $locale, "/email-update-successful.md")),
            ),
            (
                MailKind::RecoverUsername,
                include_str!(concat!("../templates/", $locale, "/recover-username.md")),
            ),
            (
                MailKind::UsernameRecovered,
                include_str!(concat!("../templates/", $locale, "/username-recovered.md")),
            ),
            (
                MailKind::OneTimePasscode,
                include_str!(concat!("../templates/", $locale, "/one-time-passcode.md")),
            ),
            (MailKind::AccountExists, include_str!(concat!("../templates/", $locale, "/account-exists.md"))),
            (MailKind::VerifyEmail, include_str!(concat!("../templates/", $locale, "/verify-email.md"))),
            (MailKind::NewDevice, include_str!(concat!("../templates/", $locale, "/new-device.md"))),
            (
                MailKind::SecondFactorChanged,
                include_str!(concat!("../templates/", $locale, "/second-factor-changed.md")),
            ),
        ]
    };
}

/// Locale and its twelve templates.
pub(crate) const BUILT_IN: &[(&str, [(MailKind, &str); 12])] =
    &[("en", language!("en")), ("de", language!("de"))];
