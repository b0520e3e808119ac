//! Links in mails, each used once.

use async_trait::async_trait;
use doorward_core::domain::ids::{ClientKey, Id as _, LinkId, UserId};
use doorward_core::domain::link::{Link, LinkPurpose, LinkState};
use doorward_core::domain::secret::TokenHash;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Links, Stored};

use super::row::Fields;
use super::{Row, SqlTx, at};
use crate::PURGE_BATCH;

/// What a [`Link`] is read from.
macro_rules! columns {
    () => {
        "id, purpose, token_hash, subject_hash, client_key, user_id, email, data, invited_tenant_id, invited_role_id,
         credential_version, created_at, expires_at"
    };
}

fn read(row: &Row) -> Stored<Link> {
    let fields = Fields::new(row, "links");
    Ok(Link {
        id: fields.id("id")?,
        purpose: fields.word("purpose", LinkPurpose::parse)?,
        token_hash: fields.hash("token_hash")?,
        subject_hash: fields.hash("subject_hash")?,
        client: fields.maybe_id("client_key")?,
        user: fields.maybe_id("user_id")?,
        email: fields.get("email")?,
        data: fields.get("data")?,
        invited_to: fields.maybe_id("invited_tenant_id")?.zip(fields.maybe_id("invited_role_id")?),
        credential_version: fields.get("credential_version")?,
        created_at: fields.time("created_at")?,
        expires_at: fields.time("expires_at")?,
    })
}

impl SqlTx {
    /// Spends every fresh link of the purpose about the same, but `except`.
    async fn spend_siblings(
        &mut self,
        (purpose, subject): (LinkPurpose, &TokenHash),
        except: Option<LinkId>,
        now: Timestamp,
    ) -> Stored<()> {
        let statement = sqlx::query(
            "UPDATE links SET spent_at = $3
             WHERE subject_hash = $1 AND purpose = $2 AND spent_at IS NULL AND ($4 IS NULL OR id <> $4)",
        )
        .bind(subject.as_bytes().as_slice())
        .bind(purpose.as_str())
        .bind(at(now))
        .bind(except.map(LinkId::uuid));
        self.run(statement).await.map(|_| ())
    }
}

#[async_trait]
impl Links for SqlTx {
    async fn add_link(&mut self, link: &Link) -> Stored<()> {
        self.spend_siblings((link.purpose, &link.subject_hash), None, link.created_at).await?;
        let statement = sqlx::query(concat!(
            "INSERT INTO links (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        ))
        .bind(link.id.uuid())
        .bind(link.purpose.as_str())
        .bind(link.token_hash.as_bytes().as_slice())
        .bind(link.subject_hash.as_bytes().as_slice())
        .bind(link.client.map(ClientKey::uuid))
        .bind(link.user.map(UserId::uuid))
        .bind(link.email.as_deref())
        .bind(link.data.as_deref())
        .bind(link.invited_to.map(|(tenant, _)| tenant.uuid()))
        .bind(link.invited_to.map(|(_, role)| role.uuid()))
        .bind(link.credential_version)
        .bind(at(link.created_at))
        .bind(at(link.expires_at));
        self.run(statement).await.map(|_| ())
    }

    async fn link(&mut self, purpose: LinkPurpose, token: &TokenHash, now: Timestamp) -> Stored<LinkState> {
        let statement = sqlx::query(concat!(
            "SELECT spent_at, ",
            columns!(),
            " FROM links WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3"
        ))
        .bind(token.as_bytes().as_slice())
        .bind(purpose.as_str())
        .bind(at(now));
        let Some(row) = self.maybe(statement).await? else {
            return Ok(LinkState::Absent);
        };
        if Fields::new(&row, "links").maybe_time("spent_at")?.is_some() {
            return Ok(LinkState::Spent);
        }
        read(&row).map(LinkState::Fresh)
    }

    async fn consume_link(
        &mut self,
        purpose: LinkPurpose,
        token: &TokenHash,
        now: Timestamp,
    ) -> Stored<Option<Link>> {
        self.writes()?;
        let statement = sqlx::query(concat!(
            "UPDATE links SET spent_at = $3
             WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 AND spent_at IS NULL
             RETURNING ",
            columns!()
        ))
        .bind(token.as_bytes().as_slice())
        .bind(purpose.as_str())
        .bind(at(now));
        let Some(row) = self.maybe(statement).await? else {
            return Ok(None);
        };
        let link = read(&row)?;
        // Two that were added at the same moment did not see each other.
        self.spend_siblings((purpose, &link.subject_hash), Some(link.id), now).await?;
        Ok(Some(link))
    }

    async fn spend_links(&mut self, purpose: LinkPurpose, user: UserId, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "UPDATE links SET spent_at = $3 WHERE user_id = $1 AND purpose = $2 AND spent_at IS NULL",
        );
        let statement = statement.bind(user.uuid()).bind(purpose.as_str()).bind(at(now));
        self.run(statement).await.map(|_| ())
    }

    async fn purge_links(&mut self, expired_before: Timestamp) -> Stored<u64> {
        let statement = sqlx::query(
            "DELETE FROM links WHERE id IN (SELECT id FROM links WHERE expires_at < $1 LIMIT $2)",
        );
        self.run(statement.bind(at(expired_before)).bind(PURGE_BATCH)).await
    }
}
