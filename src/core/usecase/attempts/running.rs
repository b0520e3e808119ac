//! Attempts under way in this process: one queue for each bucket.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::limit::{Limit, LimitKey};

/// The queues.
#[derive(Default)]
pub(in crate::usecase) struct Running(Mutex<HashMap<LimitKey, Queue>>);

#[derive(Default)]
struct Queue {
    next: u64,
    places: BTreeSet<u64>,
    /// Told whenever somebody leaves.
    moved: Arc<Notify>,
}

/// A place in the queue of a bucket.
pub(super) struct Place {
    pub(super) key: LimitKey,
    pub(super) limit: Limit,
    number: u64,
    moved: Arc<Notify>,
}

impl Running {
    /// The last place in the queue of the bucket.
    pub(super) fn enter(&self, key: LimitKey, limit: Limit) -> Place {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = running.entry(key).or_default();
        let number = queue.next;
        queue.next += 1;
        queue.places.insert(number);
        Place { key, limit, number, moved: queue.moved.clone() }
    }

    /// How many that came earlier are still there.
    pub(super) fn ahead(&self, place: &Place) -> u32 {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = running.get(&place.key).map_or(0, |queue| queue.places.range(..place.number).count());
        u32::try_from(ahead).unwrap_or(u32::MAX)
    }

    /// Waits until no more than `most` are ahead.
    pub(super) async fn until_ahead(&self, place: &Place, most: u32) {
        loop {
            let mut moved = std::pin::pin!(place.moved.notified());
            // Listens before it looks, so that nobody leaves unheard in between.
            moved.as_mut().enable();
            if self.ahead(place) <= most {
                return;
            }
            moved.await;
        }
    }

    /// Gives the place back.
    pub(super) fn leave(&self, place: &Place) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = running.get_mut(&place.key) {
            queue.places.remove(&place.number);
            if queue.places.is_empty() {
                running.remove(&place.key);
            }
        }
        place.moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::limit::LimitSubject;

    const LIMIT: Limit = Limit { burst: 1, refill: Duration::from_secs(1) };

    fn enter(running: &Running) -> Place {
        running.enter(LimitKey::of(&LimitSubject::Account("alice")), LIMIT)
    }

    #[test]
    fn places_are_in_the_order_of_arrival() {
        let running = Running::default();
        let (first, second, third) = (enter(&running), enter(&running), enter(&running));
        assert_eq!([&first, &second, &third].map(|place| running.ahead(place)), [0, 1, 2]);
        running.leave(&first);
        assert_eq!([&second, &third].map(|place| running.ahead(place)), [0, 1]);
        let fourth = enter(&running);
        assert_eq!(running.ahead(&fourth), 2, "who comes later is behind");
        for place in [&second, &third, &fourth] {
            running.leave(place);
        }
        assert!(running.0.lock().expect("nobody panicked").is_empty(), "empty queues vanish");
    }

    #[tokio::test]
    async fn who_waits_hears_that_others_left() {
        let running = Running::default();
        let (first, second, third) = (enter(&running), enter(&running), enter(&running));
        let waiting = running.until_ahead(&third, 0);
        let leaving = async {
            tokio::task::yield_now().await;
            running.leave(&second);
            tokio::task::yield_now().await;
            running.leave(&first);
        };
        tokio::join!(waiting, leaving);
        assert_eq!(running.ahead(&third), 0);
    }
}
