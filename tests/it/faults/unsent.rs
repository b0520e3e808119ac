//! Messages that cannot be sent at once: sent later, once, also by another process; and requests do not wait for them.

use std::time::Duration;

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, people};
use doorward_tests::harness::verification::{client, with};
use doorward_tests::{App, Database, Home, Options, on_both};

on_both![what_could_not_be_sent_is_sent_later_and_once, what_was_queued_before_a_restart_is_sent_after_it,];

/// A file in the place of the outbox folder.
fn bar_the_outbox(app: &App) {
    std::fs::write(app.place.directory.path().join("outbox"), "in the way").expect("a file can be written");
}

fn clear_the_way(app: &App) {
    std::fs::remove_file(app.place.directory.path().join("outbox")).expect("it was written before");
}

/// How many messages wait that were tried in vain.
const TRIED: &str =
    "SELECT count(*) FROM outbox WHERE attempts > 0 AND last_error IS NOT NULL AND dead_at IS NULL";

async fn wait_until_tried(app: &App) {
    app.eventually("it was tried in vain", async || (app.place.figure(TRIED).await == 1).then_some(())).await;
}

async fn what_could_not_be_sent_is_sent_later_and_once(app: &App) {
    app.introduce_people().await;
    bar_the_outbox(app);
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    wait_until_tried(app).await;
    clear_the_way(app);
    // The worker looks at the queue again when something new comes.
    app.eventually("it is sent", async || {
        app.advance(Duration::from_mins(1));
        assert_eq!(app.forget_password(WEBAPP, "nobody-at-all").await.status, 204);
        (!app.outbox().of_sort(ERIN_MAIL, "forgot-password").is_empty()).then_some(())
    })
    .await;
    let _ = app.letters().await;
    assert_eq!(app.kinds_to(ERIN_MAIL).await, ["forgot-password"]);
}

async fn what_was_queued_before_a_restart_is_sent_after_it(app: &App) {
    app.introduce_people().await;
    bar_the_outbox(app);
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    wait_until_tried(app).await;
    clear_the_way(app);
    app.advance(Duration::from_mins(1));
    app.restart_with(Options::default()).await;
    let letter = app.letter(ERIN_MAIL, "forgot-password").await;
    assert!(letter.token().len() >= 43);
    let _ = app.letters().await;
    assert_eq!(app.kinds_to(ERIN_MAIL).await, Vec::<String>::new());
}

/// I3 for messages: the reply said that it was taken on.
#[test]
fn a_kill_after_the_reply_loses_no_message() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite is never left out");
    let _ = home.apply(&people(), &[]).ok();
    block_on(async {
        for _ in 0..3 {
            let mut server = home.serve().await;
            let body = with(client(WEBAPP), "username", ERIN);
            let (status, answer) = server.post("/auth/forget-password", None, &body).await;
            assert_eq!(status, 204, "{answer}");
            server.kill();
        }
        // What a process was sending when it died is sent when its lease is over: at once it is nobody's.
        let mut sent = home.outbox().of_sort(ERIN_MAIL, "forgot-password").len();
        let waiting = home.place.figure("SELECT count(*) FROM outbox").await;
        assert!(sent + usize::try_from(waiting).unwrap_or_default() >= 3, "{sent} sent, {waiting} waiting");
        home.place.execute("UPDATE outbox SET due_at = '2026-01-01T00:00:00.000000+00:00'").await;
        let server = home.serve().await;
        for _ in 0..1000 {
            sent = home.outbox().of_sort(ERIN_MAIL, "forgot-password").len();
            if sent == 3 && home.place.figure("SELECT count(*) FROM outbox").await == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(sent, 3, "{}", server.log());
    });
}
