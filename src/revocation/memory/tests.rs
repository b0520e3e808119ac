use super::*;
use doorward_core::domain::ids::Id;
use doorward_core::domain::revocation::Epochs;
use std::sync::Mutex;
use uuid::Uuid;

/// The clock stands at its beginning wherever a test does not move it.
const READ_AT: Duration = Duration::ZERO;

struct HandClock(Mutex<Duration>);

impl HandClock {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        at(0).plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds).unwrap()
}

fn id<T: Id>(number: u128) -> T {
    T::from_uuid(Uuid::from_u128(number))
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

fn fact(what: Revoked, until: i64) -> Revocation {
    Revocation { what, until: at(until) }
}

fn fixture() -> (Arc<HandClock>, MemoryRevocations) {
    let clock = Arc::new(HandClock(Mutex::default()));
    let revocations = MemoryRevocations::new(Arc::<HandClock>::clone(&clock), Duration::from_secs(5));
    (clock, revocations)
}

#[test]
fn it_forgets_what_cannot_matter_and_only_that() {
    let (_, revocations) = fixture();
    revocations.absorb(
        &[
            fact(Revoked::Session(id(2)), 10),
            fact(Revoked::Session(id(2)), 20),
            fact(Revoked::Session(id(2)), 5),
            fact(Revoked::UserEpoch(id(3), 9), 10),
            fact(Revoked::UserEpoch(id(3), 8), 30),
            fact(Revoked::Token(id(1)), 10),
        ],
        at(0),
        READ_AT,
    );
    assert_eq!(revocations.len(), 3);
    revocations.absorb(&[], at(10), READ_AT);
    assert_eq!(revocations.len(), 2, "the token's time is over; session and user were extended");
    assert!(revocations.is_revoked(&probe(), at(10)).unwrap());
    revocations.absorb(&[], at(20), READ_AT);
    assert_eq!(revocations.len(), 1);
    let mut newer = probe();
    newer.epochs.user = 8;
    assert!(revocations.is_revoked(&newer, at(20)).unwrap(), "the higher epoch stays, until the later time");
    newer.epochs.user = 9;
    assert!(!revocations.is_revoked(&newer, at(20)).unwrap());
    revocations.absorb(&[], at(30), READ_AT);
    assert!(revocations.is_empty());
}

#[test]
fn facts_seen_again_take_no_more_memory() {
    let (_, revocations) = fixture();
    for _ in 0..1000 {
        revocations.absorb(&[fact(Revoked::Session(id(2)), 10)], at(0), READ_AT);
    }
    let view = revocations.view.read().unwrap();
    assert_eq!((view.len(), view.ends.len()), (1, 1));
}

#[test]
fn forgetting_goes_in_steps() {
    let (_, revocations) = fixture();
    let facts: Vec<_> = (0..3000).map(|number| fact(Revoked::Token(id(number)), 10)).collect();
    revocations.absorb(&facts, at(0), READ_AT);
    assert_eq!(revocations.len(), 3000);
    revocations.absorb(&[], at(10), READ_AT);
    assert_eq!(revocations.len(), 3000 - FORGET_AT_ONCE);
    revocations.absorb(&[], at(10), READ_AT);
    revocations.absorb(&[], at(10), READ_AT);
    assert!(revocations.is_empty());
}

#[test]
fn learning_is_not_freshness() {
    let (clock, revocations) = fixture();
    revocations.learn(&[fact(Revoked::Session(id(2)), 10)], at(0));
    assert!(!revocations.is_fresh());
    revocations.absorb(&[], at(0), READ_AT);
    assert!(revocations.is_revoked(&probe(), at(0)).unwrap());
    clock.advance(Duration::from_secs(5));
    assert!(revocations.is_fresh());
    clock.advance(Duration::from_nanos(1));
    revocations.learn(&[], at(0));
    assert_eq!(revocations.is_revoked(&probe(), at(0)).unwrap_err().kind, ErrorKind::Unavailable);
}

#[test]
fn a_poisoned_lock_still_refuses_what_is_revoked() {
    let (_, revocations) = fixture();
    revocations.absorb(&[fact(Revoked::Session(id(2)), 10)], at(0), READ_AT);
    let poisoned = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let _held = revocations.view.write().unwrap();
                panic!("poison");
            })
            .join()
    });
    assert!(poisoned.is_err());
    assert!(revocations.is_revoked(&probe(), at(0)).unwrap());
    revocations.absorb(&[], at(10), READ_AT);
    assert!(!revocations.is_revoked(&probe(), at(0)).unwrap());
}

#[tokio::test]
async fn it_conforms() {
    use doorward_core::testkit::revocation_conformance::{MAX_STALENESS, revocations_conform};
    revocations_conform(|clock| Box::new(MemoryRevocations::new(clock, MAX_STALENESS))).await.unwrap();
}
