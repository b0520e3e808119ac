//! Something that is measured, round after round, in turn with what it is compared with.

use std::time::Duration;

use crate::driver::{Counted, Lane, drive};
use crate::host::{cpu_time, cpu_time_of_family, resident};
use crate::raw;

/// Where the load comes from.
pub(super) enum Load {
    /// Requests to servers.
    Requests(Vec<Lane>),
    /// Password verifications in this process.
    Hash(raw::hash::Bench, usize),
    /// Signatures in this process.
    Sign(raw::sign::Bench, usize),
    /// Rotations of the store in this process.
    Rotate(raw::rotate::Bench, usize),
    /// Requests with tokens that were never seen before; made anew for every round.
    FreshTokens(super::stage::FreshTokens),
}

/// One row of the report.
pub(super) struct Contender {
    /// `sqlite/me`.
    pub(super) name: String,
    pub(super) load: Load,
    /// Processes whose CPU time and memory count.
    pub(super) servers: Vec<u32>,
    /// First process of the PostgreSQL server.
    pub(super) postmaster: Option<u32>,
    /// What it is compared with, and what is to be reached.
    pub(super) against: Vec<Against>,
    pub(super) samples: Vec<Sample>,
}

/// A comparison with other rows of the same stage.
#[derive(Clone, Debug)]
pub(super) struct Against {
    /// One, or several whose operations are done one after the other: a rate of 1 / (1/a + 1/b).
    pub(super) rows: Vec<String>,
    /// Smallest ratio of the rates; `None` = only shown.
    pub(super) at_least: Option<f64>,
}

/// One round.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) counted: Counted,
    pub(super) server_cpu: Duration,
    pub(super) database_cpu: Duration,
    pub(super) driver_cpu: Duration,
    pub(super) resident: u64,
}

impl Contender {
    pub(super) fn new(name: impl Into<String>, load: Load) -> Self {
        Self {
            name: name.into(),
            load,
            servers: Vec::new(),
            postmaster: None,
            against: Vec::new(),
            samples: Vec::new(),
        }
    }

    pub(super) fn served_by(mut self, servers: Vec<u32>, postmaster: Option<u32>) -> Self {
        self.servers = servers;
        self.postmaster = postmaster;
        self
    }

    pub(super) fn against(self, row: impl Into<String>, at_least: Option<f64>) -> Self {
        self.against_all(vec![row.into()], at_least)
    }

    /// Against the operations of all these rows, done one after the other.
    pub(super) fn against_all(mut self, rows: Vec<String>, at_least: Option<f64>) -> Self {
        self.against.push(Against { rows, at_least });
        self
    }

    /// One round of `period`; kept as a sample unless it is there to warm up.
    pub(super) async fn measure(&mut self, period: Duration, is_kept: bool) -> anyhow::Result<()> {
        if let Load::FreshTokens(fresh) = &mut self.load {
            fresh.make(period).await?;
        }
        let before = self.cpu();
        let counted = self.load.run(period).await?;
        let after = self.cpu();
        if is_kept {
            self.samples.push(Sample {
                counted,
                server_cpu: after.0.saturating_sub(before.0),
                database_cpu: after.1.saturating_sub(before.1),
                driver_cpu: after.2.saturating_sub(before.2),
                resident: self.servers.iter().map(|server| resident(*server)).max().unwrap_or_default(),
            });
        }
        Ok(())
    }

    /// CPU time so far of the servers, of PostgreSQL, of this process.
    fn cpu(&self) -> (Duration, Duration, Duration) {
        let servers = self.servers.iter().map(|server| cpu_time(*server, false)).sum();
        let database = self.postmaster.map(cpu_time_of_family).unwrap_or_default();
        (servers, database, cpu_time(std::process::id(), false))
    }
}

impl Load {
    async fn run(&mut self, period: Duration) -> anyhow::Result<Counted> {
        match self {
            Self::Requests(lanes) => drive_lanes(lanes, period).await,
            Self::FreshTokens(fresh) => drive_lanes(&mut fresh.lanes, period).await,
            Self::Hash(bench, callers) => Ok(bench.run(*callers, period).await),
            Self::Sign(bench, callers) => Ok(bench.run(*callers, period).await),
            Self::Rotate(bench, callers) => Ok(bench.run(*callers, period).await),
        }
    }
}

async fn drive_lanes(lanes: &mut Vec<Lane>, period: Duration) -> anyhow::Result<Counted> {
    let taken = std::mem::take(lanes);
    let (counted, returned) = tokio::task::spawn_blocking(move || drive(taken, period)).await??;
    *lanes = returned;
    Ok(counted)
}
