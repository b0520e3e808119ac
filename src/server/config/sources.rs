//! Where settings come from: the file and the environment, the environment winning.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

use super::problem::{Problem, parse_toml};
use super::section::{DefaultValue, SectionInfo};
use super::setting::Setting;
use super::{SECTIONS, TABLES};

/// What every variable of ours begins with.
pub(crate) const PREFIX: &str = "DOORWARD__";

/// Read when no file is named and it exists.
const DEFAULT_FILE: &str = "doorward.toml";

/// Everything given by the operator, not yet interpreted.
pub(crate) struct Sources {
    file_name: String,
    file: Table,
    /// Section (`name`, or `name.id` of a table) and key → value and the variable it came from.
    environment: BTreeMap<(String, String), (String, String)>,
}

impl Sources {
    /// Reads the file and sorts the variables, and refuses every name that is not one of ours.
    ///
    /// # Errors
    /// An unreadable or malformed file, or an unknown section, key or variable.
    pub(crate) fn load(
        config_path: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Problem> {
        let default_file = Path::new(DEFAULT_FILE);
        let path = config_path.or_else(|| default_file.exists().then_some(default_file));
        let file_name = path.map(|path| path.display().to_string()).unwrap_or_default();
        let file = match path {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Problem::new("", &file_name, format!("cannot be read: {error}")))?;
                parse_toml(&text, &file_name)?
            }
            None => Table::new(),
        };
        let mut sources = Self { file_name, file, environment: BTreeMap::new() };
        sources.check_names()?;
        for (variable, value) in environment {
            if let Some(name) = variable.strip_prefix(PREFIX) {
                sources.take_variable(variable, name, value)?;
            }
        }
        Ok(sources)
    }

    fn check_names(&self) -> Result<(), Problem> {
        for (section, value) in &self.file {
            if let Some(info) = TABLES.iter().find(|info| info.name == section) {
                self.check_table(info, value)?;
                continue;
            }
            let Some(info) = SECTIONS.iter().find(|info| info.name == section) else {
                return Err(Problem::new(section, &self.file_name, unknown_section()));
            };
            self.check_section(info, section, value)?;
        }
        Ok(())
    }

    fn check_table(&self, info: &SectionInfo, value: &Value) -> Result<(), Problem> {
        let Value::Table(instances) = value else {
            let complaint =
                format!("expected sections: [{}.<id>] on a line of its own, then its keys", info.name);
            return Err(Problem::new(info.name, &self.file_name, complaint));
        };
        for (id, value) in instances {
            let name = format!("{}.{id}", info.name);
            if !is_id(id) {
                return Err(Problem::new(name, &self.file_name, ID_EXPECTED));
            }
            self.check_section(info, &name, value)?;
        }
        Ok(())
    }

    fn check_section(&self, info: &SectionInfo, name: &str, value: &Value) -> Result<(), Problem> {
        let Value::Table(keys) = value else {
            let complaint = format!("expected a section: [{name}] on a line of its own, then its keys");
            return Err(Problem::new(name, &self.file_name, complaint));
        };
        match keys.keys().find(|key| !info.has(key)) {
            Some(key) => Err(Problem::new(format!("{name}.{key}"), &self.file_name, unknown_key(info))),
            None => Ok(()),
        }
    }

    fn take_variable(&mut self, variable: &str, name: &str, value: &str) -> Result<(), Problem> {
        let lower = name.to_lowercase();
        let (section, key) = lower.split_once("__").unwrap_or((&lower, ""));
        let origin = format!("environment variable {variable}");
        if let Some(info) = TABLES.iter().find(|info| info.name == section) {
            let (id, key) = key.split_once("__").unwrap_or((key, ""));
            let section = format!("{section}.{id}");
            if !is_id(id) {
                return Err(Problem::new(section, origin, ID_EXPECTED));
            }
            return self.take_value(info, (&section, key), (variable, value));
        }
        let shown_key = if key.is_empty() { section.to_owned() } else { format!("{section}.{key}") };
        let Some(info) = SECTIONS.iter().find(|info| info.name == section) else {
            return Err(Problem::new(shown_key, origin, unknown_section()));
        };
        self.take_value(info, (section, key), (variable, value))
    }

    fn take_value(
        &mut self,
        info: &SectionInfo,
        (section, key): (&str, &str),
        (variable, value): (&str, &str),
    ) -> Result<(), Problem> {
        let origin = format!("environment variable {variable}");
        let shown_key = if key.is_empty() { section.to_owned() } else { format!("{section}.{key}") };
        let from_file = key.strip_suffix("_file").filter(|secret| info.is_secret(secret));
        let key = from_file.unwrap_or(key);
        if !info.has(key) {
            return Err(Problem::new(shown_key, origin, unknown_key(info)));
        }
        let slot = (section.to_owned(), key.to_owned());
        if let Some((_, other)) = self.environment.get(&slot) {
            let complaint = format!("given twice: {other} sets it too; expected only one of the two");
            return Err(Problem::new(format!("{section}.{key}"), origin, complaint));
        }
        let text = match from_file {
            Some(_) => read_secret_file(value)
                .map_err(|error| Problem::new(format!("{section}.{key}"), &origin, error))?,
            None => value.to_owned(),
        };
        self.environment.insert(slot, (text, variable.to_owned()));
        Ok(())
    }

    /// The value of one key: from the environment, else the file, else the default.
    ///
    /// # Errors
    /// The value is not one of the type.
    pub(crate) fn read<T: Setting>(
        &self,
        section: &str,
        key: &str,
        default: &DefaultValue,
    ) -> Result<T, Problem> {
        let expected = || format!("expected {}", T::expected());
        if let Some((text, _)) = self.variable(section, key) {
            return T::from_text(text).ok_or_else(|| self.problem::<T>(section, key, expected()));
        }
        if let Some(value) = self.in_file(section, key) {
            return T::from_toml(value).ok_or_else(|| self.problem::<T>(section, key, expected()));
        }
        let value = match default {
            DefaultValue::Text(text) => T::from_text(text),
            DefaultValue::Derived(_) => T::absent(),
        };
        value.ok_or_else(|| self.problem::<T>(section, key, expected()))
    }

    /// A complaint about a key of type `T`, with its value (unless secret) and where that came from.
    pub(crate) fn problem<T: Setting>(
        &self,
        section: &str,
        key: &str,
        complaint: impl Into<String>,
    ) -> Problem {
        let name = format!("{section}.{key}");
        let (shown, origin) = if let Some((text, variable)) = self.variable(section, key) {
            (Some(format!("{text:?}")), format!("environment variable {variable}"))
        } else if let Some(value) = self.in_file(section, key) {
            (Some(show(value)), self.file_name.clone())
        } else {
            (None, "not set".to_owned())
        };
        let problem = Problem::new(name, origin, complaint);
        match shown {
            Some(_) if T::SECRET => problem.showing("[secret]"),
            Some(shown) => problem.showing(&shown),
            None => problem,
        }
    }

    fn variable(&self, section: &str, key: &str) -> Option<&(String, String)> {
        self.environment.get(&(section.to_owned(), key.to_owned()))
    }

    fn in_file(&self, section: &str, key: &str) -> Option<&Value> {
        let keys = match section.split_once('.') {
            Some((table, id)) => self.file.get(table)?.get(id)?,
            None => self.file.get(section)?,
        };
        keys.get(key)
    }

    /// The ids of a table's sections, in the file and in the environment.
    pub(crate) fn instances(&self, table: &str) -> BTreeSet<String> {
        let in_file =
            self.file.get(table).and_then(Value::as_table).into_iter().flat_map(Table::keys).cloned();
        let of_table = |(section, _): &(String, String)| {
            section.split_once('.').filter(|(name, _)| *name == table).map(|(_, id)| id.to_owned())
        };
        in_file.chain(self.environment.keys().filter_map(of_table)).collect()
    }
}

/// A TOML value on one line, control characters escaped.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}

fn read_secret_file(path: &str) -> Result<String, String> {
    let content = std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    let content = content.strip_suffix('\n').unwrap_or(&content);
    Ok(content.strip_suffix('\r').unwrap_or(content).to_owned())
}

/// What an instance may be called: it is part of paths and of variables' names.
const ID_EXPECTED: &str =
    "expected an id of 1 to 40 lower-case letters, digits, `-` and `_`, without two `_` in a row";

fn is_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=40).contains(&id.len())
        && id.bytes().all(is_plain)
        && id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !id.contains("__")
        && !id.ends_with('_')
}

fn unknown_section() -> String {
    let names: Vec<&str> = SECTIONS.iter().chain(TABLES).map(|info| info.name).collect();
    format!("unknown section; expected one of {}", names.join(", "))
}

fn unknown_key(info: &SectionInfo) -> String {
    let names: Vec<&str> = info.keys.iter().map(|key| key.name).collect();
    format!("unknown key; expected one of {}", names.join(", "))
}
