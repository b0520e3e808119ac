//! Authenticator apps and recovery codes.

use async_trait::async_trait;
use doorward_core::domain::authenticator::Authenticator;
use doorward_core::domain::ids::{AuthenticatorId, Id as _, UserId};
use doorward_core::domain::secret::TokenHash;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Authenticators, Stored};

use super::row::Fields;
use super::{Row, SqlTx, at};

fn read(row: &Row) -> Stored<Authenticator> {
    let fields = Fields::new(row, "authenticators");
    Ok(Authenticator {
        id: fields.id("id")?,
        user: fields.id("user_id")?,
        sealed_secret: fields.get("sealed_secret")?,
        confirmed_at: fields.maybe_time("confirmed_at")?,
        last_step: fields.get("last_step")?,
        created_at: fields.time("created_at")?,
    })
}

#[async_trait]
impl Authenticators for SqlTx {
    async fn authenticators(&mut self, user: UserId) -> Stored<Vec<Authenticator>> {
        let statement = sqlx::query(
            "SELECT id, user_id, sealed_secret, confirmed_at, last_step, created_at
             FROM authenticators WHERE user_id = $1 ORDER BY id",
        );
        self.all(statement.bind(user.uuid())).await?.iter().map(read).collect()
    }

    async fn put_unconfirmed(&mut self, authenticator: &Authenticator) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO authenticators (id, user_id, sealed_secret, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id) WHERE confirmed_at IS NULL DO UPDATE
             SET id = excluded.id, sealed_secret = excluded.sealed_secret, created_at = excluded.created_at",
        )
        .bind(authenticator.id.uuid())
        .bind(authenticator.user.uuid())
        .bind(authenticator.sealed_secret.as_slice())
        .bind(at(authenticator.created_at));
        self.run(statement).await.map(|_| ())
    }

    async fn confirm_authenticator(
        &mut self,
        id: AuthenticatorId,
        step: i64,
        now: Timestamp,
    ) -> Stored<bool> {
        self.writes()?;
        // Locks the row and judges it, for the one before it must go first: there is never room for two in force.
        let waiting = sqlx::query(
            "UPDATE authenticators SET user_id = user_id WHERE id = $1 AND confirmed_at IS NULL
             RETURNING id, user_id",
        );
        let Some(row) = self.maybe(waiting.bind(id.uuid())).await? else {
            return Ok(false);
        };
        let user: UserId = Fields::new(&row, "authenticators").id("user_id")?;
        let before =
            sqlx::query("DELETE FROM authenticators WHERE user_id = $1 AND confirmed_at IS NOT NULL");
        self.run(before.bind(user.uuid())).await?;
        let statement =
            sqlx::query("UPDATE authenticators SET confirmed_at = $2, last_step = $3 WHERE id = $1");
        Ok(self.run(statement.bind(id.uuid()).bind(at(now)).bind(step)).await? > 0)
    }

    async fn use_step(&mut self, id: AuthenticatorId, step: i64) -> Stored<bool> {
        let statement = sqlx::query(
            "UPDATE authenticators SET last_step = $2
             WHERE id = $1 AND confirmed_at IS NOT NULL AND last_step < $2",
        );
        Ok(self.run(statement.bind(id.uuid()).bind(step)).await? > 0)
    }

    async fn set_recovery_codes(&mut self, user: UserId, codes: &[TokenHash], now: Timestamp) -> Stored<()> {
        let statement = sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1");
        self.run(statement.bind(user.uuid())).await?;
        for code in codes {
            let statement = sqlx::query(
                "INSERT INTO recovery_codes (user_id, code_hash, created_at) VALUES ($1, $2, $3)",
            )
            .bind(user.uuid())
            .bind(code.as_bytes().as_slice())
            .bind(at(now));
            self.run(statement).await?;
        }
        Ok(())
    }

    async fn use_recovery_code(&mut self, user: UserId, code: &TokenHash) -> Stored<bool> {
        let statement = sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2");
        Ok(self.run(statement.bind(user.uuid()).bind(code.as_bytes().as_slice())).await? > 0)
    }
}
