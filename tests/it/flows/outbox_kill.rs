//! What was answered is sent, once, whatever happens to the process that answered; nodes share the queue.

use std::collections::BTreeSet;
use std::time::Duration;

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::app::{block_on, eventually};
use doorward_tests::harness::nodes;
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, people};
use doorward_tests::harness::smtp_sink::{Manner, SmtpSink, header};
use doorward_tests::harness::verification::{client, with};
use doorward_tests::{Binary, Database, Home};

const PATIENCE: Duration = Duration::from_secs(20);
const QUEUED: &str = "SELECT count(*) FROM outbox";
/// Whoever took a message and died keeps it for a minute: this lets the minute pass.
const END_LEASES: &str = "UPDATE outbox SET due_at = created_at";

macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                super::$name(Database::Sqlite);
            }

            #[test]
            fn postgres() {
                super::$name(Database::Postgres);
            }
        })+
    };
}

on_both_databases![
    a_crash_between_commit_and_sending_loses_nothing,
    a_crash_amid_work_loses_and_doubles_nothing,
    a_stop_waits_for_what_is_being_sent,
    nodes_share_the_queue,
    dead_letters_are_seen_and_revived_at_the_command_line,
];

fn home(database: Database, sink: Option<&SmtpSink>) -> Option<Home> {
    let home = Home::furnished(database)?;
    let _ = home.apply(&people(), &[]).ok();
    Some(match sink {
        Some(sink) => home.set("mail.url", &sink.url()).set("mail.timeout", "2s"),
        None => home,
    })
}

async fn forget(server: &Binary, username: &str) -> u16 {
    server.post("/auth/forget-password", None, &with(client(WEBAPP), "username", username)).await.0
}

async fn emptied(home: &Home) {
    eventually("the queue is empty", PATIENCE, async || (home.place.figure(QUEUED).await == 0).then_some(()))
        .await;
}

fn a_crash_between_commit_and_sending_loses_nothing(database: Database) {
    let sink = SmtpSink::start(Manner::Silence);
    let Some(home) = home(database, Some(&sink)) else { return };
    let home = home.set("mail.timeout", "30s");
    block_on(async {
        let mut server = home.serve().await;
        assert_eq!(forget(&server, ERIN).await, 204);
        eventually("it is being sent", PATIENCE, async || (sink.attempts() == 1).then_some(())).await;
        server.kill();
        assert_eq!(home.place.figure(QUEUED).await, 1, "it was answered, so it is kept");

        sink.set(Manner::Take);
        let _server = home.serve().await;
        home.place.execute(END_LEASES).await;
        emptied(&home).await;
        let taken = sink.taken();
        assert_eq!(taken.len(), 1, "once: {taken:?}");
        assert_eq!(header(&taken[0], "To"), ERIN_MAIL);
    });
}

fn a_crash_amid_work_loses_and_doubles_nothing(database: Database) {
    let Some(home) = home(database, None) else { return };
    block_on(async {
        let mut answered = 0;
        for round in 0..4_u64 {
            let server = home.serve().await;
            let asking = async {
                let mut answered = 0;
                for _ in 0..200 {
                    let body = with(client(WEBAPP), "username", ERIN);
                    let request = server.request(reqwest::Method::POST, "/auth/forget-password").json(&body);
                    match request.send().await {
                        Ok(reply) if reply.status() == 204 => answered += 1,
                        _ => break,
                    }
                }
                answered
            };
            let killing = server.kill_after(Duration::from_millis(40 + 30 * round));
            answered += futures_util::join!(asking, killing).0;
        }
        let _server = home.serve().await;
        home.place.execute(END_LEASES).await;
        emptied(&home).await;
        let letters = home.outbox().of_sort(ERIN_MAIL, "forgot-password");
        let links =
            usize::try_from(home.place.figure("SELECT count(*) FROM links").await).expect("not negative");
        assert_eq!(letters.len(), links, "a mail for each link that was written");
        assert!(
            (answered..=answered + 4).contains(&links),
            "{links} links, {answered} answers: one more a kill at most"
        );
        assert!(answered > 0, "the kills came after the first answer");
    });
}

fn a_stop_waits_for_what_is_being_sent(database: Database) {
    let sink = SmtpSink::start(Manner::TakeInSilence);
    let Some(home) = home(database, Some(&sink)) else { return };
    block_on(async {
        let mut server = home.serve().await;
        assert_eq!(forget(&server, ERIN).await, 204);
        eventually("it is being sent", PATIENCE, async || (sink.taken().len() == 1).then_some(())).await;
        server.terminate();
        assert_eq!(server.wait().await, Some(0));
        let noted = "SELECT count(*) FROM outbox WHERE last_error IS NOT NULL AND attempts = 1";
        assert_eq!(home.place.figure(noted).await, 1, "what came of it is known");
    });
}

fn nodes_share_the_queue(database: Database) {
    let sink = SmtpSink::start(Manner::Take);
    let Some(home) = home(database, Some(&sink)) else { return };
    block_on(async {
        let servers = nodes::serve(&home, 2).await;
        for round in 0..12 {
            assert_eq!(forget(&servers[round % 2], ERIN).await, 204);
        }
        emptied(&home).await;
        let taken = sink.taken();
        let ids: BTreeSet<String> = taken.iter().map(|mail| header(mail, "Message-ID")).collect();
        assert_eq!((taken.len(), ids.len()), (12, 12), "each once");
    });
}

fn dead_letters_are_seen_and_revived_at_the_command_line(database: Database) {
    let sink = SmtpSink::start(Manner::Never);
    let Some(home) = home(database, Some(&sink)) else { return };
    block_on(async {
        let server = home.serve().await;
        assert_eq!(forget(&server, ERIN).await, 204);
        let dead = "SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL";
        eventually("it is given up", PATIENCE, async || (home.place.figure(dead).await == 1).then_some(()))
            .await;
        let list = home.run(&["outbox", "list"]);
        assert!(list.ok().contains("forgot-password") && list.ok().contains("550"), "{list:?}");
        for secret in ["token", "erin"] {
            assert!(!list.ok().contains(secret) && !server.log().contains("token="), "{list:?}");
        }
        sink.set(Manner::Take);
        let id = list
            .ok()
            .lines()
            .find_map(|line| line.contains("forgot-password").then(|| line.split(' ').next()));
        let id = id.flatten().expect("the line begins with the id").to_owned();
        let _ = home.run(&["outbox", "retry", &id]).ok();
        emptied(&home).await;
        assert_eq!(sink.taken().len(), 1, "the running server sent it");
        let again = home.run(&["outbox", "retry", &id]);
        assert!(again.complaint().contains("no message"), "{again:?}");
    });
}
