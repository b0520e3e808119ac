//! Clients that keep a server busy and say what became of each of their requests.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::app::App;
use super::wire::{Message, Wire, request};
use crate::bootstrap::{PASSWORD, WEBAPP};

/// How a client treats connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Habit {
    /// Keeps its connection and asks without pause.
    Busy,
    /// Keeps its connection and pauses, so that the connection is idle most of the time.
    Thoughtful,
    /// A new connection for each request.
    Fresh,
}

/// What became of all requests.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answered as they should be.
    pub answered: AtomicUsize,
    /// Connections that were refused: nothing was sent.
    pub refused: AtomicUsize,
    /// Requests without an answer, and answers other than 200.
    pub failures: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl Tally {
    /// Clients finish the request they are at, and end.
    pub fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    fn fail(&self, what: String) {
        self.failures.lock().expect("nobody panics holding the list").push(what);
    }

    /// How many were answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Every request was answered with 200.
    ///
    /// # Panics
    /// When one was not.
    pub fn assert_no_failure(&self) {
        let failures = self.failures.lock().expect("nobody panics holding the list");
        assert!(
            failures.is_empty(),
            "{} of {}: {:?}",
            failures.len(),
            self.answered(),
            &failures[..failures.len().min(5)]
        );
    }
}

/// A client with its session.
pub struct Client {
    address: SocketAddr,
    habit: Habit,
    wire: Option<Wire>,
    /// Access and refresh token of the last answer that had some.
    pub tokens: Option<(String, String)>,
}

impl Client {
    /// A client that has asked nothing yet.
    #[must_use]
    pub fn new(address: SocketAddr, habit: Habit) -> Self {
        Self { address, habit, wire: None, tokens: None }
    }

    /// Signs in, asks, refreshes, over and over, until it is told to stop or nobody listens.
    pub async fn run(mut self, tally: &Tally) -> Self {
        for turn in 0_usize.. {
            if tally.is_over.load(Ordering::Relaxed) {
                break;
            }
            let Some(answer) = self.ask(&self.next_request(turn), tally).await else { break };
            let body = answer.json();
            if let (Some(access), Some(refresh)) = (text(&body, "accessToken"), text(&body, "refreshToken")) {
                self.tokens = Some((access, refresh));
            }
            if self.habit == Habit::Thoughtful {
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        }
        self
    }

    fn next_request(&self, turn: usize) -> Vec<u8> {
        match &self.tokens {
            Some((access, refresh)) if turn % 4 == 1 => {
                let body = json!({ "refreshToken": refresh });
                request("POST", "/auth/token-refresh", Some(access), Some(&body))
            }
            Some((access, _)) if !turn.is_multiple_of(16) => request("GET", "/auth/me", Some(access), None),
            _ => {
                let body = App::credentials(WEBAPP, "alice", PASSWORD);
                request("POST", "/auth/login-token", None, Some(&body))
            }
        }
    }

    /// `None` when the client cannot go on.
    async fn ask(&mut self, request: &[u8], tally: &Tally) -> Option<Message> {
        let mut wire = if let Some(wire) = self.wire.take().filter(|wire| !wire.is_closed()) {
            wire
        } else {
            let Ok(wire) = Wire::open(self.address).await else {
                tally.refused.fetch_add(1, Ordering::Relaxed);
                return None;
            };
            wire
        };
        let first_line = || String::from_utf8_lossy(request).lines().next().unwrap_or_default().to_owned();
        match wire.ask(request).await {
            Ok(answer) if answer.status() == 200 => {
                tally.answered.fetch_add(1, Ordering::Relaxed);
                if !answer.closes() && self.habit != Habit::Fresh {
                    self.wire = Some(wire);
                }
                Some(answer)
            }
            Ok(answer) => {
                let said = String::from_utf8_lossy(answer.body()).into_owned();
                tally.fail(format!("{:?} {}: {} {said}", self.habit, first_line(), answer.status()));
                None
            }
            Err(error) => {
                tally.fail(format!("{:?} {}: {error}", self.habit, first_line()));
                None
            }
        }
    }
}

fn text(body: &Value, name: &str) -> Option<String> {
    body[name].as_str().map(ToOwned::to_owned)
}
