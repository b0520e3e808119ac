//! The task of a node that keeps the link to Redis: brings its own news out and that of others in.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::ports::clock::Clock;
use doorward_core::usecase::MAX_ACCESS_TOKEN_TTL;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::link::{Dialler, Link, LinkError};
use super::news;
use crate::MemoryRevocations;

/// Between signs of life. They travel both connections, so one silence means that something between us is broken.
const BEAT: Duration = Duration::from_secs(1);
/// Beats without a message after which the link is given up.
const SILENT_BEATS: u32 = 3;
/// For the first sign of life to come back.
const FIRST_SIGN_TIMEOUT: Duration = Duration::from_secs(1);
/// Between attempts to connect. With the time an attempt may take, a Redis that is back is found within 5 s.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Messages of one round trip.
const MESSAGES_AT_ONCE: usize = 64;
/// A command that ends, or a server that stops, does not wait longer for Redis.
const FAREWELL: Duration = Duration::from_secs(1);
/// Clocks of nodes may differ by this much before a fact of another node is forgotten too early (the SQL tail knows
/// better); nobody can make us remember anything for longer.
const CLOCK_DIFFERENCE: Duration = Duration::from_hours(1);
/// Between two complaints about messages that are none of ours.
const COMPLAIN_EVERY: Duration = Duration::from_mins(1);

/// Carries news between this node and Redis while [`Courier::run`] runs.
pub struct Courier {
    dialler: Dialler,
    waiting: mpsc::Receiver<Vec<u8>>,
    /// Taken from `waiting` and perhaps not said: said again after a failure, for facts may come twice.
    unsaid: Vec<Vec<u8>>,
    memory: Arc<MemoryRevocations>,
    clock: Arc<dyn Clock>,
    health: Health,
    complaints: Complaints,
}

/// Why a link was left.
enum Left {
    Stopped,
    Lost(LinkError),
}

impl Courier {
    pub(super) fn new(
        dialler: Dialler,
        waiting: mpsc::Receiver<Vec<u8>>,
        memory: Arc<MemoryRevocations>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let complaints = Complaints::new(clock.clone());
        Self { dialler, waiting, unsaid: Vec::new(), memory, clock, health: Health::Unknown, complaints }
    }

    /// Carries news until `stop`. `connected` is called after every (re)connection, when nothing published is missed any
    /// more: whoever then reads the SQL tail has missed nothing in between either.
    pub async fn run(mut self, stop: CancellationToken, connected: impl Fn() + Send) {
        let mut pause = FIRST_PAUSE;
        while !stop.is_cancelled() {
            let attempt = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                attempt = self.connect() => attempt,
            };
            let error = match attempt {
                Ok(mut link) => {
                    connected();
                    self.health.connected();
                    let mut beats = 0;
                    match self.carry(&mut link, &stop, &mut beats).await {
                        Left::Stopped => {
                            let _ = timeout(FAREWELL, self.say_the_rest(&mut link)).await;
                            return;
                        }
                        Left::Lost(error) => {
                            // A link that breaks as soon as it is made is a failed attempt.
                            if beats > 1 {
                                pause = FIRST_PAUSE;
                            }
                            error
                        }
                    }
                }
                Err(error) => error,
            };
            self.health.lost(&error);
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Brings out what waits, and ends: for a command that announces something and exits. Gives up after a second.
    pub async fn deliver(mut self) {
        let delivered = timeout(FAREWELL, async {
            self.take_waiting();
            while !self.unsaid.is_empty() {
                let mut mouth = self.dialler.dial_mouth().await?;
                mouth.say(&self.unsaid).await?;
                self.unsaid.clear();
                self.take_waiting();
            }
            Ok::<(), LinkError>(())
        });
        if let Err(error) = delivered.await.unwrap_or(Err(LinkError::TimedOut)) {
            self.health.lost(&error);
        }
    }

    /// A link on which our own sign of life came back.
    async fn connect(&mut self) -> Result<Link, LinkError> {
        let mut link = self.dialler.dial().await?;
        link.mouth.say(&[news::sign_of_life()]).await?;
        let heard = timeout(FIRST_SIGN_TIMEOUT, link.hear()).await.map_err(|_| LinkError::Silent)??;
        self.learn(&heard);
        Ok(link)
    }

    async fn carry(&mut self, link: &mut Link, stop: &CancellationToken, beats: &mut u32) -> Left {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent = 0;
        let outcome = async {
            if !self.unsaid.is_empty() {
                self.say_unsaid(link).await?;
            }
            loop {
                tokio::select! {
                    heard = link.hear() => {
                        self.learn(&heard?);
                        silent = 0;
                    }
                    Some(message) = self.waiting.recv() => {
                        self.unsaid.push(message);
                        self.take_waiting();
                        self.say_unsaid(link).await?;
                    }
                    _ = beat.tick() => {
                        if silent >= SILENT_BEATS {
                            return Err(LinkError::Silent);
                        }
                        silent += 1;
                        *beats = beats.saturating_add(1);
                        link.mouth.say(&[news::sign_of_life()]).await?;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => Left::Stopped,
            left = outcome => match left {
                Ok(never) => never,
                Err(error) => Left::Lost(error),
            },
        }
    }

    async fn say_the_rest(&mut self, link: &mut Link) -> Result<(), LinkError> {
        self.take_waiting();
        while !self.unsaid.is_empty() {
            self.say_unsaid(link).await?;
            self.take_waiting();
        }
        Ok(())
    }

    async fn say_unsaid(&mut self, link: &mut Link) -> Result<(), LinkError> {
        link.mouth.say(&self.unsaid).await?;
        self.unsaid.clear();
        Ok(())
    }

    fn take_waiting(&mut self) {
        while self.unsaid.len() < MESSAGES_AT_ONCE
            && let Ok(message) = self.waiting.try_recv()
        {
            self.unsaid.push(message);
        }
    }

    fn learn(&mut self, message: &[u8]) {
        let now = self.clock.now();
        match news::read(message, now.plus(MAX_ACCESS_TOKEN_TTL).plus(CLOCK_DIFFERENCE)) {
            Some(facts) if facts.is_empty() => {}
            Some(facts) => self.memory.learn(&facts, now),
            None => self.complaints.about(message.len()),
        }
    }
}

/// Says once that Redis is lost, and once that it is back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Unknown,
    Connected,
    Lost,
}

impl Health {
    fn connected(&mut self) {
        publish(true);
        match mem::replace(self, Self::Connected) {
            Self::Unknown => tracing::info!(event = "redis_connected"),
            Self::Lost => tracing::info!(event = "redis_recovered"),
            Self::Connected => {}
        }
    }

    fn lost(&mut self, error: &LinkError) {
        publish(false);
        if mem::replace(self, Self::Lost) != Self::Lost {
            tracing::warn!(event = "redis_lost", error = %error);
        }
    }
}

/// For the figures of this process; without Redis there is none.
fn publish(is_connected: bool) {
    metrics::gauge!("doorward_redis_connected").set(if is_connected { 1.0 } else { 0.0 });
}

/// Mentions messages that are none of ours now and then.
struct Complaints {
    clock: Arc<dyn Clock>,
    last: Option<Duration>,
    unmentioned: u64,
}

impl Complaints {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: None, unmentioned: 0 }
    }

    fn about(&mut self, bytes: usize) {
        self.unmentioned = self.unmentioned.saturating_add(1);
        let now = self.clock.monotonic();
        if self.last.is_none_or(|last| now.saturating_sub(last) >= COMPLAIN_EVERY) {
            tracing::warn!(event = "redis_message_ignored", bytes, count = self.unmentioned);
            self.last = Some(now);
            self.unmentioned = 0;
        }
    }
}
