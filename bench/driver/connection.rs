//! One kept-alive HTTP/1.1 connection: whole requests out, whole replies in.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MAX_HEADERS: usize = 64;

/// A reply, in the connection's buffer.
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// A connection and what it has read.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes of the last reply, to be forgotten before the next.
    consumed: usize,
}

/// Where the parts of a reply lie in the buffer.
struct Head {
    status: u16,
    length: usize,
    body: Body,
}

enum Body {
    Sized(usize),
    Chunked,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024), consumed: 0 })
    }

    /// Sends one request and waits for its reply.
    pub(crate) async fn call(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        self.stream.write_all(request).await?;
        let head = loop {
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
            self.read_more().await?;
        };
        match head.body {
            Body::Sized(size) => {
                let end = head.length + size;
                while self.buffer.len() < end {
                    self.read_more().await?;
                }
                self.consumed = end;
                let body = self.buffer.get(head.length..end).unwrap_or_default();
                Ok(Reply { status: head.status, body })
            }
            Body::Chunked => self.read_chunks(head.status, head.length).await,
        }
    }

    /// Moves the chunks together, so that the body lies in one piece.
    async fn read_chunks(&mut self, status: u16, start: usize) -> io::Result<Reply<'_>> {
        let mut end = start;
        loop {
            let (digits, size) = loop {
                match httparse::parse_chunk_size(self.buffer.get(end..).unwrap_or_default()) {
                    Ok(httparse::Status::Complete((digits, size))) => {
                        break (digits, usize::try_from(size).map_err(|_| broken("a chunk is too long"))?);
                    }
                    Ok(httparse::Status::Partial) => self.read_more().await?,
                    Err(_) => return Err(broken("a chunk has no length")),
                }
            };
            self.buffer.drain(end..end + digits);
            while self.buffer.len() < end + size + 2 {
                self.read_more().await?;
            }
            self.buffer.drain(end + size..end + size + 2);
            end += size;
            if size == 0 {
                self.consumed = end;
                let body = self.buffer.get(start..end).unwrap_or_default();
                return Ok(Reply { status, body });
            }
        }
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// `None` = not all of it has arrived.
fn parse_head(buffer: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(buffer).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let status = response.code.unwrap_or_default();
    let mut body = Body::Sized(0);
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = str::from_utf8(header.value).unwrap_or_default();
            body = Body::Sized(text.trim().parse().map_err(|_| broken("content-length is no number"))?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            body = Body::Chunked;
        }
    }
    Ok(Some(Head { status, length, body }))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Answers every request with the next of `replies`, in pieces of `piece` bytes.
    async fn serve(replies: &'static [&'static str], piece: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio_util::task::TaskTracker::new().spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            for reply in replies {
                let mut request = [0; 1024];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                for part in reply.as_bytes().chunks(piece) {
                    stream.write_all(part).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        });
        address
    }

    const REPLIES: &[&str] = &[
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nchun\r\n2\r\nks\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nno!",
    ];

    #[tokio::test]
    async fn replies_are_read_one_by_one_however_they_arrive() {
        for piece in [1, 7, 1000] {
            let mut connection = Connection::open(serve(REPLIES, piece).await).await.unwrap();
            for (status, body) in [(200, "hello"), (200, "chunks"), (204, ""), (401, "no!")] {
                let reply = connection.call(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
                assert_eq!((reply.status, reply.body), (status, body.as_bytes()), "{piece}");
            }
            assert!(connection.call(b"GET / HTTP/1.1\r\n\r\n").await.is_err());
        }
    }

    #[tokio::test]
    async fn what_is_not_http_is_an_error() {
        let replies = &["SMTP nonsense\r\n\r\n"];
        let mut connection = Connection::open(serve(replies, 1000).await).await.unwrap();
        assert!(connection.call(b"GET / HTTP/1.1\r\n\r\n").await.is_err());
    }
}
