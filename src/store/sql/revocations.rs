//! The append-only table of revocations and its tail.

use async_trait::async_trait;
use doorward_core::domain::ids::Id;
use doorward_core::domain::revocation::{Revocation, Revoked};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Revocations, Stored, TailCursor};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::row::Fields;
use super::{Row, SqlTx, Statement, at};
use crate::PURGE_BATCH;

/// Rows of one INSERT: far below the parameter limits of both databases (32,766 and 65,535).
const ROWS_PER_INSERT: usize = 1000;

fn write(what: Revoked) -> (&'static str, Uuid, Option<i64>) {
    match what {
        Revoked::Session(id) => ("session", id.uuid(), None),
        Revoked::Token(id) => ("token", id.uuid(), None),
        Revoked::UserEpoch(id, epoch) => ("user", id.uuid(), Some(epoch)),
        Revoked::MembershipEpoch(id, epoch) => ("membership", id.uuid(), Some(epoch)),
        Revoked::TenantEpoch(id, epoch) => ("tenant", id.uuid(), Some(epoch)),
        Revoked::ClientEpoch(id, epoch) => ("client", id.uuid(), Some(epoch)),
    }
}

fn read(fields: Fields<'_>) -> Stored<Revocation> {
    fn epoch<I: Id>(fields: Fields<'_>, build: fn(I, i64) -> Revoked) -> Stored<Revoked> {
        Ok(build(fields.id("subject")?, fields.get("epoch")?))
    }
    let what = match fields.get::<String>("kind")?.as_str() {
        "session" => Revoked::Session(fields.id("subject")?),
        "token" => Revoked::Token(fields.id("subject")?),
        "user" => epoch(fields, Revoked::UserEpoch)?,
        "membership" => epoch(fields, Revoked::MembershipEpoch)?,
        "tenant" => epoch(fields, Revoked::TenantEpoch)?,
        "client" => epoch(fields, Revoked::ClientEpoch)?,
        _ => return Err(fields.broken("kind")),
    };
    Ok(Revocation { what, until: fields.time("until")? })
}

/// Rows of one page of the tail.
pub(super) const PAGE: usize = 10_000;

/// Where the next pass has to begin if this one reads everything that can be seen from now on.
pub(super) fn position() -> Statement<'static> {
    sqlx::query(super::super::TAIL_POSITION)
}

pub(super) fn read_position(row: &Row, before: Option<&TailCursor>) -> Stored<TailCursor> {
    let fields = Fields::new(row, "revocations");
    let position: i64 = fields.get("position")?;
    // Never back: on SQLite the table may have been purged empty in between.
    let position = before.map_or(position, |before| before.position.max(position));
    Ok(TailCursor { position, open: fields.get("open")? })
}

/// A page of the rows since the cursor, or of all that still matter.
pub(super) fn page(cursor: Option<&TailCursor>, now: Timestamp, after: i64) -> Statement<'_> {
    const ALIVE: &str = "SELECT seq, kind, subject, epoch, until FROM revocations
        WHERE until > $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
    match cursor {
        Some(TailCursor { position, open }) => {
            sqlx::query(super::super::TAIL_SINCE).bind(position).bind(open).bind(after).bind(page)
        }
        None => sqlx::query(ALIVE).bind(at(now)).bind(after).bind(page),
    }
}

/// Adds the page to what was read; answers the number of its last row.
pub(super) fn read_page(rows: &[Row], revocations: &mut Vec<Revocation>) -> Stored<Option<i64>> {
    for row in rows {
        revocations.push(read(Fields::new(row, "revocations"))?);
    }
    rows.last().map(|row| Fields::new(row, "revocations").get("seq")).transpose()
}

#[async_trait]
impl Revocations for SqlTx {
    async fn record_revocations(&mut self, revocations: &[Revocation], now: Timestamp) -> Stored<()> {
        for chunk in revocations.chunks(ROWS_PER_INSERT) {
            let mut builder =
                QueryBuilder::new("INSERT INTO revocations (kind, subject, epoch, until, created_at) ");
            builder.push_values(chunk, |mut values, revocation| {
                let (kind, subject, epoch) = write(revocation.what);
                values
                    .push_bind(kind)
                    .push_bind(subject)
                    .push_bind(epoch)
                    .push_bind(at(revocation.until))
                    .push_bind(at(now));
            });
            // One row is the rule and worth a prepared statement; other lengths would only fill the cache.
            self.run(builder.build().persistent(chunk.len() == 1)).await?;
        }
        Ok(())
    }

    async fn purge_revocations(&mut self, until_before: Timestamp) -> Stored<u64> {
        let statement = sqlx::query(
            "DELETE FROM revocations WHERE seq IN (SELECT seq FROM revocations WHERE until < $1 LIMIT $2)",
        );
        self.run(statement.bind(at(until_before)).bind(PURGE_BATCH)).await
    }
}
