//! One-time codes under way.

use std::sync::Arc;
use std::time::Duration;

use super::{CONTENDERS, World, race};
use crate::domain::authentication::Methods;
use crate::domain::challenge::{Challenge, ChallengePurpose, Expected, MAX_TRIES, sign_in_handle};
use crate::domain::second_factor::Channel;
use crate::ports::store::Store;
use crate::testkit::Checked;
use crate::testkit::samples::sample_time;

const TICK: Duration = Duration::from_micros(1);

/// Challenges come back as they were put, for as long as they live; a newer one under the handle takes the place.
///
/// # Errors
/// What the store refused.
pub async fn challenges(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let now = sample_time();
    let pending = world.samples.challenge(&world.membership, &world.client);
    let nobodys = Challenge {
        purpose: ChallengePurpose::SignIn,
        handle: sign_in_handle("nobody"),
        user: None,
        place: None,
        methods: Methods::default(),
        expected: Expected::Totp,
        ..world.samples.challenge(&world.membership, &world.client)
    };
    let mut tx = world.write().await?;
    tx.put_challenge(&pending).await?;
    tx.put_challenge(&nobodys).await?;
    tx.commit().await?;
    let mut tx = world.write().await?;
    assert_eq!(tx.challenge(&pending.handle, now).await?.as_ref(), Some(&pending));
    assert_eq!(tx.challenge(&nobodys.handle, now).await?.as_ref(), Some(&nobodys));
    assert_eq!(tx.challenge(&world.samples.token_hash(), now).await?, None);
    let last = pending.expires_at.minus(TICK);
    assert_eq!(tx.challenge(&pending.handle, last).await?.as_ref(), Some(&pending));
    assert_eq!(tx.challenge(&pending.handle, pending.expires_at).await?, None, "too old");
    assert_eq!(tx.try_challenge(&pending.handle, pending.expires_at).await?, None, "too old");

    let channel = Channel::Email;
    let newer = Challenge {
        id: world.samples.id(),
        expected: Expected::Sent { channel, mac: [8; 32], key_version: 2 },
        ..pending.clone()
    };
    let tried = tx.try_challenge(&pending.handle, now).await?;
    assert_eq!(tried, Some(Challenge { tries: 1, ..pending.clone() }));
    tx.put_challenge(&newer).await?;
    assert!(!tx.consume_challenge(pending.id).await?, "a newer one took its place");
    assert_eq!(tx.challenge(&newer.handle, now).await?.as_ref(), Some(&newer), "with all its tries");
    assert!(tx.consume_challenge(newer.id).await?);
    assert!(!tx.consume_challenge(newer.id).await?, "used");
    assert_eq!(tx.try_challenge(&newer.handle, now).await?, None, "used");

    assert_eq!(tx.purge_challenges(nobodys.expires_at).await?, 0);
    assert_eq!(tx.purge_challenges(nobodys.expires_at.plus(TICK)).await?, 1);
    assert_eq!(tx.challenge(&nobodys.handle, now).await?, None);
    Ok(())
}

/// A challenge bears five tries, and is dead then.
///
/// # Errors
/// What the store refused.
pub async fn challenge_tries(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let now = sample_time();
    let challenge = world.samples.challenge(&world.membership, &world.client);
    let mut tx = world.write().await?;
    tx.put_challenge(&challenge).await?;
    for tries in 1..=MAX_TRIES {
        assert!(tx.challenge(&challenge.handle, now).await?.is_some(), "before try {tries}");
        let tried = tx.try_challenge(&challenge.handle, now).await?;
        assert_eq!(tried.map(|challenge| challenge.tries), Some(tries));
    }
    assert_eq!(tx.try_challenge(&challenge.handle, now).await?, None);
    assert_eq!(tx.challenge(&challenge.handle, now).await?, None, "no try is left");
    assert!(tx.consume_challenge(challenge.id).await?, "by whoever had the last try");
    Ok(())
}

/// Of many guesses at once five count; of many right ones one is used.
///
/// # Errors
/// What the store refused.
pub async fn challenges_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let challenge = world.samples.challenge(&world.membership, &world.client);
    let mut tx = world.write().await?;
    tx.put_challenge(&challenge).await?;
    tx.commit().await?;
    let tries = race(|| {
        let (store, handle) = (Arc::clone(&world.store), challenge.handle);
        async move {
            let mut tx = super::write(&store).await?;
            let tried = tx.try_challenge(&handle, sample_time()).await?;
            tx.commit().await?;
            Ok(tried.map(|challenge| challenge.tries))
        }
    })
    .await?;
    let mut spent: Vec<i64> = tries.into_iter().flatten().collect();
    spent.sort_unstable();
    assert_eq!(spent, [1, 2, 3, 4, 5], "of {CONTENDERS}");

    let consumed = race(|| {
        let (store, id) = (Arc::clone(&world.store), challenge.id);
        async move {
            let mut tx = super::write(&store).await?;
            let consumed = tx.consume_challenge(id).await?;
            tx.commit().await?;
            Ok(consumed)
        }
    })
    .await?;
    assert_eq!(consumed.into_iter().filter(|consumed| *consumed).count(), 1);
    Ok(())
}
