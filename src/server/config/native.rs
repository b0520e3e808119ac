//! `[native]`: the dialect of `/auth/*`.

use super::section::DefaultValue::{Derived, Text};
use super::section::section;
use super::server::BaseUrl;
use super::setting::Setting;

section! {
    /// The dialect of `/auth/*`.
    [native] Native {
        /// Second factors. They are not available yet: only `off`.
        mfa: Mfa = Text("off");
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

/// Whether a second factor is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mfa {
    /// Never.
    Off,
}

impl Setting for Mfa {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"off\": second factors are not available yet in this version".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        (text == "off").then_some(Self::Off)
    }
}
