//! Passwords from before.

use std::sync::Arc;
use std::time::Duration;

use super::World;
use crate::ports::store::Store;
use crate::testkit::Checked;
use crate::testkit::samples::sample_time;

/// The last few are remembered, newest first, even of changes at one moment; a rehash is no change.
///
/// # Errors
/// What the store refused.
pub async fn password_history(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (user, now) = (world.user.id, sample_time());
    let other = world.samples.user("bob", None);
    let mut tx = world.write().await?;
    tx.add_user(&other, now).await?;
    assert_eq!(tx.password_changed_at(user).await?, None);
    tx.set_password(user, "first", "s", now).await?;
    assert_eq!(tx.password_changed_at(user).await?, Some(now));
    assert!(tx.rehash_password(user, 2, "rehashed", "s").await?);
    assert_eq!(tx.password_changed_at(user).await?, Some(now), "the same password still");
    let later = now.plus(Duration::from_hours(24));
    assert!(tx.change_password(user, 2, "second", "s", later).await?);
    assert_eq!(tx.password_changed_at(user).await?, Some(later));

    assert_eq!(tx.former_passwords(user, 9).await?, Vec::<String>::new());
    tx.remember_password(other.id, "bob's", 3, now).await?;
    for hash in ["a", "b", "c"] {
        tx.remember_password(user, hash, 3, now).await?;
    }
    tx.remember_password(user, "d", 3, now.minus(Duration::from_secs(1))).await?;
    assert_eq!(tx.former_passwords(user, 9).await?, ["d", "c", "b"], "whatever the clock says");
    assert_eq!(tx.former_passwords(user, 2).await?, ["d", "c"]);
    tx.remember_password(user, "e", 1, later).await?;
    assert_eq!(tx.former_passwords(user, 9).await?, ["e"], "the others are forgotten");
    tx.remember_password(user, "f", 0, later).await?;
    assert_eq!(tx.former_passwords(user, 9).await?, Vec::<String>::new());
    assert_eq!(tx.former_passwords(other.id, 9).await?, ["bob's"]);
    Ok(())
}
