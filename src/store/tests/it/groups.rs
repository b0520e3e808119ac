//! Rotations that share a transaction, on SQLite: who is answered, and when.

use std::sync::Arc;

use doorward_core::domain::ids::{Id as _, SessionId};
use doorward_core::domain::membership::Membership;
use doorward_core::domain::refresh::Refresh;
use doorward_core::ports::store::{Mode, RefreshRotation, Store, Stored};
use doorward_core::testkit::samples::{Samples, sample_time};
use doorward_core::testkit::store_conformance::sample_rotation;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::task::JoinHandle;

use crate::database::{Sqlite, Tested};

const POISON: &str = "POISON";
/// Lets every transaction that records such an activity fail when it commits: foreign keys of codes are looked at then.
const FAIL_COMMITS: &str =
    "CREATE TRIGGER poison AFTER INSERT ON login_activity WHEN NEW.login_type = 'POISON'
    BEGIN UPDATE grants SET session_id = x'00'; END";

struct World {
    database: Sqlite,
    samples: Samples,
    place: Membership,
    firsts: Vec<Refresh>,
}

impl World {
    /// With that many families of refresh tokens.
    async fn create(count: usize) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let database = Sqlite::create().await?;
        let samples = Samples::new(3);
        let (tenant, role, client) =
            (samples.tenant("main"), samples.role("Admin", None), samples.client("web-app"));
        let user = samples.user("alice", Some(tenant.id));
        let place = samples.membership(&user, &tenant, &role);
        let mut tx = database.store().begin("create", Mode::Write).await?;
        tx.add_tenant(&tenant, sample_time()).await?;
        tx.add_role(&role, sample_time()).await?;
        tx.add_client(&client, sample_time()).await?;
        tx.add_user(&user, sample_time()).await?;
        tx.add_membership(&place, role.id, sample_time()).await?;
        tx.add_grant(&samples.grant(&place, &client)).await?;
        let mut firsts = Vec::new();
        for _ in 0..count {
            let session = samples.session(&place, &client);
            let first = samples.refresh(session.id, None);
            tx.add_session(&session).await?;
            tx.add_refresh(&first).await?;
            firsts.push(first);
        }
        tx.commit().await?;
        let mut raw = SqliteConnectOptions::new().filename(database.file()).connect().await?;
        raw.execute(FAIL_COMMITS).await?;
        raw.close().await?;
        Ok(Self { database, samples, place, firsts })
    }

    fn store(&self) -> Arc<dyn Store> {
        self.database.store()
    }

    fn rotation(&self, first: &Refresh, login_type: &str) -> RefreshRotation {
        let mut rotation = sample_rotation(&self.samples, first, &self.place);
        login_type.clone_into(&mut rotation.activity.login_type);
        rotation
    }

    async fn is_used(&self, first: &Refresh) -> Stored<bool> {
        let mut tx = self.store().begin("look", Mode::Read).await?;
        let found = tx.refresh_by_token(&first.token_hash).await?;
        Ok(found.is_some_and(|refresh| refresh.consumption.is_some()))
    }

    /// Asks for all while the writer is kept busy, so that they are one group.
    async fn ask(&self, rotations: Vec<RefreshRotation>) -> Vec<JoinHandle<Stored<bool>>> {
        let mut asked = Vec::new();
        for rotation in rotations {
            asked.push(spawn(self.store(), rotation));
        }
        settle().await;
        asked
    }
}

#[expect(clippy::disallowed_methods, reason = "the test waits for it, or aborts it on purpose")]
fn spawn(store: Arc<dyn Store>, rotation: RefreshRotation) -> JoinHandle<Stored<bool>> {
    tokio::spawn(async move { store.rotate_refresh(Arc::new(rotation)).await })
}

/// On one thread: whoever was asked now stands in line.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_is_answered_before_the_group_is_committed() -> Tested {
    let world = World::create(8).await?;
    let busy = world.store().begin("busy", Mode::Write).await?;
    let all = world.firsts.iter().map(|first| world.rotation(first, POISON)).collect();
    let asked = world.ask(all).await;
    assert!(asked.iter().all(|handle| !handle.is_finished()));
    drop(busy);
    for (handle, first) in asked.into_iter().zip(&world.firsts) {
        let outcome = handle.await?;
        assert!(outcome.is_err(), "each was written, but the commit failed: {outcome:?}");
        assert!(!world.is_used(first).await?);
    }
    let again = world.rotation(&world.firsts[0], "RELOGIN");
    assert!(world.store().rotate_refresh(Arc::new(again)).await?, "the store goes on");
    Ok(())
}

#[tokio::test]
async fn a_commit_that_one_member_spoils_is_repeated_without_it() -> Tested {
    let world = World::create(8).await?;
    let busy = world.store().begin("busy", Mode::Write).await?;
    let words = |index: usize| if index == 5 { POISON } else { "RELOGIN" };
    let all = world.firsts.iter().enumerate();
    let asked = world.ask(all.map(|(index, first)| world.rotation(first, words(index))).collect()).await;
    drop(busy);
    for (index, (handle, first)) in asked.into_iter().zip(&world.firsts).enumerate() {
        let outcome = handle.await?;
        assert_eq!(outcome.is_ok_and(|is_done| is_done), index != 5);
        assert_eq!(world.is_used(first).await?, index != 5);
    }
    Ok(())
}

#[tokio::test]
async fn who_has_gone_is_left_out() -> Tested {
    let world = World::create(4).await?;
    let busy = world.store().begin("busy", Mode::Write).await?;
    let all = world.firsts.iter().map(|first| world.rotation(first, "RELOGIN")).collect();
    let mut asked = world.ask(all).await;
    // The first is the one that set the writer going.
    for index in [0, 2] {
        asked[index].abort();
    }
    settle().await;
    drop(busy);
    for index in [3, 1] {
        assert!(asked.remove(index).await??);
    }
    for (index, first) in world.firsts.iter().enumerate() {
        assert_eq!(world.is_used(first).await?, index % 2 == 1);
    }
    Ok(())
}

/// A writer that does not finish: those in line are told, none is forgotten, and the next are served.
#[tokio::test]
async fn a_stalled_writer_keeps_nobody_waiting_for_ever() -> Tested {
    let world = World::create(3).await?;
    let busy = world.store().begin("busy", Mode::Write).await?;
    let all = world.firsts.iter().map(|first| world.rotation(first, "RELOGIN")).collect();
    for handle in world.ask(all).await {
        let outcome = handle.await?;
        assert!(outcome.is_err(), "{outcome:?}");
    }
    drop(busy);
    let again = world.rotation(&world.firsts[0], "RELOGIN");
    assert!(world.store().rotate_refresh(Arc::new(again)).await?);
    Ok(())
}

/// What a rotation names must exist; what it says is undone with it.
#[tokio::test]
async fn a_rotation_into_nowhere_changes_nothing() -> Tested {
    let world = World::create(1).await?;
    let mut rotation = world.rotation(&world.firsts[0], "RELOGIN");
    rotation.next.session = SessionId::from_uuid(rotation.parent.uuid());
    assert!(!world.store().rotate_refresh(Arc::new(rotation)).await?, "another session's");
    let mut rotation = world.rotation(&world.firsts[0], "RELOGIN");
    rotation.used.tenant = world.samples.id();
    assert!(world.store().rotate_refresh(Arc::new(rotation)).await.is_err(), "an unknown tenant");
    assert!(!world.is_used(&world.firsts[0]).await?);
    Ok(())
}
