//! Text messages at a webhook: signed, and the same in every attempt.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use aws_lc_rs::hmac;
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::people::ERIN;
use doorward_tests::{App, Database, Options, run_with};
use serde_json::Value;

const SECRET: &str = "a secret of the webhook";

/// What a call was.
struct Call {
    signature: String,
    body: String,
}

/// A webhook that answers with these statuses, one after the other, and tells of each call.
fn webhook(statuses: &'static [&'static str]) -> (String, mpsc::Receiver<Call>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let url = format!("http://{}/sms", listener.local_addr().expect("bound"));
    let (sender, calls) = mpsc::channel();
    std::thread::spawn(move || {
        for (stream, status) in listener.incoming().flatten().zip(statuses) {
            let mut reader = BufReader::new(stream.try_clone().expect("a socket can be shared"));
            let (mut length, mut signature) = (0, String::new());
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a line of the head");
                let line = line.trim_end();
                if line.is_empty() {
                    break;
                }
                let (name, value) = line.split_once(": ").unwrap_or_default();
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.parse().expect("a number"),
                    "doorward-signature" => value.clone_into(&mut signature),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("the body");
            let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            (&stream).write_all(reply.as_bytes()).expect("the caller reads");
            let body = String::from_utf8(body).expect("UTF-8");
            // The test may be over.
            let _ = sender.send(Call { signature, body });
        }
    });
    (url, calls)
}

fn assert_signed(call: &Call) {
    let (time, code) = call.signature.split_once(",v1=").expect("two parts");
    let time = time.strip_prefix("t=").expect("a time");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let code: Vec<u8> = (0..code.len() / 2)
        .map(|index| u8::from_str_radix(&code[2 * index..2 * index + 2], 16).expect("hexadecimal"))
        .collect();
    hmac::verify(&key, format!("{time}.{}", call.body).as_bytes(), &code).expect("signed");
}

fn at_webhook(statuses: &'static [&'static str], body: impl AsyncFnOnce(&App, &mpsc::Receiver<Call>)) {
    let (url, calls) = webhook(statuses);
    let options = Options::default()
        .set("texts.webhook_url", &url)
        .set("texts.webhook_secret", SECRET)
        .set("native.otp_method", "sms");
    run_with(Database::Sqlite, options, async |app: &App| {
        app.introduce_people().await;
        assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
        body(app, &calls).await;
    });
}

async fn next(app: &App, calls: &mpsc::Receiver<Call>) -> Call {
    app.eventually("the webhook is called", async || calls.try_recv().ok()).await
}

#[test]
fn a_busy_webhook_gets_the_same_text_again() {
    at_webhook(&["503 Busy", "204 No Content"], async |app, calls| {
        let first = next(app, calls).await;
        app.eventually("the failure is noted", async || {
            (app.place.figure("SELECT count(*) FROM outbox WHERE last_error LIKE '%HTTP 503'").await == 1)
                .then_some(())
        })
        .await;
        app.advance(Duration::from_secs(5));
        let second = next(app, calls).await;
        for call in [&first, &second] {
            assert_signed(call);
        }
        assert_eq!(first.body, second.body);
        assert_ne!(first.signature, second.signature, "the time is signed too");
        let text: Value = serde_json::from_str(&second.body).expect("JSON");
        assert_eq!((&text["to"], &text["kind"]), (&"+15550000002".into(), &"one-time-passcode".into()));
        app.eventually("it is sent", async || {
            (app.place.figure("SELECT count(*) FROM outbox").await == 0).then_some(())
        })
        .await;
    });
}

#[test]
fn a_webhook_that_refuses_leaves_a_dead_letter() {
    at_webhook(&["400 No such number", "204 No Content"], async |app, calls| {
        let _ = next(app, calls).await;
        app.eventually("it is given up", async || {
            (app.place.figure("SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL").await == 1)
                .then_some(())
        })
        .await;
        let core = app.core().await;
        let dead = core.dead_messages().await.expect("the queue can be read");
        assert!(dead[0].last_error.as_deref().is_some_and(|error| error.ends_with("HTTP 400")), "{dead:?}");
        core.retry_message(dead[0].id).await.expect("it can be revived");
        assert_signed(&next(app, calls).await);
    });
}
