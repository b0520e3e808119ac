//! Clients of the declaration.

use super::ApplyError;
use super::client_oauth;
use super::plan::{Planner, Step};
use super::spec::ClientSpec;
use crate::domain::client::{AuthMethod, Client, ClientOAuth, ClientType};
use crate::domain::client_rules::{Unfit, check_client};
use crate::domain::ids::{ClientKey, TenantId};
use crate::domain::key::Algorithm;
use crate::domain::redirect_uri::check_registration;
use crate::domain::secret::Secret;
use crate::usecase::{MAX_ACCESS_TOKEN_TTL, client_secret_hash, hs256_place};

/// Fewest characters of a client secret that raise no warning: 128 bits in base64url.
const GOOD_SECRET_LENGTH: usize = 22;
/// Fewest bytes of an HS256 key (RFC 7518 §3.2).
const HS256_KEY_BYTES: usize = 32;

impl Planner<'_> {
    pub(super) async fn plan_clients(&mut self, specs: &[ClientSpec]) -> Result<(), ApplyError> {
        for (index, spec) in specs.iter().enumerate() {
            let place = format!("clients[{index}]");
            check_spec(spec, &place)?;
            if self.clients.contains_key(&spec.client_id) {
                return Err(ApplyError::Invalid(format!(
                    "{place}.client_id = {:?}: declared twice",
                    spec.client_id
                )));
            }
            let tenant = match &spec.tenant {
                Some(key) => Some(self.tenant(key, &format!("{place}.tenant")).await?.id),
                None => None,
            };
            let before = self.steps.len();
            let existing = self.reading().await?.client_by_client_id(&spec.client_id).await?;
            let is_new = existing.is_none();
            let client = self.declared_client(spec, tenant, existing.as_ref(), &place).await?;
            self.clients.insert(spec.client_id.clone(), client.key);
            match existing {
                None => self.steps.push(Step::AddClient(client)),
                Some(existing) if existing != client => {
                    let invalidate = existing.enabled && !client.enabled;
                    self.steps.push(Step::SaveClient { client, invalidate });
                }
                Some(_) => {}
            }
            self.note(format!("client {}", spec.client_id), is_new, before);
        }
        Ok(())
    }

    async fn declared_client(
        &mut self,
        spec: &ClientSpec,
        tenant: Option<TenantId>,
        existing: Option<&Client>,
        place: &str,
    ) -> Result<Client, ApplyError> {
        let mut client = existing.cloned().unwrap_or_else(|| self.blank_client(&spec.client_id));
        let key = client.key;
        overwrite(&mut client.name, spec.name.as_ref());
        overwrite(&mut client.client_type, spec.client_type.as_ref());
        client.tenant = tenant.or(client.tenant);
        overwrite(&mut client.redirect_uris, spec.redirect_uris.as_ref());
        overwrite(&mut client.logout_redirect_uris, spec.logout_redirect_uris.as_ref());
        overwrite(&mut client.grants, spec.grants.as_ref());
        client.second_factor = spec.second_factor.or(client.second_factor);
        overwrite(&mut client.scopes, spec.scopes.as_ref());
        overwrite(&mut client.access_token_ttl, spec.access_token_ttl.as_ref());
        overwrite(&mut client.refresh_token_ttl, spec.refresh_token_ttl.as_ref());
        overwrite(&mut client.auth_code_ttl, spec.auth_code_ttl.as_ref());
        client.oauth = client_oauth::laid_over(&spec.oauth, client.oauth);
        overwrite(&mut client.enabled, spec.enabled.as_ref());
        if existing.is_none() && spec.grants.is_none() && client.client_type == ClientType::MachineToMachine {
            client.grants = vec!["client_credentials".to_owned()];
        }
        client.algorithm = spec.algorithm.or(client.algorithm);
        check_client(&client).map_err(|unfit| invalid(place, &unfit))?;
        let set_secrets = existing.is_none() || self.options.reset_secrets;
        if set_secrets || client.secret_hash.is_none() {
            self.declare_secret(spec, &mut client, place).await?;
        }
        if client.algorithm == Some(Algorithm::HS256) && (set_secrets || client.hs256_secret.is_none()) {
            self.declare_hs256_secret(spec, &mut client, key, place)?;
        }
        Ok(client)
    }

    async fn declare_secret(
        &mut self,
        spec: &ClientSpec,
        client: &mut Client,
        place: &str,
    ) -> Result<(), ApplyError> {
        let Some(secret) = spec.client_secret.as_ref().filter(|_| !client.client_type.is_public()) else {
            let needs_secret = !client.client_type.is_public()
                && client.oauth.auth_method != Some(AuthMethod::PrivateKeyJwt);
            if needs_secret && client.secret_hash.is_none() {
                return Err(ApplyError::Invalid(format!(
                    "{place}.client_secret: missing; a client of type {:?} needs one (type \"spa\" has none)",
                    client.client_type.as_str()
                )));
            }
            return Ok(());
        };
        if secret.expose().len() < GOOD_SECRET_LENGTH {
            self.warn(format!(
                "client {} has a short client_secret; use at least {GOOD_SECRET_LENGTH} random characters",
                spec.client_id
            ));
        }
        // A dry run must not make the server key that hashing may need first.
        client.secret_hash = Some(if self.options.dry_run {
            Vec::new()
        } else {
            client_secret_hash(self.core.ports.signer.as_ref(), secret.expose()).await?
        });
        Ok(())
    }

    /// Without a declared key one is generated: tokens work here, and an operator can declare a shared one later.
    fn declare_hs256_secret(
        &mut self,
        spec: &ClientSpec,
        client: &mut Client,
        key: ClientKey,
        place: &str,
    ) -> Result<(), ApplyError> {
        let declared = spec.hs256_secret.as_ref().map(|secret| secret.expose().as_bytes().to_vec());
        if declared.as_ref().is_some_and(|secret| secret.len() < HS256_KEY_BYTES) {
            return Err(ApplyError::Invalid(format!(
                "{place}.hs256_secret: too short; expected at least {HS256_KEY_BYTES} bytes (RFC 7518 §3.2)"
            )));
        }
        if declared.is_none() && client.hs256_secret.is_some() {
            return Ok(());
        }
        if declared.is_none() {
            self.warn(format!(
                "client {} has no hs256_secret; a random one was made that only this service knows",
                spec.client_id
            ));
        }
        let secret = Secret::new(declared.unwrap_or_else(|| self.core.random::<HS256_KEY_BYTES>().to_vec()));
        let place = hs256_place(key);
        let stored = client
            .hs256_secret
            .as_deref()
            .and_then(|sealed| self.core.ports.sealer.open(&place, sealed).ok());
        if stored.is_none_or(|stored| stored.expose() != secret.expose()) {
            client.hs256_secret = Some(self.core.ports.sealer.seal(&place, secret.expose()));
        }
        Ok(())
    }

    fn blank_client(&self, client_id: &str) -> Client {
        let defaults = self.options.client_defaults;
        Client {
            key: self.core.new_id(),
            client_id: client_id.to_owned(),
            secret_hash: None,
            name: client_id.to_owned(),
            client_type: ClientType::Web,
            tenant: None,
            redirect_uris: Vec::new(),
            logout_redirect_uris: Vec::new(),
            grants: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
            scopes: Vec::new(),
            access_token_ttl: defaults.access_token_ttl,
            refresh_token_ttl: defaults.refresh_token_ttl,
            auth_code_ttl: defaults.auth_code_ttl,
            algorithm: None,
            hs256_secret: None,
            second_factor: None,
            oauth: ClientOAuth::default(),
            enabled: true,
            epoch: 0,
        }
    }
}

fn overwrite<T: Clone>(target: &mut T, declared: Option<&T>) {
    if let Some(declared) = declared {
        *target = declared.clone();
    }
}

fn check_spec(spec: &ClientSpec, place: &str) -> Result<(), ApplyError> {
    let redirects = spec.redirect_uris.iter().flatten().map(|uri| ("redirect_uris", uri));
    let logouts = spec.logout_redirect_uris.iter().flatten().map(|uri| ("logout_redirect_uris", uri));
    for (field, uri) in redirects.chain(logouts) {
        check_registration(uri)
            .map_err(|reason| ApplyError::Invalid(format!("{place}.{field}: {uri:?} {reason}")))?;
    }
    if spec.access_token_ttl.is_some_and(|ttl| ttl > MAX_ACCESS_TOKEN_TTL) {
        return Err(ApplyError::Invalid(format!(
            "{place}.access_token_ttl: expected at most 24h; use refresh tokens for longer sessions"
        )));
    }
    client_oauth::check(&spec.oauth).map_err(|unfit| invalid(place, &unfit))
}

fn invalid(place: &str, unfit: &Unfit) -> ApplyError {
    ApplyError::Invalid(format!("{place}.{}: {}", unfit.field, unfit.reason))
}
