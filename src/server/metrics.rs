//! The figures of this process for Prometheus: what each is called, what it means, and where they are collected.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use doorward_core::ports::clock::Clock;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// How often samples of histograms are sorted into their buckets when nobody reads them.
pub(crate) const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Seconds.
const REQUEST_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Seconds; the last is a little less than the longest wait for a connection.
const WAIT_BUCKETS: &[f64] = &[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5];

/// What a figure is.
#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram(&'static [f64]),
}

/// Every figure, as documented in docs/operations.md.
const FIGURES: &[(&str, Kind, &str)] = &[
    ("doorward_build_info", Kind::Gauge, "1; the version is a label."),
    ("doorward_http_requests_total", Kind::Counter, "Answered requests by route, method and status."),
    (
        "doorward_http_request_duration_seconds",
        Kind::Histogram(REQUEST_BUCKETS),
        "Time from a request's head to its answer, by route.",
    ),
    ("doorward_http_connections", Kind::Gauge, "Open connections."),
    ("doorward_http_connections_max", Kind::Gauge, "server.max_connections."),
    ("doorward_sign_ins_total", Kind::Counter, "Steps of sign-ins, by outcome."),
    ("doorward_password_hashes_total", Kind::Counter, "Password hashings begun."),
    ("doorward_password_hashes_running", Kind::Gauge, "Password hashings under way."),
    ("doorward_password_hashes_waiting", Kind::Gauge, "Requests that wait for a password hashing."),
    (
        "doorward_password_hashes_refused_total",
        Kind::Counter,
        "Requests sent away because too many wait for a password hashing, by reason.",
    ),
    ("doorward_messages_total", Kind::Counter, "Attempts to send a message, by carrier and outcome."),
    ("doorward_outbox_waiting", Kind::Gauge, "Messages that wait to be sent."),
    ("doorward_outbox_dead", Kind::Gauge, "Messages that were given up."),
    (
        "doorward_pool_wait_seconds",
        Kind::Histogram(WAIT_BUCKETS),
        "Time from asking for a database transaction to having it, by its name.",
    ),
    ("doorward_transactions_total", Kind::Counter, "Database transactions by name and outcome."),
    (
        "doorward_revocation_lag_seconds",
        Kind::Gauge,
        "Age of the view of revocations: time since the last complete look at the database began.",
    ),
    ("doorward_revocations_held", Kind::Gauge, "Revocations in memory that can still matter."),
    (
        "doorward_redis_connected",
        Kind::Gauge,
        "1 = news is exchanged through Redis, 0 = Redis cannot be used.",
    ),
];

/// The one recorder of this process: servers in one process, as in tests, share it.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
static INSTALLING: Mutex<()> = Mutex::new(());

/// Figures are collected from now on. Before, and in processes that never call this, they go nowhere.
///
/// # Errors
/// The process has a recorder of somebody else's making.
pub(crate) fn collect() -> anyhow::Result<PrometheusHandle> {
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let recorder = builder().context("metrics")?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).context("metrics")?;
    for (name, kind, meaning) in FIGURES.iter().copied() {
        match kind {
            Kind::Counter => metrics::describe_counter!(name, meaning),
            Kind::Gauge => metrics::describe_gauge!(name, meaning),
            Kind::Histogram(_) => metrics::describe_histogram!(name, meaning),
        }
    }
    metrics::gauge!("doorward_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(RECORDER.get_or_init(|| handle).clone())
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    FIGURES.iter().try_fold(PrometheusBuilder::new(), |builder, (name, kind, _)| match kind {
        Kind::Histogram(buckets) => {
            builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)
        }
        Kind::Counter | Kind::Gauge => Ok(builder),
    })
}

/// When the revocations were last read in full; grows old between the reads.
#[derive(Clone)]
pub(crate) struct LastRead {
    clock: Arc<dyn Clock>,
    /// Monotonic microseconds.
    at: Arc<AtomicU64>,
}

impl LastRead {
    /// A read that begins now.
    pub(crate) fn now(clock: Arc<dyn Clock>) -> Self {
        let at = Arc::new(AtomicU64::new(microseconds(clock.monotonic())));
        Self { clock, at }
    }

    /// The moment to give to [`LastRead::succeeded`] once the read that begins now is over.
    pub(crate) fn begin(&self) -> u64 {
        microseconds(self.clock.monotonic())
    }

    /// A read that began then is over.
    pub(crate) fn succeeded(&self, begun: u64) {
        self.at.fetch_max(begun, Ordering::Relaxed);
    }

    /// Publishes the age.
    pub(crate) fn publish(&self) {
        let age = self.begin().saturating_sub(self.at.load(Ordering::Relaxed));
        metrics::gauge!("doorward_revocation_lag_seconds").set(Duration::from_micros(age).as_secs_f64());
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_says_what_it_counts() {
        for (name, kind, meaning) in FIGURES {
            assert!(name.starts_with("doorward_") && meaning.ends_with('.'), "{name}");
            assert_eq!(matches!(kind, Kind::Counter), name.ends_with("_total"), "{name}");
            if let Kind::Histogram(buckets) = kind {
                assert!(name.ends_with("_seconds") && buckets.is_sorted(), "{name}");
            }
        }
    }

    const ALERTS: &str = include_str!("../../deploy/alerts/doorward.rules.yaml");
    const OPERATIONS: &str = include_str!("../../docs/operations.md");

    /// Every word of the text that looks like a figure's name, without the endings that histograms add.
    fn names(text: &str) -> Vec<&str> {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let names = words.filter(|word| word.starts_with("doorward_"));
        let endings = ["_bucket", "_count", "_sum"];
        names
            .map(|name| endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name))
            .collect()
    }

    #[test]
    fn alerts_ask_for_figures_that_exist_and_all_are_documented() {
        for name in names(ALERTS) {
            assert!(FIGURES.iter().any(|(figure, _, _)| *figure == name), "{name} does not exist");
        }
        let documented = names(OPERATIONS);
        for (name, _, _) in FIGURES {
            assert!(documented.contains(name), "{name} is not in docs/operations.md");
        }
    }

    #[test]
    fn collecting_twice_is_one_recorder() {
        let first = collect().expect("nobody else records here");
        let second = collect().expect("still the same");
        metrics::counter!("doorward_sign_ins_total", "outcome" => "succeeded").increment(1);
        let text = second.render();
        assert!(text.contains("doorward_sign_ins_total{outcome=\"succeeded\"} 1"), "{text}");
        assert!(text.contains("# HELP doorward_sign_ins_total Steps of sign-ins, by outcome."), "{text}");
        assert_eq!(first.render(), second.render());
    }
}
