//! Claims of access tokens of this dialect (RFC 9068 §2.2).

use crate::domain::authorization::{Authorization, GrantType};
use crate::domain::client::Client;
use crate::domain::ids::Id as _;
use crate::domain::membership::Membership;
use crate::domain::oauth_claims::{Audience, BearerType, OAuthClaims, TokenBinding, TokenName};
use crate::domain::oidc_scope::OPENID;
use crate::domain::refresh::IssuedAccess;
use crate::domain::revocation::Epochs;
use crate::domain::tenant::Tenant;
use crate::domain::user::User;
use crate::usecase::issue_tokens::TokenHolder;
use crate::usecase::{Core, Subject};

/// `realm` of every token: there is one.
pub(super) const REALM: &str = "/";

impl Core {
    /// What `sub` says of the user.
    pub(in crate::usecase) fn subject_of(&self, user: &User) -> String {
        subject(self.settings.oauth.subject, user)
    }

    /// The claims of an access token for somebody, as far as that was authorized.
    pub(in crate::usecase) fn oauth_claims(
        &self,
        holder: TokenHolder<'_>,
        authorization: &Authorization,
        access: IssuedAccess,
    ) -> OAuthClaims {
        let TokenHolder { client, session, user, membership } = holder;
        OAuthClaims {
            iss: self.settings.issuer.clone(),
            sub: self.subject_of(user),
            aud: self.audience(client, authorization),
            exp: access.expires_at.unix_seconds(),
            iat: access.issued_at.unix_seconds(),
            nbf: access.issued_at.unix_seconds(),
            jti: access.id,
            client_id: client.client_id.clone(),
            scope: authorization.scopes.clone(),
            sid: Some(session.id),
            auth_time: Some(authorization.auth_time),
            acr: session.methods.acr().map(str::to_owned),
            amr: session.methods.amr(),
            token_name: TokenName::AccessToken,
            token_type: BearerType::Bearer,
            grant_type: authorization.grant_type,
            expires_in: lifetime(access),
            auth_grant_id: session.id.uuid(),
            realm: REALM.to_owned(),
            binding: TokenBinding {
                user: Some(user.id),
                membership: Some(membership.id),
                tenant: Some(membership.tenant),
                client: client.key,
                epochs: epochs(client, user, membership),
            },
        }
    }

    /// The claims of an access token with which the client speaks for itself.
    pub(super) fn own_claims(
        &self,
        client: &Client,
        tenant: Option<&Tenant>,
        authorization: Authorization,
        access: IssuedAccess,
    ) -> OAuthClaims {
        OAuthClaims {
            iss: self.settings.issuer.clone(),
            sub: client.client_id.clone(),
            aud: self.audience(client, &authorization),
            exp: access.expires_at.unix_seconds(),
            iat: access.issued_at.unix_seconds(),
            nbf: access.issued_at.unix_seconds(),
            jti: access.id,
            client_id: client.client_id.clone(),
            scope: authorization.scopes,
            sid: None,
            auth_time: Some(authorization.auth_time),
            acr: None,
            amr: Vec::new(),
            token_name: TokenName::AccessToken,
            token_type: BearerType::Bearer,
            grant_type: GrantType::ClientCredentials,
            expires_in: lifetime(access),
            auth_grant_id: access.id.uuid(),
            realm: REALM.to_owned(),
            binding: TokenBinding {
                user: None,
                membership: None,
                tenant: tenant.map(|tenant| tenant.id),
                client: client.key,
                epochs: Epochs {
                    client: client.epoch,
                    tenant: tenant.map_or(0, |tenant| tenant.epoch),
                    ..Epochs::default()
                },
            },
        }
    }

    /// The client, or the resources it asked for; then with `openid` the userinfo endpoint reads the token too.
    fn audience(&self, client: &Client, authorization: &Authorization) -> Audience {
        if authorization.resources.is_empty() {
            return Audience(vec![client.client_id.clone()]);
        }
        let issuer = authorization.has_scope(OPENID).then(|| self.settings.issuer.clone());
        let mut recipients = authorization.resources.clone();
        recipients.extend(issuer.filter(|issuer| !authorization.resources.contains(issuer)));
        Audience(recipients)
    }
}

/// What `sub` says of the user.
pub(super) fn subject(setting: Subject, user: &User) -> String {
    match setting {
        Subject::Id => user.id.to_string(),
        Subject::Username => user.username.clone(),
    }
}

fn lifetime(access: IssuedAccess) -> i64 {
    access.expires_at.unix_seconds() - access.issued_at.unix_seconds()
}

fn epochs(client: &Client, user: &User, membership: &Membership) -> Epochs {
    Epochs {
        user: user.epoch,
        membership: membership.epoch,
        tenant: membership.tenant_epoch,
        client: client.epoch,
    }
}
