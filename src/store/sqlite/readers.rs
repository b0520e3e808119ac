//! Connections for reading. A pool of sqlx tests each connection after each use, which costs as much as the reading itself:
//! a second round trip to the connection's thread. A file on this machine is not cut off, so one that finished its
//! statement is put back as it is, and one that did not is closed.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::GATE_TIMEOUT;

/// Steps of SQLite's machine after which a statement looks whether anybody still waits for it: less than a millisecond.
const STEPS: i32 = 10_000;

/// A fixed number of connections, made when first needed.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Shelf>);

struct Shelf {
    options: SqliteConnectOptions,
    free: Mutex<Vec<Open>>,
    places: Arc<Semaphore>,
}

struct Open {
    connection: SqliteConnection,
    /// Raised when nobody waits for its statement any more. SQLite would go on to the end, for minutes if need be, on a
    /// thread that nothing counts.
    is_given_up: Arc<AtomicBool>,
}

impl Shelf {
    fn free(&self) -> MutexGuard<'_, Vec<Open>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Result<Open, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        let is_given_up = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_given_up);
        connection.lock_handle().await?.set_progress_handler(STEPS, move || !seen.load(Ordering::Relaxed));
        Ok(Open { connection, is_given_up })
    }
}

impl Readers {
    pub(crate) fn new(options: SqliteConnectOptions, count: usize) -> Self {
        let places = Arc::new(Semaphore::new(count));
        Self(Arc::new(Shelf { options, free: Mutex::default(), places }))
    }

    /// A connection, in order of arrival; an error when none gets free in time.
    pub(crate) async fn acquire(&self) -> Result<Reader, sqlx::Error> {
        let turn = tokio::time::timeout(GATE_TIMEOUT, Arc::clone(&self.0.places).acquire_owned()).await;
        let place = turn.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let free = self.0.free().pop();
        let open = match free {
            Some(open) => open,
            None => self.0.open().await?,
        };
        Ok(Reader { open: Some(open), shelf: Arc::clone(&self.0), is_busy: false, _place: place })
    }
}

/// A connection on loan.
pub(crate) struct Reader {
    open: Option<Open>,
    shelf: Arc<Shelf>,
    is_busy: bool,
    // After the connection is back: fields drop in order, and after `drop`.
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// The last statement was answered whole.
    pub(crate) fn rests(&mut self) {
        self.is_busy = false;
    }

    /// Whether the connection is still there, after the loan.
    #[cfg(test)]
    pub(super) fn trace(&self) -> Option<std::sync::Weak<AtomicBool>> {
        self.open.as_ref().map(|open| Arc::downgrade(&open.is_given_up))
    }
}

impl Deref for Reader {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.open.as_ref().expect("the connection is there until the loan ends").connection
    }
}

/// Whoever takes it runs a statement.
impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.is_busy = true;
        &mut self.open.as_mut().expect("the connection is there until the loan ends").connection
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        if self.is_busy {
            open.is_given_up.store(true, Ordering::Relaxed);
        } else {
            self.shelf.free().push(open);
        }
    }
}
