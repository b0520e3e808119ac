//! Links in mails, and what a sign-up by link needs.

use std::sync::Arc;
use std::time::Duration;

use super::{World, race};
use crate::domain::client::{Client, ClientType};
use crate::domain::link::{Link, LinkPurpose, LinkState, subject};
use crate::ports::store::Store;
use crate::testkit::Checked;
use crate::testkit::samples::sample_time;

const TICK: Duration = Duration::from_micros(1);

/// A link is found by its token, for its purpose, in time, and used once.
///
/// # Errors
/// What the store refused.
pub async fn links(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let now = sample_time();
    let reset = world.samples.link(LinkPurpose::ResetPassword, &world.user, &world.client);
    let bare = Link {
        subject_hash: subject("somebody@example.test"),
        client: None,
        user: None,
        email: None,
        data: None,
        invited_to: None,
        ..world.samples.link(LinkPurpose::SignUp, &world.user, &world.client)
    };
    let invited = Link {
        subject_hash: subject("invited@example.test"),
        invited_to: Some((world.tenant.id, world.role.id)),
        ..world.samples.link(LinkPurpose::SignUp, &world.user, &world.client)
    };
    let mut tx = world.write().await?;
    for link in [&reset, &bare, &invited] {
        tx.add_link(link).await?;
    }
    tx.commit().await?;
    let mut tx = world.write().await?;
    for link in [&reset, &bare, &invited] {
        assert_eq!(tx.link(link.purpose, &link.token_hash, now).await?, LinkState::Fresh(link.clone()));
    }
    for (purpose, token, at) in [
        (LinkPurpose::SignUp, reset.token_hash, now),
        (LinkPurpose::VerifyEmail, reset.token_hash, now),
        (LinkPurpose::ResetPassword, world.samples.token_hash(), now),
        (LinkPurpose::ResetPassword, reset.token_hash, reset.expires_at),
    ] {
        assert_eq!(tx.link(purpose, &token, at).await?, LinkState::Absent, "{purpose:?} {at:?}");
        assert_eq!(tx.consume_link(purpose, &token, at).await?, None, "{purpose:?} {at:?}");
    }
    let last = reset.expires_at.minus(TICK);
    assert_eq!(tx.consume_link(reset.purpose, &reset.token_hash, last).await?, Some(reset.clone()));
    assert_eq!(tx.link(reset.purpose, &reset.token_hash, now).await?, LinkState::Spent);
    assert_eq!(tx.consume_link(reset.purpose, &reset.token_hash, now).await?, None, "used");
    assert_eq!(tx.link(bare.purpose, &bare.token_hash, now).await?, LinkState::Fresh(bare.clone()));

    assert_eq!(tx.purge_links(bare.expires_at).await?, 0);
    assert_eq!(tx.purge_links(bare.expires_at.plus(TICK)).await?, 3);
    assert_eq!(tx.link(bare.purpose, &bare.token_hash, now).await?, LinkState::Absent);
    Ok(())
}

/// A newer link about the same, for the same, spends the older one; those of a user are spent together.
///
/// # Errors
/// What the store refused.
pub async fn newer_links(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let now = sample_time();
    let link = |purpose| world.samples.link(purpose, &world.user, &world.client);
    let (older, newer) = (link(LinkPurpose::ResetPassword), link(LinkPurpose::ResetPassword));
    let of_other_purpose = link(LinkPurpose::VerifyEmail);
    let about_other = Link { subject_hash: subject("other"), user: None, ..link(LinkPurpose::ResetPassword) };
    let mut tx = world.write().await?;
    for link in [&older, &of_other_purpose, &about_other, &newer] {
        tx.add_link(link).await?;
    }
    assert_eq!(tx.link(older.purpose, &older.token_hash, now).await?, LinkState::Spent);
    assert_eq!(tx.consume_link(older.purpose, &older.token_hash, now).await?, None);
    for fresh in [&newer, &of_other_purpose, &about_other] {
        assert_eq!(tx.link(fresh.purpose, &fresh.token_hash, now).await?, LinkState::Fresh(fresh.clone()));
    }
    tx.spend_links(LinkPurpose::ResetPassword, world.user.id, now).await?;
    assert_eq!(tx.link(newer.purpose, &newer.token_hash, now).await?, LinkState::Spent);
    for fresh in [&of_other_purpose, &about_other] {
        assert_eq!(tx.link(fresh.purpose, &fresh.token_hash, now).await?, LinkState::Fresh(fresh.clone()));
    }
    Ok(())
}

/// Of many uses of one link, one counts; of many links about the same that were added at once, at most one is left when one
/// was used.
///
/// # Errors
/// What the store refused.
pub async fn links_race(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let now = sample_time();
    let added = race(|| {
        let link = world.samples.link(LinkPurpose::ResetPassword, &world.user, &world.client);
        let store = Arc::clone(&world.store);
        async move {
            let mut tx = super::write(&store).await?;
            tx.add_link(&link).await?;
            tx.commit().await?;
            Ok(link)
        }
    })
    .await?;
    let mut tx = world.read().await?;
    let mut fresh = Vec::new();
    for link in added {
        if let LinkState::Fresh(link) = tx.link(link.purpose, &link.token_hash, now).await? {
            fresh.push(link);
        }
    }
    drop(tx);
    let token = fresh.first().ok_or("none is left")?.token_hash;
    let used = race(|| {
        let store = Arc::clone(&world.store);
        async move {
            let mut tx = super::write(&store).await?;
            let used = tx.consume_link(LinkPurpose::ResetPassword, &token, now).await?;
            tx.commit().await?;
            Ok(used)
        }
    })
    .await?;
    assert_eq!(used.iter().flatten().count(), 1);
    let mut tx = world.read().await?;
    for link in fresh {
        assert_eq!(tx.link(link.purpose, &link.token_hash, now).await?, LinkState::Spent);
    }
    Ok(())
}

/// The only tenant is known until there is another; clients of people are the operator's and the tenant's own, if they
/// are enabled; data stays with the account.
///
/// # Errors
/// What the store refused.
pub async fn sign_ups(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (now, other) = (sample_time(), world.samples.tenant("other"));
    let client = |name: &str, client_type, tenant, enabled| Client {
        client_type,
        tenant,
        enabled,
        ..world.samples.client(name)
    };
    let own = client("own", ClientType::Spa, Some(world.tenant.id), true);
    let mut tx = world.write().await?;
    assert_eq!(tx.only_tenant().await?.as_ref(), Some(&world.tenant));
    tx.add_tenant(&other, now).await?;
    assert_eq!(tx.only_tenant().await?, None, "there are two");
    for client in [
        &own,
        &client("machine", ClientType::MachineToMachine, None, true),
        &client("foreign", ClientType::Web, Some(other.id), true),
        &client("off", ClientType::Web, None, false),
    ] {
        tx.add_client(client, now).await?;
    }
    assert_eq!(tx.clients_of_people(world.tenant.id).await?, [world.client.key, own.key]);

    assert_eq!(tx.sign_up_data(world.user.id).await?, None);
    tx.keep_sign_up_data(world.user.id, r#"{"plan":"größer"}"#).await?;
    assert_eq!(tx.sign_up_data(world.user.id).await?.as_deref(), Some(r#"{"plan":"größer"}"#));
    assert_eq!(tx.sign_up_data(world.samples.id()).await?, None);
    drop(tx);
    assert_eq!(world.read().await?.only_tenant().await?.as_ref(), Some(&world.tenant), "rolled back");
    Ok(())
}
