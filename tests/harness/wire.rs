//! An HTTP/1.1 connection whose every byte is accounted for: what was sent, what was answered, and who closed.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A test that hangs says nothing; an error does.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that is kept alive.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    rest: Vec<u8>,
}

/// A whole message: a request or an answer.
#[derive(Clone, Debug)]
pub struct Message {
    /// Head and body as they came.
    pub bytes: Vec<u8>,
    /// Where the body begins.
    body_at: usize,
}

impl Message {
    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body_at..]
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body()).unwrap_or_default()
    }

    /// The status code of an answer; 0 when it has none.
    #[must_use]
    pub fn status(&self) -> u16 {
        super::raw::status_of(&self.bytes).unwrap_or_default()
    }

    /// Whether the sender closes the connection after it.
    #[must_use]
    pub fn closes(&self) -> bool {
        header(&self.bytes[..self.body_at], "connection").is_some_and(|value| value == "close")
    }
}

/// A header's value in lower case.
fn header(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut lines = head.lines();
    lines.find_map(|line| Some(line.split_once(':').filter(|(found, _)| *found == name)?.1.trim().to_owned()))
}

impl Wire {
    /// Connects; an error means that nothing was sent.
    ///
    /// # Errors
    /// Nobody listens.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        // Without a listener, a socket may by chance connect to itself: address and port are its own.
        if stream.local_addr()? == address {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Ok(Self::over(stream))
    }

    /// Over an accepted connection.
    #[must_use]
    pub fn over(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self { stream, rest: Vec::new() }
    }

    /// Whether the other side has closed the idle connection, so that nothing should be sent any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let mut one = [0];
        !matches!(self.stream.try_read(&mut one), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// The connection ended before the answer was complete.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Message> {
        self.send(request).await?;
        self.receive().await?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The connection ended.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next message; `None` when the connection was closed between two.
    ///
    /// # Errors
    /// The connection ended amid a message, or nothing came for half a minute.
    pub async fn receive(&mut self) -> io::Result<Option<Message>> {
        let arriving = tokio::time::timeout(PATIENCE, self.next_message());
        arriving.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn next_message(&mut self) -> io::Result<Option<Message>> {
        let mut bytes = std::mem::take(&mut self.rest);
        let body_at = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if self.stream.read_buf(&mut bytes).await? == 0 {
                return if bytes.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        };
        let length = header(&bytes[..body_at], "content-length").and_then(|length| length.parse().ok());
        let end = body_at + length.unwrap_or(0_usize);
        while bytes.len() < end {
            if self.stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.rest = bytes.split_off(end);
        Ok(Some(Message { bytes, body_at }))
    }
}

/// The bytes of a request; `access` = a bearer token.
#[must_use]
pub fn request(method: &str, path: &str, access: Option<&str>, body: Option<&Value>) -> Vec<u8> {
    let bearer = access.map(|access| format!("Authorization: Bearer {access}\r\n")).unwrap_or_default();
    let body = body.map(ToString::to_string).unwrap_or_default();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: doorward.test\r\n{bearer}");
    format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}
