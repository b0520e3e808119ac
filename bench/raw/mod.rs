//! What the machine and the parts can do without HTTP: the figures that requests are compared with.

pub(crate) mod hash;
pub(crate) mod rotate;
pub(crate) mod sign;

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::driver::Counted;

/// Runs `callers` loops of `work` for `period`.
pub(crate) async fn repeat<Work, Attempt>(callers: usize, period: Duration, work: Work) -> Counted
where
    Work: Fn(usize) -> Attempt + Clone + Send + 'static,
    Attempt: Future<Output = anyhow::Result<()>> + Send,
{
    let start = Instant::now();
    let end = start + period;
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let work = work.clone();
        tasks.spawn(async move {
            let mut counted = Counted::new();
            let mut began = Instant::now();
            while began < end {
                match work(caller).await {
                    Ok(()) => counted.done(began.elapsed()),
                    Err(error) => counted.failed(|| format!("{error:#}")),
                }
                began = Instant::now();
            }
            counted
        });
    }
    let mut total = Counted::new();
    while let Some(finished) = tasks.join_next().await {
        match finished {
            Ok(part) => total.add(part),
            Err(panic) => total.failed(|| panic.to_string()),
        }
    }
    total.elapsed = start.elapsed();
    total
}
