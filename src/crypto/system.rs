//! The machine's own time and randomness.

use std::time::{Duration, Instant};

use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::entropy::Entropy;

/// The machine's clocks. The wall clock is truncated to microseconds by [`Timestamp`].
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time counts from now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    fn now(&self) -> Timestamp {
        Timestamp::new(chrono::Utc::now())
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The operating system's random generator, through AWS-LC.
#[derive(Clone, Copy, Default, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) {
        aws_lc_rs::rand::fill(out).expect(
            "AWS-LC's generator fails only when the system has no randomness: nothing may go on without it",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_has_no_nanoseconds_and_the_monotonic_one_goes_on() {
        let clock = SystemClock::new();
        assert_eq!(clock.now().datetime().timestamp_subsec_nanos() % 1000, 0);
        let before = clock.monotonic();
        assert!(clock.monotonic() >= before);
    }

    #[test]
    fn entropy_differs() {
        let (mut one, mut two) = ([0; 32], [0; 32]);
        SystemEntropy.fill(&mut one);
        SystemEntropy.fill(&mut two);
        assert_ne!(one, two);
    }
}
