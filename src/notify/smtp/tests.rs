//! What each answer of a mail server means. tests/it/mail asks a real one.

use std::sync::Mutex;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::server_url::MailUrl;
use crate::testing::{Checked, mail, words};

/// A server that goes through a script: for each command that begins with the word, the answer in place of the usual one.
/// `…` = no answer, ever.
struct Scripted {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    _server: tokio::task::JoinHandle<()>,
}

#[expect(clippy::disallowed_methods, reason = "a test's server ends with its test")]
async fn server(script: &'static [(&'static str, &'static str)]) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let lines = heard.clone();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever goes away in the middle is what some of the tests are about.
            let _ = converse(stream, script, &lines).await;
        }
    });
    Scripted { port, heard, _server: serving }
}

async fn converse(
    stream: tokio::net::TcpStream,
    script: &[(&str, &str)],
    heard: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut line = "CONNECT".to_owned();
    loop {
        let usual = match line.split([' ', ':']).next().unwrap_or_default() {
            "CONNECT" => "220 ready",
            "EHLO" => "250-here\r\n250 AUTH PLAIN",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        let scripted = script.iter().find(|(word, _)| line.starts_with(word)).map(|(_, answer)| *answer);
        match scripted.unwrap_or(usual) {
            "…" => std::future::pending().await,
            answer => writer.write_all(format!("{answer}\r\n").as_bytes()).await?,
        }
        let is_data = line == "DATA";
        let Some(next) = lines.next_line().await? else { return Ok(()) };
        line = next;
        heard.lock().expect("nobody panics").push(line.clone());
        while is_data && line != "." {
            let Some(next) = lines.next_line().await? else { return Ok(()) };
            line = next;
            heard.lock().expect("nobody panics").push(line.clone());
        }
    }
}

fn mailer(url: &str) -> SmtpMailer {
    let Some(MailUrl::Smtp(server)) = MailUrl::parse(url) else { panic!("{url}") };
    let sender = Sender::parse("noreply@acme.test").expect("a sender");
    SmtpMailer::new(server, None, Duration::from_millis(300), sender, words()).expect("usable")
}

async fn outcome(script: &'static [(&'static str, &'static str)]) -> Result<(), DeliveryError> {
    let server = server(script).await;
    mailer(&format!("smtp://127.0.0.1:{}", server.port)).send_mail(&mail()).await
}

#[tokio::test]
async fn a_mail_is_handed_over() -> Checked {
    let server = server(&[]).await;
    mailer(&format!("smtp://bob:hunter2@127.0.0.1:{}", server.port)).send_mail(&mail()).await?;
    let heard = server.heard.lock().expect("nobody panics").clone();
    for expected in
        ["EHLO acme.test", "MAIL FROM:<noreply@acme.test>", "RCPT TO:<bob@acme.test>", "To: bob@acme.test"]
    {
        assert!(heard.iter().any(|line| line == expected), "{expected}: {heard:?}");
    }
    assert!(heard.iter().any(|line| line.starts_with("AUTH PLAIN ")), "{heard:?}");
    assert_eq!(heard.iter().filter(|line| *line == "DATA").count(), 1);
    Ok(())
}

#[tokio::test]
async fn an_accepted_mail_is_sent_whatever_follows() -> Checked {
    outcome(&[("QUIT", "…")]).await?;
    outcome(&[("QUIT", "421 gone")]).await?;
    Ok(())
}

#[tokio::test]
async fn some_answers_are_final() {
    let cases: [(&'static [(&str, &str)], &str); 3] = [
        (&[("RCPT", "550 5.1.1 <bob@acme.test>: no such user")], "SMTP 550 5.1.1"),
        (&[("MAIL", "553 who?")], "SMTP 553"),
        (&[(".", "554 5.7.1 looks like spam")], "SMTP 554 5.7.1"),
    ];
    for (script, expected) in cases {
        match outcome(script).await {
            Err(DeliveryError::Permanent(why)) => assert_eq!(why, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn others_are_not() {
    let cases: [(&'static [(&str, &str)], &str); 8] = [
        (&[("CONNECT", "421 4.3.2 later")], "SMTP 421 4.3.2"),
        (&[("RCPT", "450 <bob@acme.test> is greylisted")], "SMTP 450"),
        (&[(".", "451 4.3.0 disk full")], "SMTP 451 4.3.0"),
        (&[("MAIL", "530 5.7.0 sign in first")], "SMTP 530 5.7.0"),
        (&[("RCPT", "nonsense bob@acme.test")], "the server's answer is no SMTP"),
        (&[("CONNECT", "…")], "no answer within 300ms"),
        (&[("DATA", "…")], "no answer within 300ms"),
        (&[(".", "…")], "no answer within 300ms"),
    ];
    for (script, expected) in cases {
        match outcome(script).await {
            Err(DeliveryError::Temporary(why)) => assert_eq!(why, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn our_own_password_is_not_the_mails_fault() {
    let server = server(&[("AUTH", "535 5.7.8 wrong password hunter2")]).await;
    match mailer(&format!("smtp://bob:hunter2@127.0.0.1:{}", server.port)).send_mail(&mail()).await {
        Err(DeliveryError::Temporary(why)) => assert_eq!(why, "SMTP 535 5.7.8"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_said() {
    let server = server(&[]).await;
    let url = format!("smtp://bob:hunter2@127.0.0.1:{}?tls=starttls", server.port);
    match mailer(&url).send_mail(&mail()).await {
        Err(DeliveryError::Temporary(why)) => assert!(why.contains("STARTTLS is not supported"), "{why}"),
        other => panic!("{other:?}"),
    }
    let heard = server.heard.lock().expect("nobody panics").clone();
    assert!(heard.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{heard:?}");
}

#[tokio::test]
async fn who_is_not_there_is_tried_again() -> Checked {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr()?.port());
    drop(listener);
    assert!(matches!(mailer(&url).send_mail(&mail()).await, Err(DeliveryError::Temporary(_))));
    Ok(())
}

#[test]
fn authorities_are_certificates() {
    let Some(MailUrl::Smtp(server)) = MailUrl::parse("smtps://mail.acme.test") else { panic!("a server") };
    let sender = Sender::parse("noreply@acme.test").expect("a sender");
    for wrong in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let built = SmtpMailer::new(
            server.clone(),
            Some(wrong.as_bytes()),
            Duration::from_secs(1),
            sender.clone(),
            words(),
        );
        assert!(built.is_err(), "{wrong}");
    }
}
