//! Whose account somebody is who comes back from an identity provider. One pure function decides; `docs/federation.md` has
//! the same table for people.

use super::federation::{ExternalIdentity, Intent};
use super::ids::{IdentityId, UserId};
use super::user::{Account, Identity};

/// Everything the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Why the browser was sent there.
    pub intent: Intent,
    /// What the provider vouched for.
    pub external: &'a ExternalIdentity,
    /// The link of the provider's subject, if there is one.
    pub linked: Option<&'a Identity>,
    /// Accounts that are not removed and have the provider's address; looked for only where the provider may link by
    /// address, and with [`address_key`].
    pub same_address: &'a [Account],
    /// Whether an account may be recognised by its verified address.
    pub may_link_by_address: bool,
    /// Whether an account may be made.
    pub may_sign_up: bool,
}

/// Whose account it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// The account that is linked.
    SignIn {
        /// The link.
        identity: IdentityId,
        /// The account.
        user: UserId,
    },
    /// This account, which is linked from now on; `by_address` says that nobody but the provider said so.
    Link {
        /// The account.
        user: UserId,
        /// Recognised by its verified address.
        by_address: bool,
    },
    /// An account that has to be made.
    SignUp,
    /// None.
    Refuse(Refusal),
}

/// Why it is nobody's account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The subject is linked, but was seen with another issuer.
    OtherIssuer,
    /// To be linked to one account, and linked to another.
    LinkedToAnother,
    /// Nobody here has it, and accounts are not made.
    Unknown,
}

impl Refusal {
    /// The word for the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OtherIssuer => "other_issuer",
            Self::LinkedToAnother => "linked_to_another",
            Self::Unknown => "unknown_identity",
        }
    }
}

/// Decides.
///
/// # Security
/// Accounts are keyed on (provider instance, issuer, subject). An address is a key only where the operator said so for this
/// provider, the provider is authoritative for it and has verified it, exactly one account has it, and that account has
/// proved it too: otherwise whoever can write an address into a profile somewhere would own the account here (nOAuth).
#[must_use]
pub fn decide(facts: &Facts<'_>) -> Decision {
    if let Some(linked) = facts.linked {
        return decide_linked(facts, linked);
    }
    if let Intent::Link(user) = facts.intent {
        return Decision::Link { user, by_address: false };
    }
    if let Some(user) = recognised_by_address(facts) {
        return Decision::Link { user, by_address: true };
    }
    if facts.may_sign_up { Decision::SignUp } else { Decision::Refuse(Refusal::Unknown) }
}

fn decide_linked(facts: &Facts<'_>, linked: &Identity) -> Decision {
    if !linked.issuer.is_empty() && linked.issuer != facts.external.issuer {
        return Decision::Refuse(Refusal::OtherIssuer);
    }
    match facts.intent {
        Intent::Link(user) if user != linked.user => Decision::Refuse(Refusal::LinkedToAnother),
        _ => Decision::SignIn { identity: linked.id, user: linked.user },
    }
}

fn recognised_by_address(facts: &Facts<'_>) -> Option<UserId> {
    if !facts.may_link_by_address || !facts.external.email_verified {
        return None;
    }
    let key = address_key(facts.external.email.as_deref()?)?;
    let [account] = facts.same_address else { return None };
    let user = &account.user;
    let is_same = user.email.as_deref().and_then(address_key).is_some_and(|own| own == key);
    (is_same && user.email_verified && user.deleted_at.is_none()).then_some(user.id)
}

/// The form in which two addresses are compared: ASCII letters in lower case, nothing else forgiven; `None` for what cannot
/// be compared safely (not ASCII, blanks, not exactly one `@` with something on both sides).
#[must_use]
pub fn address_key(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
    (is_plain && !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
        .then(|| address.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
