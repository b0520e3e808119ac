//! The account of somebody whom nobody here knows yet, as a provider describes him.

use super::Core;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::ExternalIdentity;
use crate::domain::ids::RoleId;
use crate::domain::linking::address_key;
use crate::domain::membership::{Membership, MembershipStatus, Role};
use crate::domain::tenant::Tenant;
use crate::domain::user::{User, username_key};
use crate::ports::provider::{ProviderInfo, SignUp};

/// Most characters taken over of a name, an address, a number.
pub(super) const MAX_TEXT: usize = 150;
/// Most characters taken over of a picture's address.
const MAX_URL: usize = 2048;
/// Most characters of a language tag (RFC 5646 §4.4.1).
const MAX_LOCALE: usize = 35;

/// An account that is not stored yet.
pub(super) struct NewAccount {
    pub(super) user: User,
    pub(super) membership: Membership,
    pub(super) role: RoleId,
}

impl Core {
    /// An account in the tenant and role that the provider's `sign_up` names. `is_contested` = the name chosen before was
    /// taken in the meantime.
    ///
    /// # Errors
    /// UpstreamMisconfigured: no such tenant or role. UserInactive: the tenant is switched off.
    pub(super) async fn new_account(
        &self,
        provider: &ProviderInfo,
        external: &ExternalIdentity,
        client: &Client,
        is_contested: bool,
    ) -> Result<NewAccount, Error> {
        let (tenant, role) = self.place(provider).await?;
        let username = self.free_username(provider, external, is_contested).await?;
        let user = self.new_user(username, external, &tenant);
        let membership = Membership {
            id: self.new_id(),
            user: user.id,
            tenant: tenant.id,
            tenant_status: tenant.status,
            tenant_name: tenant.name.clone(),
            tenant_epoch: tenant.epoch,
            role: role.name,
            role_permissions: role.permissions,
            role_second_factor: role.second_factor,
            allowed: Vec::new(),
            denied: Vec::new(),
            status: MembershipStatus::ACTIVE,
            locale: text(external.locale.as_deref(), MAX_LOCALE),
            epoch: 0,
        };
        if !membership.may_sign_in() {
            tracing::warn!(event = "sign_up_refused", provider = provider.id, client_id = client.client_id);
            return Err(ErrorKind::UserInactive.into());
        }
        Ok(NewAccount { user, membership, role: role.id })
    }

    async fn place(&self, provider: &ProviderInfo) -> Result<(Tenant, Role), Error> {
        let SignUp::Create { tenant: tenant_key, role: role_name } = &provider.sign_up else {
            return Err(ErrorKind::Internal.into());
        };
        let mut tx = self.reading("sign_up_place").await?;
        let tenant = tx.tenant_by_key(tenant_key).await?;
        let role = match &tenant {
            None => None,
            Some(tenant) => match tx.role_by_name(role_name, Some(tenant.id)).await? {
                None => tx.role_by_name(role_name, None).await?,
                own => own,
            },
        };
        if let (Some(tenant), Some(role)) = (tenant, role) {
            return Ok((tenant, role));
        }
        tracing::error!(
            event = "provider_misconfigured",
            provider = provider.id,
            reason =
                "sign_up_tenant or sign_up_role names what does not exist: create it with `doorward apply`",
            tenant = tenant_key,
            role = role_name
        );
        Err(ErrorKind::UpstreamMisconfigured.into())
    }

    /// A name that nobody has. An address is a name only when the provider has verified it: else anybody could take the
    /// name that its owner will want.
    async fn free_username(
        &self,
        provider: &ProviderInfo,
        external: &ExternalIdentity,
        is_contested: bool,
    ) -> Result<String, Error> {
        let address = external.email.as_deref().filter(|_| external.email_verified).and_then(address_key);
        let name = text(external.username.as_deref(), MAX_TEXT);
        let name = name.filter(|name| !name.contains(|c: char| c == '@' || c.is_whitespace()));
        let mut tx = self.reading("free_username").await?;
        for candidate in address.into_iter().chain(name).filter(|_| !is_contested) {
            if candidate.chars().count() <= MAX_TEXT
                && tx.account_by_username_key(&username_key(&candidate)).await?.is_none()
            {
                return Ok(candidate);
            }
        }
        Ok(format!("{}-{}", provider.id, hex::encode(self.random::<8>())))
    }

    fn new_user(&self, username: String, external: &ExternalIdentity, tenant: &Tenant) -> User {
        let email = text(external.email.as_deref(), MAX_TEXT);
        let first_name = text(external.first_name.as_deref(), MAX_TEXT);
        User {
            id: self.new_id(),
            first_name: first_name.unwrap_or_else(|| username.clone()),
            username,
            email_verified: external.email_verified && email.is_some(),
            email,
            phone: text(external.phone.as_deref(), MAX_TEXT),
            middle_name: None,
            last_name: text(external.last_name.as_deref(), MAX_TEXT),
            gender: None,
            dob: None,
            photo_url: text(external.photo_url.as_deref(), MAX_URL).filter(|url| url.starts_with("https://")),
            designation: None,
            default_tenant: Some(tenant.id),
            last_login: None,
            deleted_at: None,
            credential_version: 0,
            epoch: 0,
        }
    }
}

/// A stranger's text that can be stored and shown: not empty, not too long, without control characters.
pub(super) fn text(value: Option<&str>, most: usize) -> Option<String> {
    let value = value?.trim();
    let is_usable =
        !value.is_empty() && value.chars().count() <= most && !value.chars().any(char::is_control);
    is_usable.then(|| value.to_owned())
}
