//! `[log]`: what is written to standard error.

use super::section::DefaultValue::{Derived, Text};
use super::section::section;
use super::setting::Setting;

section! {
    /// What is written to standard error. No level writes a secret, a token or a password.
    [log] Log {
        /// Least important lines written: `error`, `warn`, `info`, `debug` or `trace`. Libraries never write more than `warn`.
        level: LogLevel = Text("info");
        /// `pretty` for people, `json` for machines.
        format: Option<LogFormat> = Derived("`pretty` on a terminal, otherwise `json`");
    }
}

/// How much is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogLevel {
    /// Faults of the server.
    Error,
    /// And what an operator should look at.
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
    /// And every step.
    Trace,
}

impl Setting for LogLevel {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "error" => Some(Self::Error),
            "warn" => Some(Self::Warn),
            "info" => Some(Self::Info),
            "debug" => Some(Self::Debug),
            "trace" => Some(Self::Trace),
            _ => None,
        }
    }
}

/// How a line is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Setting for LogFormat {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"pretty\" or \"json\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "pretty" => Some(Self::Pretty),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}
