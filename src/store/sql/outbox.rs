//! Messages that wait to be sent.

use std::time::Duration;

use async_trait::async_trait;
use doorward_core::domain::ids::{Id as _, MessageId};
use doorward_core::domain::message::{QueueDepth, Queued};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Outbox, Stored};
use sqlx::AssertSqlSafe;

use super::super::SKIP_LOCKED;
use super::row::Fields;
use super::{Row, SqlTx, at, maybe_at};
use crate::PURGE_BATCH;

fn read(row: &Row) -> Stored<Queued> {
    let fields = Fields::new(row, "outbox");
    Ok(Queued {
        id: fields.id("id")?,
        kind: fields.get("kind")?,
        sealed: fields.get("sealed_message")?,
        created_at: fields.time("created_at")?,
        due_at: fields.time("due_at")?,
        attempts: fields.get("attempts")?,
        dead_at: fields.maybe_time("dead_at")?,
        last_error: fields.get("last_error")?,
    })
}

#[async_trait]
impl Outbox for SqlTx {
    async fn enqueue(&mut self, message: &Queued) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO outbox (id, kind, sealed_message, created_at, due_at, attempts, dead_at, last_error)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(message.id.uuid())
        .bind(&message.kind)
        .bind(message.sealed.as_slice())
        .bind(at(message.created_at))
        .bind(at(message.due_at))
        .bind(message.attempts)
        .bind(maybe_at(message.dead_at))
        .bind(message.last_error.as_deref());
        self.run(statement).await.map(|_| ())
    }

    async fn claim_messages(&mut self, now: Timestamp, lease: Duration, most: u32) -> Stored<Vec<Queued>> {
        self.writes()?;
        // Chosen once, before anything is changed: a subquery could be run again for every row, and choose anew.
        let statement = AssertSqlSafe(format!(
            "WITH due AS MATERIALIZED (
                 SELECT id FROM outbox WHERE dead_at IS NULL AND due_at <= $1
                 ORDER BY due_at, id LIMIT $3 {SKIP_LOCKED})
             UPDATE outbox SET attempts = attempts + 1, due_at = $2 WHERE id IN (SELECT id FROM due)
             RETURNING id, kind, sealed_message, created_at, due_at, attempts, dead_at, last_error"
        ));
        let statement = sqlx::query(statement).bind(at(now)).bind(at(now.plus(lease))).bind(i64::from(most));
        let mut claimed = self.all(statement).await?.iter().map(read).collect::<Stored<Vec<_>>>()?;
        // An UPDATE answers in no particular order.
        claimed.sort_by_key(|message| (message.created_at, message.id));
        Ok(claimed)
    }

    async fn settle_message(&mut self, id: MessageId) -> Stored<()> {
        let statement = sqlx::query("DELETE FROM outbox WHERE id = $1");
        self.run(statement.bind(id.uuid())).await.map(|_| ())
    }

    async fn postpone_message(
        &mut self,
        id: MessageId,
        attempt: i64,
        error: &str,
        due_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Stored<()> {
        let dead_at = if due_at.is_none() { Some(now) } else { None };
        let statement = sqlx::query(
            "UPDATE outbox SET last_error = $2, due_at = COALESCE($3, due_at), dead_at = $4
             WHERE id = $1 AND attempts = $5 AND dead_at IS NULL",
        )
        .bind(id.uuid())
        .bind(error)
        .bind(maybe_at(due_at))
        .bind(maybe_at(dead_at))
        .bind(attempt);
        self.run(statement).await.map(|_| ())
    }

    async fn dead_messages(&mut self, most: u32) -> Stored<Vec<Queued>> {
        let statement = sqlx::query(
            "SELECT id, kind, sealed_message, created_at, due_at, attempts, dead_at, last_error
             FROM outbox WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT $1",
        );
        self.all(statement.bind(i64::from(most))).await?.iter().map(read).collect()
    }

    async fn revive_message(&mut self, id: MessageId, now: Timestamp) -> Stored<bool> {
        let statement = sqlx::query(
            "UPDATE outbox SET dead_at = NULL, due_at = $2, attempts = 0 WHERE id = $1 AND dead_at IS NOT NULL",
        );
        Ok(self.run(statement.bind(id.uuid()).bind(at(now))).await? > 0)
    }

    async fn queue_depth(&mut self) -> Stored<QueueDepth> {
        let statement =
            sqlx::query("SELECT COUNT(*) - COUNT(dead_at) AS waiting, COUNT(dead_at) AS dead FROM outbox");
        let row = self.one(statement).await?;
        let fields = Fields::new(&row, "outbox");
        Ok(QueueDepth { waiting: fields.get("waiting")?, dead: fields.get("dead")? })
    }

    async fn purge_dead_messages(&mut self, dead_before: Timestamp) -> Stored<u64> {
        let statement =
            sqlx::query("DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE dead_at < $1 LIMIT $2)");
        self.run(statement.bind(at(dead_before)).bind(PURGE_BATCH)).await
    }
}
