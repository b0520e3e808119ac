//! Logs: to standard error, pretty or JSON, without secrets.

use std::io::{BufWriter, IsTerminal as _, stderr};

use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer as _, Registry, fmt};

use crate::config::{Log, LogFormat, LogLevel};

/// Lines that may wait for standard error; whoever writes the next one waits for room.
const WAITING_LINES: usize = 16_384;

/// Most bytes of waiting lines that are written at once.
const WRITTEN_AT_ONCE: usize = 64 * 1024;

/// Log lines are written from now on, by a thread of their own and as many at a time as wait: a request does not wait for
/// standard error. Dropping the guard writes what still waits.
///
/// # Errors
/// A logger was set up before.
///
/// # Security
/// Libraries never write more than warnings, and sqlx' statement log is off at every level: at `trace` an HTTP
/// library would write headers and a database library statements, and with them tokens and hashes.
pub fn start(log: &Log) -> Result<WorkerGuard, TryInitError> {
    let format =
        log.format.unwrap_or(if stderr().is_terminal() { LogFormat::Pretty } else { LogFormat::Json });
    let lines = NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).lossy(false);
    let (writer, guard) = lines.finish(BufWriter::with_capacity(WRITTEN_AT_ONCE, stderr()));
    let layer = match format {
        LogFormat::Pretty => fmt::layer().with_writer(writer).with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(writer)
            .boxed(),
    };
    Registry::default().with(layer.with_filter(filter(log.level))).try_init()?;
    Ok(guard)
}

fn filter(level: LogLevel) -> Targets {
    let ours = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    Targets::new()
        .with_default(ours.min(Level::WARN))
        .with_target("doorward", ours)
        .with_target("sqlx::query", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_stay_quiet_at_every_level() {
        let trace = filter(LogLevel::Trace);
        assert!(trace.would_enable("doorward_http::native", &Level::TRACE));
        assert!(!trace.would_enable("hyper::proto", &Level::INFO));
        assert!(!trace.would_enable("sqlx::query", &Level::ERROR));
        let error = filter(LogLevel::Error);
        assert!(!error.would_enable("doorward_http", &Level::WARN));
        assert!(!error.would_enable("hyper", &Level::WARN));
    }
}
