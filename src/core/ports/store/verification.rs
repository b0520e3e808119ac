//! Aggregates of proving things by codes and links, and the messages that carry them.

use std::time::Duration;

use async_trait::async_trait;

use super::Stored;
use crate::domain::authenticator::Authenticator;
use crate::domain::challenge::Challenge;
use crate::domain::ids::{AuthenticatorId, ChallengeId, ClientKey, MessageId, TenantId, UserId};
use crate::domain::link::{Link, LinkPurpose, LinkState};
use crate::domain::message::{QueueDepth, Queued};
use crate::domain::secret::TokenHash;
use crate::domain::tenant::Tenant;
use crate::domain::time::Timestamp;

/// One-time codes under way.
#[async_trait]
pub trait Challenges {
    /// Adds; one with the same handle is replaced.
    async fn put_challenge(&mut self, challenge: &Challenge) -> Stored<()>;
    /// The live one under the handle, in time and with a try left; spends nothing.
    async fn challenge(&mut self, handle: &TokenHash, now: Timestamp) -> Stored<Option<Challenge>>;
    /// Spends one of the [`MAX_TRIES`](crate::domain::challenge::MAX_TRIES) of a live challenge: one guarded UPDATE …
    /// RETURNING. `None` = there is none, it is too old, or no try is left.
    async fn try_challenge(&mut self, handle: &TokenHash, now: Timestamp) -> Stored<Option<Challenge>>;
    /// Uses it up: one guarded DELETE; `false` when somebody else did, or a newer one took its place.
    async fn consume_challenge(&mut self, id: ChallengeId) -> Stored<bool>;
    /// Removes those that expired; answers how many.
    async fn purge_challenges(&mut self, expired_before: Timestamp) -> Stored<u64>;
}

/// Authenticator apps and recovery codes.
#[async_trait]
pub trait Authenticators {
    /// The user's: at most one confirmed and one unconfirmed.
    async fn authenticators(&mut self, user: UserId) -> Stored<Vec<Authenticator>>;
    /// Adds one that waits for its first code; another that waited is replaced.
    async fn put_unconfirmed(&mut self, authenticator: &Authenticator) -> Stored<()>;
    /// Puts one that waited in force, with the step of its first code, and removes the one before it. `false` = it does not
    /// wait any more. Guarded.
    async fn confirm_authenticator(&mut self, id: AuthenticatorId, step: i64, now: Timestamp)
    -> Stored<bool>;
    /// Notes that a code of that step was accepted: one UPDATE guarded by `last_step < step`. `false` = a code of that or a
    /// later step was accepted before.
    async fn use_step(&mut self, id: AuthenticatorId, step: i64) -> Stored<bool>;
    /// Replaces the user's recovery codes. Whoever does confirms an authenticator in the same transaction, so that of two at
    /// once one waits.
    async fn set_recovery_codes(&mut self, user: UserId, codes: &[TokenHash], now: Timestamp) -> Stored<()>;
    /// Uses one up: one guarded DELETE. `false` = no such code.
    async fn use_recovery_code(&mut self, user: UserId, code: &TokenHash) -> Stored<bool>;
}

/// Links in mails.
#[async_trait]
pub trait Links {
    /// Adds; earlier ones of the same purpose and subject are spent.
    async fn add_link(&mut self, link: &Link) -> Stored<()>;
    /// What the token is worth; uses nothing up.
    async fn link(&mut self, purpose: LinkPurpose, token: &TokenHash, now: Timestamp) -> Stored<LinkState>;
    /// Uses the link up: one guarded UPDATE … RETURNING. `None` = spent, too old or absent. Others of the same purpose and
    /// subject are spent with it.
    async fn consume_link(
        &mut self,
        purpose: LinkPurpose,
        token: &TokenHash,
        now: Timestamp,
    ) -> Stored<Option<Link>>;
    /// Spends every link of the user of that purpose.
    async fn spend_links(&mut self, purpose: LinkPurpose, user: UserId, now: Timestamp) -> Stored<()>;
    /// Removes those that expired; answers how many.
    async fn purge_links(&mut self, expired_before: Timestamp) -> Stored<u64>;
}

/// Messages that wait to be sent, written in the transaction of what they tell of.
#[async_trait]
pub trait Outbox {
    /// Adds.
    async fn enqueue(&mut self, message: &Queued) -> Stored<()>;
    /// Takes at most `most` that are due, oldest first, and counts an attempt for each. Nobody else gets them until `lease`
    /// is over: a process that dies while sending does not keep them. One UPDATE … RETURNING.
    async fn claim_messages(&mut self, now: Timestamp, lease: Duration, most: u32) -> Stored<Vec<Queued>>;
    /// It was sent: removes it.
    async fn settle_message(&mut self, id: MessageId) -> Stored<()>;
    /// It was not: it is due again at `due_at`, or dead with `None`. Only by whoever made its latest attempt, `attempt`: a
    /// guarded UPDATE.
    async fn postpone_message(
        &mut self,
        id: MessageId,
        attempt: i64,
        error: &str,
        due_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Stored<()>;
    /// Those that were given up, newest first, at most `most`.
    async fn dead_messages(&mut self, most: u32) -> Stored<Vec<Queued>>;
    /// A dead one is due again, with its attempts forgotten; `false` when there is no such dead message.
    async fn revive_message(&mut self, id: MessageId, now: Timestamp) -> Stored<bool>;
    /// How many wait, and how many are dead.
    async fn queue_depth(&mut self) -> Stored<QueueDepth>;
    /// Removes dead ones that are older; answers how many.
    async fn purge_dead_messages(&mut self, dead_before: Timestamp) -> Stored<u64>;
}

/// Passwords from before.
#[async_trait]
pub trait PasswordHistory {
    /// When the current password was set; `None` for accounts without one.
    async fn password_changed_at(&mut self, user: UserId) -> Stored<Option<Timestamp>>;
    /// The hashes of the last `most` passwords before the current one, newest first.
    async fn former_passwords(&mut self, user: UserId, most: u32) -> Stored<Vec<String>>;
    /// Remembers a hash that has just been replaced and forgets all but the newest `keep`.
    async fn remember_password(&mut self, user: UserId, hash: &str, keep: u32, now: Timestamp) -> Stored<()>;
}

/// What a sign-up needs to know of the place it leads to, and leaves with the account.
#[async_trait]
pub trait SignUps {
    /// The tenant, if there is exactly one.
    async fn only_tenant(&mut self) -> Stored<Option<Tenant>>;
    /// Every enabled client of people (`web` and `spa`) that is the operator's or the tenant's.
    async fn clients_of_people(&mut self, tenant: TenantId) -> Stored<Vec<ClientKey>>;
    /// Keeps with the account what the app that asked for the sign-up wanted to be kept: JSON.
    async fn keep_sign_up_data(&mut self, user: UserId, data: &str) -> Stored<()>;
    /// What was kept.
    async fn sign_up_data(&mut self, user: UserId) -> Stored<Option<String>>;
}
