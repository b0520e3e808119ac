//! Authorization codes.

use async_trait::async_trait;
use doorward_core::domain::authentication::Methods;
use doorward_core::domain::grant::{Consumed, Grant};
use doorward_core::domain::ids::{GrantId, Id as _, SessionId};
use doorward_core::domain::secret::TokenHash;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Grants, Stored};
use sqlx::types::Json;

use super::row::Fields;
use super::{Row, SqlTx, at};
use crate::PURGE_BATCH;

fn read(row: &Row) -> Stored<Grant> {
    let fields = Fields::new(row, "grants");
    Ok(Grant {
        id: fields.id("id")?,
        code_hash: fields.hash("code_hash")?,
        client: fields.id("client_key")?,
        user: fields.id("user_id")?,
        tenant: fields.id("tenant_id")?,
        membership: fields.id("membership_id")?,
        credential_version: fields.get("credential_version")?,
        methods: fields.word("methods", Methods::parse)?,
        oauth: fields.maybe_json("oauth")?,
        created_at: fields.time("created_at")?,
        expires_at: fields.time("expires_at")?,
    })
}

#[async_trait]
impl Grants for SqlTx {
    async fn add_grant(&mut self, grant: &Grant) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO grants (id, code_hash, client_key, user_id, tenant_id, membership_id, credential_version,
                 created_at, expires_at, methods, oauth)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(grant.id.uuid())
        .bind(grant.code_hash.as_bytes().as_slice())
        .bind(grant.client.uuid())
        .bind(grant.user.uuid())
        .bind(grant.tenant.uuid())
        .bind(grant.membership.uuid())
        .bind(grant.credential_version)
        .bind(at(grant.created_at))
        .bind(at(grant.expires_at))
        .bind(grant.methods.to_text())
        .bind(grant.oauth.as_ref().map(Json));
        self.run(statement).await.map(|_| ())
    }

    async fn knows_grant(&mut self, code: &TokenHash) -> Stored<bool> {
        let statement = sqlx::query("SELECT id FROM grants WHERE code_hash = $1");
        Ok(self.maybe(statement.bind(code.as_bytes().as_slice())).await?.is_some())
    }

    async fn unused_grant(&mut self, code: &TokenHash) -> Stored<Option<Grant>> {
        let statement = sqlx::query(
            "SELECT id, code_hash, client_key, user_id, tenant_id, membership_id, credential_version,
                 created_at, expires_at, methods, oauth
             FROM grants WHERE code_hash = $1 AND consumed_at IS NULL",
        );
        self.maybe(statement.bind(code.as_bytes().as_slice())).await?.as_ref().map(read).transpose()
    }

    async fn consume_grant(&mut self, code: &TokenHash, now: Timestamp) -> Stored<Consumed> {
        self.writes()?;
        let statement = sqlx::query(
            "UPDATE grants SET consumed_at = $2 WHERE code_hash = $1 AND consumed_at IS NULL
             RETURNING id, code_hash, client_key, user_id, tenant_id, membership_id, credential_version,
                 created_at, expires_at, methods, oauth",
        );
        let statement = statement.bind(code.as_bytes().as_slice()).bind(at(now));
        if let Some(row) = self.maybe(statement).await? {
            return read(&row).map(Consumed::Now);
        }
        let statement = sqlx::query("SELECT id, consumed_at, session_id FROM grants WHERE code_hash = $1");
        let Some(row) = self.maybe(statement.bind(code.as_bytes().as_slice())).await? else {
            return Ok(Consumed::Absent);
        };
        let fields = Fields::new(&row, "grants");
        Ok(Consumed::Replayed {
            consumed_at: fields.time("consumed_at")?,
            session: fields.maybe_id("session_id")?,
        })
    }

    async fn attach_session(&mut self, grant: GrantId, session: SessionId) -> Stored<()> {
        let statement = sqlx::query("UPDATE grants SET session_id = $2 WHERE id = $1");
        self.run(statement.bind(grant.uuid()).bind(session.uuid())).await.map(|_| ())
    }

    async fn purge_grants(&mut self, expired_before: Timestamp) -> Stored<u64> {
        let statement = sqlx::query(
            "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_at < $1 LIMIT $2)",
        );
        self.run(statement.bind(at(expired_before)).bind(PURGE_BATCH)).await
    }
}
