//! What every step of a sign-in on the hosted pages is given by the browser, and where it sends the browser next.

use std::time::Duration;

use crate::domain::authorization_request::ResponseMode;
use crate::domain::error::ErrorKind;
use crate::domain::secret::{Secret, TokenHash};

/// The two cookies of the hosted pages, as presented.
#[derive(Clone, Debug, Default)]
pub struct BrowserCookies {
    /// `doorward_browser`: which browser it is.
    pub browser: Option<Secret<String>>,
    /// `doorward_session`: who is signed in in it.
    pub session: Option<Secret<String>>,
}

/// What comes after a step.
#[derive(Debug)]
pub struct Turn {
    /// Where the browser goes.
    pub next: Next,
    /// The browser's cookie, where it is to be set.
    pub browser_token: Option<Secret<String>>,
    /// The session's cookies, where they are to be set.
    pub session: Option<SessionCookie>,
    /// When an authenticator app has just come into force: what to keep for the day it is lost, never shown again. They are
    /// to be shown first; then [`Core::resume_page`](crate::usecase::Core::resume_page) goes on with the page's transaction.
    pub recovery_codes: Vec<Secret<String>>,
    /// Why the client gets an error and no code, if it does.
    pub refused: Option<ErrorKind>,
}

impl Turn {
    pub(super) fn to(next: Next) -> Self {
        Self { next, browser_token: None, session: None, recovery_codes: Vec::new(), refused: None }
    }
}

/// Where the browser goes.
#[derive(Debug)]
pub enum Next {
    /// Back to the client.
    Client(ClientReply),
    /// To a page of ours (303), with the sealed transaction.
    Page(Secret<String>, Stage),
    /// To the page that takes a new password, since the one that was given must not be kept.
    NewPassword {
        /// The token of a link to a new password, for [`Core::reset_password_on_page`](crate::usecase::Core::reset_password_on_page).
        token: Secret<String>,
        /// The sealed transaction that goes on afterwards.
        transaction: Secret<String>,
    },
}

/// An authorization response (RFC 6749 §4.1.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientReply {
    /// Where to: one of the client's own.
    pub redirect_uri: String,
    /// How the parameters travel.
    pub response_mode: ResponseMode,
    /// The parameters, in order, not yet encoded.
    pub parameters: Vec<(String, String)>,
}

/// A page of the sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Username and password, or a provider.
    SignIn,
    /// The second factor.
    SecondFactor,
    /// A new authenticator app.
    Enrol,
    /// Whether the client may have what it asks for.
    Consent,
}

/// The cookies of a browser session.
#[derive(Clone, Debug)]
pub struct SessionCookie {
    /// `doorward_session`.
    pub token: Secret<String>,
    /// `doorward_browser_state`, which the session-management iframe reads; no secret.
    pub state: String,
    /// How long the session lives at most.
    pub lifetime: Duration,
}

/// What the readable cookie says of a session: it changes with it and opens nothing.
pub(super) fn browser_state(session: &Secret<String>) -> String {
    hex::encode(TokenHash::of(&format!("browser_state\n{}", session.expose())).as_bytes())
}
