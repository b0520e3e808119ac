//! Sections: what begins, commits, rolls back, and what odd values do to them.

use std::sync::Arc;
use std::time::Duration;

use super::{CONTENDERS, World, race, read, write};
use crate::domain::ids::SessionId;
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::time::Timestamp;
use crate::ports::store::{Mode, Store};
use crate::testkit::Checked;
use crate::testkit::samples::{Samples, sample_time};

/// What was not committed never happened, and the store goes on.
///
/// # Errors
/// What the store refused.
pub async fn dropped_sections_roll_back(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(10);
    store.ping().await?;
    for round in 0..10 {
        let tenant = samples.tenant(&format!("dropped-{round}"));
        let mut tx = write(&store).await?;
        tx.add_tenant(&tenant, sample_time()).await?;
        assert!(tx.tenant(tenant.id).await?.is_some(), "its own writes are seen");
        assert_eq!(read(&store).await?.tenant(tenant.id).await?, None, "others' are not");
        drop(tx);
        assert_eq!(read(&store).await?.tenant(tenant.id).await?, None);
        // The name is free again.
        let mut tx = write(&store).await?;
        tx.add_tenant(&tenant, sample_time()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// A guard guards nothing outside a transaction, so there is no writing there.
///
/// # Errors
/// What the store refused.
pub async fn reading_sections_do_not_write(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(11);
    let tenant = samples.tenant("acme");
    let mut tx = read(&store).await?;
    assert!(tx.add_tenant(&tenant, sample_time()).await.is_err());
    assert!(tx.bump_tenant_epoch(tenant.id).await.is_err());
    tx.commit().await?;
    assert_eq!(read(&store).await?.tenant(tenant.id).await?, None);
    Ok(())
}

/// Writers of one row wait for each other; none is lost, none fails.
///
/// # Errors
/// What the store refused.
pub async fn conflicting_writers_lose_nothing(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let mut epochs = race(|| {
        let (store, user) = (Arc::clone(&world.store), world.user.id);
        async move {
            let mut tx = store.begin("race", Mode::Write).await?;
            let epoch = tx.bump_user_epoch(user).await?;
            tx.account(user).await?;
            tx.commit().await?;
            Ok(epoch)
        }
    })
    .await?;
    epochs.sort_unstable();
    let expected: Vec<i64> = (1..).take(CONTENDERS).collect();
    assert_eq!(epochs, expected);
    Ok(())
}

/// Text in any script, of any length, comes back; a NUL is stored or refused, and harms nobody.
///
/// # Errors
/// What the store refused.
pub async fn odd_text(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(12);
    let long = "x".repeat(1_000_000);
    for name in ["", " ", "'; DROP TABLE tenants; --", "%_\\", "\u{feff}\u{202e}\n\r\t\u{1}", "😀 ẞ", &long]
    {
        let mut tenant = samples.tenant(&format!("key-{}-{}", name.len(), name.chars().count()));
        name.clone_into(&mut tenant.name);
        let mut tx = write(&store).await?;
        tx.add_tenant(&tenant, sample_time()).await?;
        tx.commit().await?;
        assert_eq!(read(&store).await?.tenant(tenant.id).await?, Some(tenant));
    }
    let mut tenant = samples.tenant("nul");
    "a\0b".clone_into(&mut tenant.name);
    let mut tx = write(&store).await?;
    if tx.add_tenant(&tenant, sample_time()).await.is_ok() {
        tx.commit().await?;
        assert_eq!(read(&store).await?.tenant(tenant.id).await?, Some(tenant));
    } else {
        drop(tx);
        assert_eq!(read(&store).await?.tenant(tenant.id).await?, None);
    }
    // A look-up finds nothing or is refused; the store goes on either way.
    let found = read(&store).await?.tenant_by_key("a\0b").await;
    assert!(!matches!(found, Ok(Some(_))), "{found:?}");
    Ok(store.ping().await?)
}

/// Times at both ends of what a clock can say are stored, ordered and compared.
///
/// # Errors
/// What the store refused.
pub async fn times_at_the_edges(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(13);
    let long_ago = sample_time().minus(Duration::MAX);
    let far_off = sample_time().plus(Duration::MAX);
    let second = sample_time().whole_seconds();
    let moments: [Timestamp; 5] = [
        long_ago,
        second,
        second.plus(Duration::from_micros(1)),
        second.plus(Duration::from_millis(1)),
        far_off,
    ];
    let mut tx = write(&store).await?;
    for until in moments {
        let what = Revoked::Session(samples.id::<SessionId>());
        tx.record_revocations(&[Revocation { what, until }], sample_time()).await?;
    }
    tx.commit().await?;
    for (index, now) in moments.into_iter().enumerate() {
        let later = moments.len() - 1 - index;
        assert_eq!(store.tail_revocations(None, now).await?.0.len(), later, "after moment {index}");
    }
    let exact = store.tail_revocations(None, second).await?.0;
    assert_eq!(exact.iter().map(|row| row.until).collect::<Vec<_>>()[..2], moments[2..4]);
    let mut tx = store.begin("purge", Mode::Write).await?;
    assert_eq!(tx.purge_revocations(far_off).await?, 4);
    Ok(())
}
