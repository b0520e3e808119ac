//! What runs beside requests: the revocation tail, key reloads, purges.

use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::error::Error;
use doorward_core::ports::store::TailCursor;
use doorward_core::usecase::Core;
use doorward_crypto::KeyRing;
use doorward_revocation::Courier;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::metrics::{LastRead, UPKEEP_EVERY};

const RELOAD_KEYS_EVERY: Duration = Duration::from_secs(3);
const IMITATE_EVERY: Duration = Duration::from_secs(10);
const DELIVER_EVERY: Duration = Duration::from_secs(1);
const MEASURE_EVERY: Duration = Duration::from_secs(10);
const PURGE_EVERY: Duration = Duration::from_mins(5);

/// Where the tail of the revocations begins, and how often it is read.
pub(crate) struct Tail {
    pub(crate) cursor: TailCursor,
    pub(crate) every: Duration,
    pub(crate) last_read: LastRead,
}

/// Starts every job on the core's task tracker; they end when `stop` is cancelled.
pub(crate) fn start(
    core: &Arc<Core>,
    ring: &Arc<KeyRing>,
    from: Tail,
    courier: Option<Courier>,
    stop: &CancellationToken,
) {
    let tasks = &core.ports().tasks;
    let ring = ring.clone();
    tasks.spawn(repeat(core.clone(), "purge_keys", PURGE_EVERY, stop.clone(), async move |_: &Core| {
        ring.purge_retired().await.map(|_| ())
    }));
    let wake = Arc::new(Notify::new());
    tasks.spawn(tail(core.clone(), from, wake.clone(), stop.clone()));
    if let Some(courier) = courier {
        // What was announced while there was no connection is not left to the next tick.
        tasks.spawn(courier.run(stop.clone(), move || wake.notify_one()));
    }
    tasks.spawn(repeat(core.clone(), "reload_keys", RELOAD_KEYS_EVERY, stop.clone(), async |core: &Core| {
        core.ports().signer.reload().await
    }));
    tasks.spawn(repeat(
        core.clone(),
        "imitate_hash",
        IMITATE_EVERY,
        stop.clone(),
        Core::imitate_commonest_hash,
    ));
    tasks.spawn(repeat(core.clone(), "purge", PURGE_EVERY, stop.clone(), Core::purge));
    tasks.spawn(deliver(core.clone(), stop.clone()));
    tasks.spawn(repeat(core.clone(), "measure_outbox", MEASURE_EVERY, stop.clone(), measure_outbox));
}

async fn tail(core: Arc<Core>, from: Tail, wake: Arc<Notify>, stop: CancellationToken) {
    let mut cursor = from.cursor;
    let mut ticks = interval(from.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut health = Health::new("follow_revocations");
    loop {
        let is_wanted = tokio::select! {
            is_wanted = tick(&mut ticks, &stop) => is_wanted,
            () = wake.notified() => true,
        };
        if !is_wanted {
            return;
        }
        let begun = from.last_read.begin();
        match core.follow_revocations(Some(&cursor)).await {
            Ok(next) => {
                cursor = next;
                from.last_read.succeeded(begun);
                health.succeeded();
            }
            Err(error) => health.failed(&error),
        }
    }
}

/// Sends messages: at once what was queued here, within a second what others queued, or what is due again.
async fn deliver(core: Arc<Core>, stop: CancellationToken) {
    let mut ticks = interval(DELIVER_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut health = Health::new("deliver_messages");
    loop {
        let is_wanted = tokio::select! {
            is_wanted = tick(&mut ticks, &stop) => is_wanted,
            () = core.outbox_bell().notified() => true,
        };
        if !is_wanted {
            return;
        }
        // A batch that is under way is brought to its end: what was sent has to be noted.
        while !stop.is_cancelled() {
            match core.deliver_messages().await {
                Ok(0) => {
                    health.succeeded();
                    break;
                }
                Ok(_) => {}
                Err(error) => {
                    health.failed(&error);
                    break;
                }
            }
        }
    }
}

async fn measure_outbox(core: &Core) -> Result<(), Error> {
    let depth = core.queue_depth().await?;
    for (name, number) in [("doorward_outbox_waiting", depth.waiting), ("doorward_outbox_dead", depth.dead)] {
        metrics::gauge!(name).set(f64::from(i32::try_from(number).unwrap_or(i32::MAX)));
    }
    Ok(())
}

/// Sorts the samples of histograms into their buckets: without readers they would pile up.
pub(crate) async fn keep_up(recorder: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = interval(UPKEEP_EVERY);
    while tick(&mut ticks, &stop).await {
        recorder.run_upkeep();
    }
}

async fn repeat<Job>(core: Arc<Core>, name: &'static str, every: Duration, stop: CancellationToken, job: Job)
where
    Job: AsyncFn(&Core) -> Result<(), Error>,
{
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut health = Health::new(name);
    while tick(&mut ticks, &stop).await {
        match job(&core).await {
            Ok(()) => health.succeeded(),
            Err(error) => health.failed(&error),
        }
    }
}

/// Waits for the next tick; `false` when it is time to stop.
async fn tick(ticks: &mut tokio::time::Interval, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        _ = ticks.tick() => true,
    }
}

/// Logs the first failure and the recovery, not every repetition.
struct Health {
    job: &'static str,
    is_failing: bool,
}

impl Health {
    fn new(job: &'static str) -> Self {
        Self { job, is_failing: false }
    }

    fn failed(&mut self, error: &Error) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::error!(event = "worker_job_failing", job = self.job, error = %error);
        }
    }

    fn succeeded(&mut self) {
        if std::mem::replace(&mut self.is_failing, false) {
            tracing::info!(event = "worker_job_recovered", job = self.job);
        }
    }
}
