//! The webhook's side: what it gets, and what its answers mean.

use doorward_core::domain::time::Timestamp;
use doorward_core::testkit::clock::FixedClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::testing::{Checked, mail, text, words};

const NOW: i64 = 1_794_000_000;

fn texter(url: &str) -> WebhookTexter {
    let clock = Arc::new(FixedClock::new(Timestamp::from_unix_seconds(NOW).expect("a time")));
    WebhookTexter::new(url, &Secret::from("a secret of the webhook"), clock, words()).expect("usable")
}

/// Answers one request with the bytes, and tells what it was.
async fn answer(listener: &TcpListener, reply: &[u8]) -> std::io::Result<String> {
    let (mut stream, _) = listener.accept().await?;
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while !request.ends_with(b"}") {
        let length = stream.read(&mut part).await?;
        request.extend_from_slice(&part[..length]);
    }
    stream.write_all(reply).await?;
    stream.shutdown().await?;
    Ok(String::from_utf8_lossy(&request).into_owned())
}

#[tokio::test]
async fn what_is_sent_is_signed() -> Checked {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let texter = texter(&format!("http://{}/hook?key=1", listener.local_addr()?));
    let message = text();
    let (request, sent) = tokio::join!(
        answer(&listener, b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"),
        texter.send_text(&message)
    );
    sent?;
    let request = request?;
    let (head, body) = request.split_once("\r\n\r\n").ok_or("a head and a body")?;
    assert!(head.starts_with("POST /hook?key=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("\r\ncontent-type: application/json\r\n"), "{head}");
    let body_read: serde_json::Value = serde_json::from_str(body)?;
    assert_eq!(
        body_read,
        serde_json::json!({
            "id": "018f3e6a-0000-7000-8000-000000000001",
            "to": "+43123456",
            "text": "123456 is your verification code for Acme. It expires in 30 minutes. Never tell it to anybody.",
            "kind": "one-time-passcode",
            "createdAt": "2026-11-06T21:20:00.000Z",
        })
    );
    let signature = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("doorward-signature: ").map(str::to_owned));
    let signature = signature.ok_or("a signature")?;
    let (time, code) = signature.split_once(",v1=").ok_or("two parts")?;
    assert_eq!(time, format!("t={NOW}"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"a secret of the webhook");
    hmac::verify(&key, format!("{NOW}.{body}").as_bytes(), &hex::decode(code)?)
        .map_err(|_| "a false signature")?;
    Ok(())
}

#[tokio::test]
async fn answers_say_whether_to_try_again() -> Checked {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let texter = texter(&format!("http://{}/", listener.local_addr()?));
    for (status, is_temporary) in [
        ("500", true),
        ("503", true),
        ("429", true),
        ("408", true),
        ("400", false),
        ("401", false),
        ("404", false),
        ("302", false),
    ] {
        let reply = format!(
            "HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let message = text();
        let (_, sent) = tokio::join!(answer(&listener, reply.as_bytes()), texter.send_text(&message));
        match sent.expect_err(status) {
            DeliveryError::Temporary(why) => {
                assert!(is_temporary && why == format!("HTTP {status}"), "{status}: {why}");
            }
            DeliveryError::Permanent(why) => {
                assert!(!is_temporary && why == format!("HTTP {status}"), "{status}: {why}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_is_not_there_is_tried_again_and_not_named() -> Checked {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hunter2", listener.local_addr()?);
    drop(listener);
    match texter(&url).send_text(&text()).await {
        Err(DeliveryError::Temporary(why)) => assert!(!why.contains("hunter2"), "{why}"),
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn mail_addresses_are_no_numbers() {
    let refused = texter("https://sms.acme.test/").send_text(&mail()).await;
    assert!(matches!(refused, Err(DeliveryError::Permanent(_))));
}

#[test]
fn codes_do_not_travel_in_the_clear() {
    for good in
        ["https://sms.acme.test/hook?x=1", "http://127.0.0.1:9/", "http://[::1]:9/", "http://localhost/x"]
    {
        assert!(is_webhook_url(good), "{good}");
    }
    for wrong in
        ["", "sms", "http://sms.acme.test/", "ftp://127.0.0.1/", "https://u:p@sms.acme.test/", "https://a/#x"]
    {
        assert!(!is_webhook_url(wrong), "{wrong}");
    }
}
