//! What runs beside requests: the revocation tail, key reloads, purges.

use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::error::Error;
use doorward_core::ports::store::TailCursor;
use doorward_core::usecase::Core;
use doorward_crypto::KeyRing;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

const RELOAD_KEYS_EVERY: Duration = Duration::from_secs(3);
const IMITATE_EVERY: Duration = Duration::from_secs(10);
const PURGE_EVERY: Duration = Duration::from_mins(5);

/// Starts every job on the core's task tracker; they end when `stop` is cancelled.
pub(crate) fn start(
    core: &Arc<Core>,
    ring: &Arc<KeyRing>,
    cursor: TailCursor,
    poll: Duration,
    stop: &CancellationToken,
) {
    let tasks = &core.ports().tasks;
    let ring = ring.clone();
    tasks.spawn(repeat(core.clone(), "purge_keys", PURGE_EVERY, stop.clone(), async move |_: &Core| {
        ring.purge_retired().await.map(|_| ())
    }));
    tasks.spawn(tail(core.clone(), cursor, poll, stop.clone()));
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
}

async fn tail(core: Arc<Core>, mut cursor: TailCursor, every: Duration, stop: CancellationToken) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut health = Health::new("follow_revocations");
    while tick(&mut ticks, &stop).await {
        match core.follow_revocations(Some(cursor)).await {
            Ok(next) => {
                cursor = next;
                health.succeeded();
            }
            Err(error) => health.failed(&error),
        }
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
