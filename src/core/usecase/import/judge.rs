//! One user of the old service: what of it can be used here, and whether the user could sign in.

use uuid::Uuid;

use super::users::Stored;
use super::{Importer, Kind, Reason, Topic};
use crate::domain::ids::{ClientKey, Id as _, MembershipId, TenantId, UserId};
use crate::domain::import::{FoundMembership, FoundUser, NewMembership, NewUser};
use crate::domain::membership::{Membership, MembershipStatus, NoMembership, choose_membership};
use crate::domain::time::Timestamp;
use crate::domain::user::{Identity, User};

/// What the hasher calls a hash it cannot verify.
const UNKNOWN_SCHEME: &str = "unknown";
const INTERNAL: &str = "internal";

/// The instance that the old service's word means here: the kind's own, see `[providers.<id>]`.
fn provider_here(word: &str) -> &str {
    match word {
        "aws-cognito" => "cognito",
        other => other,
    }
}

/// Provider (by our name) and id there of a user who signs in at a provider.
pub(super) fn account_at_provider(found: &FoundUser) -> Option<(String, String)> {
    let credential = found.credential.as_ref().filter(|credential| credential.provider != INTERNAL)?;
    let subject = credential.subject.clone().filter(|subject| !subject.is_empty())?;
    Some((provider_here(&credential.provider).to_owned(), subject))
}

impl Importer<'_> {
    pub(super) fn judge(&mut self, found: &FoundUser, stored: &Stored) -> NewUser {
        let created_at = found.created_on.map_or_else(|| self.core.now(), Timestamp::new);
        let user = self.account(found, created_at);
        let password = self.password(found);
        let identity = self.identity(found, &user, stored);
        let clients = self.user_clients(found);
        let memberships = self.memberships(found, user.id, created_at, stored);
        if found.credential.as_ref().is_some_and(|credential| credential.has_second_factor) {
            self.report.note(Topic::SecondFactor, &found.username);
        }
        let new = NewUser { user, created_at, password, clients, memberships, identity };
        if !found.is_deleted {
            self.note_locked_out(found, &new);
        }
        new
    }

    fn account(&mut self, found: &FoundUser, created_at: Timestamp) -> User {
        let default_tenant = found.default_tenant.and_then(|tenant| self.tenants.get(&tenant));
        if found.default_tenant.is_some() && default_tenant.is_none() {
            self.report.note(Topic::DefaultTenantUnknown, &found.username);
        }
        let deleted_at = found.deleted_on.map_or(created_at, Timestamp::new);
        User {
            id: UserId::from_uuid(found.id),
            username: found.username.clone(),
            email: found.email.clone(),
            // The old service kept no proof.
            email_verified: false,
            phone: found.phone.clone(),
            first_name: found.first_name.clone(),
            middle_name: found.middle_name.clone(),
            last_name: found.last_name.clone(),
            gender: found.gender.clone(),
            dob: found.dob,
            photo_url: found.photo_url.clone(),
            designation: found.designation.clone(),
            default_tenant: default_tenant.map(|tenant| tenant.id),
            last_login: found.last_login.map(Timestamp::new),
            deleted_at: found.is_deleted.then_some(deleted_at),
            credential_version: 0,
            epoch: 0,
        }
    }

    /// A hash of no known kind is not stored: nothing could ever match it.
    fn password(&self, found: &FoundUser) -> Option<(String, String)> {
        let credential = found.credential.as_ref().filter(|credential| credential.provider == INTERNAL)?;
        let hash = credential.hash.as_ref()?.expose();
        let scheme = self.core.ports.passwords.scheme(hash);
        (scheme != UNKNOWN_SCHEME).then(|| (hash.clone(), scheme))
    }

    fn identity(&mut self, found: &FoundUser, user: &User, stored: &Stored) -> Option<Identity> {
        let account = account_at_provider(found)?;
        if stored.identities.contains(&account) || !self.identities.insert(account.clone()) {
            self.report.count(Kind::Identities).left_out += 1;
            self.report.note(Topic::IdentityTaken, format_args!("{} ({})", found.username, account.0));
            return None;
        }
        let (provider, subject) = account;
        Some(Identity { id: self.core.new_id(), user: user.id, provider, subject, issuer: String::new() })
    }

    fn user_clients(&mut self, found: &FoundUser) -> Vec<ClientKey> {
        let mut keys: Vec<ClientKey> = Vec::new();
        let mut names_others = false;
        for number in &found.clients {
            match self.clients.get(number) {
                Some(key) if !keys.contains(key) => keys.push(*key),
                Some(_) => {}
                None => names_others = true,
            }
        }
        if names_others {
            self.report.note(Topic::UserClientUnknown, &found.username);
        }
        keys
    }

    fn memberships(
        &mut self,
        found: &FoundUser,
        user: UserId,
        created_at: Timestamp,
        stored: &Stored,
    ) -> Vec<NewMembership> {
        let mut memberships: Vec<NewMembership> = Vec::new();
        for place in &found.memberships {
            let tenant = TenantId::from_uuid(place.tenant);
            let is_second = memberships.iter().any(|new| new.membership.tenant == tenant);
            if is_second || stored.memberships.contains(&place.id) {
                self.leave_out(Topic::MembershipTwice, found, place.id);
                continue;
            }
            match self.membership(found, place, user, created_at) {
                Some(new) => memberships.push(new),
                None => self.leave_out(Topic::MembershipNowhere, found, place.id),
            }
        }
        memberships
    }

    fn leave_out(&mut self, topic: Topic, found: &FoundUser, membership: Uuid) {
        self.report.count(Kind::Memberships).left_out += 1;
        self.report.note(topic, format_args!("{} ({membership})", found.username));
    }

    fn membership(
        &mut self,
        found: &FoundUser,
        place: &FoundMembership,
        user: UserId,
        created_at: Timestamp,
    ) -> Option<NewMembership> {
        let tenant = self.tenants.get(&place.tenant)?;
        let role = self.roles.get(&place.role)?;
        let status = MembershipStatus::from_code(place.status).unwrap_or_else(|| {
            self.report.note(Topic::StatusUnknown, format_args!("{} ({})", found.username, place.status));
            MembershipStatus::INACTIVE
        });
        let membership = Membership {
            id: MembershipId::from_uuid(place.id),
            user,
            tenant: tenant.id,
            tenant_status: tenant.status,
            tenant_name: tenant.name.clone(),
            tenant_epoch: tenant.epoch,
            role: role.name.clone(),
            role_permissions: role.permissions.clone(),
            role_second_factor: role.second_factor,
            allowed: place.allowed.clone(),
            denied: place.denied.clone(),
            status,
            locale: place.locale.clone(),
            epoch: 0,
        };
        let created_at = place.created_on.map_or(created_at, Timestamp::new);
        Some(NewMembership { membership, role: role.id, created_at })
    }

    fn note_locked_out(&mut self, found: &FoundUser, new: &NewUser) {
        let places: Vec<Membership> = new.memberships.iter().map(|new| new.membership.clone()).collect();
        let standing = match choose_membership(&places, new.user.default_tenant) {
            Ok(_) => None,
            Err(_) if places.is_empty() => Some(Reason::NoMembership),
            Err(NoMembership::NotActiveYet) => Some(Reason::NotActive),
            Err(NoMembership::Inactive) => Some(Reason::Inactive),
        };
        let without_client = new.clients.is_empty().then_some(Reason::NoClient);
        let reasons = [self.lacking_credential(found, new), standing, without_client];
        let mut reasons = reasons.into_iter().flatten().peekable();
        self.report.locked_out += u64::from(reasons.peek().is_some());
        for reason in reasons {
            self.report.note(Topic::LockedOut(reason), &found.username);
        }
    }

    fn lacking_credential(&self, found: &FoundUser, new: &NewUser) -> Option<Reason> {
        if new.password.is_some() {
            return None;
        }
        if let Some(identity) = &new.identity {
            let is_configured = self.options.providers.contains(&identity.provider);
            return (!is_configured).then_some(Reason::NoProvider);
        }
        let has_hash = found
            .credential
            .as_ref()
            .is_some_and(|credential| credential.provider == INTERNAL && credential.hash.is_some());
        Some(if has_hash { Reason::UnknownHash } else { Reason::NoCredential })
    }
}
