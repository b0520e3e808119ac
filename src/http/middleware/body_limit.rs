//! Request bodies are counted while they arrive, and have to arrive in time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use hyper::body::Bytes;
use poem::Body;
use tokio::sync::Mutex;
use tokio::time::{Sleep, sleep};

/// Why a body was cut off; the cause inside the I/O error that reading it gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum BodyFault {
    #[error("request body too large")]
    TooLarge,
    #[error("request body too slow")]
    TooSlow,
}

impl BodyFault {
    /// The fault inside an I/O error, however often that was wrapped on its way.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        match inner.downcast_ref::<io::Error>() {
            Some(wrapped) => Self::of(wrapped),
            None => inner.downcast_ref().copied(),
        }
    }
}

/// Longest wait for the rest of a body that nobody wanted.
const REST_PATIENCE: Duration = Duration::from_millis(100);
/// Most bytes of such a rest.
const MAX_REST: usize = 64 * 1024;

struct Limited {
    chunks: BoxStream<'static, io::Result<Bytes>>,
    deadline: Pin<Box<Sleep>>,
    left: usize,
}

/// How far a body was read.
enum Reading {
    Goes(Limited),
    Ended,
    Failed,
}

/// What is left of a body once its request was answered.
pub(crate) struct Rest(Option<Arc<Mutex<Reading>>>);

impl Rest {
    /// Reads on to the end, if that is near; whether the next request of the connection can be read.
    ///
    /// A server that closes a connection without a word makes the client lose the next request on it (RFC 9112 §9.6).
    pub(crate) async fn read_on(self) -> bool {
        let Some(reading) = self.0 else { return true };
        let mut reading = reading.lock().await;
        let rest = async {
            let mut discarded = 0;
            while let Reading::Goes(body) = &mut *reading {
                match body.next_chunk().await {
                    None => return true,
                    Some(Ok(chunk)) if discarded + chunk.len() <= MAX_REST => discarded += chunk.len(),
                    Some(_) => return false,
                }
            }
            matches!(*reading, Reading::Ended)
        };
        tokio::time::timeout(REST_PATIENCE, rest).await.unwrap_or(false)
    }
}

/// The same body, failing after `limit` bytes or `patience`, whichever is over first; and what its reader leaves.
pub(crate) fn limit_body(body: Body, limit: usize, patience: Duration) -> (Body, Rest) {
    if body.is_empty() {
        return (body, Rest(None));
    }
    let chunks = body.into_bytes_stream().boxed();
    let body = Limited { chunks, deadline: Box::pin(sleep(patience)), left: limit };
    let reading = Arc::new(Mutex::new(Reading::Goes(body)));
    let rest = Rest(Some(Arc::clone(&reading)));
    let chunks = stream::unfold(reading, |reading| async move {
        let chunk = next_chunk(&mut *reading.lock().await).await?;
        Some((chunk, reading))
    });
    (Body::from_bytes_stream(chunks), rest)
}

async fn next_chunk(reading: &mut Reading) -> Option<io::Result<Bytes>> {
    let Reading::Goes(body) = reading else { return None };
    let chunk = body.next_chunk().await;
    match &chunk {
        None => *reading = Reading::Ended,
        Some(Err(_)) => *reading = Reading::Failed,
        Some(Ok(_)) => {}
    }
    chunk
}

impl Limited {
    async fn next_chunk(&mut self) -> Option<io::Result<Bytes>> {
        let chunk = tokio::select! {
            biased;
            chunk = self.chunks.next() => chunk?,
            () = &mut self.deadline => return Some(Err(io::Error::other(BodyFault::TooSlow))),
        };
        let Ok(chunk) = chunk else {
            return Some(chunk);
        };
        match self.left.checked_sub(chunk.len()) {
            Some(left) => {
                self.left = left;
                Some(Ok(chunk))
            }
            None => Some(Err(io::Error::other(BodyFault::TooLarge))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(chunks: usize) -> Body {
        let chunks = stream::iter((0..chunks).map(|_| Ok::<_, io::Error>(Bytes::from_static(b"0123456789"))));
        Body::from_bytes_stream(chunks)
    }

    fn fault(error: &poem::error::ReadBodyError) -> Option<BodyFault> {
        match error {
            poem::error::ReadBodyError::Io(error) => BodyFault::of(error),
            _ => None,
        }
    }

    #[tokio::test]
    async fn streamed_bytes_are_counted() {
        let patience = Duration::from_secs(5);
        let whole = limit_body(body(3), 30, patience).0.into_vec().await.expect("within the limit");
        assert_eq!(whole.len(), 30);
        let error = limit_body(body(3), 29, patience).0.into_vec().await.expect_err("one too many");
        assert_eq!(fault(&error), Some(BodyFault::TooLarge));
        let endless =
            Body::from_bytes_stream(stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(b"x"))));
        assert!(limit_body(endless, 1000, patience).0.into_vec().await.is_err());
    }

    #[tokio::test]
    async fn a_slow_body_is_given_up() {
        let stuck = Body::from_bytes_stream(stream::pending::<io::Result<Bytes>>());
        let error = limit_body(stuck, 10, Duration::from_millis(5)).0.into_vec().await.expect_err("stuck");
        assert_eq!(fault(&error), Some(BodyFault::TooSlow));
    }

    #[tokio::test]
    async fn a_short_rest_is_read_and_a_long_one_is_not() {
        let patience = Duration::from_secs(5);
        let limited = |body| limit_body(body, 1_000_000, patience);
        let (unread, rest) = limited(body(3));
        drop(unread);
        assert!(rest.read_on().await);
        let (read, rest) = limited(body(3));
        assert!(read.into_vec().await.is_ok());
        assert!(rest.read_on().await);
        assert!(limited(Body::empty()).1.read_on().await);
        assert!(!limited(body(10_000)).1.read_on().await, "too long");
        let stuck = Body::from_bytes_stream(stream::pending::<io::Result<Bytes>>());
        assert!(!limited(stuck).1.read_on().await, "too slow");
        let (cut, rest) = limit_body(body(3), 29, patience);
        assert!(cut.into_vec().await.is_err());
        assert!(!rest.read_on().await, "it was given up");
    }
}
