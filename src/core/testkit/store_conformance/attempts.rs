//! Counters of failed attempts.

use std::sync::Arc;
use std::time::Duration;

use super::{CONTENDERS, read, write};
use crate::domain::limit::{Charge, Level, Limit, LimitKey, LimitSubject};
use crate::ports::store::Store;
use crate::testkit::Checked;
use crate::testkit::samples::sample_time;

const LIMIT: Limit = Limit { burst: 5, refill: Duration::from_secs(10) };

fn key(name: &str) -> LimitKey {
    LimitKey::of(&LimitSubject::Account(name))
}

/// Failures add up, drain with time, and never reach deeper than the bucket.
///
/// # Errors
/// What the store refused.
pub async fn attempts(store: Arc<dyn Store>) -> Checked {
    let now = sample_time();
    let start = now.datetime().timestamp_micros();
    let (alice, bob) = (key("alice"), key("bob"));
    assert_eq!(read(&store).await?.attempt_levels(&[alice, bob]).await?, [None, None]);
    let mut tx = write(&store).await?;
    tx.charge_attempts(&[LIMIT.charge(alice)], now).await?;
    tx.charge_attempts(&[LIMIT.charge(alice), LIMIT.charge(bob)], now).await?;
    tx.commit().await?;
    let levels = read(&store).await?.attempt_levels(&[bob, alice]).await?;
    assert_eq!(levels, [Some(Level(start + 10_000_000)), Some(Level(start + 20_000_000))]);

    let mut tx = write(&store).await?;
    for _ in 0..20 {
        tx.charge_attempts(&[LIMIT.charge(alice)], now).await?;
    }
    tx.commit().await?;
    let levels = read(&store).await?.attempt_levels(&[alice]).await?;
    assert_eq!(levels, [Some(Level(start + 50_000_000))], "no deeper than the bucket");

    let charge = LIMIT.charge(alice);
    let given_back = Charge { weight: -charge.weight, ..charge };
    let mut tx = write(&store).await?;
    for _ in 0..2 {
        tx.charge_attempts(&[given_back], now).await?;
    }
    tx.commit().await?;
    let levels = read(&store).await?.attempt_levels(&[alice]).await?;
    assert_eq!(levels, [Some(Level(start + 30_000_000))], "and emptier by what is taken away");

    let later = now.plus(Duration::from_secs(15));
    let mut tx = write(&store).await?;
    assert_eq!(tx.purge_attempts(later).await?, 1, "bob's is empty");
    tx.charge_attempts(&[LIMIT.charge(bob)], later).await?;
    tx.commit().await?;
    let levels = read(&store).await?.attempt_levels(&[bob]).await?;
    assert_eq!(levels, [Some(Level(later.datetime().timestamp_micros() + 10_000_000))]);
    Ok(())
}

/// Of many failures at once none is forgotten.
///
/// # Errors
/// What the store refused.
pub async fn attempts_race(store: Arc<dyn Store>) -> Checked {
    let now = sample_time();
    let wide = Limit { burst: 1000, refill: Duration::from_secs(1) };
    let charges = [wide.charge(key("a")), wide.charge(key("b"))];
    let mut tasks = tokio::task::JoinSet::new();
    for turn in 0..CONTENDERS {
        let store = Arc::clone(&store);
        // In both orders: who locks the other way round would wait for ever.
        let charges = if turn % 2 == 0 { charges } else { [charges[1], charges[0]] };
        tasks.spawn(async move {
            let mut tx = write(&store).await?;
            tx.charge_attempts(&charges, now).await?;
            tx.commit().await
        });
    }
    for outcome in tasks.join_all().await {
        outcome?;
    }
    let total = now.datetime().timestamp_micros() + 1_000_000 * i64::try_from(CONTENDERS)?;
    let levels = read(&store).await?.attempt_levels(&[key("a"), key("b")]).await?;
    assert_eq!(levels, [Some(Level(total)), Some(Level(total))]);
    Ok(())
}
