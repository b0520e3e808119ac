//! The load driver: a closed loop of connections on one thread, cheap because it shares the cores with what it measures.

mod connection;
mod histogram;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;

pub(crate) use self::connection::{Connection, Reply};
pub(crate) use self::histogram::Histogram;
use crate::walk::{Progress, Walker};

/// Before a connection that failed is opened again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(10);

/// What was counted in one round.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub(crate) operations: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) elapsed: Duration,
    pub(crate) latencies: Histogram,
}

impl Counted {
    pub(crate) fn new() -> Self {
        Self {
            operations: 0,
            errors: 0,
            first_error: None,
            elapsed: Duration::ZERO,
            latencies: Histogram::new(),
        }
    }

    pub(crate) fn done(&mut self, latency: Duration) {
        self.operations += 1;
        self.latencies.record(latency);
    }

    pub(crate) fn failed(&mut self, what: impl FnOnce() -> String) {
        self.errors += 1;
        if self.first_error.is_none() {
            self.first_error = Some(what());
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        self.latencies.add(&other.latencies);
    }
}

/// A walker and the node it talks to.
pub(crate) struct Lane {
    pub(crate) address: SocketAddr,
    pub(crate) walker: Box<dyn Walker>,
}

/// Every lane sends its next request as soon as the last one is answered, for `period`. Hands the lanes back.
///
/// # Errors
/// No runtime, or a lane panicked.
pub(crate) fn drive(lanes: Vec<Lane>, period: Duration) -> anyhow::Result<(Counted, Vec<Lane>)> {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(drive_all(lanes, period))
    });
    thread.join().map_err(|_panic| anyhow::anyhow!("the driver panicked"))?
}

async fn drive_all(lanes: Vec<Lane>, period: Duration) -> anyhow::Result<(Counted, Vec<Lane>)> {
    let mut opened = Vec::with_capacity(lanes.len());
    for lane in lanes {
        let connection = Connection::open(lane.address).await.context("connect")?;
        opened.push((lane, connection));
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (lane, connection) in opened {
        tasks.spawn(walk(lane, connection, start + period));
    }
    let mut counted = Counted::new();
    let mut lanes = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        let (lane, part) = finished.context("a lane panicked")?;
        counted.add(part);
        lanes.push(lane);
    }
    counted.elapsed = start.elapsed();
    Ok((counted, lanes))
}

async fn walk(mut lane: Lane, connection: Connection, end: Instant) -> (Lane, Counted) {
    let mut counted = Counted::new();
    let mut connection = Some(connection);
    let mut request = Vec::with_capacity(4096);
    let mut began = Instant::now();
    let mut now = began;
    while now < end {
        let Some(open) = connection.as_mut() else {
            tokio::time::sleep(RECONNECT_PAUSE).await;
            connection = Connection::open(lane.address).await.ok();
            now = Instant::now();
            began = now;
            continue;
        };
        request.clear();
        lane.walker.request(&mut request);
        let outcome = open.call(&request).await;
        now = Instant::now();
        match outcome {
            Ok(reply) => match lane.walker.reply(&reply) {
                Progress::Done => {
                    counted.done(now - began);
                    began = now;
                }
                Progress::More => {}
                Progress::Failed => {
                    counted.failed(|| describe(&reply));
                    began = now;
                }
            },
            Err(error) => {
                counted.failed(|| error.to_string());
                connection = None;
            }
        }
    }
    (lane, counted)
}

fn describe(reply: &Reply<'_>) -> String {
    let body: String = String::from_utf8_lossy(reply.body).chars().take(300).collect();
    format!("{} {body}", reply.status)
}
