//! The client's side: what it gets, and what its answers mean.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::testing::Checked;

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl-_";

fn token() -> Secret<String> {
    Secret::from(TOKEN)
}

/// Answers one request with the bytes, and tells what it was.
async fn answer(listener: &TcpListener, reply: &[u8]) -> std::io::Result<String> {
    let (mut stream, _) = listener.accept().await?;
    let request = read_request(&mut stream).await?;
    stream.write_all(reply).await?;
    stream.shutdown().await?;
    Ok(request)
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while !request.ends_with(TOKEN.as_bytes()) {
        let length = stream.read(&mut part).await?;
        if length == 0 {
            break;
        }
        request.extend_from_slice(&part[..length]);
    }
    Ok(String::from_utf8_lossy(&request).into_owned())
}

fn reply(status: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

/// OpenID Connect Back-Channel Logout §2.5: a form with one field.
#[tokio::test]
async fn the_token_is_posted_as_a_form() -> Checked {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}/logout?tenant=1", listener.local_addr()?);
    let notifier = HttpLogoutNotifier::new();
    let (told, good) = (token(), reply("200"));
    let (request, sent) = tokio::join!(answer(&listener, good.as_bytes()), notifier.tell(&uri, &told));
    sent?;
    let request = request?;
    let (head, body) = request.split_once("\r\n\r\n").ok_or("a head and a body")?;
    assert!(head.starts_with("POST /logout?tenant=1 HTTP/1.1\r\n"), "{head}");
    let head = head.to_lowercase();
    assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"), "{head}");
    assert!(!head.contains("\r\nreferer:") && !head.contains("\r\ncookie:"), "{head}");
    assert_eq!(body, format!("logout_token={TOKEN}"));
    Ok(())
}

#[tokio::test]
async fn only_200_and_204_mean_that_a_client_knows() -> Checked {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}/", listener.local_addr()?);
    let notifier = HttpLogoutNotifier::new();
    for (status, knows) in [
        ("200", true),
        ("204", true),
        ("201", false),
        ("302", false),
        ("307", false),
        ("400", false),
        ("404", false),
        ("501", false),
        ("503", false),
    ] {
        let (told, answered) = (token(), reply(status));
        let (_, sent) = tokio::join!(answer(&listener, answered.as_bytes()), notifier.tell(&uri, &told));
        match sent {
            Ok(()) => assert!(knows, "{status}"),
            Err(NotTold(why)) => assert!(!knows && why == format!("HTTP {status}"), "{status}: {why}"),
        }
    }
    Ok(())
}

/// Whatever a client answers after its status is not waited for.
#[tokio::test]
async fn an_endless_answer_is_not_read() -> Checked {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}/", listener.local_addr()?);
    let notifier = HttpLogoutNotifier::new();
    let endless = async {
        let (mut stream, _) = listener.accept().await?;
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").await?;
        Ok::<_, std::io::Error>(stream)
    };
    let told = token();
    let (stream, sent) = tokio::join!(endless, notifier.tell(&uri, &told));
    let _held_open = stream?;
    sent?;
    Ok(())
}

#[tokio::test]
async fn neither_token_nor_address_are_in_what_went_wrong() -> Checked {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}/hunter2", listener.local_addr()?);
    drop(listener);
    let NotTold(why) = HttpLogoutNotifier::new().tell(&uri, &token()).await.expect_err("nobody is there");
    assert!(!why.contains("hunter2") && !why.contains(TOKEN), "{why}");
    Ok(())
}

#[tokio::test]
async fn logout_tokens_do_not_travel_in_the_clear() {
    let notifier = HttpLogoutNotifier::new();
    for uri in ["http://app.acme.test/logout", "ftp://127.0.0.1/", "https://u:p@app.acme.test/", "logout", ""]
    {
        assert!(notifier.tell(uri, &token()).await.is_err(), "{uri}");
    }
}
