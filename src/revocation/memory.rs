//! The in-memory view of revocations: fed by the tail of the SQL table and by this node's own writes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::ids::{ClientKey, MembershipId, SessionId, TenantId, TokenId, UserId};
use doorward_core::domain::revocation::{Revocation, Revoked, TokenProbe};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::revocation::RevocationStore;

/// Facts forgotten at most by one call: forgetting must not hold the lock for long.
const FORGET_AT_ONCE: usize = 1024;
/// `fresh_at` before the first load.
const NEVER: u64 = u64::MAX;

/// Everything revoked that can still matter, in this process.
///
/// An adapter that carries news between nodes wraps one: its own news goes in by [`MemoryRevocations::learn`], which says
/// nothing about completeness, and only the tail of the SQL table makes the view fresh.
pub struct MemoryRevocations {
    clock: Arc<dyn Clock>,
    max_staleness: Duration,
    /// Monotonic nanoseconds of the last complete look at the SQL table, or [`NEVER`].
    fresh_at: AtomicU64,
    view: RwLock<View>,
}

impl MemoryRevocations {
    /// A view that knows nothing yet and answers nothing until the first [`RevocationStore::absorb`].
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, max_staleness: Duration) -> Self {
        Self { clock, max_staleness, fresh_at: AtomicU64::new(NEVER), view: RwLock::default() }
    }

    /// Takes facts in, without becoming fresh by it. Facts may come twice and in any order.
    pub fn learn(&self, revocations: &[Revocation], now: Timestamp) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        for revocation in revocations {
            view.learn(*revocation);
        }
        view.forget(now);
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 facts")]
        metrics::gauge!("doorward_revocations_held").set(view.len() as f64);
    }

    /// How many facts are held; for metrics.
    #[must_use]
    pub fn len(&self) -> usize {
        self.view.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no fact is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// 584 years of nanoseconds fit; saturating below [`NEVER`] keeps the meaning.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).map_or(NEVER - 1, |time| time.min(NEVER - 1))
}

#[async_trait]
impl RevocationStore for MemoryRevocations {
    async fn announce(&self, revocations: &[Revocation]) {
        self.learn(revocations, self.clock.now());
    }

    fn absorb(&self, revocations: &[Revocation], now: Timestamp, read_at: Duration) {
        // Facts first: nobody may find the view fresh and the facts missing.
        self.learn(revocations, now);
        let read_at = nanoseconds(read_at);
        // Never back: a slow read may end after a later one.
        let _ = self.fresh_at.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |known| {
            (known == NEVER || known < read_at).then_some(read_at)
        });
    }

    fn is_revoked(&self, probe: &TokenProbe, _now: Timestamp) -> Result<bool, Error> {
        if !self.is_fresh() {
            return Err(Error::because(
                ErrorKind::Unavailable,
                "the view of revocations is stale: the database has not been read lately",
            ));
        }
        Ok(self.view.read().unwrap_or_else(PoisonError::into_inner).is_revoked(probe))
    }

    fn is_fresh(&self) -> bool {
        match self.fresh_at.load(Ordering::SeqCst) {
            NEVER => false,
            at => {
                Duration::from_nanos(nanoseconds(self.clock.monotonic()).saturating_sub(at))
                    <= self.max_staleness
            }
        }
    }
}

/// A smallest living epoch, and until when that matters.
#[derive(Clone, Copy)]
struct Floor {
    epoch: i64,
    until: Timestamp,
}

#[derive(Default)]
struct View {
    sessions: HashMap<SessionId, Timestamp>,
    tokens: HashMap<TokenId, Timestamp>,
    users: HashMap<UserId, Floor>,
    memberships: HashMap<MembershipId, Floor>,
    tenants: HashMap<TenantId, Floor>,
    clients: HashMap<ClientKey, Floor>,
    /// When to look at which fact again; every fact held has an entry at its `until`.
    ends: BinaryHeap<Reverse<End>>,
}

/// Ordered by time alone.
struct End {
    until: Timestamp,
    what: Revoked,
}

impl PartialEq for End {
    fn eq(&self, other: &Self) -> bool {
        self.until == other.until
    }
}

impl Eq for End {}

impl PartialOrd for End {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for End {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.until.cmp(&other.until)
    }
}

impl View {
    fn learn(&mut self, Revocation { what, until }: Revocation) {
        let is_later = match what {
            Revoked::Session(id) => extend(&mut self.sessions, id, until),
            Revoked::Token(id) => extend(&mut self.tokens, id, until),
            Revoked::UserEpoch(id, epoch) => raise(&mut self.users, id, Floor { epoch, until }),
            Revoked::MembershipEpoch(id, epoch) => raise(&mut self.memberships, id, Floor { epoch, until }),
            Revoked::TenantEpoch(id, epoch) => raise(&mut self.tenants, id, Floor { epoch, until }),
            Revoked::ClientEpoch(id, epoch) => raise(&mut self.clients, id, Floor { epoch, until }),
        };
        // Facts seen again (the tail reads rows twice) must not grow the heap.
        if is_later {
            self.ends.push(Reverse(End { until, what }));
        }
    }

    fn is_revoked(&self, probe: &TokenProbe) -> bool {
        self.sessions.contains_key(&probe.session)
            || self.tokens.contains_key(&probe.token)
            || is_below(&self.users, &probe.user, probe.epochs.user)
            || is_below(&self.memberships, &probe.membership, probe.epochs.membership)
            || is_below(&self.tenants, &probe.tenant, probe.epochs.tenant)
            || is_below(&self.clients, &probe.client, probe.epochs.client)
    }

    /// Drops facts that cannot matter any more, some at a time; each is looked at only when its time has come.
    fn forget(&mut self, now: Timestamp) {
        for _ in 0..FORGET_AT_ONCE {
            if self.ends.peek().is_none_or(|Reverse(end)| end.until > now) {
                return;
            }
            let Some(Reverse(End { what, .. })) = self.ends.pop() else { return };
            match what {
                Revoked::Session(id) => drop_ended(&mut self.sessions, &id, |until| *until <= now),
                Revoked::Token(id) => drop_ended(&mut self.tokens, &id, |until| *until <= now),
                Revoked::UserEpoch(id, _) => drop_ended(&mut self.users, &id, |floor| floor.until <= now),
                Revoked::MembershipEpoch(id, _) => {
                    drop_ended(&mut self.memberships, &id, |floor| floor.until <= now);
                }
                Revoked::TenantEpoch(id, _) => drop_ended(&mut self.tenants, &id, |floor| floor.until <= now),
                Revoked::ClientEpoch(id, _) => drop_ended(&mut self.clients, &id, |floor| floor.until <= now),
            }
        }
    }

    fn len(&self) -> usize {
        self.sessions.len()
            + self.tokens.len()
            + self.users.len()
            + self.memberships.len()
            + self.tenants.len()
            + self.clients.len()
    }
}

/// Notes the id until the later of both times; answers whether that moved.
fn extend<K: Hash + Eq>(facts: &mut HashMap<K, Timestamp>, id: K, until: Timestamp) -> bool {
    let mut is_later = true;
    facts
        .entry(id)
        .and_modify(|held| {
            is_later = until > *held;
            *held = until.max(*held);
        })
        .or_insert(until);
    is_later
}

/// Notes the higher epoch until the later of both times; answers whether the time moved.
fn raise<K: Hash + Eq>(facts: &mut HashMap<K, Floor>, id: K, floor: Floor) -> bool {
    let mut is_later = true;
    facts
        .entry(id)
        .and_modify(|held| {
            is_later = floor.until > held.until;
            *held = Floor { epoch: held.epoch.max(floor.epoch), until: held.until.max(floor.until) };
        })
        .or_insert(floor);
    is_later
}

fn is_below<K: Hash + Eq>(floors: &HashMap<K, Floor>, id: &K, epoch: i64) -> bool {
    floors.get(id).is_some_and(|floor| epoch < floor.epoch)
}

fn drop_ended<K: Hash + Eq, V>(facts: &mut HashMap<K, V>, id: &K, is_over: impl Fn(&V) -> bool) {
    if facts.get(id).is_some_and(is_over) {
        facts.remove(id);
    }
}

#[cfg(test)]
mod tests;
