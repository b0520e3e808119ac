//! Tenants, roles and clients: few enough for one transaction.

use std::collections::HashMap;

use super::{ImportError, Importer, Kind, Topic};
use crate::domain::client::Client;
use crate::domain::error::Error;
use crate::domain::ids::{Id as _, RoleId, TenantId};
use crate::domain::import::{FoundRole, FoundTenant};
use crate::domain::membership::Role;
use crate::domain::tenant::{Tenant, TenantStatus};
use crate::ports::import::Predecessor;
use crate::usecase::{Core, rerun};

/// What is to be written.
#[derive(Default)]
pub(super) struct Structure {
    tenants: Vec<Tenant>,
    roles: Vec<Role>,
    pub(super) clients: Vec<Client>,
}

impl Importer<'_> {
    pub(super) async fn structure(&mut self, source: &mut dyn Predecessor) -> Result<(), ImportError> {
        let mut new = Structure::default();
        for found in source.tenants().await? {
            self.tenant(&found, &mut new).await?;
        }
        self.roles(&source.roles().await?, &mut new).await?;
        self.clients(source.clients().await?, &mut new).await?;
        if !self.options.dry_run {
            rerun(|| write(self.core, &new)).await?;
        }
        Ok(())
    }

    async fn tenant(&mut self, found: &FoundTenant, new: &mut Structure) -> Result<(), ImportError> {
        let id = TenantId::from_uuid(found.id);
        let given = found.key.clone().filter(|key| !key.is_empty());
        let key = given.unwrap_or_else(|| id.to_string());
        let mut tx = self.core.reading("import tenants").await?;
        if let Some(stored) = tx.tenant(id).await? {
            self.report.count(Kind::Tenants).unchanged += 1;
            self.tenants.insert(found.id, stored);
            return Ok(());
        }
        if let Some(other) = tx.tenant_by_key(&key).await? {
            self.report.count(Kind::Tenants).left_out += 1;
            self.report.note(Topic::TenantTaken, format_args!("{key} ({id} there, {} here)", other.id));
            return Ok(());
        }
        let is_active = found.status == Some(1) || self.options.activate_tenants;
        if !is_active {
            self.report.note(Topic::TenantInactive, &key);
        }
        let name = found.name.clone().unwrap_or_else(|| key.clone());
        let status = if is_active { TenantStatus::Active } else { TenantStatus::Inactive };
        let tenant = Tenant { id, key, name, status, epoch: 0 };
        self.report.count(Kind::Tenants).added += 1;
        self.tenants.insert(found.id, tenant.clone());
        new.tenants.push(tenant);
        Ok(())
    }

    async fn roles(&mut self, found: &[FoundRole], new: &mut Structure) -> Result<(), ImportError> {
        let ids: Vec<_> = found.iter().map(|role| role.id).collect();
        let stored = self.core.reading("import roles").await?.known_roles(&ids).await?;
        // Of this run, by tenant and name: the database makes the pair unique.
        let mut by_name: HashMap<(Option<TenantId>, String), Role> = HashMap::new();
        for found in found {
            let role = self.judged_role(found);
            if stored.contains(&found.id) {
                self.report.count(Kind::Roles).unchanged += 1;
                by_name.insert((role.tenant, role.name.clone()), role.clone());
                self.roles.insert(found.id, role);
                continue;
            }
            let key = (role.tenant, role.name.clone());
            let other = match by_name.get(&key) {
                Some(role) => Some(role.clone()),
                None => {
                    self.core.reading("import roles").await?.role_by_name(&role.name, role.tenant).await?
                }
            };
            let role = match other {
                Some(other) if other.permissions == role.permissions => {
                    self.report.count(Kind::Roles).unchanged += 1;
                    self.report.note(Topic::RoleMerged, format_args!("{} ({})", role.name, role.id));
                    self.roles.insert(found.id, other);
                    continue;
                }
                Some(_) => {
                    // The whole id: part of it might be another's.
                    let name = format!("{} {}", role.name, role.id);
                    self.report.note(Topic::RoleRenamed, &name);
                    Role { name, ..role }
                }
                None => role,
            };
            self.report.count(Kind::Roles).added += 1;
            by_name.insert((role.tenant, role.name.clone()), role.clone());
            self.roles.insert(found.id, role.clone());
            new.roles.push(role);
        }
        Ok(())
    }

    fn judged_role(&mut self, found: &FoundRole) -> Role {
        let tenant = found.tenant.and_then(|tenant| self.tenants.get(&tenant)).map(|tenant| tenant.id);
        if found.tenant.is_some() && tenant.is_none() {
            self.report.note(Topic::RoleWithoutTenant, &found.name);
        }
        if found.names_clients {
            self.report.note(Topic::RoleNamesClients, &found.name);
        }
        Role {
            id: RoleId::from_uuid(found.id),
            tenant,
            name: found.name.clone(),
            permissions: found.permissions.clone(),
            second_factor: None,
        }
    }
}

async fn write(core: &Core, new: &Structure) -> Result<(), Error> {
    let now = core.now();
    let mut tx = core.writing("import structure").await?;
    for tenant in &new.tenants {
        tx.add_tenant(tenant, now).await?;
    }
    for role in &new.roles {
        tx.add_role(role, now).await?;
    }
    for client in &new.clients {
        tx.add_client(client, now).await?;
    }
    Ok(tx.commit().await?)
}
