//! Aggregates of the hosted pages: browser sessions, consents, and what clients may learn of a user.

use async_trait::async_trait;

use super::Stored;
use crate::domain::authorization::Consent;
use crate::domain::browser_session::BrowserSession;
use crate::domain::hosted_pages::HostedPages;
use crate::domain::ids::{BrowserSessionId, ClientKey, TenantId, UserId};
use crate::domain::profile::{Profile, ProfileDetails};
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;

/// Browser sessions.
#[async_trait]
pub trait BrowserSessions {
    /// Adds.
    async fn add_browser_session(&mut self, session: &BrowserSession) -> Stored<()>;
    /// By cookie, ended ones too.
    async fn browser_session_by_token(&mut self, token: &TokenHash) -> Stored<Option<BrowserSession>>;
    /// By id, ended ones too.
    async fn browser_session(&mut self, id: BrowserSessionId) -> Stored<Option<BrowserSession>>;
    /// Notes a use of one that has not ended and is not over at `now`: one guarded UPDATE. `false` = there is none.
    async fn touch_browser_session(&mut self, id: BrowserSessionId, now: Timestamp) -> Stored<bool>;
    /// Ends it if it has not ended: a guarded UPDATE. `false` = it had ended before.
    async fn end_browser_session(&mut self, id: BrowserSessionId, now: Timestamp) -> Stored<bool>;
    /// Removes those that were over before; answers how many.
    async fn purge_browser_sessions(&mut self, over_before: Timestamp) -> Stored<u64>;
}

/// Consents.
#[async_trait]
pub trait Consents {
    /// What the user allowed the client so far.
    async fn consent(&mut self, user: UserId, client: ClientKey) -> Stored<Option<Consent>>;
    /// Writes it in place of what there was.
    async fn save_consent(&mut self, consent: &Consent) -> Stored<()>;
}

/// What clients may learn of a user, and how a tenant's pages look.
#[async_trait]
pub trait Profiles {
    /// Of the user; `None` = no such user.
    async fn profile(&mut self, user: UserId) -> Stored<Option<Profile>>;
    /// Writes it; answers whether anything changed.
    async fn save_profile(&mut self, user: UserId, details: &ProfileDetails, now: Timestamp) -> Stored<bool>;
    /// How the tenant's pages look.
    async fn hosted_pages(&mut self, tenant: TenantId) -> Stored<HostedPages>;
    /// Writes it; answers whether anything changed.
    async fn save_hosted_pages(
        &mut self,
        tenant: TenantId,
        pages: &HostedPages,
        now: Timestamp,
    ) -> Stored<bool>;
}
