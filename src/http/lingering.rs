//! Closing a connection without losing the last reply.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long the rest of an unread request is thrown away after the last reply.
const LINGER: Duration = Duration::from_secs(2);
/// Most bytes that are thrown away.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;

/// A TCP stream that, once we have said all, reads on for a moment.
///
/// A reply that comes before the request has arrived in full (413, say) would be lost otherwise: closing a socket with
/// unread data resets the connection, and the reset overtakes the reply (RFC 9112 §9.6).
pub(crate) struct LingeringStream {
    stream: TcpStream,
    lingering: Option<Pin<Box<Sleep>>>,
    discarded: usize,
}

impl LingeringStream {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, lingering: None, discarded: 0 }
    }

    /// Ready once the peer has closed too, or patience is over.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        let mut space = [0; 8192];
        loop {
            if timer.as_mut().poll(context).is_ready() || self.discarded > MAX_DISCARDED {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut space);
            let outcome = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            if outcome.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
            self.discarded += buffer.filled().len();
        }
    }
}

impl AsyncRead for LingeringStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for LingeringStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        ready!(self.poll_discard(context));
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
