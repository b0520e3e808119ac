//! Browser sessions and consents.

use std::sync::Arc;
use std::time::Duration;

use super::{World, race};
use crate::domain::authentication::Methods;
use crate::domain::authorization::Consent;
use crate::domain::session::EndReason;
use crate::ports::store::{Mode, Store, StoreError};
use crate::testkit::Checked;
use crate::testkit::samples::sample_time;

const SECOND: Duration = Duration::from_secs(1);

/// A browser session is found by cookie and by id, is used while it lasts, and ends once.
///
/// # Errors
/// What the store refused.
pub async fn browser_sessions(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let mut session = world.samples.browser_session(&world.membership, &world.client);
    let (id, token) = (session.id, session.token_hash);
    let mut tx = world.write().await?;
    tx.add_browser_session(&session).await?;
    tx.commit().await?;
    assert_eq!(world.read().await?.browser_session(id).await?.as_ref(), Some(&session));
    assert_eq!(world.read().await?.browser_session_by_token(&token).await?.as_ref(), Some(&session));
    assert_eq!(world.read().await?.browser_session(world.samples.id()).await?, None);
    assert_eq!(world.read().await?.browser_session_by_token(&world.samples.token_hash()).await?, None);

    let later = sample_time().plus(SECOND);
    let mut tx = world.write().await?;
    assert!(!tx.touch_browser_session(world.samples.id(), later).await?);
    assert!(!tx.touch_browser_session(id, session.expires_at).await?, "it is over");
    assert!(tx.touch_browser_session(id, later).await?);
    session.last_used_at = later;
    assert_eq!(tx.browser_session(id).await?.as_ref(), Some(&session));
    assert!(!tx.end_browser_session(world.samples.id(), later).await?);
    assert!(tx.end_browser_session(id, later).await?);
    assert!(!tx.end_browser_session(id, later.plus(SECOND)).await?);
    assert!(!tx.touch_browser_session(id, later.plus(SECOND)).await?, "it has ended");
    session.ended_at = Some(later);
    assert_eq!(tx.browser_session_by_token(&token).await?, Some(session), "ended ones are known too");

    let mut bare = world.samples.browser_session(&world.membership, &world.client);
    (bare.ip, bare.user_agent, bare.methods) = (None, None, Methods::default());
    tx.add_browser_session(&bare).await?;
    assert_eq!(tx.browser_session(bare.id).await?.as_ref(), Some(&bare));
    tx.commit().await?;

    let mut twin = world.samples.browser_session(&world.membership, &world.client);
    twin.token_hash = token;
    let refused = world.write().await?.add_browser_session(&twin).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    Ok(())
}

/// Of many sign-outs at once, one ends the browser session; no use that comes after it counts.
///
/// # Errors
/// What the store refused.
pub async fn browser_sessions_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let session = world.samples.browser_session(&world.membership, &world.client);
    let mut tx = world.write().await?;
    tx.add_browser_session(&session).await?;
    tx.commit().await?;
    let ended = race(|| {
        let (store, id) = (Arc::clone(&world.store), session.id);
        async move {
            let now = sample_time().plus(SECOND);
            let mut tx = store.begin("race", Mode::Write).await?;
            let ended = tx.end_browser_session(id, now).await?;
            let touched = tx.touch_browser_session(id, now).await?;
            tx.commit().await?;
            Ok((ended, touched))
        }
    })
    .await?;
    assert_eq!(ended.iter().filter(|(ended, _)| *ended).count(), 1);
    assert!(ended.iter().all(|(_, touched)| !*touched));
    Ok(())
}

/// Browser sessions that are over go; the sessions that clients got in them stay.
///
/// # Errors
/// What the store refused.
pub async fn browser_sessions_purge(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let make = || world.samples.browser_session(&world.membership, &world.client);
    let (live, ended, mut expired) = (make(), make(), make());
    let now = sample_time().plus(SECOND);
    expired.expires_at = now;
    let mut session = world.samples.session(&world.membership, &world.client);
    session.oauth = Some(world.samples.authorization(Some(ended.id)));
    let mut tx = world.write().await?;
    for browser in [&live, &ended, &expired] {
        tx.add_browser_session(browser).await?;
    }
    tx.add_session(&session).await?;
    tx.end_browser_session(ended.id, now).await?;
    assert_eq!(tx.purge_browser_sessions(now).await?, 0);
    assert_eq!(tx.purge_browser_sessions(now.plus(SECOND)).await?, 2);
    assert_eq!(tx.browser_session(ended.id).await?, None);
    assert_eq!(tx.browser_session(live.id).await?, Some(live));
    assert_eq!(tx.session(session.id).await?, Some(session));
    assert_eq!(tx.end_sessions_of_browser(ended.id, EndReason::Logout, now).await?, Vec::new());
    tx.commit().await?;
    Ok(())
}

/// With a browser session end the live sessions that clients got in it, and no others; each is answered once, as it was.
///
/// # Errors
/// What the store refused.
pub async fn sessions_of_a_browser(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let make = || world.samples.browser_session(&world.membership, &world.client);
    let (browser, other) = (make(), make());
    let session = |browser: Option<_>| {
        let mut session = world.samples.session(&world.membership, &world.client);
        session.oauth = Some(world.samples.authorization(browser));
        session
    };
    let (first, second, over) =
        (session(Some(browser.id)), session(Some(browser.id)), session(Some(browser.id)));
    let (elsewhere, alone) = (session(Some(other.id)), session(None));
    let native = world.samples.session(&world.membership, &world.client);
    let now = sample_time().plus(SECOND);
    let mut tx = world.write().await?;
    tx.add_browser_session(&browser).await?;
    tx.add_browser_session(&other).await?;
    for session in [&first, &second, &over, &elsewhere, &alone, &native] {
        tx.add_session(session).await?;
    }
    tx.end_session(over.id, EndReason::Logout, now).await?;
    let mut ended = tx.end_sessions_of_browser(browser.id, EndReason::Logout, now).await?;
    ended.sort_by_key(|session| session.id);
    assert_eq!(ended, vec![first.clone(), second.clone()]);
    assert_eq!(tx.end_sessions_of_browser(browser.id, EndReason::Logout, now).await?, Vec::new());
    assert_eq!(tx.session(first.id).await?.and_then(|session| session.ended_at), Some(now));
    for live in [elsewhere, alone, native] {
        assert_eq!(tx.session(live.id).await?, Some(live));
    }
    tx.commit().await?;
    Ok(())
}

/// Whoever signs in again in a browser keeps the live sessions of before, which end with the new browser session.
///
/// # Errors
/// What the store refused.
pub async fn sessions_passed_to_a_browser(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let make = || world.samples.browser_session(&world.membership, &world.client);
    let (before, after) = (make(), make());
    let session = || {
        let mut session = world.samples.session(&world.membership, &world.client);
        session.oauth = Some(world.samples.authorization(Some(before.id)));
        session
    };
    let (live, over) = (session(), session());
    let now = sample_time().plus(SECOND);
    let mut tx = world.write().await?;
    for browser in [&before, &after] {
        tx.add_browser_session(browser).await?;
    }
    for session in [&live, &over] {
        tx.add_session(session).await?;
    }
    tx.end_session(over.id, EndReason::Logout, now).await?;
    tx.pass_sessions_of_browser(before.id, after.id).await?;
    assert_eq!(tx.end_sessions_of_browser(before.id, EndReason::Logout, now).await?, Vec::new());
    assert_eq!(tx.end_sessions_of_browser(after.id, EndReason::Logout, now).await?, vec![live]);
    tx.commit().await?;
    Ok(())
}

/// Of many sign-outs at once, one is answered the sessions: each client is told once.
///
/// # Errors
/// What the store refused.
pub async fn sessions_of_a_browser_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let browser = world.samples.browser_session(&world.membership, &world.client);
    let mut tx = world.write().await?;
    tx.add_browser_session(&browser).await?;
    for _ in 0..2 {
        let mut session = world.samples.session(&world.membership, &world.client);
        session.oauth = Some(world.samples.authorization(Some(browser.id)));
        tx.add_session(&session).await?;
    }
    tx.commit().await?;
    let ended = race(|| {
        let (store, id) = (Arc::clone(&world.store), browser.id);
        async move {
            let mut tx = store.begin("race", Mode::Write).await?;
            let ended = tx.end_sessions_of_browser(id, EndReason::Logout, sample_time()).await?;
            tx.commit().await?;
            Ok(ended.len())
        }
    })
    .await?;
    assert_eq!(ended.iter().sum::<usize>(), 2);
    Ok(())
}

/// A consent is of one user to one client; a later one replaces it.
///
/// # Errors
/// What the store refused.
pub async fn consents(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let consent = world.samples.consent(&world.user, &world.client);
    let (user, client) = (consent.user, consent.client);
    let mut tx = world.write().await?;
    assert_eq!(tx.consent(user, client).await?, None);
    tx.save_consent(&consent).await?;
    assert_eq!(tx.consent(user, client).await?.as_ref(), Some(&consent));
    assert_eq!(tx.consent(world.samples.id(), client).await?, None);
    assert_eq!(tx.consent(user, world.samples.id()).await?, None);
    let replaced =
        Consent { scopes: vec!["a \"b\" ü".to_owned()], granted_at: sample_time().plus(SECOND), ..consent };
    tx.save_consent(&replaced).await?;
    assert_eq!(tx.consent(user, client).await?, Some(replaced.clone()));
    let none = Consent { scopes: Vec::new(), ..replaced };
    tx.save_consent(&none).await?;
    assert_eq!(tx.consent(user, client).await?, Some(none));
    tx.commit().await?;
    Ok(())
}

/// Of many consents at once, each is written whole, and one stays.
///
/// # Errors
/// What the store refused.
pub async fn consents_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let written = race(|| {
        let mut consent = world.samples.consent(&world.user, &world.client);
        consent.scopes = vec![hex::encode(world.samples.token_hash().as_bytes()), "openid".to_owned()];
        let store = Arc::clone(&world.store);
        async move {
            let mut tx = store.begin("race", Mode::Write).await?;
            tx.save_consent(&consent).await?;
            tx.commit().await?;
            Ok(consent)
        }
    })
    .await?;
    let stays = world.read().await?.consent(world.user.id, world.client.key).await?;
    assert!(written.iter().any(|consent| Some(consent) == stays.as_ref()), "{stays:?}");
    Ok(())
}
