//! What a real mail server (aiosmtpd) gets, and what becomes of what it does not take.

use std::time::Duration;

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::mail_server::{MailServer, headers};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, people};
use doorward_tests::harness::verification::{client, with};
use doorward_tests::{App, Database, Home, Options, run_with};

/// A test against a server that begins in this manner.
fn at_server(manner: &str, body: impl AsyncFnOnce(&App, &MailServer)) {
    let Some(server) = MailServer::start(&[]) else { return };
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let options = Options::default()
        .set("mail.url", &url)
        .set("mail.timeout", "1s")
        .set("mail.from", "Acme <door@acme.test>");
    run_with(Database::Sqlite, options, async |app: &App| {
        server.set(manner).await;
        app.introduce_people().await;
        assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
        body(app, &server).await;
    });
}

#[test]
fn a_mail_arrives_as_it_was_meant() {
    at_server("accept", async |_, server| {
        let mails = server.mails(1).await;
        let mail = &mails[0];
        assert_eq!(mail["from"], "door@acme.test");
        assert_eq!(mail["to"], serde_json::json!([ERIN_MAIL]));
        assert_eq!(headers(mail, "To"), [ERIN_MAIL]);
        assert_eq!(headers(mail, "From"), ["Acme <door@acme.test>"]);
        assert_eq!(headers(mail, "Auto-Submitted"), ["auto-generated"]);
        assert!(headers(mail, "Bcc").is_empty() && headers(mail, "Cc").is_empty());
        assert!(headers(mail, "Message-ID")[0].ends_with("@acme.test>"));
        let (text, html) = (mail["text"].as_str().expect("a text"), mail["html"].as_str().expect("HTML"));
        let link = text.split_whitespace().find(|word| word.contains("?token=")).expect("a bare link");
        assert!(html.contains(&format!("<a href=\"{link}\">")), "{html}");
        assert!(text.contains("Hello Erin,"), "{text}");
    });
}

#[test]
fn a_server_that_is_busy_gets_the_same_mail_later() {
    at_server("421", async |app, server| {
        let first = server.tried(1).await[0].clone();
        app.eventually("the failure is noted", async || {
            (app.place
                .figure("SELECT count(*) FROM outbox WHERE last_error LIKE 'not delivered yet: SMTP 421%'")
                .await
                == 1)
                .then_some(())
        })
        .await;
        server.set("accept").await;
        app.advance(Duration::from_secs(4));
        let core = app.core().await;
        assert_eq!(core.deliver_messages().await.expect("the queue can be read"), 0, "too early");
        app.advance(Duration::from_secs(1));
        let mails = server.mails(1).await;
        assert_eq!(headers(&mails[0], "Message-ID"), [first.as_str()]);
        assert_eq!(server.tried(2).await, [first.clone(), first]);
    });
}

#[test]
fn a_server_that_falls_silent_gets_the_same_mail_again() {
    at_server("hang", async |app, server| {
        let first = server.tried(1).await[0].clone();
        app.eventually("the failure is noted", async || {
            (app.place
                .figure("SELECT count(*) FROM outbox WHERE last_error LIKE '%no answer within 1s'")
                .await
                == 1)
                .then_some(())
        })
        .await;
        server.set("accept").await;
        app.advance(Duration::from_secs(5));
        let mails = server.mails(1).await;
        assert_eq!(headers(&mails[0], "Message-ID"), [first.as_str()]);
    });
}

#[test]
fn a_refused_mail_is_a_dead_letter_until_somebody_revives_it() {
    let Some(server) = MailServer::start(&[]) else { return };
    let home = Home::furnished(Database::Sqlite).expect("SQLite is never left out");
    let _ = home.apply(&people(), &[]).ok();
    let home = home.set("mail.url", &format!("smtp://127.0.0.1:{}", server.port));
    block_on(async {
        server.set("550").await;
        let doorward = home.serve().await;
        let asked =
            doorward.post("/auth/forget-password", None, &with(client(WEBAPP), "username", ERIN)).await;
        assert_eq!(asked.0, 204);
        let listed =
            doorward_tests::harness::app::eventually("it is given up", Duration::from_secs(20), async || {
                let listed = home.run(&["outbox", "list"]).ok().to_owned();
                listed.contains("1 given up").then_some(listed)
            })
            .await;
        assert!(listed.contains("forgot-password") && listed.contains("SMTP 550 5.1.1"), "{listed}");
        assert!(!listed.contains("erin") && !listed.contains("no such user"), "{listed}");
        assert_eq!(server.state().await["refused"], 1, "once is enough");

        let id = listed.lines().last().and_then(|line| line.split(' ').next()).expect("an id");
        server.set("accept").await;
        assert!(home.run(&["outbox", "retry", id]).ok().contains("sent again"));
        let mails = server.mails(1).await;
        assert_eq!(headers(&mails[0], "Message-ID").len(), 1);
        assert!(headers(&mails[0], "Message-ID")[0].starts_with(&format!("<{id}@")));
        assert!(home.run(&["outbox", "retry", id]).complaint().contains("there is no message"));
        assert!(home.run(&["outbox", "retry", "1"]).complaint().contains("is no id"));
        assert_eq!(home.run(&["outbox", "list"]).ok(), "0 waiting, 0 given up\n");
    });
}
