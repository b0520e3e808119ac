//! The table of revocations and its tail.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::write;
use crate::domain::revocation::{Revocation, Revoked};
use crate::ports::store::Store;
use crate::testkit::Checked;
use crate::testkit::samples::{Samples, sample_time};

const SECOND: Duration = Duration::from_secs(1);

fn one_of_each(samples: &Samples) -> Vec<Revocation> {
    let facts = [
        Revoked::Session(samples.id()),
        Revoked::Token(samples.id()),
        Revoked::UserEpoch(samples.id(), 1),
        Revoked::MembershipEpoch(samples.id(), 2),
        Revoked::TenantEpoch(samples.id(), 3),
        Revoked::ClientEpoch(samples.id(), i64::MAX),
    ];
    facts.into_iter().map(|what| Revocation { what, until: sample_time().plus(SECOND) }).collect()
}

/// More than two pages of 10,000.
const MANY: usize = 20_500;

/// Every kind comes back; a cursor brings what is new; a fresh start leaves out what no longer matters.
///
/// # Errors
/// What the store refused.
pub async fn revocations_are_tailed(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(5);
    let now = sample_time();
    let (found, empty) = store.tail_revocations(None, now).await?;
    assert_eq!(found, Vec::new());
    let first = one_of_each(&samples);
    let mut tx = write(&store).await?;
    tx.record_revocations(&[], now).await?;
    tx.record_revocations(&first, now).await?;
    let (early, _) = store.tail_revocations(Some(&empty), now).await?;
    assert_eq!(early, Vec::new(), "not committed yet");
    tx.commit().await?;

    let (found, cursor) = store.tail_revocations(Some(&empty), now).await?;
    assert_eq!(found, first);
    assert_eq!(store.tail_revocations(None, now).await?.0, first);
    assert_eq!(store.tail_revocations(None, now.plus(SECOND)).await?.0, Vec::new());

    // More than one INSERT takes, and more than one page holds.
    let many: Vec<_> = (0..MANY)
        .map(|_| Revocation { what: Revoked::Session(samples.id()), until: now.plus(SECOND) })
        .collect();
    let mut tx = write(&store).await?;
    tx.record_revocations(&many, now).await?;
    tx.commit().await?;
    let (found, _) = store.tail_revocations(Some(&cursor), now).await?;
    let found: HashSet<_> = found.into_iter().collect();
    assert!(many.iter().all(|revocation| found.contains(revocation)), "{} of {MANY}", found.len());
    assert_eq!(store.tail_revocations(None, now).await?.0.len(), MANY + first.len());
    Ok(())
}

/// What cannot matter goes, and the tail goes on from where it was, also over an empty table.
///
/// # Errors
/// What the store refused.
pub async fn revocations_are_purged(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(6);
    let now = sample_time();
    let mut tx = write(&store).await?;
    tx.record_revocations(&one_of_each(&samples), now).await?;
    tx.commit().await?;
    let (_, cursor) = store.tail_revocations(None, now).await?;
    let mut tx = write(&store).await?;
    assert_eq!(tx.purge_revocations(now.plus(SECOND)).await?, 0);
    assert_eq!(tx.purge_revocations(now.plus(SECOND * 2)).await?, 6);
    tx.commit().await?;
    let (found, cursor) = store.tail_revocations(Some(&cursor), now).await?;
    assert_eq!(found, Vec::new());
    let late = one_of_each(&samples);
    let mut tx = write(&store).await?;
    tx.record_revocations(&late, now).await?;
    tx.commit().await?;
    assert_eq!(store.tail_revocations(Some(&cursor), now).await?.0, late);
    Ok(())
}

/// A transaction that began earlier and commits later than the tail looked is not missed. Only for stores with several
/// writers at once.
///
/// # Errors
/// What the store refused.
pub async fn late_commits_are_tailed(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(7);
    let now = sample_time();
    let fact = || Revocation { what: Revoked::Session(samples.id()), until: now.plus(SECOND) };
    let (slow, quick, last) = (fact(), fact(), fact());
    let (_, start) = store.tail_revocations(None, now).await?;
    let mut tx_slow = write(&store).await?;
    tx_slow.record_revocations(&[slow], now).await?;
    let mut tx_quick = write(&store).await?;
    tx_quick.record_revocations(&[quick], now).await?;
    tx_quick.commit().await?;

    let (found, cursor) = store.tail_revocations(Some(&start), now).await?;
    assert_eq!(found, vec![quick]);
    let (_, cursor) = store.tail_revocations(Some(&cursor), now).await?;
    tx_slow.commit().await?;
    let (found, cursor) = store.tail_revocations(Some(&cursor), now).await?;
    assert!(found.contains(&slow), "the late commit was missed");

    let mut tx = write(&store).await?;
    tx.record_revocations(&[last], now).await?;
    tx.commit().await?;
    let (found, cursor) = store.tail_revocations(Some(&cursor), now).await?;
    assert_eq!(found, vec![last], "whoever else is late, only what is new");

    // However long a transaction stays open, nothing is read again and again because of it.
    let mut tx_endless = write(&store).await?;
    tx_endless.record_revocations(&[fact()], now).await?;
    let mut tx = write(&store).await?;
    tx.record_revocations(&[fact()], now).await?;
    tx.commit().await?;
    let (found, cursor) = store.tail_revocations(Some(&cursor), now).await?;
    assert_eq!(found.len(), 1);
    let (found, cursor) = store.tail_revocations(Some(&cursor), now).await?;
    assert_eq!(found, Vec::new());
    tx_endless.commit().await?;
    assert_eq!(store.tail_revocations(Some(&cursor), now).await?.0.len(), 1);
    Ok(())
}
