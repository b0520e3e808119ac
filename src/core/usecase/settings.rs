//! Settings of second factors, links, sign-up and messages.

use std::time::Duration;

use crate::domain::limit::Limit;
use crate::domain::second_factor::{OtpMethod, SecondFactorPolicy};

/// Second factors.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecondFactorSettings {
    /// When one is asked for.
    pub policy: SecondFactorPolicy,
    /// That of users without an authenticator app.
    pub method: OtpMethod,
    /// How long a code that was sent, and a sign-in that waits for it, live; at most ten minutes.
    pub code_ttl: Duration,
    /// The name authenticator apps show.
    pub issuer: String,
}

/// The OAuth 2.0 dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OAuthSettings {
    /// `server.public_url`, without a slash at its end: the endpoints are below it.
    pub public_url: String,
    /// What `sub` says of users.
    pub subject: Subject,
    /// How long a browser stays signed in without being used.
    pub session_idle: Duration,
    /// How long it stays signed in at most.
    pub session_lifetime: Duration,
}

/// What `sub` says of users.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The user's id, which never changes.
    Id,
    /// The username, as older clients know it.
    Username,
}

/// Links in mails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkSettings {
    /// `{base}/reset-password?token=…`; without a slash at its end. Never taken from a request.
    pub reset_password: String,
    /// The page that finishes a sign-up, in the same way.
    pub sign_up: String,
    /// The page that proves an address, in the same way.
    pub verify_email: String,
    /// How long a link to a new password works; at most 30 minutes (OWASP ASVS 6.5.5).
    pub reset_password_ttl: Duration,
    /// How long a link to an account works.
    pub sign_up_ttl: Duration,
    /// How long a link that proves an address works.
    pub verify_email_ttl: Duration,
}

/// Where who signs up goes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SignUpSettings {
    /// Key of the tenant; `None` = the only one there is.
    pub tenant: Option<String>,
    /// Name of the role; `None` = a role `Member` without permissions, made when it is missing.
    pub role: Option<String>,
    /// `client_id`s the account may sign in through; `None` = every enabled one of people (`web` and `spa`) that is the
    /// operator's or the tenant's.
    pub clients: Option<Vec<String>>,
}

/// How many messages may be caused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessageLimits {
    /// To one destination.
    pub destination: Limit,
    /// From one address (IPv6: one /64).
    pub address: Limit,
}
