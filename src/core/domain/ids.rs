//! Identifiers: one distinct newtype per aggregate, all UUIDs on every wire.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What every identifier can do; lets `Core::new_id` make any of them.
pub trait Id: Copy {
    /// Wraps a UUID that is known to identify this kind of thing.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The bare UUID, for adapters.
    fn uuid(self) -> Uuid;
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// A person's account (`sub` of its tokens).
    UserId
);
id!(
    /// A federated sign-in that has begun.
    LoginAttemptId
);
id!(
    /// The provider's side of a federated sign-in.
    UpstreamSessionId
);
id!(
    /// An organisation whose data is kept apart from every other's.
    TenantId
);
id!(
    /// A named set of permissions.
    RoleId
);
id!(
    /// A user's place in one tenant (`userTenantId` on the native wire).
    MembershipId
);
id!(
    /// The internal key of an OAuth client; its public name is `client_id`.
    ClientKey
);
id!(
    /// One sign-in (`sid` of its tokens).
    SessionId
);
id!(
    /// A browser in which somebody is signed in.
    BrowserSessionId
);
id!(
    /// An authorization code's row.
    GrantId
);
id!(
    /// A refresh token's row.
    RefreshId
);
id!(
    /// A login-activity row.
    ActivityId
);
id!(
    /// A link between a user and an account at an identity provider.
    IdentityId
);
id!(
    /// One access token (`jti`).
    TokenId
);
id!(
    /// A one-time code that somebody still has to give.
    ChallengeId
);
id!(
    /// An authenticator app.
    AuthenticatorId
);
id!(
    /// A link in a mail.
    LinkId
);
id!(
    /// A mail or text message.
    MessageId
);

/// A UUIDv7 from a millisecond time and 80 random bits, so that ids sort by creation.
#[must_use]
pub fn uuid_v7(unix_millis: u64, random: &[u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(unix_millis, random).into_uuid()
}
