//! `[database]`: where everything is kept.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use doorward_core::domain::secret::Secret;

use super::section::DefaultValue::{Derived, Text};
use super::section::section;
use super::setting::Setting;

section! {
    /// Where everything is kept.
    [database] Database {
        /// `sqlite://` and a path (relative to the working directory), or a `postgres://` URL.
        url: DatabaseUrl = Text("sqlite://data/doorward.db");
        /// Largest number of connections to PostgreSQL. SQLite has four readers and one writer at a time.
        max_connections: NonZeroU32 = Text("10"), if |count| count.get() <= 10_000 => "a whole number from 1 to 10000";
        /// Whether `serve` and `apply` bring the schema up to date by themselves; otherwise `doorward migrate` does.
        auto_migrate: Option<bool> = Derived("`true` on SQLite, `false` on PostgreSQL");
    }
}

/// Which database, and how to reach it. The URL may hold a password and is never shown.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// A file of this process' own.
    Sqlite {
        /// The database file.
        path: PathBuf,
    },
    /// A PostgreSQL server.
    Postgres {
        /// `postgres://user:password@host:port/database`.
        url: Secret<String>,
    },
}

impl DatabaseUrl {
    /// The directory of files that lie beside the database: the SQLite file's, or `data`.
    #[must_use]
    pub fn data_directory(&self) -> &Path {
        match self {
            Self::Sqlite { path } => {
                path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
            }
            Self::Postgres { .. } => Path::new("data"),
        }
    }

    /// Whether it is SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }
}

impl Setting for DatabaseUrl {
    const SECRET: bool = true;

    fn kind() -> String {
        "URL (secret)".to_owned()
    }

    fn expected() -> String {
        "\"sqlite://<path>\" or \"postgres://<user>:<password>@<host>:<port>/<database>\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let usable = !rest.is_empty() && !text.chars().any(char::is_control);
        match scheme {
            "sqlite" => {
                // `:memory:` would be another database on every connection, and options are ours to choose.
                let plain =
                    usable && !rest.contains(['?', '#']) && !rest.starts_with(':') && !rest.ends_with('/');
                plain.then(|| Self::Sqlite { path: PathBuf::from(rest) })
            }
            "postgres" | "postgresql" => usable.then(|| Self::Postgres { url: Secret::from(text) }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_are_known_by_scheme() {
        let directory = |text: &str| DatabaseUrl::from_text(text).map(|url| url.data_directory().to_owned());
        assert_eq!(directory("sqlite://data/doorward.db"), Some(PathBuf::from("data")));
        assert_eq!(directory("sqlite:///var/lib/doorward/x.db"), Some(PathBuf::from("/var/lib/doorward")));
        assert_eq!(directory("sqlite://x.db"), Some(PathBuf::from(".")));
        assert_eq!(directory("postgres:///postgres?host=/run/x&user=postgres"), Some(PathBuf::from("data")));
        for wrong in
            ["", "mysql://a/b", "sqlite:", "sqlite://", "sqlite://:memory:", "sqlite://data/", "data/x.db"]
        {
            assert_eq!(directory(wrong), None, "{wrong}");
        }
    }
}
