//! Messages that wait to be sent.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{read, write};
use crate::domain::ids::MessageId;
use crate::domain::message::{QueueDepth, Queued};
use crate::ports::store::Store;
use crate::testkit::Checked;
use crate::testkit::samples::{Samples, sample_time};

const SECOND: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_mins(2);

/// Messages are taken oldest first when they are due, stay taken for the lease, and are gone once sent.
///
/// # Errors
/// What the store refused.
pub async fn outbox(store: Arc<dyn Store>) -> Checked {
    let (samples, now) = (Samples::new(1), sample_time());
    let [first, second, third] = [0, 1, 2].map(|age| samples.queued(now.plus(SECOND * age)));
    let mut tx = write(&store).await?;
    for message in [&second, &third, &first] {
        tx.enqueue(message).await?;
    }
    tx.commit().await?;
    write(&store).await?.enqueue(&samples.queued(now)).await?;
    let mut tx = write(&store).await?;
    assert_eq!(tx.queue_depth().await?, QueueDepth { waiting: 3, dead: 0 }, "what is rolled back never was");
    assert_eq!(tx.claim_messages(now.minus(SECOND), LEASE, 9).await?, Vec::new(), "not due");
    let later = now.plus(SECOND);
    let claimed =
        |message: &Queued, attempts| Queued { attempts, due_at: later.plus(LEASE), ..message.clone() };
    assert_eq!(tx.claim_messages(later, LEASE, 1).await?, [claimed(&first, 1)]);
    assert_eq!(tx.claim_messages(later, LEASE, 9).await?, [claimed(&second, 1)]);
    assert_eq!(tx.claim_messages(later, LEASE, 9).await?, Vec::new(), "taken, or not due");
    tx.settle_message(second.id).await?;
    tx.commit().await?;

    let mut tx = write(&store).await?;
    let after = later.plus(LEASE);
    let again = tx.claim_messages(after, LEASE, 9).await?;
    let taken: Vec<_> = again.iter().map(|message| (message.id, message.attempts)).collect();
    assert_eq!(taken, [(first.id, 2), (third.id, 1)], "whoever had it died");
    assert_eq!(tx.queue_depth().await?, QueueDepth { waiting: 2, dead: 0 });
    Ok(())
}

/// What failed is due later, or dead; dead ones are seen, revived, and removed when they are old.
///
/// # Errors
/// What the store refused.
pub async fn dead_messages(store: Arc<dyn Store>) -> Checked {
    let (samples, now) = (Samples::new(1), sample_time());
    let [first, second] = [0; 2].map(|_| samples.queued(now));
    let mut tx = write(&store).await?;
    tx.enqueue(&first).await?;
    tx.enqueue(&second).await?;
    assert_eq!(tx.claim_messages(now, LEASE, 9).await?.len(), 2);
    let later = now.plus(SECOND);
    tx.postpone_message(first.id, 1, "421 later", Some(later), now).await?;
    assert_eq!(tx.claim_messages(now, LEASE, 9).await?, Vec::new());
    let claimed = tx.claim_messages(later, LEASE, 9).await?;
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].attempts, claimed[0].last_error.as_deref()), (2, Some("421 later")));

    // Whoever was too slow with its attempt, so that another was made, decides nothing any more.
    tx.postpone_message(first.id, 1, "too late", None, later).await?;
    tx.postpone_message(first.id, 1, "too late", Some(now), later).await?;
    assert_eq!(tx.queue_depth().await?, QueueDepth { waiting: 2, dead: 0 });
    assert_eq!(tx.claim_messages(later, LEASE, 9).await?, Vec::new(), "still the other's");
    tx.postpone_message(first.id, 2, "550 never", None, later).await?;
    tx.postpone_message(first.id, 2, "too late", Some(now), later).await?;
    tx.postpone_message(second.id, 1, "gone", None, later.plus(SECOND)).await?;
    assert_eq!(tx.claim_messages(later.plus(LEASE * 9), LEASE, 9).await?, Vec::new(), "dead");
    assert_eq!(tx.queue_depth().await?, QueueDepth { waiting: 0, dead: 2 });
    let dead = tx.dead_messages(9).await?;
    assert_eq!(dead.iter().map(|dead| dead.id).collect::<Vec<_>>(), [second.id, first.id], "newest first");
    assert_eq!((dead[1].dead_at, dead[1].last_error.as_deref()), (Some(later), Some("550 never")));
    assert_eq!(dead[1].sealed, first.sealed);
    assert_eq!(tx.dead_messages(1).await?.len(), 1);

    assert!(tx.revive_message(first.id, later).await?);
    assert!(!tx.revive_message(first.id, later).await?, "it lives");
    assert!(!tx.revive_message(samples.id(), later).await?);
    let revived = tx.claim_messages(later, LEASE, 9).await?;
    assert_eq!(
        revived.iter().map(|revived| (revived.id, revived.attempts)).collect::<Vec<_>>(),
        [(first.id, 1)]
    );

    assert_eq!(tx.purge_dead_messages(later.plus(SECOND)).await?, 0);
    assert_eq!(tx.purge_dead_messages(later.plus(SECOND * 2)).await?, 1);
    assert_eq!(
        tx.queue_depth().await?,
        QueueDepth { waiting: 1, dead: 0 },
        "one that waits is never removed"
    );
    Ok(())
}

/// Of a hundred messages, eight workers get each once.
///
/// # Errors
/// What the store refused.
pub async fn outbox_race(store: Arc<dyn Store>) -> Checked {
    const MESSAGES: usize = 100;
    let (samples, now) = (Samples::new(1), sample_time());
    let mut tx = write(&store).await?;
    for _ in 0..MESSAGES {
        tx.enqueue(&samples.queued(now)).await?;
    }
    tx.commit().await?;
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        workers.spawn(async move {
            let mut taken: Vec<MessageId> = Vec::new();
            loop {
                let mut tx = write(&store).await?;
                let claimed = tx.claim_messages(now, LEASE, 7).await?;
                assert!(claimed.len() <= 7, "{}", claimed.len());
                tx.commit().await?;
                if claimed.is_empty() {
                    return crate::ports::store::Stored::Ok(taken);
                }
                taken.extend(claimed.iter().map(|message| message.id));
            }
        });
    }
    let mut taken = Vec::new();
    while let Some(worker) = workers.join_next().await {
        taken.extend(worker??);
    }
    // Whoever found all others' rows locked stopped early; nothing is lost by that.
    let mut tx = write(&store).await?;
    taken.extend(tx.claim_messages(now, LEASE, 100).await?.iter().map(|message| message.id));
    tx.commit().await?;
    assert_eq!(taken.len(), MESSAGES);
    assert_eq!(taken.into_iter().collect::<HashSet<_>>().len(), MESSAGES, "each once");
    assert!(read(&store).await?.claim_messages(now, LEASE, 1).await.is_err(), "only in a transaction");
    Ok(())
}
