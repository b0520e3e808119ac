//! Connections for reading: those of the pool.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnection;
use sqlx::{PgPool, Postgres};

/// The pool.
#[derive(Clone)]
pub(crate) struct Readers(PgPool);

impl Readers {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self(pool)
    }

    pub(crate) async fn acquire(&self) -> Result<Reader, sqlx::Error> {
        self.0.acquire().await.map(Reader)
    }
}

/// A connection on loan; the pool sees for itself in what state it comes back.
pub(crate) struct Reader(PoolConnection<Postgres>);

impl Reader {
    /// The last statement was answered whole.
    #[expect(clippy::unused_self, reason = "SQLite's readers have something to note")]
    pub(crate) fn rests(&mut self) {}
}

impl Deref for Reader {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}
