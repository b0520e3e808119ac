//! Users of the declaration, with memberships and identities.

use super::ApplyError;
use super::plan::{Planner, Step};
use super::spec::{MembershipSpec, PasswordSpec, UserSpec};
use crate::domain::ids::{Id, TenantId, UserId};
use crate::domain::membership::Membership;
use crate::domain::user::{Account, Identity, User, username_key};
use crate::ports::password::Verdict;

impl Planner<'_> {
    pub(super) async fn plan_users(&mut self, specs: &[UserSpec]) -> Result<(), ApplyError> {
        for (index, spec) in specs.iter().enumerate() {
            let place = format!("users[{index}]");
            let before = self.steps.len();
            let existing = self.existing_account(spec).await?;
            let user = self.plan_user(spec, existing.as_ref(), &place).await?;
            self.plan_profile(spec, existing.is_some(), user).await?;
            self.plan_password(spec, existing.as_ref(), user, &place).await?;
            self.plan_user_clients(spec, existing.as_ref(), user, &place).await?;
            let memberships = match &existing {
                Some(_) => self.reading().await?.memberships(user).await?,
                None => Vec::new(),
            };
            for (index, spec) in spec.memberships.iter().enumerate() {
                let place = format!("{place}.memberships[{index}]");
                self.plan_membership(spec, user, &memberships, &place).await?;
            }
            self.plan_identities(spec, existing.is_some(), user).await?;
            self.note(format!("user {}", spec.username), existing.is_none(), before);
        }
        Ok(())
    }

    /// By id when one is declared; else by username, a removed account only when the declaration says removed.
    async fn existing_account(&self, spec: &UserSpec) -> Result<Option<Account>, ApplyError> {
        let mut tx = self.reading().await?;
        if let Some(id) = spec.id
            && let Some(account) = tx.account(id).await?
        {
            return Ok(Some(account));
        }
        let key = username_key(&spec.username);
        if let Some(account) = tx.account_by_username_key(&key).await? {
            return Ok(Some(account));
        }
        Ok(if spec.deleted == Some(true) { tx.removed_account_by_username_key(&key).await? } else { None })
    }

    async fn plan_user(
        &mut self,
        spec: &UserSpec,
        existing: Option<&Account>,
        place: &str,
    ) -> Result<UserId, ApplyError> {
        let default_tenant = match &spec.default_tenant {
            Some(key) => Some(self.tenant(key, &format!("{place}.default_tenant")).await?.id),
            None => None,
        };
        let Some(Account { user: existing, .. }) = existing else {
            let user = self.declared_user(spec, self.blank_user(spec), default_tenant);
            let id = user.id;
            self.steps.push(Step::AddUser(user));
            return Ok(id);
        };
        let user = self.declared_user(spec, existing.clone(), default_tenant);
        if spec.id.is_some_and(|id| id != existing.id) {
            self.warn(format!(
                "user {} keeps its id {}; the declared one is only used at creation",
                spec.username, existing.id
            ));
        }
        if user != *existing {
            let end_sessions = user.deleted_at.is_some() && existing.deleted_at.is_none();
            self.steps.push(Step::SaveUser { user, end_sessions });
        }
        Ok(existing.id)
    }

    fn blank_user(&self, spec: &UserSpec) -> User {
        User {
            id: spec.id.unwrap_or_else(|| self.core.new_id()),
            username: spec.username.clone(),
            email: None,
            email_verified: false,
            phone: None,
            first_name: spec.username.clone(),
            middle_name: None,
            last_name: None,
            gender: None,
            dob: None,
            photo_url: None,
            designation: None,
            default_tenant: None,
            last_login: None,
            deleted_at: None,
            credential_version: 0,
            epoch: 0,
        }
    }

    fn declared_user(&self, spec: &UserSpec, base: User, default_tenant: Option<TenantId>) -> User {
        let keep = |declared: &Option<String>, stored: Option<String>| declared.clone().or(stored);
        User {
            username: spec.username.clone(),
            email: keep(&spec.email, base.email),
            email_verified: spec.email_verified.unwrap_or(base.email_verified),
            phone: keep(&spec.phone, base.phone),
            first_name: spec.first_name.clone().unwrap_or(base.first_name),
            middle_name: keep(&spec.middle_name, base.middle_name),
            last_name: keep(&spec.last_name, base.last_name),
            gender: keep(&spec.gender, base.gender),
            dob: spec.dob.or(base.dob),
            photo_url: keep(&spec.photo_url, base.photo_url),
            default_tenant: default_tenant.or(base.default_tenant),
            deleted_at: match spec.deleted {
                Some(true) => base.deleted_at.or_else(|| Some(self.core.now())),
                Some(false) => None,
                None => base.deleted_at,
            },
            ..base
        }
    }

    async fn plan_profile(&mut self, spec: &UserSpec, exists: bool, user: UserId) -> Result<(), ApplyError> {
        let stored = if exists { self.reading().await?.profile(user).await? } else { None };
        let stored = stored.map(|profile| profile.details).unwrap_or_default();
        let details = spec.profile.over(&stored);
        if details != stored {
            self.steps.push(Step::SaveProfile { user, details });
        }
        Ok(())
    }

    async fn plan_password(
        &mut self,
        spec: &UserSpec,
        existing: Option<&Account>,
        user: UserId,
        place: &str,
    ) -> Result<(), ApplyError> {
        if existing.is_some() && !self.options.reset_secrets {
            return Ok(());
        }
        let stored = existing.and_then(|account| account.password_hash.as_deref());
        let passwords = self.core.ports.passwords.clone();
        let hash = match &spec.password {
            None => return Ok(()),
            Some(PasswordSpec::Hash(hash)) if stored == Some(hash.expose().as_str()) => return Ok(()),
            Some(PasswordSpec::Hash(hash)) => hash.expose().clone(),
            Some(PasswordSpec::Clear(password)) => {
                if let Some(stored) = stored
                    && passwords.verify(password.clone(), stored).await? != Verdict::NoMatch
                {
                    return Ok(());
                }
                if self.options.dry_run { String::new() } else { passwords.hash(password.clone()).await? }
            }
        };
        let scheme = passwords.scheme(&hash);
        if scheme == "unknown" && !hash.is_empty() {
            return Err(ApplyError::Invalid(format!(
                "{place}.password_hash: unknown kind of hash; expected argon2id, argon2i, bcrypt ($2a$, $2b$, $2y$), scrypt or pbkdf2"
            )));
        }
        self.steps.push(Step::SetPassword { user, hash, scheme, end_sessions: existing.is_some() });
        Ok(())
    }

    async fn plan_user_clients(
        &mut self,
        spec: &UserSpec,
        existing: Option<&Account>,
        user: UserId,
        place: &str,
    ) -> Result<(), ApplyError> {
        let Some(declared) = &spec.clients else { return Ok(()) };
        let mut clients = Vec::new();
        for client_id in declared {
            let key = self.client_key(client_id, &format!("{place}.clients")).await?;
            if !clients.contains(&key) {
                clients.push(key);
            }
        }
        let mut stored = existing.map(|account| account.clients.clone()).unwrap_or_default();
        let mut wanted = clients.clone();
        stored.sort_by_key(|key| key.uuid());
        wanted.sort_by_key(|key| key.uuid());
        if stored != wanted {
            self.steps.push(Step::SetUserClients { user, clients });
        }
        Ok(())
    }

    async fn plan_membership(
        &mut self,
        spec: &MembershipSpec,
        user: UserId,
        stored: &[Membership],
        place: &str,
    ) -> Result<(), ApplyError> {
        let tenant = self.tenant(&spec.tenant, &format!("{place}.tenant")).await?;
        let existing = stored.iter().find(|membership| membership.tenant == tenant.id);
        let role_place = format!("{place}.role");
        let role = spec.role.as_ref().or(existing.map(|membership| &membership.role));
        let role = role.ok_or_else(|| {
            ApplyError::Invalid(format!("{role_place}: missing; a new membership needs a role"))
        })?;
        let role = self.role(role, &tenant, &role_place).await?;
        let base = existing.cloned().unwrap_or_else(|| Membership::blank(self.core.new_id(), user, &tenant));
        let declared = Membership {
            role: role.name.clone(),
            role_permissions: role.permissions.clone(),
            role_second_factor: role.second_factor,
            status: spec.status.unwrap_or(base.status),
            allowed: spec.allow.clone().unwrap_or_else(|| base.allowed.clone()),
            denied: spec.deny.clone().unwrap_or_else(|| base.denied.clone()),
            locale: spec.locale.clone().or_else(|| base.locale.clone()),
            ..base
        };
        match existing {
            None => self.steps.push(Step::AddMembership { membership: declared, role: role.id }),
            Some(existing) if is_changed(existing, &declared) => {
                self.steps.push(Step::SaveMembership { membership: declared, role: role.id });
            }
            Some(_) => {}
        }
        Ok(())
    }

    async fn plan_identities(
        &mut self,
        spec: &UserSpec,
        exists: bool,
        user: UserId,
    ) -> Result<(), ApplyError> {
        let stored = if exists { self.reading().await?.identities(user).await? } else { Vec::new() };
        for declared in &spec.identities {
            let is_linked = stored.iter().any(|identity| {
                identity.provider == declared.provider && identity.subject == declared.subject
            });
            if !is_linked {
                self.steps.push(Step::AddIdentity(Identity {
                    id: self.core.new_id(),
                    user,
                    provider: declared.provider.clone(),
                    subject: declared.subject.clone(),
                    issuer: String::new(),
                }));
            }
        }
        Ok(())
    }
}

/// A role's permissions belong to the role's own step.
fn is_changed(stored: &Membership, declared: &Membership) -> bool {
    stored.role != declared.role
        || stored.status != declared.status
        || stored.allowed != declared.allowed
        || stored.denied != declared.denied
        || stored.locale != declared.locale
}
