//! What can matter no more is removed, and nothing before.

use std::time::Duration;

use doorward_core::domain::message::Queued;
use doorward_core::ports::store::Mode;
use doorward_core::testkit::samples::Samples;
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::people::ERIN;
use doorward_tests::{App, Options, on_both};

on_both![acme; challenges_and_links_go_when_they_are_over];
on_both![dead_messages_go_after_thirty_days];

fn acme() -> Options {
    Options::default().set("native.sign_up_tenant", "acme")
}

const CHALLENGES: &str = "SELECT COUNT(*) FROM challenges";
const LINKS: &str = "SELECT COUNT(*) FROM links";
const OUTBOX: &str = "SELECT COUNT(*) FROM outbox";

async fn left(app: &App, statement: &'static str) -> i64 {
    app.core().await.purge().await.expect("it can be tidied up");
    app.place.figure(statement).await
}

async fn challenges_and_links_go_when_they_are_over(app: &App) {
    app.introduce_people().await;
    for name in [ERIN, "nobody"] {
        assert_eq!(app.send_otp(WEBAPP, name).await.status, 204);
        assert_eq!(app.forget_password(WEBAPP, name).await.status, 204);
    }
    assert_eq!(app.request_sign_up("new@example.com").await.status, 204);
    assert_eq!((left(app, CHALLENGES).await, left(app, LINKS).await), (2, 3), "they can still be used");
    // Codes live for five minutes, links for thirty.
    app.advance(Duration::from_secs(301));
    assert_eq!((left(app, CHALLENGES).await, left(app, LINKS).await), (0, 3));
    app.advance(Duration::from_mins(25));
    assert_eq!(left(app, LINKS).await, 0);
}

async fn dead_messages_go_after_thirty_days(app: &App) {
    let now = app.now();
    let dead = Queued { dead_at: Some(now), ..Samples::new(1).queued(now) };
    let store = app.core().await.ports().store.clone();
    let mut tx = store.begin("test", Mode::Write).await.expect("the store answers");
    tx.enqueue(&dead).await.expect("it can be written");
    tx.commit().await.expect("it can be written");
    app.advance(Duration::from_hours(30 * 24));
    assert_eq!(left(app, OUTBOX).await, 1, "it can be sent again until then");
    app.advance(Duration::from_secs(1));
    assert_eq!(left(app, OUTBOX).await, 0);
}
