//! Sessions.

use std::net::IpAddr;

use async_trait::async_trait;
use doorward_core::domain::authentication::Methods;
use doorward_core::domain::ids::{BrowserSessionId, Id as _, SessionId, UserId};
use doorward_core::domain::limit::network;
use doorward_core::domain::session::{EndReason, Session};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Sessions, Stored};
use sqlx::types::Json;

use super::row::Fields;
use super::{SqlTx, at};
use crate::PURGE_BATCH;

pub(super) fn read(fields: Fields<'_>) -> Stored<Session> {
    Ok(Session {
        id: fields.id("id")?,
        user: fields.id("user_id")?,
        client: fields.id("client_key")?,
        tenant: fields.id("tenant_id")?,
        membership: fields.id("membership_id")?,
        methods: fields.word("methods", Methods::parse)?,
        oauth: fields.maybe_json("oauth")?,
        created_at: fields.time("created_at")?,
        last_used_at: fields.time("last_used_at")?,
        expires_at: fields.time("expires_at")?,
        ended_at: fields.maybe_time("ended_at")?,
        ip: fields.maybe_ip("ip_address")?,
        user_agent: fields.get("user_agent")?,
        device_id: fields.get("device_id")?,
    })
}

#[async_trait]
impl Sessions for SqlTx {
    async fn add_session(&mut self, session: &Session) -> Stored<()> {
        let browser = session.oauth.as_ref().and_then(|authorization| authorization.browser_session);
        let statement = sqlx::query(
            "INSERT INTO sessions (id, user_id, client_key, tenant_id, membership_id, created_at, last_used_at,
                 expires_at, ip_address, user_agent, device_id, methods, oauth, browser_session_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(session.id.uuid())
        .bind(session.user.uuid())
        .bind(session.client.uuid())
        .bind(session.tenant.uuid())
        .bind(session.membership.uuid())
        .bind(at(session.created_at))
        .bind(at(session.last_used_at))
        .bind(at(session.expires_at))
        .bind(session.ip.map(|ip| ip.to_string()))
        .bind(session.user_agent.as_deref())
        .bind(session.device_id.as_deref())
        .bind(session.methods.to_text())
        .bind(session.oauth.as_ref().map(Json))
        .bind(browser.map(BrowserSessionId::uuid));
        self.run(statement).await.map(|_| ())
    }

    async fn session(&mut self, id: SessionId) -> Stored<Option<Session>> {
        let statement = sqlx::query(
            "SELECT id, user_id, client_key, tenant_id, membership_id, created_at, last_used_at, expires_at,
                 ended_at, ip_address, user_agent, device_id, methods, oauth
             FROM sessions WHERE id = $1",
        );
        self.maybe(statement.bind(id.uuid()))
            .await?
            .as_ref()
            .map(|row| read(Fields::new(row, "sessions")))
            .transpose()
    }

    async fn end_session(&mut self, id: SessionId, reason: EndReason, now: Timestamp) -> Stored<bool> {
        let statement = sqlx::query(
            "UPDATE sessions SET ended_at = $3, end_reason = $2 WHERE id = $1 AND ended_at IS NULL",
        );
        let statement = statement.bind(id.uuid()).bind(reason.as_str()).bind(at(now));
        Ok(self.run(statement).await? > 0)
    }

    async fn end_sessions_of_browser(
        &mut self,
        browser: BrowserSessionId,
        reason: EndReason,
        now: Timestamp,
    ) -> Stored<Vec<Session>> {
        self.writes()?;
        let statement = sqlx::query(
            "UPDATE sessions SET ended_at = $3, end_reason = $2
             WHERE browser_session_id = $1 AND ended_at IS NULL
             RETURNING id, user_id, client_key, tenant_id, membership_id, created_at, last_used_at, expires_at,
                 NULL AS ended_at, ip_address, user_agent, device_id, methods, oauth",
        );
        let statement = statement.bind(browser.uuid()).bind(reason.as_str()).bind(at(now));
        let rows = self.all(statement).await?;
        rows.iter().map(|row| read(Fields::new(row, "sessions"))).collect()
    }

    async fn pass_sessions_of_browser(&mut self, from: BrowserSessionId, to: BrowserSessionId) -> Stored<()> {
        let statement = sqlx::query(
            "UPDATE sessions SET browser_session_id = $2 WHERE browser_session_id = $1 AND ended_at IS NULL",
        );
        self.run(statement.bind(from.uuid()).bind(to.uuid())).await.map(|_| ())
    }

    async fn end_user_sessions(
        &mut self,
        user: UserId,
        keep: Option<SessionId>,
        reason: EndReason,
        now: Timestamp,
    ) -> Stored<Vec<SessionId>> {
        self.writes()?;
        let statement = sqlx::query(
            "UPDATE sessions SET ended_at = $3, end_reason = $2
             WHERE user_id = $1 AND ended_at IS NULL AND ($4 IS NULL OR id <> $4)
             RETURNING id",
        )
        .bind(user.uuid())
        .bind(reason.as_str())
        .bind(at(now))
        .bind(keep.map(SessionId::uuid));
        let rows = self.all(statement).await?;
        rows.iter().map(|row| Fields::new(row, "sessions").id("id")).collect()
    }

    async fn has_signed_in_from(
        &mut self,
        user: UserId,
        device_id: Option<&str>,
        ip: Option<IpAddr>,
        since: Timestamp,
    ) -> Stored<bool> {
        if self.has_signed_in_from_network(user, ip, since).await? {
            return Ok(true);
        }
        let statement = sqlx::query(
            "SELECT id FROM sessions
             WHERE user_id = $1 AND created_at >= $2 AND (device_id = $3 OR ip_address = $4) LIMIT 1",
        )
        .bind(user.uuid())
        .bind(at(since))
        .bind(device_id)
        .bind(ip.map(|ip| ip.to_string()));
        Ok(self.maybe(statement).await?.is_some())
    }

    async fn is_new_origin(
        &mut self,
        user: UserId,
        device_id: Option<&str>,
        ip: Option<IpAddr>,
        since: Timestamp,
    ) -> Stored<bool> {
        if self.has_signed_in_from_network(user, ip, since).await? {
            return Ok(false);
        }
        let statement = sqlx::query(
            "SELECT id FROM sessions
             WHERE user_id = $1 AND NOT EXISTS
                 (SELECT 1 FROM sessions
                  WHERE user_id = $1 AND created_at >= $2 AND (device_id = $3 OR ip_address = $4))
             LIMIT 1",
        )
        .bind(user.uuid())
        .bind(at(since))
        .bind(device_id)
        .bind(ip.map(|ip| ip.to_string()));
        Ok(self.maybe(statement).await?.is_some())
    }

    async fn purge_sessions(&mut self, over_before: Timestamp) -> Stored<u64> {
        let statement = sqlx::query(
            "DELETE FROM sessions WHERE id IN
                 (SELECT id FROM sessions WHERE ended_at < $1 OR expires_at < $1 LIMIT $2)",
        );
        self.run(statement.bind(at(over_before)).bind(PURGE_BATCH)).await
    }
}

impl SqlTx {
    /// Whether the user has signed in since `since` from the /64 of an IPv6 address; of others it is not asked. Texts of
    /// addresses have no common beginning, so they are compared here.
    async fn has_signed_in_from_network(
        &mut self,
        user: UserId,
        ip: Option<IpAddr>,
        since: Timestamp,
    ) -> Stored<bool> {
        let Some(own @ IpAddr::V6(_)) = ip.map(network) else { return Ok(false) };
        let statement = sqlx::query(
            "SELECT DISTINCT ip_address FROM sessions
             WHERE user_id = $1 AND created_at >= $2 AND ip_address LIKE '%:%'",
        );
        let rows = self.all(statement.bind(user.uuid()).bind(at(since))).await?;
        for row in &rows {
            let known = Fields::new(row, "sessions").maybe_ip("ip_address")?;
            if known.map(network) == Some(own) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
