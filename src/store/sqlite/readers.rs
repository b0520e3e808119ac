//! Connections for reading. A pool of sqlx tests each connection after each use, which costs as much as the reading itself:
//! a second round trip to the connection's thread. A file on this machine is not cut off, so one that finished its
//! statement is put back as it is, and one that did not is closed.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::GATE_TIMEOUT;

/// A fixed number of connections, made when first needed.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Shelf>);

struct Shelf {
    options: SqliteConnectOptions,
    free: Mutex<Vec<SqliteConnection>>,
    places: Arc<Semaphore>,
}

impl Shelf {
    fn free(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
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
        let connection = match free {
            Some(connection) => connection,
            None => self.0.options.connect().await?,
        };
        Ok(Reader { connection: Some(connection), shelf: Arc::clone(&self.0), is_busy: false, _place: place })
    }
}

/// A connection on loan.
pub(crate) struct Reader {
    connection: Option<SqliteConnection>,
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
}

impl Deref for Reader {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect("the connection is there until the loan ends")
    }
}

/// Whoever takes it runs a statement.
impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.is_busy = true;
        self.connection.as_mut().expect("the connection is there until the loan ends")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| !self.is_busy) {
            self.shelf.free().push(connection);
        }
    }
}
