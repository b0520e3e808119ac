//! The plan: what will be written, and what will be said about it.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::{ApplyError, ApplyOptions};
use crate::domain::client::Client;
use crate::domain::hosted_pages::HostedPages;
use crate::domain::ids::{ClientKey, RoleId, TenantId, UserId};
use crate::domain::membership::{Membership, Role};
use crate::domain::profile::ProfileDetails;
use crate::domain::tenant::Tenant;
use crate::domain::user::{Identity, User};
use crate::ports::store::Tx;
use crate::usecase::Core;

/// Lifetimes of new clients that state none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientDefaults {
    /// Of access tokens.
    pub access_token_ttl: Duration,
    /// Of refresh tokens, idle.
    pub refresh_token_ttl: Duration,
    /// Of codes.
    pub auth_code_ttl: Duration,
}

/// What became of one entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// It is new.
    Created(String),
    /// It was there and differs now.
    Updated(String),
    /// It was there already.
    Unchanged(String),
    /// The operator should know.
    Warning(String),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created(what) => write!(f, "created {what}"),
            Self::Updated(what) => write!(f, "updated {what}"),
            Self::Unchanged(what) => write!(f, "unchanged {what}"),
            Self::Warning(text) => write!(f, "warning: {text}"),
        }
    }
}

/// Everything that was, or in a dry run would be, done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// In file order.
    pub changes: Vec<Change>,
}

/// One write.
#[derive(Debug)]
pub(super) enum Step {
    AddTenant(Tenant),
    SaveTenant { tenant: Tenant, invalidate: bool },
    SavePages { tenant: TenantId, pages: HostedPages },
    AddRole(Role),
    SaveRole(Role),
    AddClient(Client),
    SaveClient { client: Client, invalidate: bool },
    AddUser(User),
    SaveUser { user: User, end_sessions: bool },
    SaveProfile { user: UserId, details: ProfileDetails },
    SetPassword { user: UserId, hash: String, scheme: String, end_sessions: bool },
    SetUserClients { user: UserId, clients: Vec<ClientKey> },
    AddMembership { membership: Membership, role: RoleId },
    SaveMembership { membership: Membership, role: RoleId },
    AddIdentity(Identity),
}

/// All writes and their report.
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) report: Report,
}

/// Collects the plan; knows what the file itself declares, because the database does not have it yet.
pub(super) struct Planner<'a> {
    pub(super) core: &'a Core,
    pub(super) options: ApplyOptions,
    pub(super) steps: Vec<Step>,
    changes: Vec<Change>,
    pub(super) tenants: HashMap<String, Tenant>,
    pub(super) roles: HashMap<(Option<TenantId>, String), Role>,
    pub(super) clients: HashMap<String, ClientKey>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(core: &'a Core, options: ApplyOptions) -> Self {
        Self {
            core,
            options,
            steps: Vec::new(),
            changes: Vec::new(),
            tenants: HashMap::new(),
            roles: HashMap::new(),
            clients: HashMap::new(),
        }
    }

    pub(super) fn finish(self) -> Plan {
        Plan { steps: self.steps, report: Report { changes: self.changes } }
    }

    pub(super) async fn reading(&self) -> Result<Box<dyn Tx>, ApplyError> {
        Ok(self.core.reading("plan_apply").await?)
    }

    pub(super) fn warn(&mut self, text: String) {
        self.changes.push(Change::Warning(text));
    }

    /// Notes an entry: new, changed (steps were added since `steps_before`), or neither.
    pub(super) fn note(&mut self, what: String, is_new: bool, steps_before: usize) {
        self.changes.push(if is_new {
            Change::Created(what)
        } else if self.steps.len() > steps_before {
            Change::Updated(what)
        } else {
            Change::Unchanged(what)
        });
    }

    /// A tenant of the file or of the database.
    pub(super) async fn tenant(&mut self, key: &str, place: &str) -> Result<Tenant, ApplyError> {
        if let Some(tenant) = self.tenants.get(key) {
            return Ok(tenant.clone());
        }
        let found = self.reading().await?.tenant_by_key(key).await?;
        let tenant = found.ok_or_else(|| {
            ApplyError::Invalid(format!(
                "{place} = {key:?}: no tenant has that key; declare it under [[tenants]]"
            ))
        })?;
        self.tenants.insert(key.to_owned(), tenant.clone());
        Ok(tenant)
    }

    /// A role of the file or of the database; with a tenant, its own or one of all tenants.
    pub(super) async fn role(
        &mut self,
        name: &str,
        tenant: &Tenant,
        place: &str,
    ) -> Result<Role, ApplyError> {
        for owner in [Some(tenant.id), None] {
            let key = (owner, name.to_owned());
            if let Some(role) = self.roles.get(&key) {
                return Ok(role.clone());
            }
            if let Some(role) = self.reading().await?.role_by_name(name, owner).await? {
                self.roles.insert(key, role.clone());
                return Ok(role);
            }
        }
        Err(ApplyError::Invalid(format!(
            "{place} = {name:?}: tenant {:?} has no role of that name, and no role without tenant has it; declare it under [[roles]]",
            tenant.key
        )))
    }

    /// A client of the file or of the database.
    pub(super) async fn client_key(&mut self, client_id: &str, place: &str) -> Result<ClientKey, ApplyError> {
        if let Some(key) = self.clients.get(client_id) {
            return Ok(*key);
        }
        let found = self.reading().await?.client_by_client_id(client_id).await?;
        let client = found.ok_or_else(|| {
            ApplyError::Invalid(format!(
                "{place} = {client_id:?}: no client has that client_id; declare it under [[clients]]"
            ))
        })?;
        self.clients.insert(client_id.to_owned(), client.key);
        Ok(client.key)
    }
}
