//! Several servers on one database, and how long news takes from one to the others.

use std::time::{Duration, Instant};

use serde_json::json;

use super::binary::{Binary, Home};
use crate::bootstrap::WEBAPP;

/// How long a node may take that hears by the database only: a promise of 1.5 s, and what a busy machine adds.
pub const TAIL_BOUND: Duration = Duration::from_secs(3);
/// How soon a Redis that is back is in use again.
pub const RECOVERY_BOUND: Duration = Duration::from_secs(5);

/// A signed-in user's tokens.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

/// Starts `count` servers.
pub async fn serve(home: &Home, count: usize) -> Vec<Binary> {
    let mut nodes = Vec::with_capacity(count);
    for _ in 0..count {
        nodes.push(home.serve().await);
    }
    nodes
}

/// Now, on the clock of the machine: real processes have no other.
#[must_use]
pub fn stopwatch() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "real processes are measured in real time")]
    Instant::now()
}

/// Signs in on a node.
pub async fn sign_in(node: &Binary, username: &str) -> Pair {
    let (access, refresh) = node.sign_in(WEBAPP, username).await;
    Pair { access, refresh }
}

/// Signs out; the node that was asked refuses the token from then on.
///
/// # Panics
/// When that is not so.
pub async fn sign_out(node: &Binary, pair: &Pair) {
    let body = json!({ "refreshToken": pair.refresh });
    let (status, answer) = node.post("/logout", Some(&pair.access), &body).await;
    assert_eq!(status, 200, "{answer}");
    assert!(!node.accepts(&pair.access).await, "the node that revoked refuses at once");
}

/// The time until every node answers 401 to the token.
///
/// # Panics
/// When one accepts it for longer than `limit`, or answers anything but 200 and 401.
pub async fn refused_everywhere(nodes: &[Binary], access: &str, limit: Duration) -> Duration {
    let start = stopwatch();
    for (number, node) in nodes.iter().enumerate() {
        loop {
            match node.get("/auth/me", Some(access)).await.0 {
                401 => break,
                200 => {
                    let log = || node.log();
                    assert!(start.elapsed() < limit, "node {number} accepts it after {limit:?}: {}", log());
                    // Questions without a pause would take the processor from those who are to bring the news.
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                status => unreachable!("node {number} answers {status}: {}", node.log()),
            }
        }
    }
    start.elapsed()
}

/// Signs in on the first node, out on the last, and measures until all refuse.
pub async fn spread(nodes: &[Binary], username: &str, limit: Duration) -> Duration {
    let (first, last) = (&nodes[0], &nodes[nodes.len() - 1]);
    let pair = sign_in(first, username).await;
    for node in nodes {
        assert!(node.accepts(&pair.access).await, "a fresh token is accepted everywhere");
    }
    sign_out(last, &pair).await;
    refused_everywhere(nodes, &pair.access, limit).await
}

/// Waits until the node has written the event to its log `times` times.
///
/// # Panics
/// When it has not within `limit`.
pub async fn logged(node: &Binary, event: &str, times: usize, limit: Duration) {
    let start = stopwatch();
    while count(node, event) < times {
        assert!(start.elapsed() < limit, "no {event} within {limit:?}: {}", node.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How often the node has logged the event.
#[must_use]
pub fn count(node: &Binary, event: &str) -> usize {
    node.log().matches(&format!("\"{event}\"")).count()
}

/// Times, sorted, for percentiles.
#[derive(Debug)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Sorts them.
    #[must_use]
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The smallest time that `percent` of them do not exceed.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank - 1]
    }

    /// Says on standard error what was measured.
    #[expect(clippy::print_stderr, reason = "measurements are for whoever runs the test")]
    pub fn print(&self, what: &str) {
        let [half, most, all] = [50, 99, 100].map(|percent| self.percentile(percent));
        eprintln!("{what}: {} times, p50 {half:?}, p99 {most:?}, longest {all:?}", self.0.len());
    }
}
