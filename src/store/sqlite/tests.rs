//! What only the writing connection itself can be made to do: a limit on the size of the database is the connection's own.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::membership::Membership;
use doorward_core::domain::refresh::Refresh;
use doorward_core::ports::store::{Mode, RefreshRotation, Store as _, StoreError, Stored};
use doorward_core::testkit::samples::{Samples, sample_time};
use doorward_core::testkit::store_conformance::sample_rotation;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::rotations::GROUP;
use super::sql::SqlStore;
use crate::{Migrations as _, StoreOptions};

type Tested = Result<(), Box<dyn Error + Send + Sync>>;

/// SQLite's own.
const LARGEST: i64 = 4_294_967_294;

struct World {
    folder: TempDir,
    store: SqlStore,
    samples: Samples,
    place: Membership,
    firsts: Vec<Refresh>,
}

impl World {
    /// With that many families of refresh tokens.
    async fn create(count: usize) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let folder = TempDir::new()?;
        let url = format!("sqlite://{}/doorward.db", folder.path().display());
        let (store, schema) = super::connect(&StoreOptions { url, max_connections: 8 }).await?;
        schema.migrate().await?;
        let samples = Samples::new(5);
        let (tenant, role, client) =
            (samples.tenant("main"), samples.role("Admin", None), samples.client("web-app"));
        let user = samples.user("alice", Some(tenant.id));
        let place = samples.membership(&user, &tenant, &role);
        let mut tx = store.begin("create", Mode::Write).await?;
        tx.add_tenant(&tenant, sample_time()).await?;
        tx.add_role(&role, sample_time()).await?;
        tx.add_client(&client, sample_time()).await?;
        tx.add_user(&user, sample_time()).await?;
        tx.add_membership(&place, role.id, sample_time()).await?;
        let mut firsts = Vec::new();
        for _ in 0..count {
            let session = samples.session(&place, &client);
            let first = samples.refresh(session.id, None);
            tx.add_session(&session).await?;
            tx.add_refresh(&first).await?;
            firsts.push(first);
        }
        tx.commit().await?;
        Ok(Self { folder, store, samples, place, firsts })
    }

    fn rotation(&self, first: &Refresh) -> Arc<RefreshRotation> {
        Arc::new(sample_rotation(&self.samples, first, &self.place))
    }

    /// Leaves room for that many more pages.
    async fn leave_room(&self, pages: i64) -> Tested {
        let mut writer = self.store.writers.acquire().await?;
        let used: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *writer).await?;
        self.limit(writer, used + pages).await
    }

    /// As it is after somebody made room.
    async fn lift_limit(&self) -> Tested {
        let writer = self.store.writers.acquire().await?;
        self.limit(writer, LARGEST).await
    }

    async fn limit(&self, mut writer: sqlx::pool::PoolConnection<super::Db>, pages: i64) -> Tested {
        let statement = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        let limit: i64 = sqlx::query_scalar(statement).fetch_one(&mut *writer).await?;
        assert_eq!(limit, pages);
        writer.return_to_pool().await;
        Ok(())
    }

    async fn is_used(&self, first: &Refresh) -> Stored<bool> {
        let mut tx = self.store.begin("look", Mode::Read).await?;
        let found = tx.refresh_by_token(&first.token_hash).await?;
        Ok(found.is_some_and(|refresh| refresh.consumption.is_some()))
    }

    async fn add_tenant(&self, key: &str) -> Stored<()> {
        let mut tx = self.store.begin("write", Mode::Write).await?;
        tx.add_tenant(&self.samples.tenant(key), sample_time()).await?;
        tx.commit().await
    }
}

/// SQLite rolls such a transaction back by itself, which sqlx does not notice.
#[tokio::test]
async fn no_reaper_runs() -> Tested {
    let world = World::create(1).await?;
    for pool in [&world.store.writers, &world.store.tail] {
        let options = pool.options();
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime()), (None, None));
        assert_eq!(options.get_min_connections(), 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_group_that_fills_the_database_is_refused_whole_and_the_next_are_written() -> Tested {
    let world = World::create(GROUP + 1).await?;
    let (alone, together) = world.firsts.split_first().ok_or("no families")?;
    world.leave_room(4).await?;
    assert!(world.store.rotate_refresh(world.rotation(alone)).await?, "there is room for one");
    let busy = world.store.begin("busy", Mode::Write).await?;
    let mut asked = JoinSet::new();
    for first in together {
        let (store, rotation) = (world.store.clone(), world.rotation(first));
        asked.spawn(async move { store.rotate_refresh(rotation).await });
    }
    // On one thread: whoever was asked stands in line afterwards.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    drop(busy);
    for outcome in asked.join_all().await {
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
    }
    for first in together {
        assert!(!world.is_used(first).await?);
    }
    world.lift_limit().await?;
    for first in together {
        assert!(world.store.rotate_refresh(world.rotation(first)).await?);
    }
    world.add_tenant("after").await?;
    Ok(())
}

#[tokio::test]
async fn a_section_that_fills_the_database_is_undone_and_the_next_are_written() -> Tested {
    let world = World::create(0).await?;
    world.leave_room(2).await?;
    let mut tx = world.store.begin("fill", Mode::Write).await?;
    let mut number = 0;
    let failure = loop {
        let tenant = world.samples.tenant(&format!("tenant-{number}"));
        match tx.add_tenant(&tenant, sample_time()).await {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(failure, StoreError::Unavailable { .. }), "{failure:?}");
    assert!(number > 0, "some were written before");
    // Nothing of a section that failed is kept, also when its writer does not care.
    let ignored = tx.add_tenant(&world.samples.tenant("ignored"), sample_time()).await;
    assert!(matches!(ignored, Err(StoreError::Unavailable { .. })), "{ignored:?}");
    let committed = tx.commit().await;
    assert!(matches!(committed, Err(StoreError::Unavailable { .. })), "{committed:?}");
    world.lift_limit().await?;
    for number in 0..number {
        world.add_tenant(&format!("tenant-{number}")).await?;
    }
    let mut look = world.store.begin("look", Mode::Read).await?;
    assert_eq!(look.tenant_by_key("ignored").await?, None);
    Ok(())
}

/// An error of the disk at `COMMIT`, once and again, with a file that may not grow. The limit is the process's, so this one
/// test has a process of its own.
#[test]
fn after_errors_of_the_disk_the_next_are_written() -> Tested {
    let name = "sqlite::tests::with_a_log_that_cannot_grow";
    let arguments = ["--exact", name, "--ignored", "--nocapture"];
    let child = std::process::Command::new(std::env::current_exe()?).args(arguments).output()?;
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    assert!(said.contains("1 passed"), "{said}");
    Ok(())
}

#[tokio::test]
#[ignore = "limits its process; run by after_errors_of_the_disk_the_next_are_written"]
async fn with_a_log_that_cannot_grow() -> Tested {
    let world = World::create(4).await?;
    // SIGXFSZ, heard: the write fails, and the process lives.
    let heard = signal(SignalKind::from_raw(25))?;
    limit_files(&std::fs::metadata(world.folder.path().join("doorward.db-wal"))?.len().to_string())?;
    for first in &world.firsts {
        let outcome = world.store.rotate_refresh(world.rotation(first)).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
        assert!(!world.is_used(first).await?);
        let outcome = world.add_tenant("during").await;
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
    }
    limit_files("unlimited")?;
    for first in &world.firsts {
        assert!(world.store.rotate_refresh(world.rotation(first)).await?);
    }
    world.add_tenant("during").await?;
    drop(heard);
    Ok(())
}

/// How large a file of this process may get, in bytes.
fn limit_files(size: &str) -> Tested {
    let process = std::process::id().to_string();
    let arguments = ["--pid", &process, &format!("--fsize={size}:")];
    let status = std::process::Command::new("prlimit").args(arguments).status();
    assert!(status.map_err(|error| format!("prlimit (of util-linux): {error}"))?.success());
    Ok(())
}

const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";

/// SQLite itself would go on for ever.
#[tokio::test]
async fn a_statement_nobody_waits_for_ends() -> Tested {
    let world = World::create(0).await?;
    let mut reader = world.store.readers.acquire().await?;
    let trace = reader.trace().ok_or("not on loan")?;
    let asked = tokio::time::timeout(Duration::from_millis(50), sqlx::query(ENDLESS).fetch_all(&mut *reader));
    assert!(asked.await.is_err(), "it does not end by itself");
    assert!(trace.upgrade().is_some(), "it is still at work");
    drop(reader);
    while trace.upgrade().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut next = world.store.readers.acquire().await?;
    let one: i64 = sqlx::query_scalar("SELECT 1").fetch_one(&mut *next).await?;
    assert_eq!(one, 1);
    Ok(())
}
