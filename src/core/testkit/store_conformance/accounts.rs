//! Users, usernames, passwords, allowed clients.

use std::sync::Arc;
use std::time::Duration;

use super::{World, race};
use crate::domain::user::{Account, username_key};
use crate::ports::store::{Mode, Store, StoreError};
use crate::testkit::Checked;
use crate::testkit::samples::sample_time;

/// Users come back as they were written; a save leaves alone what it must.
///
/// # Errors
/// What the store refused.
pub async fn users(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let mut user = world.user.clone();
    let account = Account { user: user.clone(), password_hash: None, clients: Vec::new() };
    assert_eq!(world.read().await?.account(user.id).await?, Some(account));
    assert_eq!(world.read().await?.account(world.samples.id()).await?, None);

    "Bob".clone_into(&mut user.username);
    user.email = None;
    user.email_verified = false;
    user.phone = None;
    "Bob".clone_into(&mut user.first_name);
    user.middle_name = None;
    user.last_name = None;
    user.gender = None;
    user.dob = None;
    user.photo_url = None;
    user.designation = None;
    user.default_tenant = None;
    let mut changed = user.clone();
    changed.last_login = Some(sample_time());
    changed.credential_version = 77;
    changed.epoch = 77;
    let mut tx = world.write().await?;
    tx.save_user(&changed, sample_time()).await?;
    assert_eq!(tx.bump_user_epoch(user.id).await?, 1);
    tx.commit().await?;
    user.epoch = 1;
    let account = Account { user, password_hash: None, clients: Vec::new() };
    assert_eq!(world.read().await?.account_by_username_key("alice").await?, None);
    assert_eq!(world.read().await?.account_by_username_key("bob").await?, Some(account));
    Ok(())
}

/// One account whatever the case, in any script.
///
/// # Errors
/// What the store refused.
pub async fn accounts_of_any_case(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let user = world.samples.user("ÄNNE Ümlaut", None);
    let mut tx = world.write().await?;
    tx.add_user(&user, sample_time()).await?;
    tx.commit().await?;
    for spelling in ["ännE üMLAUT", "ÄNNE ÜMLAUT"] {
        let found = world.read().await?.account_by_username_key(&username_key(spelling)).await?;
        assert_eq!(found.map(|account| account.user.id), Some(user.id), "{spelling}");
    }
    let refused =
        world.write().await?.add_user(&world.samples.user("änne ümlaut", None), sample_time()).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    Ok(())
}

/// A removed account frees its name and is found by id, and as the last one removed under the name.
///
/// # Errors
/// What the store refused.
pub async fn accounts_that_were_removed(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let mut first = world.user.clone();
    first.deleted_at = Some(sample_time());
    let mut second = world.samples.user("ALICE", None);
    let mut tx = world.write().await?;
    assert_eq!(tx.removed_account_by_username_key("alice").await?, None);
    tx.save_user(&first, sample_time()).await?;
    assert!(!tx.confirm_sign_in(first.id, 1, None).await?);
    assert!(!tx.change_password(first.id, 1, "h", "s", sample_time()).await?);
    tx.add_user(&second, sample_time()).await?;
    tx.commit().await?;

    let mut reading = world.read().await?;
    let by_name = reading.account_by_username_key("alice").await?;
    assert_eq!(by_name.map(|account| account.user), Some(second.clone()));
    assert_eq!(reading.account(first.id).await?.map(|account| account.user), Some(first.clone()));
    let removed = reading.removed_account_by_username_key("alice").await?;
    assert_eq!(removed.map(|account| account.user), Some(first));
    drop(reading);

    second.deleted_at = Some(sample_time().plus(Duration::from_secs(1)));
    let mut tx = world.write().await?;
    tx.save_user(&second, sample_time()).await?;
    let removed = tx.removed_account_by_username_key("alice").await?;
    assert_eq!(removed.map(|account| account.user), Some(second));
    assert_eq!(tx.account_by_username_key("alice").await?, None);
    Ok(())
}

/// The list of allowed clients is set as a whole and says whether it changed.
///
/// # Errors
/// What the store refused.
pub async fn allowed_clients(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let other = world.samples.client("other");
    let user = world.user.id;
    let mut tx = world.write().await?;
    tx.add_client(&other, sample_time()).await?;
    assert!(tx.set_user_clients(user, &[world.client.key, other.key]).await?);
    assert!(!tx.set_user_clients(user, &[other.key, world.client.key]).await?);
    tx.set_password(user, "hash", "scheme", sample_time()).await?;
    let account = tx.account_by_username_key("alice").await?.ok_or("no account")?;
    assert_eq!(account.clients.len(), 2);
    assert!(account.clients.contains(&world.client.key) && account.clients.contains(&other.key));
    assert_eq!(account.password_hash.as_deref(), Some("hash"));
    assert!(tx.set_user_clients(user, &[other.key]).await?);
    assert_eq!(tx.account(user).await?.map(|account| account.clients), Some(vec![other.key]));
    assert!(tx.set_user_clients(user, &[]).await?);
    assert_eq!(tx.account(user).await?.map(|account| account.clients), Some(Vec::new()));
    Ok(())
}

/// Every change of a password is guarded by its version; a rehash is no change.
///
/// # Errors
/// What the store refused.
pub async fn passwords(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (user, now) = (world.user.id, sample_time());
    let mut tx = world.write().await?;
    assert_eq!(tx.commonest_password_scheme().await?, None);
    assert!(!tx.rehash_password(user, 1, "none", "x").await?, "there is no password to rehash");
    tx.set_password(user, "first", "bcrypt$10", now).await?;
    assert!(!tx.change_password(user, 1, "lost", "x", now).await?);
    assert!(tx.change_password(user, 2, "second", "argon2id$m=1", now).await?);
    assert!(!tx.rehash_password(user, 2, "lost", "x").await?);
    assert!(tx.rehash_password(user, 3, "third", "argon2id$m=2").await?);
    let account = tx.account(user).await?.ok_or("no account")?;
    assert_eq!((account.password_hash.as_deref(), account.user.credential_version), (Some("third"), 3));

    assert!(!tx.confirm_sign_in(user, 2, Some(now)).await?);
    assert_eq!(tx.account(user).await?.and_then(|account| account.user.last_login), None);
    assert!(tx.confirm_sign_in(user, 3, Some(now)).await?);
    assert!(tx.confirm_sign_in(user, 3, None).await?);
    assert_eq!(tx.account(user).await?.and_then(|account| account.user.last_login), Some(now));
    assert!(!tx.confirm_sign_in(world.samples.id(), 1, None).await?);

    for name in ["b", "c"] {
        let other = world.samples.user(name, None);
        tx.add_user(&other, now).await?;
        tx.set_password(other.id, "hash", "bcrypt$10", now).await?;
    }
    assert_eq!(tx.commonest_password_scheme().await?.as_deref(), Some("bcrypt$10"));
    Ok(())
}

/// Of many changes of one version, one wins; a rehash of the old version does not undo it.
///
/// # Errors
/// What the store refused.
pub async fn passwords_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let mut tx = world.write().await?;
    tx.set_password(world.user.id, "old", "s", sample_time()).await?;
    tx.commit().await?;
    let (store, user) = (Arc::clone(&world.store), world.user.id);
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let won = race(|| {
        let store = Arc::clone(&store);
        let rehashes = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed).is_multiple_of(2);
        async move {
            let mut tx = store.begin("race", Mode::Write).await?;
            let won = if rehashes {
                tx.rehash_password(user, 2, "old, rehashed", "s").await?;
                false
            } else {
                tx.change_password(user, 2, "new", "s", sample_time()).await?
            };
            tx.commit().await?;
            Ok(won)
        }
    })
    .await?;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    let account = world.read().await?.account(user).await?.ok_or("no account")?;
    assert_eq!((account.password_hash.as_deref(), account.user.credential_version), (Some("new"), 3));
    Ok(())
}
