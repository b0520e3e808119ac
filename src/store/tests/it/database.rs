//! Fresh databases.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use doorward_core::ports::store::Store;
use doorward_store::{Opened, StoreOptions, open};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

pub(crate) type Tested = Result<(), Box<dyn Error + Send + Sync>>;

/// A SQLite file of its own, in a folder that goes with it.
pub(crate) struct Sqlite {
    folder: TempDir,
    opened: Opened,
}

impl Sqlite {
    /// Made, but without a schema.
    pub(crate) async fn bare() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let folder = TempDir::new()?;
        let url = format!("sqlite://{}/data/doorward.db", folder.path().display());
        let opened = open(&StoreOptions { url, max_connections: 8 }).await?;
        Ok(Self { folder, opened })
    }

    /// With its schema.
    pub(crate) async fn create() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let database = Self::bare().await?;
        database.opened.migrations.migrate().await?;
        Ok(database)
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.opened
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.opened.store)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("data/doorward.db")
    }
}

/// A PostgreSQL database of its own, dropped in the end.
pub(crate) struct Postgres {
    server: String,
    name: String,
    opened: Opened,
}

impl Postgres {
    /// Made, but without a schema. `None` when only SQLite is wanted.
    pub(crate) async fn bare() -> Result<Option<Self>, Box<dyn Error + Send + Sync>> {
        let Some(server) = server_url()? else {
            return Ok(None);
        };
        let name = unique_name();
        let mut admin = PgConnection::connect(&server).await?;
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        admin.close().await?;
        let url = with_database(&server, &name)?;
        let opened = open(&StoreOptions { url, max_connections: 8 }).await?;
        Ok(Some(Self { server, name, opened }))
    }

    /// With its schema.
    pub(crate) async fn create() -> Result<Option<Self>, Box<dyn Error + Send + Sync>> {
        let database = Self::bare().await?;
        if let Some(database) = &database {
            database.opened.migrations.migrate().await?;
        }
        Ok(database)
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.opened
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.opened.store)
    }

    /// Its URL, reached by another socket folder.
    pub(crate) fn url_through(
        &self,
        folder: &std::path::Path,
    ) -> Result<String, Box<dyn Error + Send + Sync>> {
        let options: PgConnectOptions = self.server.parse()?;
        Ok(format!("postgres:///{}?host={}&user={}", self.name, folder.display(), options.get_username()))
    }

    /// The server's socket.
    pub(crate) fn socket(&self) -> Result<PathBuf, Box<dyn Error + Send + Sync>> {
        let options: PgConnectOptions = self.server.parse()?;
        let folder = options.get_socket().ok_or("these tests want a server on a Unix socket")?;
        Ok(folder.join(format!(".s.PGSQL.{}", options.get_port())))
    }

    /// A connection of the test's own.
    pub(crate) async fn connect(&self) -> Result<PgConnection, Box<dyn Error + Send + Sync>> {
        let options: PgConnectOptions = self.server.parse()?;
        Ok(PgConnection::connect_with(&options.database(&self.name)).await?)
    }

    /// Removes the database with whoever is connected.
    pub(crate) async fn discard(self) -> Tested {
        let mut admin = PgConnection::connect(&self.server).await?;
        admin.execute(AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name))).await?;
        Ok(admin.close().await?)
    }
}

#[expect(clippy::disallowed_methods, reason = "the environment is how a test run names its server")]
fn server_url() -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    if let Ok(url) = std::env::var("DOORWARD_TEST_POSTGRES_URL") {
        return Ok(Some(url));
    }
    if std::env::var("DOORWARD_TEST_SQLITE_ONLY").is_ok_and(|value| value == "1") {
        say_why();
        return Ok(None);
    }
    Err("set DOORWARD_TEST_POSTGRES_URL to a PostgreSQL server for throw-away databases, \
         or DOORWARD_TEST_SQLITE_ONLY=1 to do without"
        .into())
}

#[expect(clippy::print_stderr, reason = "a test that is not run says so")]
fn say_why() {
    eprintln!("not run on PostgreSQL: DOORWARD_TEST_SQLITE_ONLY=1");
}

#[expect(clippy::disallowed_methods, reason = "names of throw-away databases must differ between test runs")]
fn unique_name() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    format!("test_{}_{}_{number}", std::process::id(), since.as_nanos())
}

/// The server's URL with another database: the path between host and query.
fn with_database(server: &str, name: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    let (scheme, rest) = server.split_once("://").ok_or("not a URL")?;
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, query)| (place, query));
    let host = place.split_once('/').map_or(place, |(host, _)| host);
    let mark = if query.is_empty() { "" } else { "?" };
    Ok(format!("{scheme}://{host}/{name}{mark}{query}"))
}
