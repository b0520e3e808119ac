//! One TOML table, read key by key, so that every key that nobody asked for is found.

use toml::{Table, Value};

use crate::config::Problem;
use crate::config::setting::Setting;
use crate::config::show;

/// A table and its place in the file.
pub(super) struct TableReader<'a> {
    table: &'a Table,
    /// `users[3].memberships[0]`; empty for the whole file.
    path: String,
    origin: &'a str,
    known: Vec<&'static str>,
}

impl<'a> TableReader<'a> {
    /// The whole file.
    pub(super) fn new(table: &'a Table, origin: &'a str) -> Self {
        Self { table, path: String::new(), origin, known: Vec::new() }
    }

    /// The value of a key, if given.
    pub(super) fn optional<T: Setting>(&mut self, key: &'static str) -> Result<Option<T>, Problem> {
        self.known.push(key);
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        match T::from_toml(value) {
            Some(read) => Ok(Some(read)),
            None => Err(self.problem::<T>(key, format!("expected {}", T::expected()))),
        }
    }

    /// The value of a key that must be given.
    pub(super) fn required<T: Setting>(&mut self, key: &'static str) -> Result<T, Problem> {
        self.optional(key)?
            .ok_or_else(|| self.problem::<T>(key, format!("missing; expected {}", T::expected())))
    }

    /// A table under a key, if there is one.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<TableReader<'a>>, Problem> {
        self.known.push(key);
        let path = self.name(key);
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Table(table)) => {
                Ok(Some(TableReader { table, path, origin: self.origin, known: Vec::new() }))
            }
            Some(_) => {
                let complaint =
                    format!("expected a table, such as one under a line [{}]", without_indexes(&path));
                Err(Problem::new(&path, self.origin, complaint))
            }
        }
    }

    /// The tables of an array of tables; an absent array is empty.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<TableReader<'a>>, Problem> {
        self.known.push(key);
        let name = self.name(key);
        let expected = || format!("expected tables, each under a line [[{}]]", without_indexes(&name));
        let Some(value) = self.table.get(key) else {
            return Ok(Vec::new());
        };
        let Value::Array(entries) = value else {
            return Err(Problem::new(&name, self.origin, expected()));
        };
        let mut tables = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let path = format!("{name}[{index}]");
            let Value::Table(table) = entry else {
                return Err(Problem::new(path, self.origin, expected()));
            };
            tables.push(TableReader { table, path, origin: self.origin, known: Vec::new() });
        }
        Ok(tables)
    }

    /// A complaint about a key of type `T`, with its value unless that is secret.
    pub(super) fn problem<T: Setting>(&self, key: &str, complaint: impl Into<String>) -> Problem {
        let problem = Problem::new(self.name(key), self.origin, complaint);
        match self.table.get(key) {
            Some(_) if T::SECRET => problem.showing("[secret]"),
            Some(value) => problem.showing(&show(value)),
            None => problem,
        }
    }

    /// Every key was asked for.
    pub(super) fn finish(self) -> Result<(), Problem> {
        let unknown = self.table.keys().find(|key| !self.known.contains(&key.as_str()));
        unknown.map_or(Ok(()), |key| {
            let complaint = format!("unknown key; expected one of {}", self.known.join(", "));
            Err(Problem::new(self.name(key), self.origin, complaint))
        })
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// `users[3].memberships` → `users.memberships`, as TOML writes it.
fn without_indexes(path: &str) -> String {
    path.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect::<Vec<_>>().join(".")
}
