//! Declarative bootstrap: what is declared exists afterwards. Creates and updates, never deletes a row.
//!
//! The whole file is planned first (reads, hashing), then written in one transaction. The password policy does not
//! apply: this is an operator's act.

mod client_oauth;
mod clients;
mod execute;
mod plan;
mod roles;
mod spec;
mod tenants;
mod users;

pub use self::plan::{Change, ClientDefaults, Report};
pub use self::spec::{
    Bootstrap, ClientOAuthSpec, ClientSpec, IdentitySpec, MembershipSpec, PasswordSpec, RoleSpec, TenantSpec,
    UserSpec,
};

use self::plan::{Plan, Planner};
use super::{Core, rerun};
use crate::domain::error::Error;

/// How to apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApplyOptions {
    /// Only report.
    pub dry_run: bool,
    /// Set passwords and secrets of existing users and clients too.
    pub reset_secrets: bool,
    /// Lifetimes of new clients that state none.
    pub client_defaults: ClientDefaults,
}

/// Why nothing was applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The declaration contradicts itself or the database; the text names the entry.
    #[error("{0}")]
    Invalid(String),
    /// The store, the keys or the hasher failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<crate::ports::store::StoreError> for ApplyError {
    fn from(error: crate::ports::store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Core {
    /// Everything declared exists, and what it replaced no longer counts: changed memberships, disabled clients and
    /// tenants, removed users and reset passwords invalidate the tokens that relied on them.
    ///
    /// # Errors
    /// Invalid with the entry's name, or the failure of a part.
    pub async fn apply(&self, bootstrap: &Bootstrap, options: ApplyOptions) -> Result<Report, ApplyError> {
        let plan = self.plan(bootstrap, options).await?;
        if !options.dry_run && !plan.steps.is_empty() {
            let executed = rerun(|| self.execute(&plan)).await?;
            self.ports.revocations.announce(&executed.revocations).await;
            self.announce_logout_of(executed.ended);
            self.recent.forget();
        }
        Ok(plan.report)
    }

    async fn plan(&self, bootstrap: &Bootstrap, options: ApplyOptions) -> Result<Plan, ApplyError> {
        let mut planner = Planner::new(self, options);
        planner.plan_tenants(&bootstrap.tenants).await?;
        planner.plan_roles(&bootstrap.roles).await?;
        planner.plan_clients(&bootstrap.clients).await?;
        planner.plan_users(&bootstrap.users).await?;
        Ok(planner.finish())
    }
}
