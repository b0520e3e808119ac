//! One wrong setting, told in one line.

use std::fmt;

/// What is wrong with one key of a configuration or `apply` file.
///
/// Displays as `server.listen = "nonsense" (doorward.toml): expected an address such as "127.0.0.1:8080"`: always
/// one line, and never the value of a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    key: String,
    shown: Option<String>,
    origin: String,
    complaint: String,
}

/// Values longer than this are cut in messages, in characters.
const SHOWN_CHARACTERS: usize = 80;

impl Problem {
    /// A complaint about `key`, which was given in `origin`.
    pub(crate) fn new(
        key: impl Into<String>,
        origin: impl Into<String>,
        complaint: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), shown: None, origin: origin.into(), complaint: complaint.into() }
    }

    /// The same with the value as it was written. Not for secrets.
    #[must_use]
    pub(crate) fn showing(mut self, value: &str) -> Self {
        let mut shown: String = value.chars().take(SHOWN_CHARACTERS).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        self.shown = Some(shown.replace(['\n', '\r'], " "));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            f.write_str(&self.origin)?;
        } else {
            f.write_str(&self.key)?;
            if let Some(shown) = &self.shown {
                write!(f, " = {shown}")?;
            }
            if !self.origin.is_empty() {
                write!(f, " ({})", self.origin)?;
            }
        }
        write!(f, ": {}", self.complaint)
    }
}

/// The configuration cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError(pub(crate) Problem);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configuration error: {}", self.0)
    }
}

impl std::error::Error for ConfigError {}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

/// Reads a TOML document.
///
/// # Errors
/// The first syntax error, with its line, as one line that does not repeat the document's text.
pub(crate) fn parse_toml(text: &str, origin: &str) -> Result<toml::Table, Problem> {
    text.parse::<toml::Table>().map_err(|error| {
        let line =
            error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        let message = error.message().replace(['\n', '\r'], " ");
        Problem::new("", format!("{origin}, line {line}"), format!("not valid TOML: {message}"))
    })
}
