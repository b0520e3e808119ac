//! A balancer as one would put before two nodes: it tries another node when one refuses the *connection*, and never
//! repeats a request that it has sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::wire::{Message, Wire};

/// Forwards requests to its nodes in turn. Ends when dropped.
#[derive(Debug)]
pub struct Balancer {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    nodes: Vec<SocketAddr>,
    turn: AtomicUsize,
    tried_again: AtomicUsize,
}

impl Balancer {
    /// Listens on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start(nodes: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(State { nodes, turn: AtomicUsize::new(0), tried_again: AtomicUsize::new(0) });
        let shared = state.clone();
        let accepting = spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                spawn(serve(client, shared.clone()));
            }
        });
        Self { address, state, accepting }
    }

    /// How often a node refused and another was asked.
    #[must_use]
    pub fn tried_again(&self) -> usize {
        self.state.tried_again.load(Ordering::Relaxed)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has no task tracker")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}

/// One client's connection, with a kept-alive connection to each node.
async fn serve(client: TcpStream, state: Arc<State>) {
    let mut client = Wire::over(client);
    let mut upstream: Vec<Option<Wire>> = state.nodes.iter().map(|_| None).collect();
    while let Ok(Some(request)) = client.receive().await {
        let answer = match forward(&request, &state, &mut upstream).await {
            Ok(answer) => answer.bytes,
            Err(error) => {
                let body = format!("bad gateway: {error}");
                let length = body.len();
                format!("HTTP/1.1 502 Bad Gateway\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
            }
        };
        // A node that stops tells us, not our client, to close.
        let answer = without_connection_close(answer);
        if client.send(&answer).await.is_err() {
            return;
        }
    }
}

async fn forward(
    request: &Message,
    state: &State,
    upstream: &mut [Option<Wire>],
) -> std::io::Result<Message> {
    let mut refusal = std::io::Error::other("no node");
    let turn = state.turn.fetch_add(1, Ordering::Relaxed);
    for attempt in 0..state.nodes.len() {
        let node = (turn + attempt) % state.nodes.len();
        let mut wire = match upstream[node].take().filter(|wire| !wire.is_closed()) {
            Some(wire) => wire,
            None => match Wire::open(state.nodes[node]).await {
                Ok(wire) => wire,
                Err(error) => {
                    refusal = error;
                    continue;
                }
            },
        };
        if attempt > 0 {
            state.tried_again.fetch_add(1, Ordering::Relaxed);
        }
        let answer = wire.ask(&request.bytes).await?;
        if !answer.closes() {
            upstream[node] = Some(wire);
        }
        return Ok(answer);
    }
    Err(refusal)
}

fn without_connection_close(answer: Vec<u8>) -> Vec<u8> {
    const LINE: &[u8] = b"connection: close\r\n";
    let found = answer.windows(LINE.len()).position(|window| window.eq_ignore_ascii_case(LINE));
    match found {
        Some(at) => [&answer[..at], &answer[at + LINE.len()..]].concat(),
        None => answer,
    }
}
