//! Roles and memberships.

use std::sync::Arc;
use std::time::Duration;

use super::{World, write};
use crate::domain::membership::MembershipStatus;
use crate::domain::revocation::Revoked;
use crate::domain::tenant::TenantStatus;
use crate::ports::store::{Store, StoreError};
use crate::testkit::Checked;
use crate::testkit::samples::{Samples, sample_time};

/// A role's name is unique in its tenant and among those of all tenants.
///
/// # Errors
/// What the store refused.
pub async fn roles(store: Arc<dyn Store>) -> Checked {
    let samples = Samples::new(3);
    let tenant = samples.tenant("acme");
    let (common, own) = (samples.role("Admin", None), samples.role("Admin", Some(tenant.id)));
    let mut tx = write(&store).await?;
    tx.add_tenant(&tenant, sample_time()).await?;
    tx.add_role(&common, sample_time()).await?;
    tx.add_role(&own, sample_time()).await?;
    assert_eq!(tx.role_by_name("Admin", None).await?.as_ref(), Some(&common));
    assert_eq!(tx.role_by_name("Admin", Some(tenant.id)).await?.as_ref(), Some(&own));
    assert_eq!(tx.role_by_name("Admin", Some(samples.id())).await?, None);
    assert_eq!(tx.role_by_name("admin", None).await?, None);
    tx.commit().await?;
    for taken in [samples.role("Admin", None), samples.role("Admin", Some(tenant.id))] {
        let refused = write(&store).await?.add_role(&taken, sample_time()).await;
        assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    }
    Ok(())
}

/// Memberships come back with role, tenant and permissions in order; oldest first.
///
/// # Errors
/// What the store refused.
pub async fn memberships(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let user = world.user.id;
    let found = world.read().await?.membership(user, world.tenant.id).await?;
    assert_eq!(found.as_ref(), Some(&world.membership));

    // A lower id, but younger: age decides.
    let older_samples = Samples::new(4);
    let tenant = older_samples.tenant("second");
    let role = world.samples.role("Reader", Some(tenant.id));
    let mut second = older_samples.membership(&world.user, &tenant, &role);
    (second.allowed, second.denied, second.locale) = (Vec::new(), Vec::new(), None);
    let later = sample_time().plus(Duration::from_secs(1));
    let mut tx = world.write().await?;
    tx.add_tenant(&tenant, later).await?;
    tx.add_role(&role, later).await?;
    tx.add_membership(&second, role.id, later).await?;
    assert_eq!(tx.memberships(user).await?, vec![world.membership.clone(), second.clone()]);
    assert_eq!(tx.memberships(world.samples.id()).await?, Vec::new());

    second.role = world.role.name.clone();
    second.role_permissions.clone_from(&world.role.permissions);
    second.status = MembershipStatus::INACTIVE;
    second.locale = Some("de".to_owned());
    second.allowed = vec!["b".to_owned(), "a".to_owned()];
    second.denied = vec!["z".to_owned(), "y".to_owned()];
    second.epoch = 5;
    tx.save_membership(&second, world.role.id, later).await?;
    assert_eq!(tx.membership(user, tenant.id).await?, Some(second));
    assert_eq!(tx.membership(user, world.samples.id()).await?, None);
    tx.commit().await?;

    let twice = world.samples.membership(&world.user, &world.tenant, &world.role);
    let refused = world.write().await?.add_membership(&twice, world.role.id, later).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    Ok(())
}

/// Status moves, epochs rise, and a role's change tells which memberships it concerned.
///
/// # Errors
/// What the store refused.
pub async fn membership_status(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (user, id, now) = (world.user.id, world.membership.id, sample_time());
    let mut tx = world.write().await?;
    let (active, inactive) = (MembershipStatus::ACTIVE, MembershipStatus::INACTIVE);
    tx.move_status(user, MembershipStatus::REGISTERED, inactive, now).await?;
    assert_eq!(tx.memberships(user).await?.pop().map(|place| place.status), Some(active));
    tx.move_status(user, active, inactive, now).await?;
    assert_eq!(tx.memberships(user).await?.pop().map(|place| place.status), Some(inactive));
    assert_eq!(tx.bump_membership_epoch(id).await?, 1);

    let mut role = world.role.clone();
    role.permissions = vec!["Only".to_owned()];
    let revoked = tx.save_role_permissions(&role, now).await?;
    assert_eq!(revoked, vec![Revoked::MembershipEpoch(id, 2)]);
    let mut tenant = world.tenant.clone();
    tenant.status = TenantStatus::Inactive;
    tx.save_tenant(&tenant, now).await?;
    tx.bump_tenant_epoch(tenant.id).await?;
    let membership = tx.membership(user, tenant.id).await?.ok_or("no membership")?;
    assert_eq!(membership.role_permissions, role.permissions);
    assert_eq!((membership.epoch, membership.tenant_epoch), (2, 1));
    assert_eq!(membership.tenant_status, TenantStatus::Inactive);
    Ok(())
}
