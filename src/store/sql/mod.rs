//! The one SQL source of both databases; `sqlite.rs` and `postgres.rs` each mount it with their own [`Db`].
//!
//! Rules: `$n` parameters, time as a parameter, JSON never queried inside, every transition one guarded statement,
//! no dependence on constraint names, no `SELECT *`. What differs between the databases is in those two files only.

pub(crate) mod activities;
mod attempts;
mod authenticators;
mod browsing;
mod challenges;
mod clients;
mod condition;
mod error;
mod federations;
mod grants;
mod identities;
mod imports;
mod keys;
mod links;
mod memberships;
pub(crate) mod migrate;
mod outbox;
mod password_history;
mod presented;
mod refreshes;
mod revocations;
mod roles;
pub(crate) mod rotations;
mod row;
mod sessions;
mod sign_ups;
mod tenants;
mod users;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use doorward_core::domain::revocation::Revocation;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Mode, RefreshRotation, Store, StoreError, Stored, TailCursor, Tx};
use sqlx::query::Query;
use sqlx::{Database, Pool, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::readers::{Reader, Readers};
use super::rotations::Rotations;
use super::{BEGIN_TIMEOUT, BEGIN_WRITE, Db, GATE_TIMEOUT, LONG_TIMEOUT, STATEMENT_TIMEOUT};
use crate::meter::{Section, Wait};
use crate::suspicion::Suspicion;
pub(crate) use error::Timed;
pub(crate) use migrate::Schema;

/// For the few rows since the last look; by default a third of `revocation.max_staleness`.
const TAIL_TIMEOUT: Duration = Duration::from_millis(1500);

pub(crate) type Row = <Db as Database>::Row;
pub(crate) type Statement<'q> = Query<'q, Db, <Db as Database>::Arguments>;

/// The pools of one database.
#[derive(Clone)]
pub(crate) struct SqlStore {
    /// For reading.
    pub(crate) readers: Readers,
    /// As many reports as may run at once: the dearest questions must leave connections to the others.
    pub(crate) reports: Arc<Semaphore>,
    /// For the tail of the revocations alone: requests that keep all others busy must not make the node blind.
    pub(crate) tail: Pool<Db>,
    /// For [`Mode::Write`]; the same pool where the database does not care.
    pub(crate) writers: Pool<Db>,
    /// Lets one writer in at a time, in order of arrival, where the database cannot take more.
    pub(crate) gate: Option<Arc<Semaphore>>,
    /// Raised when a connection was lost: pooled ones are tested before their next use.
    pub(crate) suspicion: Suspicion,
    /// How refresh tokens are rotated.
    pub(crate) rotations: Rotations,
}

pub(crate) enum Link {
    // The connection is back before the next report is let in: fields drop in order.
    Reading { reader: Reader, _turn: Option<OwnedSemaphorePermit> },
    // The transaction is rolled back, if it was not committed, before the next writer is let in: fields drop in order.
    Writing(Transaction<'static, Db>, Option<OwnedSemaphorePermit>),
}

/// An open section.
struct SqlTx {
    link: Link,
    name: &'static str,
    /// Longest time of one statement.
    limit: Duration,
    suspicion: Suspicion,
    section: Section,
    /// Whether a statement of a transaction failed.
    is_spoiled: bool,
}

impl SqlStore {
    async fn link(&self, name: &'static str, mode: Mode) -> Stored<Link> {
        match mode {
            Mode::Read => self.read(name, None).await,
            Mode::Report => {
                let turn = enter(&self.reports).await.map_err(|error| error.into_store(name))?;
                self.read(name, Some(turn)).await
            }
            Mode::Write => self.write(name).await,
        }
    }

    async fn read(&self, name: &'static str, turn: Option<OwnedSemaphorePermit>) -> Stored<Link> {
        let acquired = within(BEGIN_TIMEOUT, self.readers.acquire()).await;
        let reader = acquired.map_err(|error| error.noted_by(&self.suspicion).into_store(name))?;
        Ok(Link::Reading { reader, _turn: turn })
    }

    pub(crate) async fn write(&self, name: &'static str) -> Stored<Link> {
        let permit = match &self.gate {
            None => None,
            Some(gate) => Some(enter(gate).await.map_err(|error| error.into_store(name))?),
        };
        let attempt = || within(BEGIN_TIMEOUT, self.writers.begin_with(BEGIN_WRITE));
        let begun = match attempt().await {
            // Nothing was done yet: a connection that died in the pool is no reason to refuse.
            Err(error) if error.is_broken_connection() => {
                error.noted_by(&self.suspicion);
                attempt().await
            }
            other => other,
        };
        let transaction = begun.map_err(|error| match error.noted_by(&self.suspicion).into_store(name) {
            // The lock was waited for already: to try again at once would only make the caller wait longer.
            StoreError::Conflict { transaction, source } => StoreError::Unavailable { transaction, source },
            other => other,
        })?;
        Ok(Link::Writing(transaction, permit))
    }
}

impl SqlStore {
    async fn tail_position(&self, limit: Duration, before: Option<&TailCursor>) -> Stored<TailCursor> {
        let row = within(limit, revocations::position().fetch_one(&self.tail)).await;
        let row = row.map_err(|error| error.noted_by(&self.suspicion).into_store("tail revocations"))?;
        revocations::read_position(&row, before)
    }

    async fn tail_page(&self, limit: Duration, statement: Statement<'_>) -> Stored<Vec<Row>> {
        let rows = within(limit, statement.fetch_all(&self.tail)).await;
        rows.map_err(|error| error.noted_by(&self.suspicion).into_store("tail revocations"))
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn begin(&self, name: &'static str, mode: Mode) -> Stored<Box<dyn Tx>> {
        let wait = Wait::begins(name);
        let link = wait.ends(self.link(name, mode).await)?;
        let section = match &link {
            Link::Reading { .. } => Section::reading(name),
            Link::Writing(..) => Section::writing(name),
        };
        let limit = match mode {
            Mode::Read => STATEMENT_TIMEOUT,
            // A write has just begun, so the database answers; a report is known to take its time.
            Mode::Write | Mode::Report => LONG_TIMEOUT,
        };
        let suspicion = self.suspicion.clone();
        Ok(Box::new(SqlTx { link, name, limit, suspicion, section, is_spoiled: false }))
    }

    async fn rotate_refresh(&self, rotation: Arc<RefreshRotation>) -> Stored<bool> {
        self.rotations.rotate(self, rotation).await
    }

    async fn ping(&self) -> Stored<()> {
        let asked = async {
            let mut reader = self.readers.acquire().await?;
            sqlx::query("SELECT 1").execute(&mut *reader).await?;
            reader.rests();
            Ok(())
        };
        let answered = within(STATEMENT_TIMEOUT, asked).await;
        answered.map_err(|error| error.noted_by(&self.suspicion).into_store("ping"))
    }

    async fn tail_revocations(
        &self,
        cursor: Option<&TailCursor>,
        now: Timestamp,
    ) -> Stored<(Vec<Revocation>, TailCursor)> {
        // The first read brings everything that still matters, and nothing waits for it.
        let limit = if cursor.is_some() { TAIL_TIMEOUT } else { LONG_TIMEOUT };
        // Before the pages: what is committed meanwhile comes again, rather than never.
        let next = self.tail_position(limit, cursor).await?;
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let rows = self.tail_page(limit, revocations::page(cursor, now, after)).await?;
            match revocations::read_page(&rows, &mut found)? {
                Some(last) if rows.len() == revocations::PAGE => after = last,
                _ => return Ok((found, next)),
            }
        }
    }
}

#[async_trait]
impl Tx for SqlTx {
    async fn commit(self: Box<Self>) -> Stored<()> {
        self.goes_on()?;
        let Self { link, name, limit, suspicion, mut section, .. } = *self;
        let Link::Writing(transaction, permit) = link else {
            return Ok(());
        };
        let committed = within(limit, transaction.commit()).await;
        drop(permit);
        let committed = committed.map_err(|error| error.noted_by(&suspicion).into_store(name));
        match &committed {
            Ok(()) => section.committed(),
            Err(error) => section.failed(error),
        }
        committed
    }
}

impl SqlTx {
    fn connection(&mut self) -> &mut <Db as Database>::Connection {
        match &mut self.link {
            Link::Reading { reader, .. } => reader,
            Link::Writing(transaction, _) => transaction,
        }
    }

    fn rests(&mut self, is_answered: bool) {
        if let Link::Reading { reader, .. } = &mut self.link
            && is_answered
        {
            reader.rests();
        }
    }

    fn fail(&mut self, error: Timed) -> StoreError {
        self.is_spoiled = matches!(self.link, Link::Writing(..));
        let error = error.noted_by(&self.suspicion).into_store(self.name);
        self.section.failed(&error);
        error
    }

    async fn all(&mut self, statement: Statement<'_>) -> Stored<Vec<Row>> {
        self.goes_on()?;
        let rows = within(self.limit, statement.fetch_all(self.connection())).await;
        self.rests(rows.is_ok());
        rows.map_err(|error| self.fail(error))
    }

    async fn maybe(&mut self, statement: Statement<'_>) -> Stored<Option<Row>> {
        self.goes_on()?;
        let row = within(self.limit, statement.fetch_optional(self.connection())).await;
        self.rests(row.is_ok());
        row.map_err(|error| self.fail(error))
    }

    async fn one(&mut self, statement: Statement<'_>) -> Stored<Row> {
        self.goes_on()?;
        let row = within(self.limit, statement.fetch_one(self.connection())).await;
        self.rests(row.is_ok());
        row.map_err(|error| self.fail(error))
    }

    /// Runs a statement of a write section; answers how many rows it touched.
    async fn run(&mut self, statement: Statement<'_>) -> Stored<u64> {
        self.writes()?;
        self.goes_on()?;
        let result = within(self.limit, statement.execute(self.connection())).await;
        result.map(|done| done.rows_affected()).map_err(|error| self.fail(error))
    }

    /// Runs `UPDATE … SET epoch = epoch + 1 … RETURNING epoch`; answers the new epoch.
    async fn bump(&mut self, statement: &'static str, id: uuid::Uuid) -> Stored<i64> {
        self.writes()?;
        let row = self.one(sqlx::query(statement).bind(id)).await?;
        row::Fields::new(&row, "epochs").get("epoch")
    }

    /// Refuses whatever follows a failure. SQLite may have rolled back by itself, and would keep at once what comes next;
    /// PostgreSQL would call the end of such a transaction a success, and keep nothing.
    fn goes_on(&self) -> Stored<()> {
        if !self.is_spoiled {
            return Ok(());
        }
        let source = "an earlier statement of this transaction failed".into();
        Err(StoreError::Unavailable { transaction: self.name, source })
    }

    /// Refuses to change anything outside a transaction, where a guard would guard nothing.
    fn writes(&self) -> Stored<()> {
        match self.link {
            Link::Writing(..) => Ok(()),
            Link::Reading { .. } => Err(StoreError::Other {
                transaction: self.name,
                source: "a section begun for reading cannot write".into(),
            }),
        }
    }
}

/// How many reports may run at once where there are so many connections.
pub(crate) fn reports(connections: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new((connections / 2).max(1)))
}

/// A turn, in order of arrival; an error when it does not come in time.
async fn enter(gate: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Timed> {
    let entered = Arc::clone(gate).acquire_owned();
    within(GATE_TIMEOUT, async { entered.await.map_err(|_| sqlx::Error::PoolClosed) }).await
}

pub(crate) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Timed> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result.map_err(Timed::Failed),
        Err(_) => Err(Timed::TimedOut(limit)),
    }
}

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z in microseconds since 1970.
const EARLIEST: i64 = -62_135_596_800_000_000;
const LATEST: i64 = 253_402_300_799_999_999;

/// A time as both databases keep it and order it: years 1 to 9999. Beyond, SQLite's text would sort wrongly and
/// PostgreSQL would refuse it.
fn at(time: Timestamp) -> DateTime<Utc> {
    let micros = time.datetime().timestamp_micros().clamp(EARLIEST, LATEST);
    DateTime::from_timestamp_micros(micros).unwrap_or(time.datetime())
}

/// [`at`] for a time that may be missing.
fn maybe_at(time: Option<Timestamp>) -> Option<DateTime<Utc>> {
    time.map(at)
}
