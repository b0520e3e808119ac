//! `bench run`: stages, rounds, report.

mod contender;
mod extent;
pub(crate) mod peers;
mod provider;
mod report;
mod rows;
mod stage;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

pub(crate) use self::report::rate;

/// What to measure and with what.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// `quick` or `full`, then filters: `sqlite/me` is one row, `sqlite/` those of one stage, `me` all whose names hold it.
    words: Vec<String>,
    /// The server's binary; by default the one beside this.
    #[arg(long)]
    doorward: Option<PathBuf>,
    /// A PostgreSQL server, as `postgres:///postgres?host=/folder&user=postgres`; without it there are no such rows.
    #[arg(long)]
    postgres: Option<String>,
    /// A Redis server.
    #[arg(long)]
    redis: Option<String>,
    /// A file of further settings for every node: TOML sections that no stage has, such as `[log]`.
    #[arg(long)]
    settings: Option<PathBuf>,
    /// Where the figures are written.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
    /// Seconds of one round.
    #[arg(long)]
    seconds: Option<f64>,
    /// Rounds.
    #[arg(long)]
    rounds: Option<usize>,
}

/// The options, understood.
#[derive(Clone, Debug)]
struct Plan {
    is_full: bool,
    filters: Vec<String>,
    doorward: PathBuf,
    postgres: Option<String>,
    redis: Option<String>,
    settings: String,
    out: PathBuf,
    period: Duration,
    rounds: usize,
}

impl Plan {
    fn of(options: &Options) -> anyhow::Result<Self> {
        let is_full = options.words.first().is_some_and(|word| word == "full");
        let filters = options.words.iter().filter(|word| !["full", "quick"].contains(&word.as_str()));
        let seconds = options.seconds.unwrap_or(if is_full { 4.0 } else { 1.5 });
        Ok(Self {
            is_full,
            filters: filters.cloned().collect(),
            doorward: match &options.doorward {
                Some(path) => path.canonicalize()?,
                None => crate::beside("doorward"),
            },
            postgres: options.postgres.clone(),
            redis: options.redis.clone(),
            settings: options.settings.as_ref().map(fs::read_to_string).transpose()?.unwrap_or_default(),
            out: options.out.clone(),
            period: Duration::try_from_secs_f64(seconds)?,
            rounds: options.rounds.unwrap_or(if is_full { 5 } else { 3 }),
        })
    }

    /// Whether a row is wanted.
    fn wants(&self, row: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| is_meant(filter, row))
    }

    /// Whether any row is.
    fn wants_any(&self, rows: &[String]) -> bool {
        rows.iter().any(|row| self.wants(row))
    }
}

/// `sqlite/me` is one row, `sqlite/` those of one stage, `me` all whose names hold it.
fn is_meant(filter: &str, row: &str) -> bool {
    match filter.strip_suffix('/') {
        Some(_) => row.starts_with(filter),
        None if filter.contains('/') => row == filter,
        None => row.contains(filter),
    }
}

/// Measures, prints, writes.
///
/// # Errors
/// A server does not start or a database does not answer; failed requests are counted instead.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let plan = Plan::of(options)?;
    let mut report = report::Report::new(&plan);
    let measured = measure(&plan, &mut report).await;
    // A disk that is full in the last stage does not take the figures of the others with it.
    report.print();
    report.write(&plan.out)?;
    measured
}

async fn measure(plan: &Plan, report: &mut report::Report) -> anyhow::Result<()> {
    rows::measure(plan, report).await?;
    extent::measure(plan, report).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_mean_a_row_a_stage_or_a_word() {
        for (filter, meant) in [
            ("sqlite/me", &["sqlite/me"][..]),
            ("sqlite/", &["sqlite/me", "sqlite/me-fresh-token"]),
            ("me", &["sqlite/me", "sqlite/me-fresh-token", "postgres/me"]),
            ("redis", &[]),
        ] {
            let rows = ["sqlite/me", "sqlite/me-fresh-token", "postgres/me", "postgres/refresh"];
            let found: Vec<&str> = rows.into_iter().filter(|row| is_meant(filter, row)).collect();
            assert_eq!(found, meant, "{filter}");
        }
    }
}
