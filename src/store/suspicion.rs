//! Which pooled connections to distrust after one was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A counter of connections to test before use.
///
/// Testing every connection before every use costs half the throughput; testing none serves every dead connection to
/// somebody once. So the loss of one marks as many as the pool holds.
#[derive(Clone)]
pub(crate) struct Suspicion {
    left: Arc<AtomicU32>,
    pool_size: u32,
}

impl Suspicion {
    /// Trusts all.
    pub(crate) fn none(pool_size: u32) -> Self {
        Self { left: Arc::new(AtomicU32::new(0)), pool_size }
    }

    /// Distrusts as many as the pool holds.
    pub(crate) fn raise(&self) {
        self.left.store(self.pool_size, Ordering::Relaxed);
    }

    /// Whether to test this one.
    pub(crate) fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// Whether any is distrusted.
    pub(crate) fn is_raised(&self) -> bool {
        self.left.load(Ordering::Relaxed) > 0
    }
}
