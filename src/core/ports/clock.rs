//! Time.

use std::time::Duration;

use crate::domain::time::Timestamp;

/// The only source of time.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment; never goes back and is not moved by steps of the wall clock.
    fn monotonic(&self) -> Duration;
}
