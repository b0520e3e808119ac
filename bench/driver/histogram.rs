//! Latencies, kept in buckets that are at most 1.6 % wide.

use std::time::Duration;

/// Buckets of one power of two.
const STEPS: u64 = 64;
/// log2 of [`STEPS`].
const STEP_BITS: u32 = 6;

/// How often each latency was seen.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u32>,
    total: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; 64 * 64], total: 0 }
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX).max(1);
        if let Some(count) = self.counts.get_mut(bucket(nanos)) {
            *count += 1;
        }
        self.total += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    /// The latency that `share` (0 to 1) of all stayed within; zero without any.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts are far below 2^52, and share is between 0 and 1"
        )]
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted && *count > 0 {
                return Duration::from_nanos(upper_end(index as u64));
            }
        }
        Duration::ZERO
    }
}

/// Below [`STEPS`] nanoseconds each has its own; above, each power of two has [`STEPS`].
fn bucket(nanos: u64) -> usize {
    let exponent = nanos.ilog2();
    let index = if exponent < STEP_BITS {
        nanos
    } else {
        let shift = exponent - STEP_BITS;
        u64::from(shift + 1) * STEPS + ((nanos >> shift) - STEPS)
    };
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The largest number of nanoseconds of a bucket.
fn upper_end(index: u64) -> u64 {
    if index < STEPS {
        return index;
    }
    let shift = index / STEPS - 1;
    ((index % STEPS + STEPS + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_ends_where_the_next_begins() {
        for nanos in [1, 63, 64, 65, 127, 128, 130, 1000, 1_000_000, 999_999_999, 60_000_000_000] {
            let end = upper_end(bucket(nanos) as u64);
            assert!(end >= nanos && end - nanos <= nanos / 60, "{nanos} {end}");
            assert_eq!(bucket(end), bucket(nanos));
            assert_eq!(bucket(end + 1), bucket(nanos) + 1);
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), Duration::ZERO);
        for millis in 1..=100 {
            histogram.record(Duration::from_millis(millis));
        }
        let close = |share, millis: f64| {
            let found = histogram.quantile(share).as_secs_f64() * 1000.0;
            assert!((found / millis - 1.0).abs() < 0.02, "{found} {millis}");
        };
        close(0.5, 50.0);
        close(0.99, 99.0);
        close(1.0, 100.0);
        let mut twice = histogram.clone();
        twice.add(&histogram);
        assert_eq!(twice.quantile(0.5), histogram.quantile(0.5));
    }
}
