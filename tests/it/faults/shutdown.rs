//! A stop signal ends the server, not the requests under way (T13).

use std::time::Duration;

use doorward_tests::bootstrap::{PASSWORD, WEBAPP};
use doorward_tests::harness::app::{block_on, eventually};
use doorward_tests::{App, Database, Home, raw};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Well below `server.shutdown_timeout`, which is what a server that waits for nothing would take.
const SOON: Duration = Duration::from_secs(8);

#[test]
fn a_request_under_way_is_finished() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite is never left out");
    block_on(async {
        let mut server = home.serve().await;
        let body = App::credentials(WEBAPP, "alice", PASSWORD).to_string();
        let mut socket = TcpStream::connect(server.address).await.expect("it listens");
        let head = format!(
            "POST /auth/login-token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).await.expect("the head is sent");
        // Asking for the body, the server shows that the request is under way (RFC 9110 §10.1.1).
        let mut asked = [0; 25];
        socket.read_exact(&mut asked).await.expect("the server asks for the body");
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        server.terminate();
        let address = server.address;
        eventually("nobody listens any more", SOON, async || {
            TcpStream::connect(address).await.is_err().then_some(())
        })
        .await;
        socket.write_all(body.as_bytes()).await.expect("the body is sent");
        let mut answer = Vec::new();
        let read = socket.read_to_end(&mut answer).await;
        assert_eq!(
            raw::status_of(&answer),
            Some(200),
            "{read:?} {} {}",
            String::from_utf8_lossy(&answer),
            server.log()
        );
        let waited = tokio::time::timeout(SOON, server.wait()).await;
        assert_eq!(
            waited.ok().flatten(),
            Some(0),
            "it ends as soon as the last request does: {}",
            server.log()
        );
    });
}

#[test]
fn an_idle_server_stops_at_once() {
    for database in [Database::Sqlite, Database::Postgres] {
        let Some(home) = Home::furnished(database) else { continue };
        block_on(async {
            let mut server = home.serve().await;
            let (access, _) = server.sign_in(WEBAPP, "alice").await;
            let _idle = TcpStream::connect(server.address).await;
            server.terminate();
            let waited = tokio::time::timeout(SOON, server.wait()).await;
            assert_eq!(waited.ok().flatten(), Some(0), "{}", server.log());
            let server = home.serve().await;
            assert!(server.accepts(&access).await);
        });
    }
}
