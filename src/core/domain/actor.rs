//! Who is asking, and from where.

use std::net::IpAddr;

use super::claims::VerifiedToken;

/// Facts about the request that every command carries.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Origin {
    /// The client's address: the peer's, or the rightmost untrusted hop behind trusted proxies.
    pub ip: Option<IpAddr>,
    /// `User-Agent`, cut to 512 characters.
    pub user_agent: Option<String>,
    /// The `device_id` header, cut to 255 characters.
    pub device_id: Option<String>,
}

/// Who asks. The first field of every command; authorisation and login activity read it.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The identity behind the request.
    pub who: Who,
    /// Where it comes from.
    pub origin: Origin,
}

/// The identity behind a request.
#[derive(Clone, Debug)]
pub enum Who {
    /// Nobody has proved anything yet.
    Anonymous,
    /// A user with a verified, unrevoked access token.
    User(Box<VerifiedToken>),
    /// The operator at the command line.
    Operator,
    /// The service itself (worker, replay detection).
    System,
}

impl Actor {
    /// A caller who has proved nothing.
    #[must_use]
    pub fn anonymous(origin: Origin) -> Self {
        Self { who: Who::Anonymous, origin }
    }

    /// A caller with a verified access token.
    #[must_use]
    pub fn user(token: VerifiedToken, origin: Origin) -> Self {
        Self { who: Who::User(Box::new(token)), origin }
    }
}
