//! Passwords from before.

use async_trait::async_trait;
use doorward_core::domain::ids::{Id as _, UserId};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{PasswordHistory, Stored};

use super::row::Fields;
use super::{SqlTx, at};

/// The shortest step between two moments.
const TICK: std::time::Duration = std::time::Duration::from_micros(1);

#[async_trait]
impl PasswordHistory for SqlTx {
    async fn password_changed_at(&mut self, user: UserId) -> Stored<Option<Timestamp>> {
        let statement = sqlx::query("SELECT changed_at FROM password_credentials WHERE user_id = $1");
        let row = self.maybe(statement.bind(user.uuid())).await?;
        row.map(|row| Fields::new(&row, "password_credentials").time("changed_at")).transpose()
    }

    async fn former_passwords(&mut self, user: UserId, most: u32) -> Stored<Vec<String>> {
        let statement = sqlx::query(
            "SELECT hash FROM former_passwords WHERE user_id = $1 ORDER BY replaced_at DESC LIMIT $2",
        );
        let rows = self.all(statement.bind(user.uuid()).bind(i64::from(most))).await?;
        rows.iter().map(|row| Fields::new(row, "former_passwords").get("hash")).collect()
    }

    async fn remember_password(&mut self, user: UserId, hash: &str, keep: u32, now: Timestamp) -> Stored<()> {
        self.writes()?;
        let statement = sqlx::query(
            "SELECT replaced_at FROM former_passwords WHERE user_id = $1 ORDER BY replaced_at DESC LIMIT 1",
        );
        let newest = self.maybe(statement.bind(user.uuid())).await?;
        let newest =
            newest.map(|row| Fields::new(&row, "former_passwords").time("replaced_at")).transpose()?;
        // The order of changes is kept even where clocks of nodes differ.
        let replaced_at = newest.map_or(now, |newest| now.max(newest.plus(TICK)));
        let statement =
            sqlx::query("INSERT INTO former_passwords (user_id, replaced_at, hash) VALUES ($1, $2, $3)");
        self.run(statement.bind(user.uuid()).bind(at(replaced_at)).bind(hash)).await?;
        let statement = sqlx::query(
            "DELETE FROM former_passwords WHERE user_id = $1 AND replaced_at NOT IN
                 (SELECT replaced_at FROM former_passwords WHERE user_id = $1 ORDER BY replaced_at DESC LIMIT $2)",
        );
        self.run(statement.bind(user.uuid()).bind(i64::from(keep))).await.map(|_| ())
    }
}
