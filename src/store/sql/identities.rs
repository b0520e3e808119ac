//! Links to accounts at identity providers.

use async_trait::async_trait;
use doorward_core::domain::ids::{Id as _, UserId};
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
    })
}

#[async_trait]
impl Identities for SqlTx {
    async fn identities(&mut self, user: UserId) -> Stored<Vec<Identity>> {
        let statement = sqlx::query(
            "SELECT id, user_id, provider, subject FROM identities WHERE user_id = $1 ORDER BY created_at, id",
        );
        self.all(statement.bind(user.uuid())).await?.iter().map(read).collect()
    }

    async fn add_identity(&mut self, identity: &Identity, now: Timestamp) -> Stored<bool> {
        let statement = sqlx::query(
            "INSERT INTO identities (id, user_id, provider, subject, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (provider, subject) DO NOTHING",
        )
        .bind(identity.id.uuid())
        .bind(identity.user.uuid())
        .bind(&identity.provider)
        .bind(&identity.subject)
        .bind(at(now));
        Ok(self.run(statement).await? > 0)
    }
}
