//! `[native]`: the dialect of `/auth/*`.

use std::time::Duration;

use doorward_core::domain::challenge::MAX_CHALLENGE_TTL;
use doorward_core::domain::second_factor::{OtpMethod, SecondFactorPolicy};
use doorward_core::usecase::{LinkSettings, SecondFactorSettings, SignUpSettings};

use super::section::DefaultValue::{Derived, Text};
use super::section::section;
use super::server::BaseUrl;
use super::setting::Setting;

section! {
    /// The dialect of `/auth/*`.
    [native] Native {
        /// When a second factor is asked for: `off`, `optional` (of those who enrolled an authenticator app) or `required` (of
        /// everybody). A client's `mfa` in the `apply` file replaces this, a role's makes it stricter.
        mfa: SecondFactorPolicy = Text("off");
        /// The second factor of people without an authenticator app: a code by `email` or `sms`, or `totp`: they must enrol
        /// one. Also how a sign-in by code alone is sent: by mail unless it is `sms`.
        otp_method: OtpMethod = Text("email");
        /// How long a code that was sent, and a sign-in that waits for it, live.
        otp_ttl: Duration = Text("5m"), if |ttl| (Duration::from_secs(30)..=MAX_CHALLENGE_TTL).contains(ttl) =>
            "a duration from \"30s\" to \"10m\"";
        /// The name that authenticator apps show.
        otp_issuer: String = Text("Doorward"), if |name| name.len() <= 64 && !name.contains(':') =>
            "at most 64 bytes without a colon";
        /// The page where a new password is chosen; `?token=…` is appended. Links in mails lead here, whatever a request says.
        reset_password_url: Option<BaseUrl> = Derived("`/reset-password` under `web_app_url`, or `server.public_url`");
        /// The page that finishes a sign-up.
        sign_up_url: Option<BaseUrl> = Derived("`/sign-up` under `web_app_url`, or `server.public_url`");
        /// The page that proves an e-mail address.
        verify_email_url: Option<BaseUrl> = Derived("`/verify-email` under `web_app_url`, or `server.public_url`");
        /// How long a link to a new password works.
        reset_password_ttl: Duration = Text("30m"), if |ttl| is_link_ttl(*ttl, Duration::from_mins(30)) =>
            "a duration from \"1m\" to \"30m\"";
        /// How long a link to a new account works.
        sign_up_ttl: Duration = Text("30m"), if |ttl| is_link_ttl(*ttl, Duration::from_hours(24)) =>
            "a duration from \"1m\" to \"24h\"";
        /// How long a link that proves an e-mail address works.
        verify_email_ttl: Duration = Text("24h"), if |ttl| is_link_ttl(*ttl, Duration::from_hours(7 * 24)) =>
            "a duration from \"1m\" to \"7d\"";
        /// Whether people may make accounts for themselves, by a link to their e-mail address: `open` or `off`.
        sign_up: SelfSignUp = Text("open");
        /// Key of the tenant of such accounts.
        sign_up_tenant: Option<String> = Derived("the only one there is; with several, nobody can sign up");
        /// Name of their role.
        sign_up_role: Option<String> = Derived("`Member`, without permissions");
        /// The `client_id`s they may sign in through.
        sign_up_clients: Option<Vec<String>> = Derived("every `web` and `spa` client that is no other tenant's");
        /// Locale of members who have none.
        locale: String = Text("en"), if |locale| locale.len() <= 35 => "a language tag such as \"en\" (RFC 5646)";
        /// The address of the app that people see. After Azure and Apple it is put before redirect URLs that are only a
        /// path, as the old service's `WEBAPP_URL` was.
        web_app_url: Option<BaseUrl> = Derived("redirect URLs are used as they are");
        /// Whether `GET /auth/google` and the like accept `client_secret` in the query. URLs end up in logs.
        allow_secret_in_query: bool = Text("false");
        /// Whether `?access_token=` is accepted in place of the `Authorization` header. URLs end up in logs.
        allow_access_token_in_query: bool = Text("false");
    }
}

fn is_link_ttl(ttl: Duration, longest: Duration) -> bool {
    (Duration::from_mins(1)..=longest).contains(&ttl)
}

impl Native {
    /// When a second factor is asked for, and which.
    #[must_use]
    pub fn second_factor(&self) -> SecondFactorSettings {
        SecondFactorSettings {
            policy: self.mfa,
            method: self.otp_method,
            code_ttl: self.otp_ttl,
            issuer: self.otp_issuer.clone(),
        }
    }

    /// Where links lead and how long they work.
    #[must_use]
    pub fn links(&self, public_url: &str) -> LinkSettings {
        let base = self.web_app_url.as_ref().map_or(public_url, BaseUrl::as_str);
        let page = |url: &Option<BaseUrl>, path: &str| {
            url.as_ref().map_or_else(|| format!("{base}{path}"), |url| url.as_str().to_owned())
        };
        LinkSettings {
            reset_password: page(&self.reset_password_url, "/reset-password"),
            sign_up: page(&self.sign_up_url, "/sign-up"),
            verify_email: page(&self.verify_email_url, "/verify-email"),
            reset_password_ttl: self.reset_password_ttl,
            sign_up_ttl: self.sign_up_ttl,
            verify_email_ttl: self.verify_email_ttl,
        }
    }

    /// Where who signs up goes, if anybody may.
    #[must_use]
    pub fn sign_up(&self) -> Option<SignUpSettings> {
        match self.sign_up {
            SelfSignUp::Off => None,
            SelfSignUp::Open => Some(SignUpSettings {
                tenant: self.sign_up_tenant.clone(),
                role: self.sign_up_role.clone(),
                clients: self.sign_up_clients.clone(),
            }),
        }
    }
}

impl Setting for OtpMethod {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"email\", \"sms\" or \"totp\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "email" => Some(Self::Email),
            "sms" => Some(Self::Sms),
            "totp" => Some(Self::Totp),
            _ => None,
        }
    }
}

/// Whether people may make accounts for themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SelfSignUp {
    /// Whoever owns an e-mail address.
    Open,
    /// Nobody.
    Off,
}

impl Setting for SelfSignUp {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"open\" or \"off\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "open" => Some(Self::Open),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}
