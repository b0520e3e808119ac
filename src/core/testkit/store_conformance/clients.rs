//! Tenants, clients, identities.

use std::sync::Arc;
use std::time::Duration;

use super::{World, read, write};
use crate::domain::client::ClientType;
use crate::domain::tenant::TenantStatus;
use crate::domain::user::Identity;
use crate::ports::store::{Store, StoreError};
use crate::testkit::Checked;
use crate::testkit::samples::{Samples, sample_time};

/// Tenants come back as they were written; key and id are unique; the epoch is only bumped.
///
/// # Errors
/// What the store refused.
pub async fn tenants(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(2);
    let mut tenant = samples.tenant("acme");
    let mut tx = write(&store).await?;
    tx.add_tenant(&tenant, sample_time()).await?;
    tx.commit().await?;
    assert_eq!(read(&store).await?.tenant(tenant.id).await?.as_ref(), Some(&tenant));
    assert_eq!(read(&store).await?.tenant_by_key("acme").await?.as_ref(), Some(&tenant));
    assert_eq!(read(&store).await?.tenant_by_key("Acme").await?, None);
    assert_eq!(read(&store).await?.tenant(samples.id()).await?, None);

    "Renamed".clone_into(&mut tenant.name);
    tenant.status = TenantStatus::Inactive;
    let mut tx = write(&store).await?;
    tx.save_tenant(&tenant, sample_time()).await?;
    assert_eq!(tx.bump_tenant_epoch(tenant.id).await?, 1);
    assert_eq!(tx.bump_tenant_epoch(tenant.id).await?, 2);
    tx.commit().await?;
    tenant.epoch = 2;
    assert_eq!(read(&store).await?.tenant(tenant.id).await?, Some(tenant));

    let refused = write(&store).await?.add_tenant(&samples.tenant("acme"), sample_time()).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    Ok(())
}

/// Clients come back as they were written, lists in order, secrets byte for byte.
///
/// # Errors
/// What the store refused.
pub async fn clients(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let mut client = world.client.clone();
    assert_eq!(world.read().await?.client(client.key).await?.as_ref(), Some(&client));
    assert_eq!(world.read().await?.client_by_client_id("web-app").await?.as_ref(), Some(&client));
    assert_eq!(world.read().await?.client_by_client_id("WEB-APP").await?, None);
    assert_eq!(world.read().await?.client(world.samples.id()).await?, None);

    client.secret_hash = None;
    client.name = String::new();
    client.client_type = ClientType::Spa;
    client.tenant = Some(world.tenant.id);
    client.redirect_uris = vec!["myapp://cb".to_owned()];
    client.logout_redirect_uris = Vec::new();
    client.grants.reverse();
    client.scopes = vec!["a".to_owned(), "\"quoted\" \\ ü".to_owned()];
    client.access_token_ttl = Duration::from_millis(1);
    client.refresh_token_ttl = Duration::ZERO;
    client.auth_code_ttl = Duration::from_secs(1);
    client.algorithm = None;
    client.hs256_secret = None;
    client.enabled = false;
    let mut tx = world.write().await?;
    tx.save_client(&client, sample_time()).await?;
    assert_eq!(tx.bump_client_epoch(client.key).await?, 1);
    tx.commit().await?;
    client.epoch = 1;
    assert_eq!(world.read().await?.client(client.key).await?, Some(client));

    let refused = world.write().await?.add_client(&world.samples.client("web-app"), sample_time()).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    Ok(())
}

/// A provider's subject belongs to one account.
///
/// # Errors
/// What the store refused.
pub async fn identities(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let identity = |provider: &str, subject: &str| Identity {
        id: world.samples.id(),
        user: world.user.id,
        provider: provider.to_owned(),
        subject: subject.to_owned(),
        issuer: String::new(),
    };
    let (first, second) = (identity("google", "42"), identity("azure", "42"));
    let mut tx = world.write().await?;
    assert!(tx.add_identity(&first, sample_time()).await?);
    assert!(tx.add_identity(&second, sample_time()).await?);
    assert!(!tx.add_identity(&identity("google", "42"), sample_time()).await?);
    tx.commit().await?;
    assert_eq!(world.read().await?.identities(world.user.id).await?, vec![first.clone(), second.clone()]);
    assert_eq!(world.read().await?.identities(world.samples.id()).await?, Vec::new());
    assert_eq!(world.read().await?.identity_by_subject("google", "42").await?, Some(first.clone()));
    assert_eq!(world.read().await?.identity_by_subject("Google", "42").await?, None);
    assert_eq!(world.read().await?.identity_by_subject("google", "4").await?, None);

    let mut tx = world.write().await?;
    assert!(tx.pin_issuer(first.id, "https://a.test").await?);
    assert!(tx.pin_issuer(first.id, "https://a.test").await?, "the same again");
    assert!(!tx.pin_issuer(first.id, "https://b.test").await?);
    let pinned = Identity { issuer: "https://a.test".to_owned(), ..first.clone() };
    assert_eq!(tx.identities(world.user.id).await?, vec![pinned, second.clone()]);
    assert!(!tx.remove_identity(world.samples.id(), first.id).await?, "another's");
    assert!(tx.remove_identity(world.user.id, first.id).await?);
    assert!(!tx.remove_identity(world.user.id, first.id).await?);
    assert!(!tx.pin_issuer(first.id, "https://a.test").await?);
    assert_eq!(tx.identities(world.user.id).await?, vec![second]);
    Ok(())
}
