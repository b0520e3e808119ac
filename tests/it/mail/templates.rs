//! The operator's own templates, and mistakes in them.

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::mail_server::{MailServer, headers};
use doorward_tests::harness::people::ERIN;
use doorward_tests::{App, Database, Home, Options, run_with};

fn write(directory: &std::path::Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().expect("it has one")).expect("a directory can be made");
    std::fs::write(path, text).expect("a file can be written");
}

/// Lines of one dot end a mail (RFC 5321 §4.5.2): they must arrive, and nothing after them may be a command.
#[test]
fn a_template_arrives_letter_by_letter() {
    let Some(server) = MailServer::start(&[]) else { return };
    let directory = server.directory().join("templates");
    let text = "subject: Grüße von {{{organization.name}}}\n\nLiebe {{user.displayName}},\n\n```\n.\n..\nMAIL FROM:<eve@evil.test>\n.\n```\n\n[Weiter]({{{url}}})\n";
    write(&directory, "en/forgot-password.md", text);
    let options = Options::default()
        .set("mail.url", &format!("smtp://127.0.0.1:{}", server.port))
        .set("mail.templates", &directory.display().to_string())
        .set("mail.organization", "Übermut, GmbH");
    run_with(Database::Sqlite, options, async |app: &App| {
        app.introduce_people().await;
        assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
        let mails = server.mails(1).await;
        assert_eq!(mails.len(), 1);
        let text = mails[0]["text"].as_str().expect("a text").replace("\r\n", "\n");
        assert!(
            text.starts_with("Liebe Erin Oakhurst,\n\n.\n..\nMAIL FROM:<eve@evil.test>\n.\n\nWeiter: http"),
            "{text}"
        );
        let subject = headers(&mails[0], "Subject")[0];
        assert!(subject.starts_with("Grüße von "), "{subject}");
    });
}

#[test]
fn mistakes_stop_the_server_before_it_serves() {
    let home = Home::sqlite();
    let complaint = |home: Home| home.run(&["config", "check"]).complaint().to_owned();
    write(home.directory(), "templates/en/welcome.md", "subject: Hi\n\n{{user.nickname}}");
    let line = complaint(home.set("mail.templates", "templates"));
    assert!(
        line.contains("mail.templates") && line.contains("en/welcome.md") && line.contains("nickname"),
        "{line}"
    );
    let line = complaint(Home::sqlite().set("mail.templates", "nowhere"));
    assert!(line.contains("nowhere"), "{line}");
    let smtps = || Home::sqlite().set("mail.url", "smtps://mail.acme.test");
    let line = complaint(smtps().set("mail.ca_file", "nowhere.pem"));
    assert!(line.contains("mail.ca_file") && line.contains("nowhere.pem"), "{line}");
    let home = smtps();
    let _ = home.write("empty.pem", "");
    let line = complaint(home.set("mail.ca_file", "empty.pem"));
    assert!(line.contains("mail.ca_file") && line.contains("PEM"), "{line}");
}

#[test]
fn settings_that_do_not_fit_are_refused_without_being_shown() {
    let cases = [
        (vec![("mail.url", "smtp://u:hunter2@mail.acme.test?tls=none")], "mail.url"),
        (vec![("mail.url", "http://hunter2")], "mail.url"),
        (vec![("mail.from", "nobody")], "mail.from"),
        (vec![("mail.timeout", "31s")], "mail.timeout"),
        (vec![("texts.webhook_url", "https://sms.acme.test/hunter2")], "texts.webhook_secret"),
        (vec![("texts.webhook_secret", "hunter2hunter2hunter2")], "texts.webhook_url"),
        (
            vec![
                ("texts.webhook_url", "http://sms.acme.test/hunter2"),
                ("texts.webhook_secret", "hunter2hunter2hunter2"),
            ],
            "texts.webhook_url",
        ),
        (
            vec![("texts.webhook_url", "https://sms.acme.test/"), ("texts.webhook_secret", "hunter2")],
            "texts.webhook_secret",
        ),
        (
            vec![
                ("texts.webhook_url", "https://sms.acme.test/"),
                ("texts.webhook_secret", "hunter2hunter2hunter2"),
                ("texts.file", "outbox"),
            ],
            "texts.file",
        ),
    ];
    for (settings, key) in cases {
        let home = settings.iter().fold(Home::sqlite(), |home, (key, value)| home.set(key, value));
        let line = home.run(&["config", "check"]).complaint().to_owned();
        assert!(
            line.contains(&format!("configuration error: {key} ")) && !line.contains("hunter2"),
            "{line}"
        );
    }
}
