//! Figures about transactions, by the name given to `begin`; they go to whatever recorder the process has, or nowhere.

use std::time::Instant;

use doorward_core::ports::store::{StoreError, Stored};

/// The time from asking for a transaction to having it: the pool's queue, the writers' gate, `BEGIN`.
pub(crate) struct Wait {
    name: &'static str,
    since: Instant,
}

impl Wait {
    #[expect(clippy::disallowed_methods, reason = "a figure for operators; no rule depends on it")]
    pub(crate) fn begins(name: &'static str) -> Self {
        Self { name, since: Instant::now() }
    }

    /// Records the wait.
    pub(crate) fn is_over(&self) {
        metrics::histogram!("doorward_pool_wait_seconds", "transaction" => self.name)
            .record(self.since.elapsed().as_secs_f64());
    }

    /// Records the wait; a section that could not begin counts as over.
    pub(crate) fn ends<T>(self, begun: Stored<T>) -> Stored<T> {
        self.is_over();
        if let Err(error) = &begun {
            count(self.name, outcome_of(error));
        }
        begun
    }
}

/// Counts one section when it is over, whichever way that happens.
pub(crate) struct Section {
    name: &'static str,
    outcome: &'static str,
    has_failed: bool,
}

impl Section {
    pub(crate) fn reading(name: &'static str) -> Self {
        Self { name, outcome: "read", has_failed: false }
    }

    pub(crate) fn writing(name: &'static str) -> Self {
        Self { name, outcome: "rolled_back", has_failed: false }
    }

    pub(crate) fn committed(&mut self) {
        self.outcome = "committed";
    }

    /// The first failure is the cause of those that follow it.
    pub(crate) fn failed(&mut self, error: &StoreError) {
        // What is taken is an answer, not a fault.
        if !self.has_failed && !matches!(error, StoreError::Taken { .. }) {
            self.has_failed = true;
            self.outcome = outcome_of(error);
        }
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        count(self.name, self.outcome);
    }
}

fn outcome_of(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict { .. } => "conflict",
        StoreError::Unavailable { .. } => "unavailable",
        StoreError::Taken { .. } => "rolled_back",
        StoreError::Inconsistency { .. } | StoreError::Other { .. } => "failed",
    }
}

fn count(name: &'static str, outcome: &'static str) {
    metrics::counter!("doorward_transactions_total", "transaction" => name, "outcome" => outcome)
        .increment(1);
}
