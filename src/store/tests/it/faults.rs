//! What happens when the database is gone, restarted, locked, or slow.

use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::revocation::{Revocation, Revoked};
use doorward_core::ports::store::{Mode, Store, StoreError, Tx};
use doorward_core::testkit::samples::{Samples, sample_time};
use doorward_store::{StoreOptions, open};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::time::timeout;

use crate::database::{Postgres, Sqlite, Tested};

const KILL_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Fills the pool with idle connections.
async fn warm_up(store: &Arc<dyn Store>) -> Tested {
    let mut open = Vec::new();
    for _ in 0..8 {
        let mut tx = store.begin("warm up", Mode::Read).await?;
        tx.signing_keys().await?;
        open.push(tx);
    }
    drop(open);
    tokio::time::sleep(Duration::from_millis(300)).await;
    Ok(())
}

#[tokio::test]
async fn killed_connections_are_replaced() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let store = database.store();
    warm_up(&store).await?;
    database.connect().await?.execute(KILL_OTHERS).await?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut failures = 0;
    for _ in 0..20 {
        let answer = match store.begin("after", Mode::Read).await {
            Ok(mut tx) => tx.signing_keys().await.map(|_| ()),
            Err(error) => Err(error),
        };
        match answer {
            Ok(()) => {}
            Err(StoreError::Unavailable { .. }) => failures += 1,
            Err(other) => return Err(other.into()),
        }
    }
    assert!(failures <= 1, "{failures} of 20 reads met a dead connection");
    database.discard().await
}

#[tokio::test]
async fn a_write_begins_in_spite_of_dead_connections() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let store = database.store();
    warm_up(&store).await?;
    database.connect().await?.execute(KILL_OTHERS).await?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let samples = Samples::new(1);
    for number in 0..8 {
        let mut tx = store.begin("after", Mode::Write).await?;
        tx.add_tenant(&samples.tenant(&format!("t{number}")), sample_time()).await?;
        tx.commit().await?;
    }
    database.discard().await
}

#[tokio::test]
async fn a_slow_statement_is_given_up() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let mut blocker = database.connect().await?;
    let mut lock = blocker.begin().await?;
    lock.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE").await?;
    let store = database.store();
    let waiting = async {
        let mut tx = store.begin("blocked", Mode::Read).await?;
        tx.tenant_by_key("x").await
    };
    let answer = timeout(Duration::from_secs(6), waiting).await?;
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    lock.rollback().await?;
    assert!(store.begin("free", Mode::Read).await?.tenant_by_key("x").await?.is_none());
    blocker.close().await?;
    database.discard().await
}

#[tokio::test]
async fn an_exhausted_pool_says_so_soon() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let store = database.store();
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(store.begin("hold", Mode::Write).await?);
    }
    let answer = timeout(Duration::from_secs(3), store.begin("one more", Mode::Write)).await?.map(|_| ());
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    drop(held);
    store.begin("again", Mode::Write).await?.commit().await?;
    database.discard().await
}

#[tokio::test]
async fn an_absent_server_says_so_soon() -> Tested {
    let folder = tempfile::TempDir::new()?;
    let url = format!("postgres:///doorward?host={}&user=postgres", folder.path().display());
    let opened = open(&StoreOptions { url, max_connections: 4 }).await?;
    let answer = timeout(Duration::from_secs(3), opened.store.ping()).await?;
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    let answer = timeout(Duration::from_secs(6), opened.migrations.pending()).await?;
    assert!(matches!(answer, Err(doorward_store::OpenError::Connect { .. })), "{answer:?}");
    Ok(())
}

/// A server that is stopped in mid-air: it takes connections, and never answers.
#[tokio::test]
async fn a_silent_server_says_so_soon() -> Tested {
    let folder = tempfile::TempDir::new()?;
    let silent = tokio::net::UnixListener::bind(folder.path().join(".s.PGSQL.5432"))?;
    let url = format!("postgres:///doorward?host={}&user=postgres", folder.path().display());
    let opened = open(&StoreOptions { url, max_connections: 4 }).await?;
    let answer =
        timeout(Duration::from_secs(3), opened.store.begin("silent", Mode::Write)).await?.map(|_| ());
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    drop(silent);
    Ok(())
}

/// Stands between us and the server, and can fall silent on the connections it has: a network that drops every packet.
struct Link {
    folder: tempfile::TempDir,
    era: Arc<std::sync::atomic::AtomicU32>,
    tasks: tokio::task::JoinSet<()>,
}

impl Link {
    fn to(socket: std::path::PathBuf) -> Result<Self, std::io::Error> {
        let folder = tempfile::TempDir::new()?;
        let listener = tokio::net::UnixListener::bind(folder.path().join(".s.PGSQL.5432"))?;
        let era = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        let current = Arc::clone(&era);
        tasks.spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = tokio::net::UnixStream::connect(&socket).await else {
                    continue;
                };
                let (near_out, near_in) = near.into_split();
                let (far_out, far_in) = far.into_split();
                connections.spawn(relay(near_out, far_in, Arc::clone(&current)));
                connections.spawn(relay(far_out, near_in, Arc::clone(&current)));
            }
        });
        Ok(Self { folder, era, tasks })
    }

    /// From now on nothing passes on the connections there are; new ones work.
    fn fall_silent(&self) {
        self.era.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

async fn relay(
    mut from: tokio::net::unix::OwnedReadHalf,
    mut to: tokio::net::unix::OwnedWriteHalf,
    era: Arc<std::sync::atomic::AtomicU32>,
) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let born = era.load(std::sync::atomic::Ordering::SeqCst);
    let mut buffer = [0; 8192];
    while let Ok(size @ 1..) = from.read(&mut buffer).await {
        if era.load(std::sync::atomic::Ordering::SeqCst) != born {
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..size]).await.is_err() {
            return;
        }
    }
}

/// Old connections that no packet passes any more are given up within seconds, and do not keep their places in the pool.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_are_replaced() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let link = Link::to(database.socket()?)?;
    let url = database.url_through(link.folder.path())?;
    let store = open(&StoreOptions { url, max_connections: 8 }).await?.store;
    warm_up(&store).await?;
    let mut writing = store.begin("in the middle", Mode::Write).await?;
    link.fall_silent();
    let answer = timeout(Duration::from_secs(6), writing.signing_keys()).await?;
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    drop(writing);
    let recovered = async {
        loop {
            let began = timeout(Duration::from_secs(3), store.begin("after", Mode::Write)).await;
            if let Ok(Ok(mut tx)) = began
                && tx.signing_keys().await.is_ok()
            {
                return;
            }
        }
    };
    timeout(Duration::from_secs(10), recovered).await?;
    // All places are free again, not just one.
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(timeout(Duration::from_secs(5), store.begin("all", Mode::Write)).await??);
    }
    drop((open, link.tasks));
    database.discard().await
}

/// A committed transaction is there for whoever opens the file next.
#[tokio::test]
async fn sqlite_keeps_what_was_committed() -> Tested {
    let database = Sqlite::create().await?;
    let tenant = Samples::new(1).tenant("kept");
    let mut tx = database.store().begin("keep", Mode::Write).await?;
    tx.add_tenant(&tenant, sample_time()).await?;
    tx.commit().await?;
    let url = format!("sqlite://{}", database.file().display());
    let again = open(&StoreOptions { url, max_connections: 1 }).await?;
    assert_eq!(again.store.begin("look", Mode::Read).await?.tenant(tenant.id).await?, Some(tenant));
    let mut connection = SqliteConnectOptions::new().filename(database.file()).connect().await?;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await?;
    assert_eq!(mode, "wal");
    Ok(connection.close().await?)
}

/// Another process that writes for long: readers go on; a writer is told to try again, and succeeds afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_locked_by_another_process() -> Tested {
    let database = Sqlite::create().await?;
    let store = database.store();
    let mut other = SqliteConnectOptions::new().filename(database.file()).connect().await?;
    let lock = other.begin_with("BEGIN IMMEDIATE").await?;
    assert!(store.begin("read", Mode::Read).await?.tenant_by_key("x").await?.is_none());
    let answer = store.begin("write", Mode::Write).await.map(|_| ());
    assert!(
        matches!(answer, Err(StoreError::Conflict { .. } | StoreError::Unavailable { .. })),
        "{answer:?}"
    );
    lock.rollback().await?;
    store.begin("write", Mode::Write).await?.commit().await?;
    Ok(other.close().await?)
}

/// A writer of this process that does not finish: the others are told within two seconds.
#[tokio::test]
async fn sqlite_gate_says_so_soon() -> Tested {
    let database = Sqlite::create().await?;
    let store = database.store();
    let held = store.begin("hold", Mode::Write).await?;
    let answer = timeout(Duration::from_secs(3), store.begin("wait", Mode::Write)).await?.map(|_| ());
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    drop(held);
    store.begin("wait", Mode::Write).await?.commit().await?;
    Ok(())
}

/// Holds every connection that requests may have, until the store refuses another.
async fn hold_all(store: &Arc<dyn Store>) -> Result<Vec<Box<dyn Tx>>, StoreError> {
    let mut held = Vec::new();
    for mode in [Mode::Write, Mode::Read] {
        loop {
            match store.begin("hold", mode).await {
                Ok(tx) => held.push(tx),
                Err(StoreError::Unavailable { .. }) => break,
                Err(other) => return Err(other),
            }
        }
    }
    Ok(held)
}

async fn the_tail_goes_on_beside_held_connections(store: Arc<dyn Store>) -> Tested {
    let (known, cursor) = store.tail_revocations(None, sample_time()).await?;
    assert_eq!(known, []);
    let revocation = Revocation { what: Revoked::Session(Samples::new(9).id()), until: sample_time() };
    let mut tx = store.begin("revoke", Mode::Write).await?;
    tx.record_revocations(&[revocation], sample_time()).await?;
    tx.commit().await?;
    let held = hold_all(&store).await?;
    assert!(held.len() > 1, "{} held", held.len());
    let (found, _) = store.tail_revocations(Some(&cursor), sample_time()).await?;
    assert_eq!(found, [revocation]);
    drop(held);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_tail_goes_on_beside_held_connections() -> Tested {
    let database = Sqlite::create().await?;
    the_tail_goes_on_beside_held_connections(database.store()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_tail_goes_on_beside_held_connections() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    the_tail_goes_on_beside_held_connections(database.store()).await?;
    database.discard().await
}
