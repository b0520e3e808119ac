//! What was read a moment ago, so that a client that asks a thousand times a second does not cost a thousand reads.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::user_info::SubjectFacts;
use crate::domain::client::Client;
use crate::domain::ids::{SessionId, TenantId};
use crate::domain::secret::TokenHash;
use crate::domain::tenant::Tenant;

/// How long a value counts: what another process changes shows after this time at the latest. Nothing that was revoked
/// hides behind it, as revocations are checked apart, each time.
const LIFE: Duration = Duration::from_secs(1);
/// Most values that are kept.
const MOST: usize = 4096;

/// All that is kept.
#[derive(Default)]
pub(in crate::usecase) struct Recents {
    /// Clients by what they proved themselves with, and from where.
    pub(super) proved: Recent<TokenHash, Client>,
    /// Tenants of clients.
    pub(super) tenants: Recent<TenantId, Tenant>,
    /// Whom an access token speaks of, by session.
    pub(super) subjects: Recent<SessionId, SubjectFacts>,
}

impl Recents {
    /// Something changed here: what was read before does not count.
    pub(in crate::usecase) fn forget(&self) {
        self.proved.clear();
        self.tenants.clear();
        self.subjects.clear();
    }
}

/// Values by key, each with the monotonic time at which its reading began.
pub(super) struct Recent<K, V>(Mutex<HashMap<K, (Duration, Arc<V>)>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// The value, unless it was read too long ago.
    pub(super) fn get(&self, key: &K, now: Duration) -> Option<Arc<V>> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, value) = values.get(key)?;
        (now.saturating_sub(*read_at) < LIFE).then(|| Arc::clone(value))
    }

    /// Keeps the value.
    pub(super) fn put(&self, key: K, value: Arc<V>, read_at: Duration) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if values.len() >= MOST {
            values.retain(|_, (kept, _)| read_at.saturating_sub(*kept) < LIFE);
        }
        if values.len() < MOST {
            values.insert(key, (read_at, value));
        }
    }

    /// Drops everything.
    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(100);

    #[test]
    fn a_value_counts_for_a_second() {
        let recent = Recent::default();
        recent.put("a", Arc::new(1), START);
        assert_eq!(recent.get(&"a", START + LIFE / 2).as_deref(), Some(&1));
        assert_eq!(recent.get(&"a", START + LIFE), None);
        assert_eq!(recent.get(&"b", START), None);
        recent.clear();
        assert_eq!(recent.get(&"a", START), None);
    }

    #[test]
    fn there_are_never_too_many_and_old_ones_make_room() {
        let recent = Recent::default();
        for key in 0..=MOST {
            recent.put(key, Arc::new(()), START);
        }
        assert_eq!(recent.get(&MOST, START), None, "no room while all are young");
        recent.put(MOST, Arc::new(()), START + LIFE);
        assert!(recent.get(&MOST, START + LIFE).is_some());
        assert_eq!(recent.0.lock().expect("nobody panicked").len(), 1);
    }
}
