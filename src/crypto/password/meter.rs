//! Figures about the pool; they go to whatever recorder the process has, or nowhere.

/// Counted in a gauge while it lives, so that a caller who hangs up leaves it too.
pub(super) struct Present(metrics::Gauge);

impl Present {
    /// Waits for a worker.
    pub(super) fn in_queue() -> Self {
        Self::count(metrics::gauge!("doorward_password_hashes_waiting"))
    }

    /// Occupies a worker.
    pub(super) fn at_work() -> Self {
        metrics::counter!("doorward_password_hashes_total").increment(1);
        Self::count(metrics::gauge!("doorward_password_hashes_running"))
    }

    fn count(gauge: metrics::Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// Somebody was sent away.
pub(super) fn refused(reason: &'static str) {
    metrics::counter!("doorward_password_hashes_refused_total", "reason" => reason).increment(1);
}
