//! Where who signs up goes: the operator's word, never the request's.

use super::{Core, SignUpSettings};
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::ClientKey;
use crate::domain::membership::Role;
use crate::domain::tenant::{Tenant, TenantStatus};
use crate::ports::store::{StoreError, Tx};

/// The role of who signs up where the operator names none.
const MEMBER: &str = "Member";

impl Core {
    /// The tenant of who signs up.
    ///
    /// # Errors
    /// SignUpClosed: nobody may sign up, or there are several tenants and the operator named none of them.
    pub(super) async fn sign_up_tenant(&self) -> Result<(&SignUpSettings, Tenant), Error> {
        let settings = self.settings.sign_up.as_ref().ok_or(ErrorKind::SignUpClosed)?;
        let mut tx = self.reading("sign_up_tenant").await?;
        let tenant = match &settings.tenant {
            Some(key) => tx.tenant_by_key(key).await?,
            None => tx.only_tenant().await?,
        };
        let Some(tenant) = tenant else {
            let reason =
                "native.sign_up_tenant names no tenant, or there are several and it names none of them";
            return Err(misconfigured(reason, settings.tenant.as_deref()));
        };
        if tenant.status == TenantStatus::Active {
            Ok((settings, tenant))
        } else {
            Err(ErrorKind::SignUpClosed.into())
        }
    }

    /// The role of who signs up; the one without permissions is made when it is missing.
    pub(super) async fn sign_up_role(
        &self,
        settings: &SignUpSettings,
        tenant: &Tenant,
    ) -> Result<Role, Error> {
        let name = settings.role.as_deref().unwrap_or(MEMBER);
        if let Some(role) = find_role(&mut *self.reading("sign_up_role").await?, name, tenant).await? {
            return Ok(role);
        }
        if settings.role.is_some() {
            return Err(misconfigured("native.sign_up_role names no role of the tenant", Some(name)));
        }
        self.make_member_role(tenant).await?;
        let role = find_role(&mut *self.reading("sign_up_role").await?, name, tenant).await?;
        role.ok_or_else(|| ErrorKind::Unavailable.into())
    }

    /// Two nodes may do so at once: the slower one finds the other's.
    async fn make_member_role(&self, tenant: &Tenant) -> Result<(), Error> {
        let role = Role {
            id: self.new_id(),
            tenant: Some(tenant.id),
            name: MEMBER.to_owned(),
            permissions: Vec::new(),
            second_factor: None,
        };
        let mut tx = self.writing("make_member_role").await?;
        match tx.add_role(&role, self.now()).await {
            Ok(()) => Ok(tx.commit().await?),
            Err(StoreError::Taken { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The clients that the account may sign in through.
    pub(super) async fn sign_up_clients(
        &self,
        settings: &SignUpSettings,
        tenant: &Tenant,
    ) -> Result<Vec<ClientKey>, Error> {
        let mut tx = self.reading("sign_up_clients").await?;
        let Some(names) = &settings.clients else { return Ok(tx.clients_of_people(tenant.id).await?) };
        let mut clients = Vec::new();
        for name in names {
            match tx.client_by_client_id(name).await? {
                Some(client) => clients.push(client.key),
                None => return Err(misconfigured("native.sign_up_clients names no client", Some(name))),
            }
        }
        Ok(clients)
    }
}

async fn find_role(tx: &mut dyn Tx, name: &str, tenant: &Tenant) -> Result<Option<Role>, Error> {
    match tx.role_by_name(name, Some(tenant.id)).await? {
        None => Ok(tx.role_by_name(name, None).await?),
        own => Ok(own),
    }
}

fn misconfigured(reason: &str, name: Option<&str>) -> Error {
    tracing::warn!(event = "sign_up_misconfigured", reason, name);
    ErrorKind::SignUpClosed.into()
}
