//! A client's own credentials → an access token with which it speaks for itself (RFC 6749 §4.4). Nothing is stored.

use std::sync::Arc;

use super::issue_tokens::{TokenReply, require_grant};
use super::scopes::{resources_of_client, scopes_of_client};
use crate::domain::authorization::{Authorization, ClaimsRequest, GrantType};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::oidc_scope::is_oidc;
use crate::domain::refresh::IssuedAccess;
use crate::domain::tenant::{Tenant, TenantStatus};
use crate::usecase::{Core, MAX_ACCESS_TOKEN_TTL};

impl Core {
    /// An access token without a user.
    pub(super) async fn client_grant(
        &self,
        client: &Client,
        scope: Option<&str>,
        resources: &[String],
    ) -> Result<TokenReply, Error> {
        if client.client_type.is_public() {
            return Err(ErrorKind::GrantNotAllowed.into());
        }
        require_grant(client, GrantType::ClientCredentials)?;
        let scopes = scopes_of_client(client, scope)?;
        if scopes.iter().any(|scope| is_oidc(scope)) {
            return Err(ErrorKind::ScopeInvalid.into());
        }
        let resources = resources_of_client(client, resources)?;
        let tenant = self.tenant_of(client).await?;
        let now = self.now().whole_seconds();
        let expires_at = now.plus(client.access_token_ttl.min(MAX_ACCESS_TOKEN_TTL)).whole_seconds();
        let access = IssuedAccess { id: self.new_id(), issued_at: now, expires_at };
        let authorization = Authorization {
            grant_type: GrantType::ClientCredentials,
            scopes: scopes.clone(),
            resources,
            claims: ClaimsRequest::default(),
            auth_time: now.unix_seconds(),
            browser_session: None,
        };
        let claims = self.own_claims(client, tenant.as_deref(), authorization, access);
        let expires_in = claims.expires_in - 1;
        let access_token = self.ports.signer.sign_oauth(&claims, client).await?;
        Ok(TokenReply { access_token, refresh_token: None, id_token: None, scope: scopes, expires_in })
    }

    /// The client's tenant, which must be active; `None` = the operator's client.
    async fn tenant_of(&self, client: &Client) -> Result<Option<Arc<Tenant>>, Error> {
        let Some(id) = client.tenant else { return Ok(None) };
        let read_at = self.ports.clock.monotonic();
        let tenant = if let Some(tenant) = self.recent.tenants.get(&id, read_at) {
            tenant
        } else {
            let tenant = self.reading("client_tenant").await?.tenant(id).await?;
            let tenant = Arc::new(tenant.ok_or(ErrorKind::ClientAuthFailed)?);
            self.recent.tenants.put(id, Arc::clone(&tenant), read_at);
            tenant
        };
        if tenant.status != TenantStatus::Active {
            return Err(ErrorKind::ClientAuthFailed.into());
        }
        Ok(Some(tenant))
    }
}
