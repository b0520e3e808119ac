//! From the driver's errors to the port's.

use std::time::Duration;

use doorward_core::ports::store::StoreError;

use crate::class::Class;
use crate::suspicion::Suspicion;

/// An error of a statement that has a deadline.
pub(crate) enum Timed {
    /// The driver failed.
    Failed(sqlx::Error),
    /// No answer in time; whether the statement took effect is unknown.
    TimedOut(Duration),
}

impl Timed {
    /// Whether the driver found the connection dead.
    pub(crate) fn is_broken_connection(&self) -> bool {
        match self {
            Self::Failed(sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_)) => true,
            Self::Failed(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| super::super::is_shutdown(&code))
            }
            Self::Failed(_) | Self::TimedOut(_) => false,
        }
    }

    /// Makes the neighbours in the pool suspect when the connection is dead, or does not answer.
    pub(crate) fn noted_by(self, suspicion: &Suspicion) -> Self {
        if self.is_broken_connection() || matches!(self, Self::TimedOut(_)) {
            suspicion.raise();
        }
        self
    }

    /// In the port's terms.
    pub(crate) fn into_store(self, transaction: &'static str) -> StoreError {
        let error = match self {
            Self::TimedOut(limit) => {
                let source = format!("no answer within {} ms", limit.as_millis()).into();
                return StoreError::Unavailable { transaction, source };
            }
            Self::Failed(error) => error,
        };
        match classify(&error) {
            Class::Taken => StoreError::Taken { what: what_is_taken(&error) },
            Class::Conflict => StoreError::Conflict { transaction, source: error.into() },
            Class::Unavailable => StoreError::Unavailable { transaction, source: error.into() },
            Class::Other => StoreError::Other { transaction, source: error.into() },
        }
    }
}

fn classify(error: &sqlx::Error) -> Class {
    match error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => Class::Taken,
        sqlx::Error::Database(inner) => {
            inner.code().map_or(Class::Other, |code| super::super::classify(&code))
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Class::Unavailable,
        _ => Class::Other,
    }
}

/// PostgreSQL names the constraint, SQLite the column in its message; both without the value.
fn what_is_taken(error: &sqlx::Error) -> String {
    let named = error
        .as_database_error()
        .map(|inner| inner.constraint().map_or_else(|| inner.message().to_owned(), ToOwned::to_owned));
    named.unwrap_or_else(|| "a unique value".to_owned())
}
