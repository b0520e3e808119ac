//! A clock that tests own.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;

/// A wall clock that stands still until it is moved. Its monotonic time is real, as its readers wait for real.
#[derive(Debug)]
pub struct FixedClock {
    now: Mutex<Timestamp>,
    started: Instant,
}

impl FixedClock {
    /// Stands at `now`.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is a Clock")]
    pub fn new(now: Timestamp) -> Self {
        Self { now: Mutex::new(now), started: Instant::now() }
    }

    /// Moves to `now`, forward or back.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.plus(by);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}
