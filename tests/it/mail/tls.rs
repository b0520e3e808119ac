//! TLS to a mail server: nothing is said to one whose certificate nobody vouches for.

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::mail_server::MailServer;
use doorward_tests::harness::people::ERIN;
use doorward_tests::{App, Database, Options, run_with};

const SIGNED_IN: [&str; 4] = ["--user", "door@acme.test", "--password", "pass: word/1"];

/// A test against a server with TLS, told the URL that `url` makes of its port.
fn at_server(tls: &str, url: &str, trusted: bool, body: impl AsyncFnOnce(&App, &MailServer)) {
    let options: Vec<&str> = ["--tls", tls].into_iter().chain(SIGNED_IN).collect();
    let Some(server) = MailServer::start(&options) else { return };
    let url = url.replace("PORT", &server.port.to_string());
    let mut options = Options::default().set("mail.url", &url).set("mail.timeout", "5s");
    if trusted {
        options = options.set("mail.ca_file", &server.certificate.display().to_string());
    }
    run_with(Database::Sqlite, options, async |app: &App| {
        app.introduce_people().await;
        assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
        body(app, &server).await;
    });
}

async fn arrives(_: &App, server: &MailServer) {
    let mails = server.mails(1).await;
    assert!(
        mails[0]["tls"].as_str().is_some_and(|version| version.starts_with("TLSv1.")),
        "{}",
        mails[0]["tls"]
    );
    assert_eq!(mails[0]["user"], "door@acme.test");
}

/// It waits, because of the certificate, and the server got nothing.
async fn waits(app: &App, server: &MailServer) {
    let waiting = "SELECT count(*) FROM outbox WHERE dead_at IS NULL AND last_error LIKE '%certificate%'";
    app.eventually("the failure is noted", async || (app.place.figure(waiting).await == 1).then_some(()))
        .await;
    let state = server.state().await;
    assert_eq!((state["tried"].as_array().map(Vec::len), &state["refused"]), (Some(0), &0.into()));
}

#[test]
fn starttls_with_a_trusted_certificate() {
    at_server(
        "starttls",
        "smtp://door%40acme.test:pass%3A%20word%2F1@localhost:PORT?tls=starttls",
        true,
        arrives,
    );
}

#[test]
fn starttls_with_a_certificate_of_nobodys() {
    at_server(
        "starttls",
        "smtp://door%40acme.test:pass%3A%20word%2F1@localhost:PORT?tls=starttls",
        false,
        waits,
    );
}

#[test]
fn tls_from_the_start_with_a_trusted_certificate() {
    at_server("implicit", "smtps://door%40acme.test:pass%3A%20word%2F1@127.0.0.1:PORT", true, arrives);
}

#[test]
fn tls_from_the_start_with_a_certificate_of_nobodys() {
    at_server("implicit", "smtps://door%40acme.test:pass%3A%20word%2F1@127.0.0.1:PORT", false, waits);
}

#[test]
fn a_wrong_password_of_ours_is_mended_before_the_mail_is_lost() {
    at_server(
        "starttls",
        "smtp://door%40acme.test:wrong@localhost:PORT?tls=starttls",
        true,
        async |app, server| {
            let waiting =
                "SELECT count(*) FROM outbox WHERE dead_at IS NULL AND last_error LIKE '%SMTP 535%'";
            app.eventually("the failure is noted", async || {
                (app.place.figure(waiting).await == 1).then_some(())
            })
            .await;
            assert!(server.mails(0).await.is_empty());
        },
    );
}
