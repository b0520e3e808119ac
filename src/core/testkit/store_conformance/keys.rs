//! Signing keys and server keys.

use std::sync::Arc;
use std::time::Duration;

use super::{CONTENDERS, race, read, write};
use crate::domain::key::Algorithm;
use crate::ports::store::{Mode, Store};
use crate::testkit::Checked;
use crate::testkit::samples::{Samples, sample_time};

/// A key is added once, scheduled once, retired once, and forgotten by algorithm.
///
/// # Errors
/// What the store refused.
pub async fn signing_keys(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(8);
    let (now, later) = (sample_time(), sample_time().plus(Duration::from_secs(1)));
    let mut first = samples.signing_key("b", Algorithm::ES256);
    let mut second = samples.signing_key("a", Algorithm::ES256);
    second.created_at = later;
    let other = samples.signing_key("c", Algorithm::RS256);
    let mut tx = write(&store).await?;
    assert!(tx.add_signing_key(&first, true).await?);
    assert!(!tx.add_signing_key(&first, false).await?, "the kid exists");
    assert!(!tx.add_signing_key(&second, true).await?, "the algorithm has a key");
    assert!(tx.add_signing_key(&second, false).await?);
    assert!(tx.add_signing_key(&other, true).await?);
    assert_eq!(tx.signing_keys().await?, vec![first.clone(), other.clone(), second.clone()]);

    assert!(tx.schedule_signing_key("b", now).await?);
    assert!(!tx.schedule_signing_key("b", later).await?);
    assert!(tx.retire_signing_key("b", later).await?);
    assert!(!tx.retire_signing_key("b", now).await?);
    assert!(tx.retire_signing_key("c", later).await?);
    assert!(!tx.schedule_signing_key("c", later).await?, "it is retired");
    assert!(!tx.retire_signing_key("nobody", now).await?);
    (first.signs_from, first.retired_at) = (Some(now), Some(later));
    assert_eq!(tx.signing_keys().await?.first(), Some(&first));
    assert_eq!(tx.purge_signing_keys(Algorithm::ES256, later).await?, 0);
    assert_eq!(tx.purge_signing_keys(Algorithm::ES256, later.plus(Duration::from_secs(1))).await?, 1);
    let kids: Vec<_> = tx.signing_keys().await?.into_iter().map(|key| key.kid).collect();
    assert_eq!(kids, ["c", "a"]);
    tx.commit().await?;
    Ok(())
}

/// Of many nodes that find no key, one adds the first.
///
/// # Errors
/// What the store refused.
pub async fn first_signing_key_race(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(9);
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let added = race(|| {
        let number = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let key = samples.signing_key(&format!("kid-{number}"), Algorithm::ES256);
        let store = Arc::clone(&store);
        async move {
            let mut tx = store.begin("race", Mode::Write).await?;
            let added = tx.add_signing_key(&key, true).await?;
            tx.commit().await?;
            Ok(added)
        }
    })
    .await?;
    assert_eq!((added.len(), added.into_iter().filter(|added| *added).count()), (CONTENDERS, 1));
    assert_eq!(read(&store).await?.signing_keys().await?.len(), 1);
    Ok(())
}

/// The newest server key, or a given one.
///
/// # Errors
/// What the store refused.
pub async fn server_keys(store: Arc<dyn Store>) -> Checked {
    let mut tx = write(&store).await?;
    assert_eq!(tx.server_key(None).await?, None);
    assert!(tx.add_server_key(1, &[1, 0], sample_time()).await?);
    assert!(!tx.add_server_key(1, &[9], sample_time()).await?);
    assert!(tx.add_server_key(2, &[2], sample_time()).await?);
    assert_eq!(tx.server_key(None).await?, Some((2, vec![2])));
    assert_eq!(tx.server_key(Some(1)).await?, Some((1, vec![1, 0])));
    assert_eq!(tx.server_key(Some(3)).await?, None);
    Ok(())
}
