//! Requests that are known beforehand.

use super::{Progress, Walker};
use crate::driver::Reply;

/// The same request again and again.
pub(crate) struct Repeat(pub(crate) Vec<u8>);

impl Walker for Repeat {
    fn request(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn reply(&mut self, reply: &Reply<'_>) -> Progress {
        judge(reply)
    }
}

/// One request after the other, then from the beginning again.
pub(crate) struct Sequence {
    requests: Vec<Vec<u8>>,
    next: usize,
}

impl Sequence {
    pub(crate) fn new(requests: Vec<Vec<u8>>) -> Self {
        Self { requests, next: 0 }
    }
}

impl Walker for Sequence {
    fn request(&mut self, out: &mut Vec<u8>) {
        if let Some(request) = self.requests.get(self.next) {
            out.extend_from_slice(request);
        }
        self.next = (self.next + 1) % self.requests.len().max(1);
    }

    fn reply(&mut self, reply: &Reply<'_>) -> Progress {
        judge(reply)
    }
}

fn judge(reply: &Reply<'_>) -> Progress {
    if reply.status == 200 { Progress::Done } else { Progress::Failed }
}
