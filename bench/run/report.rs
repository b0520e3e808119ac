//! What was found: printed as a table, written as JSON.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{SecondsFormat, Utc};
use serde::Serialize;

use super::Plan;
use super::contender::{Contender, Sample};
use crate::host::Stage;

/// Operations a second.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn rate(operations: u64, elapsed: Duration) -> f64 {
    operations as f64 / elapsed.as_secs_f64().max(f64::EPSILON)
}

/// Everything one run found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    at: String,
    is_full: bool,
    seconds_a_round: f64,
    rounds: usize,
    machine: Machine,
    rows: Vec<Row>,
    comparisons: Vec<Comparison>,
    facts: Vec<Fact>,
}

#[derive(Debug, Serialize)]
struct Machine {
    cores: usize,
    processor: String,
    load_average: String,
}

/// Medians over the rounds.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    server_cpu_us: f64,
    database_cpu_us: f64,
    driver_cpu_us: f64,
    resident_mib: f64,
    operations: u64,
    errors: u64,
    first_error: Option<String>,
    /// Of each round.
    rates: Vec<f64>,
}

/// A row of a stage and one or several others: the median of the ratios of each round.
#[derive(Debug, Serialize)]
struct Comparison {
    row: String,
    base: String,
    ratio: f64,
    smallest: f64,
    largest: f64,
    at_least: Option<f64>,
    is_reached: Option<bool>,
}

/// One figure with a limit.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    /// What is to be reached; `None` = only shown.
    pub(super) limit: Option<Limit>,
}

/// What is to be reached.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) enum Limit {
    /// No more than this.
    AtMost(f64),
}

impl Limit {
    fn is_reached(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
        }
    }
}

impl Report {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            is_full: plan.is_full,
            seconds_a_round: plan.period.as_secs_f64(),
            rounds: plan.rounds,
            machine: Machine::here(),
            rows: Vec::new(),
            comparisons: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Notes how a stage's first node started.
    pub(super) fn started(&mut self, stage: &str, started: &Stage) {
        if let Some(node) = started.nodes.first() {
            self.fact(format!("{stage}/ready"), millis(node.ready_after), "ms", None);
        }
    }

    pub(super) fn fact(&mut self, name: String, value: f64, unit: &'static str, limit: Option<Limit>) {
        println!("  {name}: {value:.1} {unit}{}", verdict(limit.map(|limit| limit.is_reached(value))));
        self.facts.push(Fact { name, value, unit, limit });
    }

    #[expect(clippy::unused_self, reason = "where the figures go is the report's business")]
    pub(super) fn progress(&self, stage: &str, round: usize, rounds: usize) {
        println!("  {stage}: round {round} of {rounds}");
    }

    /// Takes the samples of one stage.
    pub(super) fn take(&mut self, contenders: Vec<Contender>) {
        for contender in &contenders {
            for against in &contender.against {
                let find = |row: &String| contenders.iter().find(|other| other.name == *row);
                let Some(bases) = against.rows.iter().map(find).collect::<Option<Vec<_>>>() else { continue };
                self.comparisons.push(compare(contender, &bases, against.at_least));
            }
        }
        for contender in contenders {
            self.rows.push(Row::of(contender));
        }
    }

    /// CPU time per operation of a row so far, of servers and database, in microseconds.
    pub(super) fn cpu_of(&self, name: &str) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.name == name)?;
        Some(row.server_cpu_us + row.database_cpu_us)
    }

    pub(super) fn p99_of(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == name).map(|row| row.p99_ms)
    }

    pub(super) fn print(&self) {
        println!(
            "\n{}, {} cores, load {}",
            self.machine.processor, self.machine.cores, self.machine.load_average
        );
        println!(
            "\n| row | /s | p50 ms | p99 ms | server CPU µs | database CPU µs | driver CPU µs | RSS MiB | errors |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|"
        );
        for row in &self.rows {
            println!(
                "| {} | {:.0} | {:.2} | {:.2} | {:.1} | {:.1} | {:.1} | {:.1} | {} |",
                row.name,
                row.per_second,
                row.p50_ms,
                row.p99_ms,
                row.server_cpu_us,
                row.database_cpu_us,
                row.driver_cpu_us,
                row.resident_mib,
                row.errors
            );
        }
        println!("\n| row | compared with | ratio | rounds | wanted | |\n|---|---|---:|---|---:|---|");
        for comparison in &self.comparisons {
            println!(
                "| {} | {} | {:.2} | {:.2} to {:.2} | {} | {} |",
                comparison.row,
                comparison.base,
                comparison.ratio,
                comparison.smallest,
                comparison.largest,
                comparison.at_least.map(|least| format!("≥ {least}")).unwrap_or_default(),
                verdict(comparison.is_reached).trim_start_matches(": ")
            );
        }
        println!("\n| figure | value | wanted | |\n|---|---:|---:|---|");
        for fact in &self.facts {
            let wanted = match fact.limit {
                Some(Limit::AtMost(limit)) => format!("≤ {limit}"),
                None => String::new(),
            };
            let reached = fact.limit.map(|limit| limit.is_reached(fact.value));
            println!(
                "| {} | {:.1} {} | {wanted} | {} |",
                fact.name,
                fact.value,
                fact.unit,
                verdict(reached).trim_start_matches(": ")
            );
        }
        for row in self.rows.iter().filter(|row| row.errors > 0) {
            println!(
                "{}: {} errors, the first: {}",
                row.name,
                row.errors,
                row.first_error.as_deref().unwrap_or("-")
            );
        }
    }

    /// Writes a file named after the time of the run, and `latest.json`.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let file = folder.join(format!("{}.json", self.at.replace(':', "")));
        fs::write(&file, &text)?;
        fs::write(folder.join("latest.json"), &text)?;
        println!("\nwritten: {}", file.display());
        Ok(())
    }
}

fn verdict(is_reached: Option<bool>) -> &'static str {
    match is_reached {
        Some(true) => ": reached",
        Some(false) => ": NOT REACHED",
        None => "",
    }
}

impl Machine {
    fn here() -> Self {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let named = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: named.map_or("unknown processor", |(_, name)| name).to_owned(),
            load_average: fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned(),
        }
    }
}

impl Row {
    fn of(contender: Contender) -> Self {
        let samples = &contender.samples;
        let of = |figure: fn(&Sample) -> f64| median(samples.iter().map(figure));
        Self {
            per_second: of(Sample::rate),
            p50_ms: of(|sample| millis(sample.counted.latencies.quantile(0.5))),
            p99_ms: of(|sample| millis(sample.counted.latencies.quantile(0.99))),
            server_cpu_us: of(|sample| sample.per_operation(sample.server_cpu)),
            database_cpu_us: of(|sample| sample.per_operation(sample.database_cpu)),
            driver_cpu_us: of(|sample| sample.per_operation(sample.driver_cpu)),
            resident_mib: samples.last().map_or(0.0, |sample| mebibytes(sample.resident)),
            operations: samples.iter().map(|sample| sample.counted.operations).sum(),
            errors: samples.iter().map(|sample| sample.counted.errors).sum(),
            first_error: samples.iter().find_map(|sample| sample.counted.first_error.clone()),
            rates: samples.iter().map(Sample::rate).collect(),
            name: contender.name,
        }
    }
}

impl Sample {
    fn rate(&self) -> f64 {
        rate(self.counted.operations, self.counted.elapsed)
    }

    /// In microseconds.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn per_operation(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / (self.counted.operations.max(1)) as f64
    }
}

fn compare(row: &Contender, bases: &[&Contender], at_least: Option<f64>) -> Comparison {
    let rounds = row.samples.iter().enumerate();
    let ratios: Vec<f64> = rounds
        .map(|(round, sample)| {
            let bases = bases.iter().filter_map(|base| base.samples.get(round));
            sample.rate() / one_after_the_other(bases.map(Sample::rate)).max(f64::EPSILON)
        })
        .collect();
    let ratio = median(ratios.iter().copied());
    let names: Vec<&str> = bases.iter().map(|base| base.name.as_str()).collect();
    Comparison {
        row: row.name.clone(),
        base: names.join(" + "),
        ratio,
        smallest: ratios.iter().copied().fold(f64::INFINITY, f64::min),
        largest: ratios.iter().copied().fold(0.0, f64::max),
        at_least,
        is_reached: at_least.map(|least| ratio >= least),
    }
}

/// The rate of doing what each of these rates is about, one after the other.
fn one_after_the_other(rates: impl Iterator<Item = f64>) -> f64 {
    1.0 / rates.map(|rate| 1.0 / rate.max(f64::EPSILON)).sum::<f64>()
}

/// The middle one; of an even number the mean of the two in the middle.
pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle.wrapping_sub(1)), values.get(middle)) {
        (Some(left), Some(right)) if values.len().is_multiple_of(2) => f64::midpoint(*left, *right),
        (_, Some(middle)) => *middle,
        _ => 0.0,
    }
}

pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "no machine has 2^52 bytes")]
pub(super) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_things_done_one_after_the_other_add_their_times() {
        assert!((one_after_the_other([80.0].into_iter()) - 80.0).abs() < 1e-9);
        assert!((one_after_the_other([60.0, 30.0].into_iter()) - 20.0).abs() < 1e-9);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |values: &[f64]| median(values.iter().copied());
        for (values, expected) in
            [(&[][..], 0.0), (&[3.0], 3.0), (&[9.0, 1.0, 2.0], 2.0), (&[1.0, 4.0, 2.0, 9.0], 3.0)]
        {
            assert!((of(values) - expected).abs() < 1e-9, "{values:?}");
        }
    }
}
