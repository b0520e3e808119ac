//! Codes, sessions, refresh tokens.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{World, race};
use crate::domain::grant::Consumed;
use crate::domain::ids::TenantId;
use crate::domain::refresh::{Consumption, Operation};
use crate::domain::session::{EndReason, Session};
use crate::ports::store::{Mode, Store, StoreError};
use crate::testkit::Checked;
use crate::testkit::samples::{SAMPLE_IP, sample_time};

const SECOND: Duration = Duration::from_secs(1);

/// A code is used once; who comes later learns when, and which session it made.
///
/// # Errors
/// What the store refused.
pub async fn grants(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let grant = world.samples.grant(&world.membership, &world.client);
    let session = world.samples.session(&world.membership, &world.client);
    let used_at = sample_time().plus(SECOND);
    let mut tx = world.write().await?;
    tx.add_grant(&grant).await?;
    tx.commit().await?;

    assert!(!world.read().await?.knows_grant(&world.samples.token_hash()).await?);
    assert!(world.read().await?.knows_grant(&grant.code_hash).await?);
    assert_eq!(world.read().await?.unused_grant(&world.samples.token_hash()).await?, None);
    assert_eq!(world.read().await?.unused_grant(&grant.code_hash).await?.as_ref(), Some(&grant));
    let mut tx = world.write().await?;
    assert_eq!(tx.consume_grant(&world.samples.token_hash(), used_at).await?, Consumed::Absent);
    assert_eq!(tx.consume_grant(&grant.code_hash, used_at).await?, Consumed::Now(grant.clone()));
    tx.attach_session(grant.id, session.id).await?;
    tx.add_session(&session).await?;
    tx.commit().await?;

    assert_eq!(world.read().await?.unused_grant(&grant.code_hash).await?, None);
    assert!(
        world.read().await?.knows_grant(&grant.code_hash).await?,
        "used ones too: a replay has consequences"
    );
    let mut tx = world.write().await?;
    let replayed = Consumed::Replayed { consumed_at: used_at, session: Some(session.id) };
    assert_eq!(tx.consume_grant(&grant.code_hash, used_at.plus(SECOND)).await?, replayed);
    assert_eq!(tx.purge_grants(grant.expires_at).await?, 0);
    assert_eq!(tx.purge_grants(grant.expires_at.plus(SECOND)).await?, 1);
    assert_eq!(tx.consume_grant(&grant.code_hash, used_at).await?, Consumed::Absent);
    Ok(())
}

/// Of many uses of a code at once, one succeeds.
///
/// # Errors
/// What the store refused.
pub async fn grants_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let grant = world.samples.grant(&world.membership, &world.client);
    let mut tx = world.write().await?;
    tx.add_grant(&grant).await?;
    tx.commit().await?;
    let outcomes = race(|| {
        let (store, code) = (Arc::clone(&world.store), grant.code_hash);
        async move {
            let mut tx = store.begin("race", Mode::Write).await?;
            let consumed = tx.consume_grant(&code, sample_time()).await?;
            tx.commit().await?;
            Ok(consumed)
        }
    })
    .await?;
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Consumed::Now(_))).count(), 1);
    assert!(outcomes.iter().all(|outcome| *outcome != Consumed::Absent));
    Ok(())
}

/// A session ends once.
///
/// # Errors
/// What the store refused.
pub async fn sessions(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let mut session = world.samples.session(&world.membership, &world.client);
    let (id, later) = (session.id, sample_time().plus(SECOND));
    let mut tx = world.write().await?;
    tx.add_session(&session).await?;
    tx.commit().await?;
    assert_eq!(world.read().await?.session(id).await?.as_ref(), Some(&session));
    assert_eq!(world.read().await?.session(world.samples.id()).await?, None);

    let mut tx = world.write().await?;
    assert!(tx.end_session(id, EndReason::Logout, later).await?);
    assert!(!tx.end_session(id, EndReason::RefreshReuse, later.plus(SECOND)).await?);
    session.ended_at = Some(later);
    assert_eq!(tx.session(id).await?, Some(session));
    assert!(!tx.end_session(world.samples.id(), EndReason::Logout, later).await?);

    let mut bare = world.samples.session(&world.membership, &world.client);
    (bare.ip, bare.user_agent, bare.device_id) = (None, None, None);
    tx.add_session(&bare).await?;
    assert_eq!(tx.session(bare.id).await?, Some(bare));
    Ok(())
}

/// A sign-in is from a new place when the user signed in before, and not from there for a while.
///
/// # Errors
/// What the store refused.
pub async fn new_origins(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (user, now) = (world.user.id, sample_time());
    let other: IpAddr = [192, 0, 2, 99].into();
    let known = world.samples.session(&world.membership, &world.client);
    let (ip, device) = (known.ip, known.device_id.as_deref());
    assert!(
        !world.read().await?.is_new_origin(user, Some("new"), Some(other), now).await?,
        "the first sign-in"
    );
    let mut tx = world.write().await?;
    tx.add_session(&known).await?;
    tx.commit().await?;
    let mut tx = world.read().await?;
    for (device, ip, since, is_new) in [
        (device, ip, now, false),
        (device, Some(other), now, false),
        (Some("new"), ip, now, false),
        (None, ip, now, false),
        (Some("new"), Some(other), now, true),
        (None, Some(other), now, true),
        (Some("new"), None, now, true),
        (device, ip, now.plus(SECOND), true),
    ] {
        let found = tx.is_new_origin(user, device, ip, since).await?;
        assert_eq!(found, is_new, "{device:?} {ip:?}");
    }
    assert!(!tx.is_new_origin(world.samples.id(), Some("new"), Some(other), now).await?, "another user");
    drop(tx);
    let at = |text: &str| -> Option<IpAddr> { text.parse().ok() };
    let mut tx = world.write().await?;
    let at_home = world.samples.session(&world.membership, &world.client);
    tx.add_session(&Session { ip: at("2001:db8:0:7::1"), ..at_home }).await?;
    tx.commit().await?;
    let mut tx = world.read().await?;
    for (ip, is_new) in [
        ("2001:db8:0:7::1", false),
        ("2001:db8:0:7:1234:5678:9abc:def0", false),
        ("2001:db8:0:8::1", true),
        ("2001:db8::1", true),
        ("::ffff:192.0.2.99", true),
    ] {
        assert_eq!(tx.is_new_origin(user, Some("new"), at(ip), now).await?, is_new, "{ip}");
        assert_eq!(tx.has_signed_in_from(user, Some("new"), at(ip), now).await?, !is_new, "{ip}");
    }
    assert!(
        tx.is_new_origin(user, Some("new"), at("2001:db8:0:7::1"), now.plus(SECOND)).await?,
        "too long ago"
    );
    Ok(())
}

/// All of a user's sessions end together, but the one that is kept.
///
/// # Errors
/// What the store refused.
pub async fn sessions_of_a_user(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let user = world.user.id;
    let own: Vec<_> = (0..3).map(|_| world.samples.session(&world.membership, &world.client)).collect();
    let stranger = world.samples.user("bob", None);
    let place = world.samples.membership(&stranger, &world.tenant, &world.role);
    let foreign = world.samples.session(&place, &world.client);
    let now = sample_time();
    let mut tx = world.write().await?;
    tx.add_user(&stranger, now).await?;
    tx.add_membership(&place, world.role.id, now).await?;
    for session in own.iter().chain([&foreign]) {
        tx.add_session(session).await?;
    }
    let mut ended = tx.end_user_sessions(user, Some(own[1].id), EndReason::PasswordChanged, now).await?;
    ended.sort();
    assert_eq!(ended, vec![own[0].id, own[2].id]);
    let ended = tx.end_user_sessions(user, None, EndReason::Deactivated, now).await?;
    assert_eq!(ended, vec![own[1].id]);
    assert_eq!(tx.end_user_sessions(user, None, EndReason::Deactivated, now).await?, Vec::new());
    assert_eq!(tx.session(foreign.id).await?, Some(foreign));
    Ok(())
}

/// Sessions that are over go, with their tokens; those that live or were over only later stay.
///
/// # Errors
/// What the store refused.
pub async fn sessions_purge(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let make = || world.samples.session(&world.membership, &world.client);
    let (live, ended, mut expired) = (make(), make(), make());
    let now = sample_time().plus(SECOND);
    expired.expires_at = now;
    let first = world.samples.refresh(ended.id, None);
    let second = world.samples.refresh(ended.id, Some(&first));
    let kept = world.samples.refresh(live.id, None);
    let grant = world.samples.grant(&world.membership, &world.client);
    let mut tx = world.write().await?;
    for session in [&live, &ended, &expired] {
        tx.add_session(session).await?;
    }
    for refresh in [&first, &second, &kept] {
        tx.add_refresh(refresh).await?;
    }
    tx.add_grant(&grant).await?;
    tx.consume_grant(&grant.code_hash, now).await?;
    tx.attach_session(grant.id, ended.id).await?;
    tx.end_session(ended.id, EndReason::Logout, now).await?;
    assert_eq!(tx.purge_sessions(now).await?, 0);
    assert_eq!(tx.purge_sessions(now.plus(SECOND)).await?, 2);
    assert_eq!(tx.refresh_by_token(&first.token_hash).await?, None);
    assert_eq!(tx.refresh_by_token(&kept.token_hash).await?, Some(kept));
    assert_eq!(tx.session(live.id).await?, Some(live));
    let replayed = Consumed::Replayed { consumed_at: now, session: None };
    assert_eq!(tx.consume_grant(&grant.code_hash, now).await?, replayed);
    tx.commit().await?;
    Ok(())
}

/// A refresh token comes back as it was added, and has one successor at most.
///
/// # Errors
/// What the store refused.
pub async fn refreshes(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let session = world.samples.session(&world.membership, &world.client);
    let mut first = world.samples.refresh(session.id, None);
    first.consumption = Some(Consumption {
        at: sample_time().plus(SECOND),
        operation: Operation::Switch,
        tenant: world.samples.id::<TenantId>(),
        ip: Some(SAMPLE_IP),
    });
    let second = world.samples.refresh(session.id, Some(&first));
    let mut tx = world.write().await?;
    tx.add_session(&session).await?;
    tx.add_refresh(&first).await?;
    assert_eq!(tx.refresh_by_token(&first.token_hash).await?.as_ref(), Some(&first));
    assert_eq!(tx.refresh_by_token(&second.token_hash).await?, None);
    tx.add_refresh(&second).await?;
    assert_eq!(tx.refresh_by_token(&second.token_hash).await?.as_ref(), Some(&second));
    tx.commit().await?;

    let third = world.samples.refresh(session.id, Some(&first));
    let refused = world.write().await?.add_refresh(&third).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    Ok(())
}
