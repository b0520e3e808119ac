//! Many rounds of revoking while Redis and nodes are killed, emptied, paused and restarted, in an order that a seed gives.
//!
//! `./dev faults revocation N` runs N rounds; the ordinary tests run a few.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

use doorward_tests::harness::app::block_on;
use doorward_tests::harness::database::environment;
use doorward_tests::harness::nodes::{
    Pair, TAIL_BOUND, Times, count, refused_everywhere, serve, sign_in, stopwatch,
};
use doorward_tests::harness::redis::RedisServer;
use doorward_tests::{Binary, Home};
use serde_json::json;

use super::home_with;

const ROUNDS: &str = "DOORWARD_FAULT_ROUNDS";
const SEED: &str = "DOORWARD_FAULT_SEED";
const ORDINARY_ROUNDS: u64 = 25;
const NODES: usize = 3;
/// Revoked tokens that every node is asked about again in each round.
const ASKED_AGAIN: usize = 5;

/// SplitMix64: rounds must be repeatable, not unpredictable.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let sides = u64::try_from(sides).expect("few sides");
        usize::try_from((mixed ^ (mixed >> 31)) % sides).expect("fewer than sides")
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fault {
    KillRedis,
    StartRedis,
    FlushRedis,
    PauseRedis,
    ResumeRedis,
    RestartNode,
    KillNodeWhileItRevokes,
}

struct World {
    home: Home,
    redis: RedisServer,
    is_paused: bool,
    nodes: Vec<Binary>,
    dice: Dice,
    /// Answered with success, so dead for ever.
    revoked: Vec<Pair>,
    done: BTreeMap<Fault, u32>,
    times: Vec<Duration>,
    panics: usize,
}

impl World {
    /// Something breaks in four of ten rounds, or is mended in two.
    async fn disturb(&mut self) {
        let fault = match self.dice.throw(20) {
            0 | 1 => Fault::KillRedis,
            2 | 3 => Fault::FlushRedis,
            4 => Fault::PauseRedis,
            5 | 6 => Fault::RestartNode,
            7 => Fault::KillNodeWhileItRevokes,
            // Mended more often than broken, so that both states are met.
            8..=11 if !self.redis.runs() => Fault::StartRedis,
            8..=11 if self.is_paused => Fault::ResumeRedis,
            _ => return,
        };
        let is_listening = self.redis.runs() && !self.is_paused;
        match fault {
            Fault::KillRedis if self.redis.runs() => {
                self.redis.kill();
                self.is_paused = false;
            }
            Fault::StartRedis => self.redis.launch(),
            Fault::FlushRedis if is_listening => assert_eq!(self.redis.command("FLUSHALL"), "+OK"),
            Fault::PauseRedis if is_listening => {
                self.redis.pause();
                self.is_paused = true;
            }
            Fault::ResumeRedis => {
                self.redis.resume();
                self.is_paused = false;
            }
            Fault::RestartNode => {
                let number = self.dice.throw(NODES);
                self.restart(number).await;
            }
            Fault::KillNodeWhileItRevokes => self.kill_while_revoking().await,
            _ => return,
        }
        *self.done.entry(fault).or_default() += 1;
    }

    async fn restart(&mut self, number: usize) {
        self.nodes[number].kill();
        self.panics += count(&self.nodes[number], "endpoint_panicked");
        self.nodes[number] = self.home.serve().await;
    }

    /// When the answer came, the token is dead although its node is.
    async fn kill_while_revoking(&mut self) {
        let number = self.dice.throw(NODES);
        let delay = Duration::from_micros(self.dice.throw(12_000).try_into().expect("a small number"));
        let pair = sign_in(&self.nodes[(number + 1) % NODES], "alice").await;
        let node = &self.nodes[number];
        let body = json!({ "refreshToken": pair.refresh });
        let request = node.request(reqwest::Method::POST, "/logout").bearer_auth(&pair.access).json(&body);
        let (reply, ()) = futures_util::join!(request.send(), node.kill_after(delay));
        let is_answered = reply.is_ok_and(|reply| reply.status() == 200);
        self.restart(number).await;
        if is_answered {
            let _ = refused_everywhere(&self.nodes, &pair.access, TAIL_BOUND).await;
            self.revoked.push(pair);
        }
    }

    async fn round(&mut self) {
        self.disturb().await;
        let (here, there) = (self.dice.throw(NODES), self.dice.throw(NODES));
        let pair = sign_in(&self.nodes[there], "alice").await;
        for node in &self.nodes {
            assert!(node.accepts(&pair.access).await, "a fresh token is accepted: {}", node.log());
        }
        let body = json!({ "refreshToken": pair.refresh });
        // A sign-out kills the session, a refresh the old access token.
        let path = if self.dice.throw(3) == 0 { "/auth/token-refresh" } else { "/logout" };
        let (status, answer) = self.nodes[here].post(path, Some(&pair.access), &body).await;
        assert_eq!(status, 200, "{answer}");
        assert!(!self.nodes[here].accepts(&pair.access).await, "dead at once where it was revoked");
        self.times.push(refused_everywhere(&self.nodes, &pair.access, TAIL_BOUND).await);
        self.revoked.push(pair);
        for _ in 0..ASKED_AGAIN {
            let old = &self.revoked[self.dice.throw(self.revoked.len())];
            for node in &self.nodes {
                let (status, answer) = node.get("/auth/me", Some(&old.access)).await;
                assert_eq!(status, 401, "a revoked token came back: {answer} {}", node.log());
            }
        }
    }

    /// Every node about every token.
    async fn judge(&mut self) {
        for node in &self.nodes {
            self.panics += count(node, "endpoint_panicked");
            for pair in &self.revoked {
                assert_eq!(node.get("/auth/me", Some(&pair.access)).await.0, 401);
            }
        }
        assert_eq!(self.panics, 0, "a server panicked");
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} revoked tokens, none accepted again; faults: ", self.revoked.len())?;
        let faults: Vec<_> = self.done.iter().map(|(fault, times)| format!("{fault:?} {times}")).collect();
        write!(f, "{}", faults.join(", "))
    }
}

fn setting(name: &str, default: u64) -> u64 {
    environment(name).map_or(default, |text| text.parse().expect("rounds and seed are whole numbers"))
}

fn random_seed() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

#[test]
fn no_revoked_token_comes_back() {
    let (rounds, seed) = (setting(ROUNDS, ORDINARY_ROUNDS), setting(SEED, random_seed()));
    eprintln!("{SEED}={seed} {ROUNDS}={rounds}");
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let start = stopwatch();
        let nodes = serve(&home, NODES).await;
        let mut world = World {
            home,
            redis,
            is_paused: false,
            nodes,
            dice: Dice(seed),
            revoked: Vec::new(),
            done: BTreeMap::new(),
            times: Vec::new(),
            panics: 0,
        };
        for round in 1..=rounds {
            world.round().await;
            if round % 100 == 0 {
                eprintln!("round {round}, {:?}: {world}", start.elapsed());
            }
        }
        world.judge().await;
        eprintln!("{rounds} rounds with seed {seed} in {:?}: {world}", start.elapsed());
        Times::of(std::mem::take(&mut world.times)).print("until every node refused");
    });
}
