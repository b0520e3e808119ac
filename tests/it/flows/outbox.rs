//! Messages leave after the commit of what they tell of: tried again while that can help, given up when it cannot.

use std::time::Duration;

use doorward_core::domain::message::Queued;
use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, FRANK};
use doorward_tests::harness::smtp_sink::{Manner, SmtpSink, header};
use doorward_tests::{App, Database, Options, Tokens, on_both, run_with};
use serde_json::{Value, json};

on_both![
    what_is_rolled_back_sends_nothing,
    what_cannot_be_queued_does_not_happen,
    messages_to_nobody_leave_the_queue,
];

/// A test on both databases whose server sends its mails to a sink.
macro_rules! with_sink {
    ($($name:ident($manner:ident)),+ $(,)?) => {
        $(mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                on_sink(Database::Sqlite, Manner::$manner, super::$name);
            }

            #[test]
            fn postgres() {
                on_sink(Database::Postgres, Manner::$manner, super::$name);
            }
        })+
    };
}

with_sink![
    what_fails_for_now_is_tried_again_later(Later),
    what_fails_for_good_is_given_up_and_can_be_revived(Never),
    after_ten_failures_a_message_is_given_up(Later),
    links_that_no_longer_work_are_not_sent(Later),
    a_silent_mail_server_holds_up_nobody(Silence),
];

fn on_sink(database: Database, manner: Manner, body: impl AsyncFnOnce(&App, &SmtpSink)) {
    let sink = SmtpSink::start(manner);
    let options = Options::default().set("mail.url", &sink.url()).set("mail.timeout", "1s");
    run_with(database, options, async |app: &App| {
        app.introduce_people().await;
        body(app, &sink).await;
    });
}

fn change(username: &str, tokens: &Tokens) -> Value {
    json!({
        "username": username,
        "refreshToken": tokens.refresh,
        "oldPassword": PASSWORD,
        "password": NEW_PASSWORD,
    })
}

const WAITING: &str = "SELECT count(*) FROM outbox WHERE dead_at IS NULL";
const LINKS: &str = "SELECT count(*) FROM links";

/// Makes every commit fail that a message was queued in.
async fn doom(app: &App) {
    app.place
        .execute(
            "CREATE TABLE abyss (id INTEGER PRIMARY KEY);
             CREATE TABLE doomed (id INTEGER REFERENCES abyss (id) DEFERRABLE INITIALLY DEFERRED)",
        )
        .await;
    if app.place.url.starts_with("sqlite") {
        let trigger =
            "CREATE TRIGGER doom AFTER INSERT ON outbox BEGIN INSERT INTO doomed (id) VALUES (1); END";
        app.place.execute(trigger).await;
    } else {
        app.place
            .execute("CREATE RULE doom AS ON INSERT TO outbox DO ALSO INSERT INTO doomed VALUES (1)")
            .await;
    }
}

async fn pardon(app: &App) {
    let statement =
        if app.place.url.starts_with("sqlite") { "DROP TRIGGER doom" } else { "DROP RULE doom ON outbox" };
    app.place.execute(statement).await;
}

async fn what_is_rolled_back_sends_nothing(app: &App) {
    app.introduce_people().await;
    doom(app).await;
    assert!(app.forget_password(WEBAPP, ERIN).await.status >= 500, "the commit fails");
    assert_eq!(app.place.figure(LINKS).await, 0);
    pardon(app).await;
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let letters = app.letters().await;
    assert_eq!(letters.len(), 1, "only of what was committed: {letters:?}");
    let token = letters[0].token();

    app.outbox().clear();
    doom_again(app).await;
    assert!(app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status >= 500);
    pardon(app).await;
    let _ = app.sign_in(ERIN).await;
    assert!(app.letters().await.is_empty(), "the password was not changed, and nobody says it was");
    assert_eq!(
        app.reset_password(WEBAPP, &token, NEW_PASSWORD).await.status,
        204,
        "the link was not used up"
    );
    assert_eq!(app.kinds_to(ERIN_MAIL).await, ["reset-password"]);
}

async fn doom_again(app: &App) {
    app.place.execute("DROP TABLE doomed; DROP TABLE abyss").await;
    doom(app).await;
}

async fn what_cannot_be_queued_does_not_happen(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    app.place.execute("ALTER TABLE outbox RENAME TO elsewhere").await;
    let reply = app.change_password(&tokens.access, &change(ERIN, &tokens)).await;
    assert!(reply.status >= 500, "a change nobody is told of is none");
    app.place.execute("ALTER TABLE elsewhere RENAME TO outbox").await;
    assert!(app.accepts(&tokens.access).await);
    let _ = app.sign_in(ERIN).await;
}

async fn messages_to_nobody_leave_the_queue(app: &App) {
    app.introduce_people().await;
    for name in ["nobody", "ines", "sonia"] {
        assert_eq!(app.forget_password(WEBAPP, name).await.status, 204);
    }
    assert!(app.letters().await.is_empty(), "settled without being sent");
    assert_eq!(app.place.figure(LINKS).await, 3, "each left what a real one leaves");
}

async fn what_fails_for_now_is_tried_again_later(app: &App, sink: &SmtpSink) {
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let core = app.core().await;
    for (failures, wait) in [(1, 5), (2, 30), (3, 120)] {
        noted(app, failures).await;
        app.advance(Duration::from_secs(wait - 1));
        assert_eq!(core.deliver_messages().await.expect("the queue can be read"), 0, "too early");
        assert_eq!(i64::try_from(sink.attempts()).expect("few"), failures);
        if failures == 3 {
            sink.set(Manner::Take);
        }
        app.advance(Duration::from_secs(1));
    }
    app.eventually("it is sent", async || (app.place.figure(WAITING).await == 0).then_some(())).await;
    app.advance(Duration::from_hours(24));
    assert_eq!(core.deliver_messages().await.expect("the queue can be read"), 0);
    let taken = sink.taken();
    assert_eq!(taken.len(), 1, "once: {taken:?}");
    assert_eq!(header(&taken[0], "To"), ERIN_MAIL);
}

/// Waits until so many attempts have failed, the last one too.
async fn noted(app: &App, count: i64) {
    app.eventually(&format!("failure {count} is noted"), async || {
        let failed = "SELECT COALESCE(MAX(attempts), 0) FROM outbox WHERE last_error IS NOT NULL";
        (app.place.figure(failed).await == count).then_some(())
    })
    .await;
    // So that the next failure is told from this one while it is under way.
    app.place.execute("UPDATE outbox SET last_error = NULL").await;
}

async fn dead(app: &App, count: usize) -> Vec<Queued> {
    let core = app.core().await;
    app.eventually("it is given up", async || {
        let dead = core.dead_messages().await.expect("the queue can be read");
        (dead.len() == count).then_some(dead)
    })
    .await
}

async fn what_fails_for_good_is_given_up_and_can_be_revived(app: &App, sink: &SmtpSink) {
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let given_up = dead(app, 1).await;
    let [message] = given_up.as_slice() else { unreachable!("{given_up:?}") };
    assert_eq!((message.kind.as_str(), message.attempts), ("forgot-password", 1));
    let error = message.last_error.clone().expect("it says why");
    assert!(error.contains("550") && !error.contains("erin") && !error.contains("token"), "{error}");
    let core = app.core().await;
    let depth = core.queue_depth().await.expect("the queue can be read");
    assert_eq!((depth.waiting, depth.dead), (0, 1));

    sink.set(Manner::Take);
    app.advance(Duration::from_mins(20));
    assert!(sink.taken().is_empty(), "nobody tries again by himself");
    core.retry_message(message.id).await.expect("it can be revived");
    app.eventually("it is sent", async || {
        (app.place.figure("SELECT count(*) FROM outbox").await == 0).then_some(())
    })
    .await;
    assert_eq!(sink.taken().len(), 1);
    assert!(core.retry_message(message.id).await.is_err(), "it is gone");
}

async fn after_ten_failures_a_message_is_given_up(app: &App, sink: &SmtpSink) {
    let (tokens, core) = (app.sign_in(FRANK).await, app.core().await);
    let _ = app.change_password(&tokens.access, &change(FRANK, &tokens)).await.ok();
    for count in 1..10 {
        noted(app, count).await;
        app.advance(Duration::from_hours(6));
        core.deliver_messages().await.expect("the queue can be read");
    }
    let given_up = dead(app, 1).await;
    assert_eq!((given_up[0].kind.as_str(), given_up[0].attempts), ("reset-password", 10));
    assert!(sink.attempts() == 10 && sink.taken().is_empty());
    app.advance(Duration::from_hours(24));
    assert_eq!(core.deliver_messages().await.expect("the queue can be read"), 0);
    core.retry_message(given_up[0].id).await.expect("it can be revived");
    sink.set(Manner::Take);
    app.advance(Duration::from_mins(1));
    app.eventually("it is sent", async || (app.place.figure(WAITING).await == 0).then_some(())).await;
    assert_eq!(sink.taken().len(), 1, "ten more attempts, of which one succeeded");
}

async fn links_that_no_longer_work_are_not_sent(app: &App, sink: &SmtpSink) {
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    noted(app, 1).await;
    sink.set(Manner::Take);
    app.advance(Duration::from_mins(30));
    let given_up = dead(app, 1).await;
    let error = given_up[0].last_error.clone().unwrap_or_default();
    assert!(error.contains("does not work any more"), "{error}");
    assert!(sink.taken().is_empty());
}

async fn a_silent_mail_server_holds_up_nobody(app: &App, sink: &SmtpSink) {
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    app.eventually("the server has the mail", async || (sink.attempts() == 1).then_some(())).await;
    assert_eq!(app.place.figure(WAITING).await, 1, "it waits for the server's answer");
    for _ in 0..3 {
        assert_eq!(app.forget_password(WEBAPP, FRANK).await.status, 204, "nobody else does");
        let _ = app.sign_in(FRANK).await;
    }
    sink.set(Manner::Take);
    app.eventually("the others are sent", async || (sink.taken().len() == 3).then_some(())).await;
}
