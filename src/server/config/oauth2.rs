//! `[oauth2]`: the dialect of `/oauth2/*` and its pages.

use std::time::Duration;

use doorward_core::usecase::{OAuthSettings, Subject};

use super::problem::Problem;
use super::section::DefaultValue::Text;
use super::section::section;
use super::setting::Setting;
use super::sources::Sources;

section! {
    /// The OAuth 2.0 and OpenID Connect dialect of `/oauth2/*`, and its sign-in pages.
    [oauth2] OAuth2 {
        /// What `sub` says of a user: `id`, which never changes, or `username`, as clients of older servers know it. Clients
        /// tell users apart by it: do not change it once there are any.
        subject: Subject = Text("id");
        /// How long a browser stays signed in on the sign-in pages without being used.
        session_idle: Duration = Text("12h"), if |time| is_session(*time) => "a duration from \"1m\" to \"400d\"";
        /// How long it stays signed in at most.
        session_lifetime: Duration = Text("7d"), if |time| is_session(*time) => "a duration from \"1m\" to \"400d\"";
    }
}

/// No browser keeps a cookie for longer than 400 days.
fn is_session(time: Duration) -> bool {
    (Duration::from_mins(1)..=Duration::from_hours(400 * 24)).contains(&time)
}

impl OAuth2 {
    /// Rules that concern two keys.
    pub(super) fn check_together(&self, sources: &Sources) -> Result<(), Problem> {
        if self.session_idle > self.session_lifetime {
            let complaint = "expected a duration of at most oauth2.session_lifetime";
            return Err(sources.problem::<Duration>("oauth2", "session_idle", complaint));
        }
        Ok(())
    }

    /// What the use-cases need.
    #[must_use]
    pub fn core(&self, public_url: String) -> OAuthSettings {
        OAuthSettings {
            public_url,
            subject: self.subject,
            session_idle: self.session_idle,
            session_lifetime: self.session_lifetime,
        }
    }
}

impl Setting for Subject {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"id\" or \"username\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "id" => Some(Self::Id),
            "username" => Some(Self::Username),
            _ => None,
        }
    }
}
