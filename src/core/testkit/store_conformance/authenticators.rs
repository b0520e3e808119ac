//! Authenticator apps and recovery codes.

use std::sync::Arc;

use super::{World, race};
use crate::domain::authenticator::{Authenticator, recovery_code_hash};
use crate::ports::store::Store;
use crate::testkit::Checked;
use crate::testkit::samples::sample_time;

/// One authenticator waits, one counts; a step counts once, and never one before it.
///
/// # Errors
/// What the store refused.
pub async fn authenticators(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (user, now) = (world.user.id, sample_time());
    let [forgotten, first, second] = [0; 3].map(|_| world.samples.authenticator(&world.user));
    let mut tx = world.write().await?;
    assert_eq!(tx.authenticators(user).await?, Vec::new());
    tx.put_unconfirmed(&forgotten).await?;
    assert!(!tx.use_step(forgotten.id, 7).await?, "not in force");
    tx.put_unconfirmed(&first).await?;
    assert_eq!(tx.authenticators(user).await?.as_slice(), std::slice::from_ref(&first));
    assert!(!tx.confirm_authenticator(forgotten.id, 7, now).await?, "another took its place");
    assert!(tx.confirm_authenticator(first.id, 7, now).await?);
    assert!(!tx.confirm_authenticator(first.id, 8, now).await?, "it waits no more");
    let in_force = |authenticator: &Authenticator, step| Authenticator {
        confirmed_at: Some(now),
        last_step: Some(step),
        ..authenticator.clone()
    };
    assert_eq!(tx.authenticators(user).await?, [in_force(&first, 7)]);
    for (step, is_new) in [(7, false), (6, false), (8, true), (8, false), (7, false), (10, true)] {
        assert_eq!(tx.use_step(first.id, step).await?, is_new, "{step}");
    }
    assert!(!tx.use_step(world.samples.id(), 11).await?);

    tx.put_unconfirmed(&second).await?;
    assert_eq!(tx.authenticators(user).await?, [in_force(&first, 10), second.clone()]);
    tx.commit().await?;
    let mut tx = world.write().await?;
    assert!(tx.confirm_authenticator(second.id, 3, now).await?);
    assert_eq!(tx.authenticators(user).await?, [in_force(&second, 3)], "the one before is gone");
    assert!(!tx.use_step(first.id, 11).await?);
    let other = world.samples.user("bob", None);
    tx.add_user(&other, now).await?;
    tx.put_unconfirmed(&world.samples.authenticator(&other)).await?;
    assert_eq!(tx.authenticators(user).await?.len(), 1, "bob's is bob's");
    Ok(())
}

/// Recovery codes are the user's own, are replaced as a whole, and count once.
///
/// # Errors
/// What the store refused.
pub async fn recovery_codes(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (user, now) = (world.user.id, sample_time());
    let other = world.samples.user("bob", None);
    let codes = ["abcd-efgh", "ijkl-mnop"].map(|code| recovery_code_hash(user, code));
    let mut tx = world.write().await?;
    tx.add_user(&other, now).await?;
    assert!(!tx.use_recovery_code(user, &codes[0]).await?);
    tx.set_recovery_codes(user, &codes, now).await?;
    tx.set_recovery_codes(other.id, &codes, now).await?;
    tx.commit().await?;
    let mut tx = world.write().await?;
    assert!(tx.use_recovery_code(user, &recovery_code_hash(user, " ABCDEFGH")).await?);
    assert!(!tx.use_recovery_code(user, &codes[0]).await?, "used");
    assert!(tx.use_recovery_code(other.id, &codes[0]).await?, "bob's is bob's");
    tx.set_recovery_codes(user, &[world.samples.token_hash()], now).await?;
    assert!(!tx.use_recovery_code(user, &codes[1]).await?, "replaced");
    Ok(())
}

/// Of many uses of one step, one recovery code, one enrolment, one counts.
///
/// # Errors
/// What the store refused.
pub async fn authenticators_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (user, now) = (world.user.id, sample_time());
    let [before, waiting] = [0; 2].map(|_| world.samples.authenticator(&world.user));
    let code = world.samples.token_hash();
    let mut tx = world.write().await?;
    tx.put_unconfirmed(&before).await?;
    assert!(tx.confirm_authenticator(before.id, 1, now).await?);
    tx.put_unconfirmed(&waiting).await?;
    tx.set_recovery_codes(user, &[code], now).await?;
    tx.commit().await?;
    let outcomes = race(|| {
        let (store, before, waiting) = (Arc::clone(&world.store), before.id, waiting.id);
        async move {
            let mut tx = super::write(&store).await?;
            let step = tx.use_step(before, 2).await?;
            tx.commit().await?;
            let mut tx = super::write(&store).await?;
            let recovered = tx.use_recovery_code(user, &code).await?;
            tx.commit().await?;
            let mut tx = super::write(&store).await?;
            let confirmed = tx.confirm_authenticator(waiting, 5, now).await?;
            tx.commit().await?;
            Ok((step, recovered, confirmed))
        }
    })
    .await?;
    // Who comes after the enrolment of another finds the authenticator before it gone.
    assert_eq!(outcomes.iter().filter(|(step, ..)| *step).count(), 1, "steps");
    assert_eq!(outcomes.iter().filter(|(_, recovered, _)| *recovered).count(), 1, "recovery codes");
    assert_eq!(outcomes.iter().filter(|(.., confirmed)| *confirmed).count(), 1, "enrolments");
    let left = world.read().await?.authenticators(user).await?;
    assert_eq!(
        left.iter().map(|left| (left.id, left.last_step)).collect::<Vec<_>>(),
        [(waiting.id, Some(5))]
    );
    Ok(())
}

/// Many enrolments begun at once leave one that waits.
///
/// # Errors
/// What the store refused.
pub async fn enrolments_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    race(|| {
        let (store, begun) = (Arc::clone(&world.store), world.samples.authenticator(&world.user));
        async move {
            let mut tx = super::write(&store).await?;
            tx.put_unconfirmed(&begun).await?;
            tx.commit().await
        }
    })
    .await?;
    assert_eq!(world.read().await?.authenticators(world.user.id).await?.len(), 1);
    Ok(())
}
