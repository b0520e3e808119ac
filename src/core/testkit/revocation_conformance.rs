//! The conformance suite of [`RevocationStore`]: what every view of revocations answers, and when it must not answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Checked;
use super::samples::sample_time;
use crate::domain::error::ErrorKind;
use crate::domain::ids::Id;
use crate::domain::revocation::{Epochs, Revocation, Revoked, TokenProbe};
use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use crate::ports::revocation::RevocationStore;

/// The `max_staleness` of every store the suite is given.
pub const MAX_STALENESS: Duration = Duration::from_secs(5);

/// Both times stand still until they are moved.
#[derive(Default)]
struct HandClock(Mutex<Duration>);

impl HandClock {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        sample_time().plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id<T: Id>(number: u128) -> T {
    T::from_uuid(uuid::Uuid::from_u128(number))
}

fn probe() -> TokenProbe {
    TokenProbe {
        token: id(1),
        session: id(2),
        user: id(3),
        membership: id(4),
        tenant: id(5),
        client: id(6),
        epochs: Epochs { user: 7, membership: 7, tenant: 7, client: 7 },
    }
}

fn fact(what: Revoked) -> Revocation {
    Revocation { what, until: sample_time().plus(Duration::from_hours(1)) }
}

/// Facts, and whether each alone kills the token of [`probe`].
fn cases() -> Vec<(Revoked, bool)> {
    let mut cases = vec![
        (Revoked::Session(id(2)), true),
        (Revoked::Session(id(1)), false),
        (Revoked::Token(id(1)), true),
        (Revoked::Token(id(2)), false),
    ];
    for (epoch, is_dead) in [(6, false), (7, false), (8, true), (i64::MAX, true)] {
        cases.extend([
            (Revoked::UserEpoch(id(3), epoch), is_dead),
            (Revoked::MembershipEpoch(id(4), epoch), is_dead),
            (Revoked::TenantEpoch(id(5), epoch), is_dead),
            (Revoked::ClientEpoch(id(6), epoch), is_dead),
            (Revoked::UserEpoch(id(4), epoch), false),
            (Revoked::ClientEpoch(id(5), epoch), false),
        ]);
    }
    cases
}

/// Runs the whole suite; `make` gives a new store that was never loaded, on the given clock and with [`MAX_STALENESS`].
///
/// # Errors
/// What the store refused.
pub async fn revocations_conform(make: impl Fn(Arc<dyn Clock>) -> Box<dyn RevocationStore>) -> Checked {
    every_fact_counts_at_once(&make).await?;
    lower_epochs_change_nothing(make(Arc::new(HandClock::default())).as_ref())?;
    stale_views_never_answer(&make).await
}

async fn every_fact_counts_at_once(make: &impl Fn(Arc<dyn Clock>) -> Box<dyn RevocationStore>) -> Checked {
    let now = sample_time();
    for (what, is_dead) in cases() {
        let store = make(Arc::new(HandClock::default()));
        store.absorb(&[], now, Duration::ZERO);
        assert!(!store.is_revoked(&probe(), now)?);
        store.announce(&[fact(what)]).await;
        assert_eq!(store.is_revoked(&probe(), now)?, is_dead, "announced {what:?}");
        let other = make(Arc::new(HandClock::default()));
        // The tail brings rows twice.
        other.absorb(&[fact(what), fact(what)], now, Duration::ZERO);
        other.absorb(&[fact(what)], now, Duration::ZERO);
        assert_eq!(other.is_revoked(&probe(), now)?, is_dead, "absorbed {what:?}");
    }
    Ok(())
}

fn lower_epochs_change_nothing(store: &dyn RevocationStore) -> Checked {
    let now = sample_time();
    store.absorb(&[fact(Revoked::UserEpoch(id(3), 9))], now, Duration::ZERO);
    store.absorb(&[fact(Revoked::UserEpoch(id(3), 2))], now, Duration::ZERO);
    assert!(store.is_revoked(&probe(), now)?);
    Ok(())
}

async fn stale_views_never_answer(make: &impl Fn(Arc<dyn Clock>) -> Box<dyn RevocationStore>) -> Checked {
    let clock = Arc::new(HandClock::default());
    let store = make(Arc::<HandClock>::clone(&clock));
    let now = sample_time();
    let answer = || store.is_revoked(&probe(), now).map_err(|error| error.kind);
    assert_eq!((store.is_fresh(), answer()), (false, Err(ErrorKind::Unavailable)), "never loaded");
    store.announce(&[fact(Revoked::Session(id(9)))]).await;
    assert_eq!((store.is_fresh(), answer()), (false, Err(ErrorKind::Unavailable)), "news is no view");
    store.absorb(&[], now, Duration::ZERO);
    assert_eq!((store.is_fresh(), answer()), (true, Ok(false)));
    clock.advance(MAX_STALENESS);
    assert_eq!((store.is_fresh(), answer()), (true, Ok(false)));
    clock.advance(Duration::from_millis(1));
    assert_eq!((store.is_fresh(), answer()), (false, Err(ErrorKind::Unavailable)), "stale");
    store.announce(&[fact(Revoked::Session(id(2)))]).await;
    assert_eq!((store.is_fresh(), answer()), (false, Err(ErrorKind::Unavailable)), "news refreshes nothing");
    store.absorb(&[], now, Duration::from_millis(1));
    assert_eq!((store.is_fresh(), answer()), (true, Ok(true)), "as fresh as the beginning of the read");
    store.absorb(&[], now, Duration::ZERO);
    assert_eq!((store.is_fresh(), answer()), (true, Ok(true)), "an older read takes nothing away");
    clock.advance(Duration::from_millis(1));
    store.absorb(&[], now, Duration::from_millis(1));
    assert_eq!(
        (store.is_fresh(), answer()),
        (false, Err(ErrorKind::Unavailable)),
        "a read that took too long"
    );
    Ok(())
}
