//! Rotation of refresh tokens: what is read about one at once, and what is written at once.

use std::sync::Arc;
use std::time::Duration;

use super::{World, race};
use crate::domain::activity::{Activity, LoginType};
use crate::domain::membership::Membership;
use crate::domain::refresh::{Consumption, Operation, Refresh};
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::session::{EndReason, Session};
use crate::ports::store::{PresentedRefresh, RefreshRotation, Store, StoreError, Stored};
use crate::testkit::Checked;
use crate::testkit::samples::{SAMPLE_IP, Samples, sample_time};

const SECOND: Duration = Duration::from_secs(1);

/// A session with the first token of its family, in the store.
async fn family(world: &World) -> Stored<(Session, Refresh)> {
    let session = world.samples.session(&world.membership, &world.client);
    let first = world.samples.refresh(session.id, None);
    let mut tx = world.write().await?;
    tx.set_user_clients(world.user.id, &[world.client.key]).await?;
    tx.add_session(&session).await?;
    tx.add_refresh(&first).await?;
    tx.commit().await?;
    Ok((session, first))
}

/// A rotation a second after the samples' time.
#[must_use]
pub fn sample_rotation(samples: &Samples, parent: &Refresh, place: &Membership) -> RefreshRotation {
    let at = sample_time().plus(SECOND);
    let mut next = samples.refresh(parent.session, Some(parent));
    next.created_at = at;
    let mut activity: Activity = samples.activity(&place.user.to_string(), Some(place.tenant), at);
    LoginType::Relogin.as_str().clone_into(&mut activity.login_type);
    RefreshRotation {
        parent: parent.id,
        old_access: parent.access,
        used: Consumption { at, operation: Operation::Switch, tenant: place.tenant, ip: Some(SAMPLE_IP) },
        membership: place.id,
        next,
        activity,
    }
}

/// One look brings the token and everything beside it; the membership is that of the tenant asked for.
///
/// # Errors
/// What the store refused.
pub async fn presented_refreshes(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let other = world.samples.tenant("other");
    let bare = Membership {
        allowed: Vec::new(),
        denied: Vec::new(),
        locale: None,
        ..world.samples.membership(&world.user, &other, &world.role)
    };
    let mut tx = world.write().await?;
    tx.add_tenant(&other, sample_time()).await?;
    tx.add_membership(&bare, world.role.id, sample_time()).await?;
    tx.commit().await?;
    let (session, first) = family(&world).await?;
    let mut expected = PresentedRefresh {
        refresh: first.clone(),
        successor: None,
        session: session.clone(),
        client: world.client.clone(),
        user: world.user.clone(),
        is_client_allowed: true,
        membership: Some(world.membership.clone()),
    };
    let look = async |tenant| world.read().await?.presented_refresh(&first.token_hash, tenant).await;
    assert_eq!(look(None).await?.as_ref(), Some(&expected));
    assert_eq!(look(Some(world.tenant.id)).await?.as_ref(), Some(&expected));
    expected.membership = Some(bare.clone());
    assert_eq!(look(Some(other.id)).await?.as_ref(), Some(&expected));
    expected.membership = None;
    assert_eq!(look(Some(world.samples.id())).await?.as_ref(), Some(&expected));
    let unknown = world.samples.token_hash();
    assert_eq!(world.read().await?.presented_refresh(&unknown, None).await?, None);

    let rotation = sample_rotation(&world.samples, &first, &bare);
    assert!(world.store.rotate_refresh(Arc::new(rotation.clone())).await?);
    let mut tx = world.write().await?;
    tx.set_user_clients(world.user.id, &[]).await?;
    tx.end_session(session.id, EndReason::Logout, rotation.used.at).await?;
    tx.commit().await?;
    let seen = look(None).await?.ok_or("the token is gone")?;
    assert_eq!(seen.refresh.consumption, Some(rotation.used));
    assert_eq!(seen.successor, Some(rotation.next));
    assert_eq!(seen.session.ended_at, Some(rotation.used.at));
    assert_eq!(seen.membership, Some(bare), "the session speaks for the tenant of its last rotation");
    assert!(!seen.is_client_allowed);
    Ok(())
}

/// A rotation writes all there is to write, once; what may not be rotated is left as it was.
///
/// # Errors
/// What the store refused.
pub async fn rotations(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (session, first) = family(&world).await?;
    let rotation = sample_rotation(&world.samples, &first, &world.membership);
    let rotate =
        async |rotation: &RefreshRotation| world.store.rotate_refresh(Arc::new(rotation.clone())).await;
    let mut late = rotation.clone();
    late.used.at = first.expires_at;
    assert!(!rotate(&late).await?, "too old");
    late.used.at = session.expires_at;
    assert!(!rotate(&late).await?, "its session is too old");
    let mut unknown = rotation.clone();
    unknown.parent = world.samples.id();
    assert!(!rotate(&unknown).await?, "unknown");
    assert_eq!(world.store.tail_revocations(None, sample_time()).await?.0, Vec::new());
    assert_eq!(world.read().await?.session(session.id).await?.as_ref(), Some(&session));

    assert!(rotate(&rotation).await?);
    assert!(!rotate(&rotation).await?, "it was used by that very rotation");
    let mut tx = world.read().await?;
    let used = tx.refresh_by_token(&first.token_hash).await?.and_then(|refresh| refresh.consumption);
    assert_eq!(used, Some(rotation.used));
    assert_eq!(tx.refresh_by_token(&rotation.next.token_hash).await?.as_ref(), Some(&rotation.next));
    let touched = tx.session(session.id).await?.ok_or("the session is gone")?;
    assert_eq!(touched.last_used_at, rotation.used.at);
    let noted = tx.activity(world.tenant.id, rotation.activity.id).await?;
    assert_eq!(noted.as_ref(), Some(&rotation.activity));
    let revoked = Revocation { what: Revoked::Token(first.access.id), until: first.access.expires_at };
    assert_eq!(world.store.tail_revocations(None, sample_time()).await?.0, vec![revoked]);

    let mut tx = world.write().await?;
    assert!(tx.end_session(session.id, EndReason::Logout, rotation.used.at).await?);
    tx.commit().await?;
    let after = sample_rotation(&world.samples, &rotation.next, &world.membership);
    assert!(!rotate(&after).await?, "its session is over");
    let used = world.read().await?.refresh_by_token(&rotation.next.token_hash).await?;
    assert_eq!(used, Some(rotation.next));
    Ok(())
}

/// Of many uses of a refresh token at once, one succeeds.
///
/// # Errors
/// What the store refused.
pub async fn rotations_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (_, first) = family(&world).await?;
    let won = race(|| {
        let rotation = sample_rotation(&world.samples, &first, &world.membership);
        let store = Arc::clone(&world.store);
        async move { store.rotate_refresh(Arc::new(rotation)).await }
    })
    .await?;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(world.store.tail_revocations(None, sample_time()).await?.0.len(), 1);
    Ok(())
}

/// Many rotations at once all happen; what is wrong with one concerns that one alone, and leaves nothing of it behind.
///
/// # Errors
/// What the store refused.
pub async fn rotations_of_neighbours(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (_, taken) = family(&world).await?;
    let mut plan = Vec::new();
    for number in 0..40 {
        let (_, first) = family(&world).await?;
        let mut rotation = sample_rotation(&world.samples, &first, &world.membership);
        let is_wrong = number % 10 == 3;
        if is_wrong {
            rotation.next.token_hash = taken.token_hash;
        }
        plan.push((first, Arc::new(rotation), is_wrong));
    }
    let mut running = Vec::new();
    for (_, rotation, _) in &plan {
        let (store, rotation) = (Arc::clone(&world.store), Arc::clone(rotation));
        let mut set = tokio::task::JoinSet::new();
        set.spawn(async move { store.rotate_refresh(rotation).await });
        running.push(set);
    }
    for (set, (first, rotation, is_wrong)) in running.iter_mut().zip(&plan) {
        let outcome = set.join_next().await.ok_or("nothing ran")??;
        let mut tx = world.read().await?;
        let used = tx.refresh_by_token(&first.token_hash).await?.and_then(|refresh| refresh.consumption);
        if *is_wrong {
            assert!(matches!(outcome, Err(StoreError::Taken { .. })), "{outcome:?}");
            assert_eq!(used, None);
        } else {
            assert!(outcome?);
            assert_eq!(used, Some(rotation.used), "what was answered is there");
        }
        let noted = tx.activity(world.tenant.id, rotation.activity.id).await?;
        assert_eq!(noted.is_some(), !is_wrong);
    }
    Ok(())
}
