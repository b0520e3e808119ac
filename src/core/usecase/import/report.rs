//! What an import did, or would do. Never holds a secret; usernames and ids are shown to the operator.

use std::collections::BTreeMap;
use std::fmt;

/// Most examples of one topic that are kept.
const MOST_EXAMPLES: usize = 20;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Tenants.
    Tenants,
    /// Roles.
    Roles,
    /// Clients.
    Clients,
    /// Users.
    Users,
    /// Users' places in tenants.
    Memberships,
    /// Accounts at identity providers.
    Identities,
    /// Rows of the login activity.
    Activity,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Tenants => "tenants",
            Self::Roles => "roles",
            Self::Clients => "clients",
            Self::Users => "users",
            Self::Memberships => "memberships",
            Self::Identities => "identities",
            Self::Activity => "login activity",
        }
    }
}

/// How many there were, and what became of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Count {
    /// Written, or to be written.
    pub added: u64,
    /// Here already, left alone.
    pub unchanged: u64,
    /// Cannot be used; a finding says why.
    pub left_out: u64,
}

/// Why a user who is imported could not sign in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// Neither password nor account at a provider.
    NoCredential,
    /// The password's hash is of no known kind.
    UnknownHash,
    /// Signs in at a provider that is not configured here.
    NoProvider,
    /// No place in any tenant.
    NoMembership,
    /// Invited, has never been active.
    NotActive,
    /// Every place is inactive or rejected, or in an inactive tenant.
    Inactive,
    /// May sign in through no client.
    NoClient,
}

/// What somebody should know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Topic {
    /// The key belongs to another tenant here.
    TenantTaken,
    /// Status 0: nobody signs in.
    TenantInactive,
    /// Two roles of one name and the same permissions are one here.
    RoleMerged,
    /// Two roles of one name: the second got another.
    RoleRenamed,
    /// The role's tenant does not exist.
    RoleWithoutTenant,
    /// Restricted to clients.
    RoleNamesClients,
    /// Two clients of one `client_id`.
    ClientTwice,
    /// No usable `client_id`.
    ClientWithoutId,
    /// No secret, so nobody can use it.
    ClientWithoutSecret,
    /// A secret that can be guessed.
    ClientShortSecret,
    /// A lifetime that is not possible here.
    ClientLifetime,
    /// A key too short for HS256.
    ClientShortKey,
    /// An address that cannot be registered.
    RedirectRefused,
    /// An address to which codes travel in clear.
    RedirectInsecure,
    /// A username that somebody has.
    UsernameTaken,
    /// A username with capitals.
    UsernameCapitals,
    /// A second factor.
    SecondFactor,
    /// An account at a provider that is linked to another user.
    IdentityTaken,
    /// Two places of a user in one tenant.
    MembershipTwice,
    /// A place in a tenant or with a role that does not exist.
    MembershipNowhere,
    /// A status of no meaning.
    StatusUnknown,
    /// A client that does not exist.
    UserClientUnknown,
    /// A default tenant that does not exist.
    DefaultTenantUnknown,
    /// Could not sign in.
    LockedOut(Reason),
    /// A tenant that is no id.
    ActivityTenant,
    /// No time.
    ActivityTime,
}

impl Topic {
    fn as_str(self) -> &'static str {
        match self {
            Self::TenantTaken => "tenants left out: their key belongs to a tenant with another id here",
            Self::TenantInactive => {
                "tenants are inactive (status 0, which the old service ignored): nobody signs in to them; --activate-tenants makes them active"
            }
            Self::RoleMerged => "roles are one with another of the same tenant, name and permissions",
            Self::RoleRenamed => {
                "roles got another name, for theirs belongs to a role with other permissions"
            }
            Self::RoleWithoutTenant => "roles become roles of all tenants, for their own tenant is not there",
            Self::RoleNamesClients => "roles have allowed_clients, which is ignored, as the old service did",
            Self::ClientTwice => "clients left out: an older one has the same client_id",
            Self::ClientWithoutId => "clients left out: they have no client_id",
            Self::ClientWithoutSecret => "clients cannot authenticate, for they have no secret",
            Self::ClientShortSecret => "clients have a secret of less than 22 characters",
            Self::ClientLifetime => "lifetimes of clients' tokens are not possible here and were changed",
            Self::ClientShortKey => "clients do not use HS256: their key has less than 32 bytes",
            Self::RedirectRefused => "redirect URIs left out, for they are unsafe or not absolute",
            Self::RedirectInsecure => {
                "redirect URIs are insecure: codes travel in clear over http to another host"
            }
            Self::UsernameTaken => "users left out: another user has the username (in any spelling)",
            Self::UsernameCapitals => {
                "users whose name has capitals could not sign in at the old service, and can here"
            }
            Self::SecondFactor => "users have a secret of a second factor, which is not imported",
            Self::IdentityTaken => "accounts at providers left out: linked to another user",
            Self::MembershipTwice => "memberships left out: the user has an older one in the same tenant",
            Self::MembershipNowhere => "memberships left out: their tenant or role was removed",
            Self::StatusUnknown => "memberships have an unknown status and become inactive",
            Self::UserClientUnknown => "users name clients that are not there",
            Self::DefaultTenantUnknown => "users have a default tenant that is not there",
            Self::LockedOut(reason) => match reason {
                Reason::NoCredential => "users are locked out: no password and no account at a provider",
                Reason::UnknownHash => "users are locked out: the hash of their password is of no known kind",
                Reason::NoProvider => "users are locked out: their identity provider is not configured here",
                Reason::NoMembership => "users are locked out: no membership in any tenant",
                Reason::NotActive => "users are locked out until they are activated: status registered",
                Reason::Inactive => "users are locked out: inactive or rejected, or their tenant is inactive",
                Reason::NoClient => "users are locked out: they may sign in through no client",
            },
            Self::ActivityTenant => "rows of the login activity have no tenant id, so no tenant sees them",
            Self::ActivityTime => "rows of the login activity left out: they have no time",
        }
    }
}

/// Everything about one topic.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Finding {
    /// How often.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<String>,
}

/// What an import did, or would do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ImportReport {
    /// Of each kind.
    pub counts: BTreeMap<Kind, Count>,
    /// What somebody should know.
    pub findings: BTreeMap<Topic, Finding>,
    /// Stored hashes by kind and cost; of the users that are written.
    pub schemes: BTreeMap<String, u64>,
    /// Users of whom at least one [`Reason`] is true.
    pub locked_out: u64,
}

impl ImportReport {
    pub(super) fn count(&mut self, kind: Kind) -> &mut Count {
        self.counts.entry(kind).or_default()
    }

    pub(super) fn note(&mut self, topic: Topic, example: impl fmt::Display) {
        let finding = self.findings.entry(topic).or_default();
        finding.count += 1;
        if finding.examples.len() < MOST_EXAMPLES {
            // An operator's terminal must not obey what a stranger put into a name.
            let text: String = example.to_string().chars().filter(|letter| !letter.is_control()).collect();
            finding.examples.push(text);
        }
    }
}

/// Lines for the operator.
impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.counts {
            writeln!(
                f,
                "{}: {} new, {} unchanged, {} left out",
                kind.as_str(),
                count.added,
                count.unchanged,
                count.left_out
            )?;
        }
        for (scheme, count) in &self.schemes {
            writeln!(f, "passwords with {scheme}: {count}")?;
        }
        for (topic, finding) in &self.findings {
            let dots = if finding.count > finding.examples.len() as u64 { ", …" } else { "" };
            writeln!(f, "{}: {} ({}{dots})", topic.as_str(), finding.count, finding.examples.join(", "))?;
        }
        writeln!(f, "new users who are locked out: {}", self.locked_out)
    }
}
