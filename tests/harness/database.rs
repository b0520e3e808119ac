//! A database of its own for every test, copied from a template made once per test run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use doorward_server::apply_file;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use super::app::{apply_options, start};
use super::shelf::Shelf;

/// Names the PostgreSQL server of the tests: `postgres:///postgres?host=/run/x&user=postgres`.
pub const POSTGRES_URL: &str = "DOORWARD_TEST_POSTGRES_URL";
/// Set to `1` where there is no PostgreSQL; its tests then say so and pass.
pub const SQLITE_ONLY: &str = "DOORWARD_TEST_SQLITE_ONLY";

/// Which database a test runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Database {
    /// A file.
    Sqlite,
    /// A database on the server of [`POSTGRES_URL`].
    Postgres,
}

/// One test's database, removed by [`Place::remove`].
#[derive(Debug)]
pub struct Place {
    /// Holds the SQLite file and whatever else the server keeps.
    pub directory: TempDir,
    /// `database.url`.
    pub url: String,
    name: Option<String>,
    is_removed: AtomicBool,
}

/// What must be nought at any moment, whatever happened: rows that only exist together are written together.
/// No test lasts long enough for the worker to purge a session.
const HALF_WRITTEN: [(&str, &str); 5] = [
    (
        "sessions without an ACCESS row, or the reverse",
        "SELECT (SELECT COUNT(*) FROM sessions) - (SELECT COUNT(*) FROM login_activity WHERE login_type = 'ACCESS')",
    ),
    (
        "sessions without a first refresh token, or with two",
        // In the OAuth 2.0 dialect not every client has refresh tokens.
        "SELECT (SELECT COUNT(*) FROM sessions WHERE oauth IS NULL AND id NOT IN (SELECT session_id FROM refreshes))
              + ABS((SELECT COUNT(*) FROM refreshes WHERE parent_id IS NULL)
                    - (SELECT COUNT(DISTINCT session_id) FROM refreshes))",
    ),
    (
        "used refresh tokens without a successor, or the reverse",
        "SELECT COUNT(*) FROM refreshes parent WHERE (consumed_at IS NOT NULL)
            <> EXISTS (SELECT 1 FROM refreshes successor WHERE successor.parent_id = parent.id)",
    ),
    (
        "rotations without a RELOGIN row, or the reverse",
        "SELECT (SELECT COUNT(*) FROM refreshes WHERE parent_id IS NOT NULL)
              - (SELECT COUNT(*) FROM login_activity WHERE login_type = 'RELOGIN')",
    ),
    (
        "unused codes that have a session",
        "SELECT COUNT(*) FROM grants WHERE consumed_at IS NULL AND session_id IS NOT NULL",
    ),
];

impl Database {
    /// A copy of the template; `None` where PostgreSQL may be left out.
    ///
    /// # Panics
    /// When there is no PostgreSQL, unless [`SQLITE_ONLY`] says so.
    #[must_use]
    pub fn copy(self) -> Option<Place> {
        match self {
            Self::Sqlite => Some(copy_sqlite()),
            Self::Postgres => server_url().map(|server| on_own_thread(move || copy_postgres(server))),
        }
    }

    /// An empty database; `None` where PostgreSQL may be left out.
    ///
    /// # Panics
    /// As [`Database::copy`].
    #[must_use]
    pub fn empty(self) -> Option<Place> {
        match self {
            Self::Sqlite => Some(empty_sqlite()),
            Self::Postgres => {
                server_url().map(|server| on_own_thread(move || new_postgres(server, "template0")))
            }
        }
    }
}

impl Place {
    /// Drops the PostgreSQL database; files go with the directory. Happens by itself at the end of the place's life.
    pub async fn remove(&self) {
        let Some(name) = &self.name else { return };
        if !self.is_removed.swap(true, Ordering::Relaxed) {
            let server = environment(POSTGRES_URL).expect("it was there when the database was made");
            administer(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }

    /// No row is half written. Only while no server works on it.
    ///
    /// # Panics
    /// When one is.
    pub async fn assert_whole(&self) {
        if self.is_removed.load(Ordering::Relaxed) {
            return;
        }
        let statements = HALF_WRITTEN.map(|(_, statement)| statement);
        for ((what, _), figure) in HALF_WRITTEN.iter().zip(self.figures(statements).await) {
            assert_eq!(figure, 0, "{what}");
        }
    }

    /// Changes rows behind the server's back.
    pub async fn execute(&self, statement: &'static str) {
        if self.name.is_some() {
            let mut connection = PgConnection::connect(&self.url).await.expect("the database answers");
            sqlx::raw_sql(statement).execute(&mut connection).await.expect("the statement is good");
        } else {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("the file opens");
            sqlx::raw_sql(statement).execute(&mut connection).await.expect("the statement is good");
            connection.close().await.expect("it closes");
        }
    }

    /// The one number that a statement selects.
    pub async fn figure(&self, statement: &'static str) -> i64 {
        let [figure] = self.figures([statement]).await;
        figure
    }

    /// As [`Place::figure`], of several statements on one connection: connecting takes longer than they do.
    async fn figures<const COUNT: usize>(&self, statements: [&'static str; COUNT]) -> [i64; COUNT] {
        let mut figures = [0; COUNT];
        if self.name.is_some() {
            let mut connection = PgConnection::connect(&self.url).await.expect("the database answers");
            for (figure, statement) in figures.iter_mut().zip(statements) {
                let selected = sqlx::query_scalar(statement).fetch_one(&mut connection).await;
                *figure = selected.expect("the statement selects one number");
            }
        } else {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("the file opens");
            for (figure, statement) in figures.iter_mut().zip(statements) {
                let selected = sqlx::query_scalar(statement).fetch_one(&mut connection).await;
                *figure = selected.expect("the statement selects one number");
            }
        }
        figures
    }

    /// Everything that is stored, as bytes to be searched.
    pub async fn dump(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.directory.path()).expect("the directory is there") {
            all.extend(std::fs::read(entry.expect("an entry").path()).unwrap_or_default());
        }
        if self.name.is_some() {
            all.extend(dump_postgres(&self.url).await);
        }
        all
    }

    /// The SQLite file.
    #[must_use]
    pub fn sqlite_file(&self) -> PathBuf {
        self.directory.path().join("doorward.db")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.name.is_none() || self.is_removed.load(Ordering::Relaxed) {
            return;
        }
        std::thread::scope(|scope| {
            // A failure has been reported by whatever made the test leave early.
            let _ = scope.spawn(|| super::app::runtime().block_on(self.remove())).join();
        });
    }
}

/// The value of a variable of the environment.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the tests have no configuration but their environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn server_url() -> Option<String> {
    if let Some(url) = environment(POSTGRES_URL) {
        return Some(url);
    }
    let is_left_out = environment(SQLITE_ONLY).as_deref() == Some("1");
    assert!(
        is_left_out,
        "{POSTGRES_URL} is not set: this test needs a PostgreSQL server; ./dev test starts one. \
         Set {SQLITE_ONLY}=1 to leave the tests on PostgreSQL out"
    );
    eprint_reason();
    None
}

#[expect(clippy::print_stderr, reason = "a test that is left out says why")]
fn eprint_reason() {
    eprintln!("left out: {SQLITE_ONLY}=1 and {POSTGRES_URL} is not set");
}

/// The database's name goes into the URL of the server.
fn with_name(server: &str, name: &str) -> String {
    let (before, options) = server.split_once('?').unwrap_or((server, ""));
    let authority_at = before.find("://").map_or(0, |at| at + 3);
    let path_at = before[authority_at..].find('/').map_or(before.len(), |at| authority_at + at);
    let question_mark = if options.is_empty() { "" } else { "?" };
    format!("{}/{name}{question_mark}{options}", &before[..path_at])
}

/// Of this process and this moment: what an earlier run left behind, or one in another container of the same server makes,
/// may have the same process id.
#[expect(clippy::disallowed_methods, reason = "names of throw-away databases must differ between test runs")]
fn unique_name(purpose: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("doorward_{purpose}_{}_{}_{number}", std::process::id(), since.as_nanos())
}

async fn administer(server: &str, statement: &str) {
    let mut connection = PgConnection::connect(server).await.expect("the PostgreSQL server answers");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await
        .expect("databases can be made and dropped");
    connection.close().await.expect("the connection closes");
}

async fn dump_postgres(url: &str) -> Vec<u8> {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
    let tables: Vec<String> =
        sqlx::query_scalar(tables).fetch_all(&mut connection).await.expect("the tables are listed");
    let mut all = Vec::new();
    for table in tables {
        let rows = sqlx::AssertSqlSafe(format!("SELECT t::text FROM \"{table}\" t"));
        let rows: Vec<String> =
            sqlx::query_scalar(rows).fetch_all(&mut connection).await.expect("the rows are read");
        all.extend(rows.join("\n").into_bytes());
    }
    all
}

fn directory() -> TempDir {
    tempfile::Builder::new().prefix("doorward-test-").tempdir().expect("a temporary directory can be made")
}

fn empty_sqlite() -> Place {
    let directory = directory();
    let url = format!("sqlite://{}", directory.path().join("doorward.db").display());
    Place { directory, url, name: None, is_removed: AtomicBool::new(false) }
}

async fn new_postgres(server: String, template: &str) -> Place {
    let name = unique_name("test");
    administer(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    let url = with_name(&server, &name);
    Place { directory: directory(), url, name: Some(name), is_removed: AtomicBool::new(false) }
}

fn copy_sqlite() -> Place {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let Some(shelf) = Shelf::open() else { return sqlite_template() };
        shelf.get("db").unwrap_or_else(|| shelf.put("db", sqlite_template()))
    });
    let place = empty_sqlite();
    std::fs::write(place.directory.path().join("doorward.db"), template).expect("a file can be written");
    place
}

fn sqlite_template() -> Vec<u8> {
    let place = empty_sqlite();
    let (url, snapshot) = (place.url.clone(), place.directory.path().join("template.db"));
    let target = snapshot.display().to_string();
    on_own_thread(move || async move {
        fill(url.clone()).await;
        // The server's connections close on threads of their own, and the last carries the log into the database: files
        // copied meanwhile would not belong together.
        let mut connection = SqliteConnection::connect(&url).await.expect("the database answers");
        let copying = sqlx::query("VACUUM INTO $1").bind(target).execute(&mut connection).await;
        copying.expect("the database can be copied");
        connection.close().await.expect("the connection closes");
    });
    std::fs::read(snapshot).expect("the copy can be read")
}

async fn copy_postgres(server: String) -> Place {
    static TEMPLATE: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();
    let template = TEMPLATE
        .get_or_init(|| async {
            let Some(shelf) = Shelf::open() else { return postgres_template(&server).await };
            let name = match shelf.get("postgres") {
                Some(name) => name,
                None => shelf.put("postgres", postgres_template(&server).await.into_bytes()),
            };
            String::from_utf8(name).expect("the name is ASCII")
        })
        .await;
    new_postgres(server.clone(), template).await
}

async fn postgres_template(server: &str) -> String {
    let name = unique_name("template");
    administer(server, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    fill(with_name(server, &name)).await;
    name
}

/// Migrates, applies the world, and makes the keys.
async fn fill(url: String) {
    let running = start(&url, &BTreeMap::new()).await.running;
    let file = apply_file::parse(&crate::bootstrap::world(), "world.toml").expect("the world is well-formed");
    running.core.apply(&file, apply_options()).await.expect("the world can be applied");
    // RSA keys take long to make: one pair serves every test.
    running.core.jwks().await.expect("keys can be made");
    running.stop().await.expect("the server stops gracefully");
}

/// Runs async work from anywhere, inside or outside a runtime.
fn on_own_thread<Work, Doing>(work: Work) -> Doing::Output
where
    Work: FnOnce() -> Doing + Send + 'static,
    Doing: Future,
    Doing::Output: Send + 'static,
{
    let thread = std::thread::spawn(move || super::app::runtime().block_on(work()));
    thread.join().expect("the work on the test database succeeds")
}
