//! Links to accounts at identity providers.

use async_trait::async_trait;
use doorward_core::domain::ids::{Id as _, IdentityId, UserId};
use doorward_core::domain::time::Timestamp;
use doorward_core::domain::user::Identity;
use doorward_core::ports::store::{Identities, Stored};

use super::row::Fields;
use super::{Row, SqlTx, at};

fn read(row: &Row) -> Stored<Identity> {
    let fields = Fields::new(row, "identities");
    Ok(Identity {
        id: fields.id("id")?,
        user: fields.id("user_id")?,
        provider: fields.get("provider")?,
        subject: fields.get("subject")?,
        issuer: fields.get("issuer")?,
    })
}

#[async_trait]
impl Identities for SqlTx {
    async fn identities(&mut self, user: UserId) -> Stored<Vec<Identity>> {
        let statement = sqlx::query(
            "SELECT id, user_id, provider, subject, issuer FROM identities WHERE user_id = $1 ORDER BY created_at, id",
        );
        self.all(statement.bind(user.uuid())).await?.iter().map(read).collect()
    }

    async fn add_identity(&mut self, identity: &Identity, now: Timestamp) -> Stored<bool> {
        let statement = sqlx::query(
            "INSERT INTO identities (id, user_id, provider, subject, issuer, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (provider, subject) DO NOTHING",
        )
        .bind(identity.id.uuid())
        .bind(identity.user.uuid())
        .bind(&identity.provider)
        .bind(&identity.subject)
        .bind(&identity.issuer)
        .bind(at(now));
        Ok(self.run(statement).await? > 0)
    }

    async fn identity_by_subject(&mut self, provider: &str, subject: &str) -> Stored<Option<Identity>> {
        let statement = sqlx::query(
            "SELECT id, user_id, provider, subject, issuer FROM identities WHERE provider = $1 AND subject = $2",
        );
        self.maybe(statement.bind(provider).bind(subject)).await?.as_ref().map(read).transpose()
    }

    async fn pin_issuer(&mut self, identity: IdentityId, issuer: &str) -> Stored<bool> {
        let statement =
            sqlx::query("UPDATE identities SET issuer = $2 WHERE id = $1 AND (issuer = '' OR issuer = $2)");
        Ok(self.run(statement.bind(identity.uuid()).bind(issuer)).await? > 0)
    }

    async fn remove_identity(&mut self, user: UserId, identity: IdentityId) -> Stored<bool> {
        let statement = sqlx::query("DELETE FROM identities WHERE id = $1 AND user_id = $2");
        Ok(self.run(statement.bind(identity.uuid()).bind(user.uuid())).await? > 0)
    }
}
