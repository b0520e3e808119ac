//! Tenants of the declaration.

use super::ApplyError;
use super::plan::{Planner, Step};
use super::spec::TenantSpec;
use crate::domain::hosted_pages::HostedPages;
use crate::domain::ids::TenantId;
use crate::domain::tenant::{Tenant, TenantStatus};

impl Planner<'_> {
    pub(super) async fn plan_tenants(&mut self, specs: &[TenantSpec]) -> Result<(), ApplyError> {
        for (index, spec) in specs.iter().enumerate() {
            if self.tenants.contains_key(&spec.key) {
                return Err(ApplyError::Invalid(format!(
                    "tenants[{index}].key = {:?}: declared twice",
                    spec.key
                )));
            }
            let before = self.steps.len();
            let existing = self.reading().await?.tenant_by_key(&spec.key).await?;
            let is_new = existing.is_none();
            let tenant = match existing {
                Some(existing) => self.update_tenant(&existing, spec),
                None => self.create_tenant(spec),
            };
            self.plan_pages(spec, tenant.id, is_new).await?;
            self.tenants.insert(spec.key.clone(), tenant);
            self.note(format!("tenant {}", spec.key), is_new, before);
        }
        Ok(())
    }

    async fn plan_pages(
        &mut self,
        spec: &TenantSpec,
        tenant: TenantId,
        is_new: bool,
    ) -> Result<(), ApplyError> {
        let stored =
            if is_new { HostedPages::default() } else { self.reading().await?.hosted_pages(tenant).await? };
        let pages = spec.pages.over(&stored);
        if pages != stored {
            self.steps.push(Step::SavePages { tenant, pages });
        }
        Ok(())
    }

    fn create_tenant(&mut self, spec: &TenantSpec) -> Tenant {
        let tenant = Tenant {
            id: spec.id.unwrap_or_else(|| self.core.new_id()),
            key: spec.key.clone(),
            name: spec.name.clone().unwrap_or_else(|| spec.key.clone()),
            status: spec.status.unwrap_or(TenantStatus::Active),
            epoch: 0,
        };
        self.steps.push(Step::AddTenant(tenant.clone()));
        tenant
    }

    fn update_tenant(&mut self, existing: &Tenant, spec: &TenantSpec) -> Tenant {
        if spec.id.is_some_and(|id| id != existing.id) {
            self.warn(format!(
                "tenant {} keeps its id {}; the declared one is only used at creation",
                spec.key, existing.id
            ));
        }
        let tenant = Tenant {
            name: spec.name.clone().unwrap_or_else(|| existing.name.clone()),
            status: spec.status.unwrap_or(existing.status),
            ..existing.clone()
        };
        if tenant != *existing {
            let invalidate =
                tenant.status == TenantStatus::Inactive && existing.status == TenantStatus::Active;
            self.steps.push(Step::SaveTenant { tenant: tenant.clone(), invalidate });
        }
        tenant
    }
}
