//! Counters of failed attempts.

use async_trait::async_trait;
use doorward_core::domain::limit::{Charge, Level, LimitKey};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Attempts, Stored};

use super::SqlTx;
use super::row::Fields;
use crate::PURGE_BATCH;

fn micros(time: Timestamp) -> i64 {
    time.datetime().timestamp_micros()
}

#[async_trait]
impl Attempts for SqlTx {
    async fn attempt_levels(&mut self, keys: &[LimitKey]) -> Stored<Vec<Option<Level>>> {
        let mut levels = Vec::with_capacity(keys.len());
        for key in keys {
            let statement = sqlx::query("SELECT empty_at_micros FROM attempts WHERE key = $1");
            let row = self.maybe(statement.bind(key.as_bytes().as_slice())).await?;
            let level = row.map(|row| Fields::new(&row, "attempts").get("empty_at_micros").map(Level));
            levels.push(level.transpose()?);
        }
        Ok(levels)
    }

    async fn charge_attempts(&mut self, charges: &[Charge], now: Timestamp) -> Stored<()> {
        // In one order everywhere, so that two transactions never wait for each other.
        let mut charges = charges.to_vec();
        charges.sort_by_key(|charge| *charge.key.as_bytes());
        for charge in charges {
            let statement = sqlx::query(
                "INSERT INTO attempts (key, empty_at_micros) VALUES ($1, $2 + $3)
                 ON CONFLICT (key) DO UPDATE SET empty_at_micros = CASE
                     WHEN attempts.empty_at_micros <= $2 THEN $2 + $3
                     WHEN attempts.empty_at_micros + $3 > $2 + $4 THEN $2 + $4
                     ELSE attempts.empty_at_micros + $3 END",
            )
            .bind(charge.key.as_bytes().as_slice())
            .bind(micros(now))
            .bind(charge.weight)
            .bind(charge.depth);
            self.run(statement).await?;
        }
        Ok(())
    }

    async fn purge_attempts(&mut self, now: Timestamp) -> Stored<u64> {
        let statement = sqlx::query(
            "DELETE FROM attempts WHERE key IN (SELECT key FROM attempts WHERE empty_at_micros < $1 LIMIT $2)",
        );
        self.run(statement.bind(micros(now)).bind(PURGE_BATCH)).await
    }
}
