//! Refresh tokens: rotation, the grace window, reuse (RFC 6749 §6, RFC 9700 §4.14).

use std::net::IpAddr;
use std::time::Duration;

use super::ids::{RefreshId, SessionId, TenantId, TokenId};
use super::secret::TokenHash;
use super::time::Timestamp;

/// What a rotation was asked to do; a retry must ask for the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Same tenant.
    Refresh,
    /// Another tenant.
    Switch,
}

impl Operation {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Switch => "switch",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "refresh" => Some(Self::Refresh),
            "switch" => Some(Self::Switch),
            _ => None,
        }
    }
}

/// The access token issued together with a refresh token: enough to issue the very same one again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IssuedAccess {
    /// `jti`.
    pub id: TokenId,
    /// `iat`, whole seconds.
    pub issued_at: Timestamp,
    /// `exp`, whole seconds.
    pub expires_at: Timestamp,
}

/// How a used refresh token was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Consumption {
    /// When.
    pub at: Timestamp,
    /// By which operation.
    pub operation: Operation,
    /// Into which tenant.
    pub tenant: TenantId,
    /// From which address.
    pub ip: Option<IpAddr>,
}

/// One refresh token of a session's family.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refresh {
    /// Row id.
    pub id: RefreshId,
    /// The session; all its refresh tokens are one family.
    pub session: SessionId,
    /// SHA-256 of the token.
    pub token_hash: TokenHash,
    /// The token it replaced.
    pub parent: Option<RefreshId>,
    /// Version of the server key the token was derived with; `None` for a family's first, which is random.
    pub key_version: Option<i64>,
    /// The access token issued with it.
    pub access: IssuedAccess,
    /// When it was issued.
    pub created_at: Timestamp,
    /// From when it is worthless: idle time, never beyond the session's end.
    pub expires_at: Timestamp,
    /// Set once it was used.
    pub consumption: Option<Consumption>,
}

/// What presenting a refresh token means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presented {
    /// Unused and in time: rotate.
    Fresh,
    /// Used moments ago by the same operation: issue the same successor again.
    Retry,
    /// Used moments ago, but this retry cannot be answered with the successor; punish nobody.
    LateRetry,
    /// Used long ago: somebody has a copy. End the family.
    Reuse,
    /// Too old.
    Expired,
}

impl Refresh {
    /// Judges a presentation at `now` for `operation` into `tenant`.
    ///
    /// `successor_used`: whether the token that replaced this one was used already.
    #[must_use]
    pub fn judge(
        &self,
        now: Timestamp,
        grace: Duration,
        operation: Operation,
        tenant: TenantId,
        successor_used: bool,
    ) -> Presented {
        let Some(used) = self.consumption else {
            return if now < self.expires_at { Presented::Fresh } else { Presented::Expired };
        };
        if now.since(used.at) >= grace {
            Presented::Reuse
        } else if successor_used || used.operation != operation || used.tenant != tenant {
            Presented::LateRetry
        } else {
            Presented::Retry
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::Id as _;

    const GRACE: Duration = Duration::from_secs(10);

    fn second(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second).expect("in range")
    }

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    /// Issued at 0, idle until 1000, used at 100 for a refresh into tenant 1.
    fn used() -> Refresh {
        let id = Uuid::from_u128(7);
        Refresh {
            id: RefreshId::from_uuid(id),
            session: SessionId::from_uuid(id),
            token_hash: TokenHash::of("token"),
            parent: None,
            key_version: None,
            access: IssuedAccess {
                id: TokenId::from_uuid(id),
                issued_at: second(0),
                expires_at: second(900),
            },
            created_at: second(0),
            expires_at: second(1000),
            consumption: Some(Consumption {
                at: second(100),
                operation: Operation::Refresh,
                tenant: tenant(1),
                ip: None,
            }),
        }
    }

    #[test]
    fn an_unused_token_is_fresh_until_its_idle_time_ends() {
        let unused = Refresh { consumption: None, ..used() };
        let judge = |now| unused.judge(second(now), GRACE, Operation::Refresh, tenant(1), false);
        assert_eq!(judge(999), Presented::Fresh);
        assert_eq!(judge(1000), Presented::Expired);
    }

    #[test]
    fn inside_the_window_the_same_request_is_a_retry_and_outside_it_is_reuse() {
        let judge = |now| used().judge(second(now), GRACE, Operation::Refresh, tenant(1), false);
        assert_eq!(judge(100), Presented::Retry);
        assert_eq!(judge(109), Presented::Retry);
        assert_eq!(judge(110), Presented::Reuse);
    }

    #[test]
    fn a_retry_that_cannot_get_the_successor_punishes_nobody() {
        let judge = |operation, tenant, used_up| used().judge(second(105), GRACE, operation, tenant, used_up);
        assert_eq!(judge(Operation::Refresh, tenant(1), true), Presented::LateRetry);
        assert_eq!(judge(Operation::Switch, tenant(1), false), Presented::LateRetry);
        assert_eq!(judge(Operation::Refresh, tenant(2), false), Presented::LateRetry);
    }

    #[test]
    fn without_a_window_every_second_use_is_reuse() {
        let presented = used().judge(second(100), Duration::ZERO, Operation::Refresh, tenant(1), false);
        assert_eq!(presented, Presented::Reuse);
    }
}
