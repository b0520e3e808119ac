//! Sign-ins at identity providers.

use std::sync::Arc;
use std::time::Duration;

use super::{World, race};
use crate::domain::federation::{Intent, UpstreamSession};
use crate::domain::session::EndReason;
use crate::domain::user::{Account, Identity, User};
use crate::ports::store::{Store, UpstreamHolder};
use crate::testkit::Checked;
use crate::testkit::samples::sample_time;

const SECOND: Duration = Duration::from_secs(1);

/// An attempt is used up once, by its own browser and provider, in time; nobody else uses it up.
///
/// # Errors
/// What the store refused.
pub async fn login_attempts(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let now = sample_time();
    let attempt = world.samples.login_attempt(&world.client, Intent::SignIn);
    let link = world.samples.login_attempt(&world.client, Intent::Link(world.user.id));
    let mut native = world.samples.login_attempt(&world.client, Intent::Native);
    (native.browser_hash, native.transaction) = (None, None);
    let mut tx = world.write().await?;
    for attempt in [&attempt, &link, &native] {
        tx.add_login_attempt(attempt).await?;
    }
    tx.commit().await?;

    let (state, browser) = (attempt.state_hash, attempt.browser_hash);
    let mut tx = world.read().await?;
    assert!(tx.knows_login_attempt(&state).await? && tx.knows_login_attempt(&native.state_hash).await?);
    assert!(!tx.knows_login_attempt(&world.samples.token_hash()).await?);
    drop(tx);
    let mut tx = world.write().await?;
    let foreign = Some(world.samples.token_hash());
    assert_eq!(tx.consume_login_attempt(&state, foreign.as_ref(), "google", now).await?, None);
    assert_eq!(tx.consume_login_attempt(&state, None, "google", now).await?, None, "no browser");
    assert_eq!(tx.consume_login_attempt(&state, browser.as_ref(), "azure", now).await?, None);
    let late = attempt.expires_at;
    assert_eq!(tx.consume_login_attempt(&state, browser.as_ref(), "google", late).await?, None, "too late");
    let unknown = world.samples.token_hash();
    assert_eq!(tx.consume_login_attempt(&unknown, browser.as_ref(), "google", now).await?, None);
    let consumed = tx.consume_login_attempt(&state, browser.as_ref(), "google", now).await?;
    assert_eq!(consumed, Some(attempt));
    assert_eq!(tx.consume_login_attempt(&state, browser.as_ref(), "google", now).await?, None, "used");
    assert!(!tx.knows_login_attempt(&state).await?);
    let consumed =
        tx.consume_login_attempt(&link.state_hash, link.browser_hash.as_ref(), "google", now).await?;
    assert_eq!(consumed, Some(link));

    let some = Some(world.samples.token_hash());
    assert_eq!(tx.consume_login_attempt(&native.state_hash, some.as_ref(), "google", now).await?, None);
    assert_eq!(
        tx.waiting_login_attempt(&native.state_hash, "google", now).await?.as_ref(),
        Some(&native),
        "looking uses nothing up"
    );
    assert_eq!(tx.waiting_login_attempt(&native.state_hash, "google", late).await?, None);
    assert_eq!(tx.waiting_login_attempt(&native.state_hash, "azure", now).await?, None);
    assert_eq!(tx.purge_login_attempts(native.expires_at).await?, 0);
    assert_eq!(
        tx.consume_login_attempt(&native.state_hash, None, "google", now).await?.as_ref(),
        Some(&native)
    );
    tx.add_login_attempt(&native).await?;
    assert_eq!(tx.purge_login_attempts(native.expires_at.plus(SECOND)).await?, 1);
    tx.commit().await?;
    Ok(())
}

/// Of many callbacks with one state, one uses it up.
///
/// # Errors
/// What the store refused.
pub async fn login_attempts_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let attempt = world.samples.login_attempt(&world.client, Intent::SignIn);
    let mut tx = world.write().await?;
    tx.add_login_attempt(&attempt).await?;
    tx.commit().await?;
    let outcomes = race(|| {
        let (store, state, browser) = (Arc::clone(&world.store), attempt.state_hash, attempt.browser_hash);
        async move {
            let mut tx = super::write(&store).await?;
            let consumed =
                tx.consume_login_attempt(&state, browser.as_ref(), "google", sample_time()).await?;
            tx.commit().await?;
            Ok(consumed)
        }
    })
    .await?;
    assert_eq!(outcomes.iter().flatten().count(), 1);
    Ok(())
}

/// The provider's side goes from code to session, is taken once, and goes with whoever holds it.
///
/// # Errors
/// What the store refused.
pub async fn upstream_sessions(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let samples = &world.samples;
    let identity = Identity {
        id: samples.id(),
        user: world.user.id,
        provider: "google".to_owned(),
        subject: "42".to_owned(),
        issuer: "https://a.test".to_owned(),
    };
    let upstream = || UpstreamSession {
        id: samples.id(),
        provider: "google".to_owned(),
        identity: identity.id,
        sealed_tokens: vec![1, 0, 255],
    };
    let grant = samples.grant(&world.membership, &world.client);
    let sessions = [0; 3].map(|_| samples.session(&world.membership, &world.client));
    let [first, second, third] = &sessions;
    let held_by_grant = upstream();
    let waiting = samples.challenge(&world.membership, &world.client);
    let mut tx = world.write().await?;
    tx.add_identity(&identity, sample_time()).await?;
    tx.add_grant(&grant).await?;
    for session in &sessions {
        tx.add_session(session).await?;
    }
    tx.put_challenge(&waiting).await?;
    tx.add_upstream_session(&held_by_grant, UpstreamHolder::Challenge(waiting.id)).await?;
    tx.pass_upstream_session(UpstreamHolder::Challenge(waiting.id), grant.id).await?;
    assert!(tx.consume_challenge(waiting.id).await?, "without what it held");
    assert_eq!(tx.take_upstream_session(first.id).await?, None, "the code holds it");
    tx.hand_over_upstream_session(grant.id, first.id).await?;
    tx.hand_over_upstream_session(grant.id, second.id).await?;
    assert_eq!(
        tx.purge_grants(grant.expires_at.plus(SECOND)).await?,
        1,
        "the code goes, the session holds on"
    );
    assert_eq!(tx.take_upstream_session(second.id).await?, None);
    assert_eq!(tx.take_upstream_session(first.id).await?, Some(held_by_grant));
    assert_eq!(tx.take_upstream_session(first.id).await?, None, "taken");

    tx.add_upstream_session(&upstream(), UpstreamHolder::Session(second.id)).await?;
    tx.end_session(second.id, EndReason::Logout, sample_time()).await?;
    assert_eq!(tx.purge_sessions(sample_time().plus(SECOND)).await?, 1, "with what it held");
    tx.add_upstream_session(&upstream(), UpstreamHolder::Session(third.id)).await?;
    assert!(tx.remove_identity(world.user.id, identity.id).await?);
    assert_eq!(tx.take_upstream_session(third.id).await?, None, "gone with the identity");
    tx.commit().await?;
    Ok(())
}

/// A message is accepted once.
///
/// # Errors
/// What the store refused.
pub async fn replay_marks(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (mark, other) = (world.samples.token_hash(), world.samples.token_hash());
    let until = sample_time();
    let mut tx = world.write().await?;
    assert!(tx.mark_replay(&mark, until).await?);
    assert!(!tx.mark_replay(&mark, until.plus(SECOND)).await?);
    assert!(tx.mark_replay(&other, until.plus(SECOND)).await?);
    tx.commit().await?;
    let mut tx = world.write().await?;
    assert_eq!(tx.purge_replay_marks(until).await?, 0);
    assert_eq!(tx.purge_replay_marks(until.plus(SECOND)).await?, 1);
    assert!(tx.mark_replay(&mark, until).await?);
    tx.commit().await?;

    let contested = world.samples.token_hash();
    let outcomes = race(|| {
        let store = Arc::clone(&world.store);
        async move {
            let mut tx = super::write(&store).await?;
            let accepted = tx.mark_replay(&contested, until).await?;
            tx.commit().await?;
            Ok(accepted)
        }
    })
    .await?;
    assert_eq!(outcomes.iter().filter(|accepted| **accepted).count(), 1);
    Ok(())
}

/// Addresses are compared without the case of ASCII letters, and with nothing else forgiven.
///
/// # Errors
/// What the store refused.
pub async fn accounts_by_email(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let user = |name: &str, email: Option<&str>, is_removed: bool| User {
        email: email.map(str::to_owned),
        deleted_at: is_removed.then(sample_time),
        ..world.samples.user(name, None)
    };
    let mixed = user("mixed", Some("Victim@Example.test"), false);
    let mut tx = world.write().await?;
    let others = [
        user("kelvin", Some("\u{212a}ate@example.test"), false),
        user("accent", Some("VICTIM\u{c9}@example.test"), false),
        user("plus", Some("victim+tag@example.test"), false),
        user("none", None, false),
        user("removed", Some("victim@example.test"), true),
    ];
    for user in others.iter().chain([&mixed]) {
        tx.add_user(user, sample_time()).await?;
    }
    tx.set_user_clients(mixed.id, &[world.client.key]).await?;
    tx.commit().await?;
    let mut tx = world.read().await?;
    let found = tx.accounts_by_email("victim@example.test").await?;
    assert_eq!(found, [Account { user: mixed, password_hash: None, clients: vec![world.client.key] }]);
    for other in ["kate@example.test", "victim\u{e9}@example.test", "v_ctim@example.test", "%", ""] {
        assert_eq!(tx.accounts_by_email(other).await?, Vec::new(), "{other}");
    }
    drop(tx);
    let mut tx = world.write().await?;
    for name in ["a", "b", "c"] {
        tx.add_user(&user(name, Some("victim@example.test"), false), sample_time()).await?;
    }
    tx.commit().await?;
    assert_eq!(
        world.read().await?.accounts_by_email("victim@example.test").await?.len(),
        2,
        "two are too many"
    );
    Ok(())
}
