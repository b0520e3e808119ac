//! Processes that start together on an empty PostgreSQL: one migrates, the others wait for it (D8).

use doorward_tests::bootstrap::{WEBAPP, world};
use doorward_tests::harness::app::block_on;
use doorward_tests::{Database, Home};

#[test]
fn processes_that_start_together_migrate_once() {
    for _ in 0..3 {
        let Some(home) = Home::empty(Database::Postgres) else { return };
        let home = home.set("database.auto_migrate", "true");
        std::thread::scope(|threads| {
            let migrating = [(), ()].map(|()| threads.spawn(|| home.run(&["migrate"])));
            block_on(serve_together(&home));
            for thread in migrating {
                let output = thread.join().expect("no panic");
                assert!(!output.ok().is_empty(), "{output:?}");
            }
        });
        assert_eq!(home.run(&["migrate", "--plan"]).ok(), "The schema is up to date.\n");
        let keys = home.run(&["keys", "list"]);
        let current = keys.ok().lines().filter(|line| line.contains("current")).count();
        assert_eq!(current, 1, "each made keys of its own: {keys:?}");
    }
}

/// Two servers; what one signs, the other verifies.
async fn serve_together(home: &Home) {
    let (first, second) = futures_util::join!(home.serve(), home.serve());
    assert!(home.apply(&world(), &[]).ok().contains("created"));
    for (here, there) in [(&first, &second), (&second, &first)] {
        let (access, refresh) = here.sign_in(WEBAPP, "alice").await;
        assert!(there.accepts(&access).await, "{}", there.log());
        assert_eq!(there.refresh(&access, &refresh).await.0, 200);
    }
}
