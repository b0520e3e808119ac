//! Roles of the declaration.

use super::ApplyError;
use super::plan::{Planner, Step};
use super::spec::RoleSpec;
use crate::domain::membership::Role;

impl Planner<'_> {
    pub(super) async fn plan_roles(&mut self, specs: &[RoleSpec]) -> Result<(), ApplyError> {
        for (index, spec) in specs.iter().enumerate() {
            let tenant = match &spec.tenant {
                Some(key) => Some(self.tenant(key, &format!("roles[{index}].tenant")).await?.id),
                None => None,
            };
            let key = (tenant, spec.name.clone());
            if self.roles.contains_key(&key) {
                return Err(ApplyError::Invalid(format!(
                    "roles[{index}].name = {:?}: declared twice",
                    spec.name
                )));
            }
            let before = self.steps.len();
            let existing = self.reading().await?.role_by_name(&spec.name, tenant).await?;
            let is_new = existing.is_none();
            let id = existing.as_ref().map_or_else(|| self.core.new_id(), |role| role.id);
            let stored = existing.as_ref().map(|role| role.permissions.clone()).unwrap_or_default();
            let permissions = spec.permissions.clone().unwrap_or(stored);
            let stored = existing.as_ref().and_then(|role| role.second_factor);
            let second_factor = spec.second_factor.or(stored);
            let role = Role { id, tenant, name: spec.name.clone(), permissions, second_factor };
            match existing {
                None => self.steps.push(Step::AddRole(role.clone())),
                Some(existing) if existing != role => self.steps.push(Step::SaveRole(role.clone())),
                Some(_) => {}
            }
            self.roles.insert(key, role);
            self.note(format!("role {}", spec.name), is_new, before);
        }
        Ok(())
    }
}
