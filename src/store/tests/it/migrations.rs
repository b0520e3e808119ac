//! The schema: planning, applying, refusing.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use doorward_core::ports::store::Mode;
use doorward_core::testkit::samples::sample_time;
use doorward_store::{Backend, OpenError, Opened, StoreOptions, open};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, Row as _};

use crate::database::{Postgres, Sqlite, Tested};

async fn plans_then_applies(opened: &Opened) -> Tested {
    let planned = opened.migrations.pending().await?;
    assert_eq!(planned.first().map(|step| (step.number, step.name)), Some((1, "foundation")));
    assert!(planned.iter().all(|step| !step.sql.is_empty()));
    assert_eq!(opened.migrations.pending().await?, planned, "planning changes nothing");
    assert_eq!(opened.migrations.migrate().await?, planned);
    assert_eq!(opened.migrations.pending().await?, Vec::new());
    assert_eq!(opened.migrations.migrate().await?, Vec::new());
    assert!(opened.store.begin("look", Mode::Read).await?.signing_keys().await?.is_empty());
    Ok(())
}

async fn eight_at_once(opened: &Opened) -> Tested {
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let migrations = std::sync::Arc::clone(&opened.migrations);
        nodes.spawn(async move { migrations.migrate().await });
    }
    while let Some(node) = nodes.join_next().await {
        node??;
    }
    assert_eq!(opened.migrations.pending().await?, Vec::new());
    Ok(())
}

#[tokio::test]
async fn sqlite_plans_then_applies() -> Tested {
    let database = Sqlite::bare().await?;
    assert_eq!(database.opened().backend, Backend::Sqlite);
    plans_then_applies(database.opened()).await
}

#[tokio::test]
async fn postgres_plans_then_applies() -> Tested {
    let Some(database) = Postgres::bare().await? else {
        return Ok(());
    };
    assert_eq!(database.opened().backend, Backend::Postgres);
    plans_then_applies(database.opened()).await?;
    database.discard().await
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_nodes_migrate_at_once() -> Tested {
    eight_at_once(Sqlite::bare().await?.opened()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_nodes_migrate_at_once() -> Tested {
    let Some(database) = Postgres::bare().await? else {
        return Ok(());
    };
    eight_at_once(database.opened()).await?;
    database.discard().await
}

/// As after a process that was killed while it built an index beside running nodes.
#[tokio::test]
async fn postgres_repeats_an_interrupted_build() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let mut connection = database.connect().await?;
    for statement in [
        "DELETE FROM _sqlx_migrations WHERE version >= 7",
        "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'login_activity_type'::regclass",
    ] {
        connection.execute(statement).await?;
    }
    let repeated = database.opened().migrations.migrate().await?;
    assert_eq!(repeated.first().map(|step| step.number), Some(7));
    let row = connection
        .fetch_one("SELECT indisvalid FROM pg_index WHERE indexrelid = 'login_activity_type'::regclass")
        .await?;
    assert!(row.get::<bool, _>("indisvalid"));
    connection.close().await?;
    database.discard().await
}

const FROM_THE_FUTURE: &str = "INSERT INTO _sqlx_migrations
    (version, description, success, checksum, execution_time) VALUES (9999, 'future', TRUE, '', 0)";
const TAMPERED: &str = "UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1";

async fn refuses_newer(opened: &Opened) {
    for answer in [opened.migrations.pending().await, opened.migrations.migrate().await] {
        assert!(matches!(answer, Err(OpenError::Newer { found: 9999, .. })), "{answer:?}");
    }
}

async fn refuses_changed(opened: &Opened) {
    for answer in [opened.migrations.pending().await, opened.migrations.migrate().await] {
        assert!(matches!(answer, Err(OpenError::Changed { number: 1 })), "{answer:?}");
    }
}

#[tokio::test]
async fn sqlite_refuses_what_it_does_not_know() -> Tested {
    let database = Sqlite::create().await?;
    let mut connection = SqliteConnectOptions::new().filename(database.file()).connect().await?;
    connection.execute(FROM_THE_FUTURE).await?;
    refuses_newer(database.opened()).await;
    connection.execute(TAMPERED).await?;
    refuses_changed(database.opened()).await;
    Ok(connection.close().await?)
}

#[tokio::test]
async fn postgres_refuses_what_it_does_not_know() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let mut connection = database.connect().await?;
    connection.execute(FROM_THE_FUTURE).await?;
    refuses_newer(database.opened()).await;
    connection.execute(TAMPERED).await?;
    refuses_changed(database.opened()).await;
    connection.close().await?;
    database.discard().await
}

/// Both databases have the same tables with the same columns, but for the one only PostgreSQL needs.
#[tokio::test]
async fn the_twins_agree() -> Tested {
    let sqlite = Sqlite::create().await?;
    let Some(postgres) = Postgres::create().await? else {
        return Ok(());
    };
    let mut connection = SqliteConnectOptions::new().filename(sqlite.file()).connect().await?;
    let rows = connection
        .fetch_all(
            "SELECT t.name AS place, c.name AS field, c.\"notnull\" + c.pk > 0 AS needed FROM sqlite_master t,
             pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE '\\_%' ESCAPE '\\'
             AND t.name NOT LIKE 'sqlite%'",
        )
        .await?;
    let mut left = BTreeMap::new();
    for row in rows {
        left.insert(
            (row.get::<String, _>("place"), row.get::<String, _>("field")),
            row.get::<bool, _>("needed"),
        );
    }
    let mut connection = postgres.connect().await?;
    let rows = connection
        .fetch_all(
            "SELECT CAST(table_name AS text) AS place, CAST(column_name AS text) AS field,
             is_nullable = 'NO' AS needed FROM information_schema.columns
             WHERE table_schema = 'public' AND left(table_name, 1) <> '_'",
        )
        .await?;
    let mut right = BTreeMap::new();
    for row in rows {
        right.insert(
            (row.get::<String, _>("place"), row.get::<String, _>("field")),
            row.get::<bool, _>("needed"),
        );
    }
    assert!(right.remove(&("revocations".to_owned(), "xid".to_owned())).is_some());
    assert_eq!(left, right);
    let tables = connection
        .fetch_all(
            "SELECT relname::text AS place FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
             AND left(relname, 1) <> '_' AND obj_description(oid) IS NULL",
        )
        .await?;
    assert!(tables.is_empty(), "every table has a comment");
    connection.close().await?;
    postgres.discard().await
}

/// Every file is embedded, every number is a pair.
#[test]
fn every_file_is_known() -> Tested {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let names = |folder: &str| -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(root.join(folder))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    };
    let files = names("sqlite")?;
    assert_eq!(files, names("postgres")?);
    for backend in ["sqlite", "postgres"] {
        let source =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{backend}.rs")))?;
        for file in &files {
            assert!(source.contains(&format!("../../migrations/{backend}/{file}")), "{backend} lacks {file}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn sqlite_files_are_private() -> Tested {
    let database = Sqlite::create().await?;
    let mut tx = database.store().begin("write", Mode::Write).await?;
    tx.add_server_key(1, &[1], sample_time()).await?;
    tx.commit().await?;
    let file = database.file();
    let mode = |path: &Path| std::fs::metadata(path).map(|data| data.permissions().mode() & 0o777);
    assert_eq!(mode(&file)?, 0o600);
    assert_eq!(mode(file.parent().ok_or("no folder")?)?, 0o700);
    assert_eq!(mode(&file.with_extension("db-wal"))?, 0o600);
    Ok(())
}

#[tokio::test]
async fn odd_urls_are_refused() {
    for url in [
        "",
        "doorward.db",
        "mysql://localhost/x",
        "sqlite://:memory:",
        "sqlite://x?mode=memory",
        "postgres://[x",
    ] {
        let answer = open(&StoreOptions { url: url.to_owned(), max_connections: 1 }).await;
        assert!(matches!(answer.map(|_| ()), Err(OpenError::Url { .. })), "{url}");
    }
    let url = "sqlite:///proc/doorward/doorward.db".to_owned();
    let answer = open(&StoreOptions { url, max_connections: 1 }).await.map(|_| ());
    assert!(matches!(answer, Err(OpenError::Create { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() -> Tested {
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("letter.db");
    std::fs::write(&path, "Dear Sir or Madam, ".repeat(100))?;
    let url = format!("sqlite://{}", path.display());
    let answer = open(&StoreOptions { url, max_connections: 1 }).await.map(|_| ());
    assert!(matches!(answer, Err(OpenError::Connect { .. })), "{answer:?}");
    Ok(())
}
