//! Request bodies are counted while they arrive, and have to arrive in time.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use hyper::body::Bytes;
use poem::Body;
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

struct Limited {
    chunks: BoxStream<'static, io::Result<Bytes>>,
    deadline: Pin<Box<Sleep>>,
    left: usize,
}

/// The same body, failing after `limit` bytes or `patience`, whichever is over first.
pub(crate) fn limit_body(body: Body, limit: usize, patience: Duration) -> Body {
    if body.is_empty() {
        return body;
    }
    let chunks = body.into_bytes_stream().boxed();
    let state = Limited { chunks, deadline: Box::pin(sleep(patience)), left: limit };
    Body::from_bytes_stream(stream::unfold(Some(state), |state| async move {
        let mut state = state?;
        match state.next_chunk().await? {
            Ok(chunk) => Some((Ok(chunk), Some(state))),
            Err(error) => Some((Err(error), None)),
        }
    }))
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
        let whole = limit_body(body(3), 30, patience).into_vec().await.expect("within the limit");
        assert_eq!(whole.len(), 30);
        let error = limit_body(body(3), 29, patience).into_vec().await.expect_err("one too many");
        assert_eq!(fault(&error), Some(BodyFault::TooLarge));
        let endless =
            Body::from_bytes_stream(stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(b"x"))));
        assert!(limit_body(endless, 1000, patience).into_vec().await.is_err());
    }

    #[tokio::test]
    async fn a_slow_body_is_given_up() {
        let stuck = Body::from_bytes_stream(stream::pending::<io::Result<Bytes>>());
        let error = limit_body(stuck, 10, Duration::from_millis(5)).into_vec().await.expect_err("stuck");
        assert_eq!(fault(&error), Some(BodyFault::TooSlow));
    }
}
