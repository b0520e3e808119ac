//! The hosted pages: browser sessions, consents, what clients may learn of a user, how a tenant's pages look.

use async_trait::async_trait;
use doorward_core::domain::authentication::Methods;
use doorward_core::domain::authorization::Consent;
use doorward_core::domain::browser_session::BrowserSession;
use doorward_core::domain::hosted_pages::HostedPages;
use doorward_core::domain::ids::{BrowserSessionId, ClientKey, Id as _, TenantId, UserId};
use doorward_core::domain::profile::{Profile, ProfileDetails};
use doorward_core::domain::secret::TokenHash;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{BrowserSessions, Consents, Profiles, Stored};
use sqlx::types::Json;

use super::row::Fields;
use super::{Row, SqlTx, at, maybe_at};
use crate::PURGE_BATCH;

macro_rules! browser_session_where {
    ($condition:literal) => {
        concat!(
            "SELECT id, token_hash, user_id, tenant_id, membership_id, client_key, credential_version, user_epoch,
                    membership_epoch, methods, authenticated_at, last_used_at, expires_at, ended_at, ip_address,
                    user_agent
             FROM browser_sessions WHERE ",
            $condition
        )
    };
}

fn read_browser_session(row: &Row) -> Stored<BrowserSession> {
    let fields = Fields::new(row, "browser_sessions");
    Ok(BrowserSession {
        id: fields.id("id")?,
        token_hash: fields.hash("token_hash")?,
        user: fields.id("user_id")?,
        tenant: fields.id("tenant_id")?,
        membership: fields.id("membership_id")?,
        client: fields.id("client_key")?,
        credential_version: fields.get("credential_version")?,
        user_epoch: fields.get("user_epoch")?,
        membership_epoch: fields.get("membership_epoch")?,
        methods: fields.word("methods", Methods::parse)?,
        authenticated_at: fields.time("authenticated_at")?,
        last_used_at: fields.time("last_used_at")?,
        expires_at: fields.time("expires_at")?,
        ended_at: fields.maybe_time("ended_at")?,
        ip: fields.maybe_ip("ip_address")?,
        user_agent: fields.get("user_agent")?,
    })
}

#[async_trait]
impl BrowserSessions for SqlTx {
    async fn add_browser_session(&mut self, session: &BrowserSession) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO browser_sessions (id, token_hash, user_id, tenant_id, membership_id, client_key,
                 credential_version, user_epoch, membership_epoch, methods, authenticated_at, last_used_at, expires_at,
                 ended_at, ip_address, user_agent)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(session.id.uuid())
        .bind(session.token_hash.as_bytes().as_slice())
        .bind(session.user.uuid())
        .bind(session.tenant.uuid())
        .bind(session.membership.uuid())
        .bind(session.client.uuid())
        .bind(session.credential_version)
        .bind(session.user_epoch)
        .bind(session.membership_epoch)
        .bind(session.methods.to_text())
        .bind(at(session.authenticated_at))
        .bind(at(session.last_used_at))
        .bind(at(session.expires_at))
        .bind(maybe_at(session.ended_at))
        .bind(session.ip.map(|ip| ip.to_string()))
        .bind(session.user_agent.as_deref());
        self.run(statement).await.map(|_| ())
    }

    async fn browser_session_by_token(&mut self, token: &TokenHash) -> Stored<Option<BrowserSession>> {
        let statement = sqlx::query(browser_session_where!("token_hash = $1"));
        let row = self.maybe(statement.bind(token.as_bytes().as_slice())).await?;
        row.as_ref().map(read_browser_session).transpose()
    }

    async fn browser_session(&mut self, id: BrowserSessionId) -> Stored<Option<BrowserSession>> {
        let statement = sqlx::query(browser_session_where!("id = $1"));
        self.maybe(statement.bind(id.uuid())).await?.as_ref().map(read_browser_session).transpose()
    }

    async fn touch_browser_session(&mut self, id: BrowserSessionId, now: Timestamp) -> Stored<bool> {
        let statement = sqlx::query(
            "UPDATE browser_sessions SET last_used_at = $2 WHERE id = $1 AND ended_at IS NULL AND expires_at > $2",
        );
        Ok(self.run(statement.bind(id.uuid()).bind(at(now))).await? > 0)
    }

    async fn end_browser_session(&mut self, id: BrowserSessionId, now: Timestamp) -> Stored<bool> {
        let statement =
            sqlx::query("UPDATE browser_sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL");
        Ok(self.run(statement.bind(id.uuid()).bind(at(now))).await? > 0)
    }

    async fn purge_browser_sessions(&mut self, over_before: Timestamp) -> Stored<u64> {
        let statement = sqlx::query(
            "DELETE FROM browser_sessions WHERE id IN
                 (SELECT id FROM browser_sessions WHERE ended_at < $1 OR expires_at < $1 LIMIT $2)",
        );
        self.run(statement.bind(at(over_before)).bind(PURGE_BATCH)).await
    }
}

#[async_trait]
impl Consents for SqlTx {
    async fn consent(&mut self, user: UserId, client: ClientKey) -> Stored<Option<Consent>> {
        let statement = sqlx::query(
            "SELECT user_id AS id, client_key, scopes, granted_at FROM consents
             WHERE user_id = $1 AND client_key = $2",
        );
        let Some(row) = self.maybe(statement.bind(user.uuid()).bind(client.uuid())).await? else {
            return Ok(None);
        };
        let fields = Fields::new(&row, "consents");
        Ok(Some(Consent {
            user: fields.id("id")?,
            client: fields.id("client_key")?,
            scopes: fields.words("scopes")?,
            granted_at: fields.time("granted_at")?,
        }))
    }

    async fn save_consent(&mut self, consent: &Consent) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO consents (user_id, client_key, scopes, granted_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id, client_key) DO UPDATE
             SET scopes = excluded.scopes, granted_at = excluded.granted_at",
        )
        .bind(consent.user.uuid())
        .bind(consent.client.uuid())
        .bind(Json(&consent.scopes))
        .bind(at(consent.granted_at));
        self.run(statement).await.map(|_| ())
    }
}

#[async_trait]
impl Profiles for SqlTx {
    async fn profile(&mut self, user: UserId) -> Stored<Option<Profile>> {
        let statement = sqlx::query("SELECT id, profile, updated_at FROM users WHERE id = $1");
        let Some(row) = self.maybe(statement.bind(user.uuid())).await? else {
            return Ok(None);
        };
        let fields = Fields::new(&row, "users");
        Ok(Some(Profile { details: fields.json("profile")?, updated_at: fields.time("updated_at")? }))
    }

    async fn save_profile(&mut self, user: UserId, details: &ProfileDetails, now: Timestamp) -> Stored<bool> {
        let statement =
            sqlx::query("UPDATE users SET profile = $2, updated_at = $3 WHERE id = $1 AND profile <> $2");
        Ok(self.run(statement.bind(user.uuid()).bind(Json(details)).bind(at(now))).await? > 0)
    }

    async fn hosted_pages(&mut self, tenant: TenantId) -> Stored<HostedPages> {
        let statement = sqlx::query("SELECT id, pages FROM tenants WHERE id = $1");
        let row = self.maybe(statement.bind(tenant.uuid())).await?;
        Ok(row.map(|row| Fields::new(&row, "tenants").json("pages")).transpose()?.unwrap_or_default())
    }

    async fn save_hosted_pages(
        &mut self,
        tenant: TenantId,
        pages: &HostedPages,
        now: Timestamp,
    ) -> Stored<bool> {
        let statement =
            sqlx::query("UPDATE tenants SET pages = $2, updated_at = $3 WHERE id = $1 AND pages <> $2");
        Ok(self.run(statement.bind(tenant.uuid()).bind(Json(pages)).bind(at(now))).await? > 0)
    }
}
