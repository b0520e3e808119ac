//! What a rotation of a refresh token reads at once, and what it writes at once.

use crate::domain::activity::Activity;
use crate::domain::client::Client;
use crate::domain::ids::{MembershipId, RefreshId};
use crate::domain::membership::Membership;
use crate::domain::refresh::{Consumption, IssuedAccess, Refresh};
use crate::domain::session::Session;
use crate::domain::user::User;

/// A refresh token with everything its rotation depends on, as of one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PresentedRefresh {
    /// The token, used or not.
    pub refresh: Refresh,
    /// The token that replaced it.
    pub successor: Option<Refresh>,
    /// Its session, over or not.
    pub session: Session,
    /// The session's client, disabled or not.
    pub client: Client,
    /// The session's user, removed or not.
    pub user: User,
    /// Whether the user may (still) sign in through the client.
    pub is_client_allowed: bool,
    /// The user's place in the tenant asked for, or in the session's.
    pub membership: Option<Membership>,
}

/// The use of a refresh token: all that is written about it, or nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshRotation {
    /// The token that is used up.
    pub parent: RefreshId,
    /// The access token issued with it, which is revoked.
    pub old_access: IssuedAccess,
    /// When, how, from where; `tenant` is where the session speaks from now on.
    pub used: Consumption,
    /// The membership there.
    pub membership: MembershipId,
    /// The token that replaces it: of the same session, `parent` set, not used.
    pub next: Refresh,
    /// The activity row.
    pub activity: Activity,
}
