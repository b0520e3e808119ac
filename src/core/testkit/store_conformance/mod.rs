//! The conformance suite of [`Store`](crate::ports::store::Store): what every store does, races included.
//!
//! Each check wants a fresh, migrated, empty store. [`for_each_store_check`](crate::for_each_store_check) names them all, so
//! that no adapter can leave one out.

mod accounts;
mod activity;
mod attempts;
mod authenticators;
mod browsing;
mod challenges;
mod clients;
mod conditions;
mod federations;
mod keys;
mod links;
mod memberships;
mod outbox;
mod password_history;
mod profiles;
mod revocations;
mod rotations;
mod sections;
mod tokens;

use std::future::Future;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::samples::{Samples, sample_time};
use crate::domain::client::Client;
use crate::domain::membership::{Membership, Role};
use crate::domain::tenant::Tenant;
use crate::domain::user::User;
use crate::ports::store::{Mode, Store, Stored, Tx};

pub use accounts::{
    accounts_of_any_case, accounts_that_were_removed, allowed_clients, passwords, passwords_race, users,
};
pub use activity::{active_users, activity_count, activity_order, activity_rows};
pub use attempts::{attempts, attempts_race};
pub use authenticators::{authenticators, authenticators_race, enrolments_race, recovery_codes};
pub use browsing::{
    browser_sessions, browser_sessions_purge, browser_sessions_race, consents, consents_race,
    sessions_of_a_browser, sessions_of_a_browser_race, sessions_passed_to_a_browser,
};
pub use challenges::{challenge_tries, challenges, challenges_race};
pub use clients::{clients, identities, tenants};
pub use conditions::{activity_conditions, activity_patterns};
pub use federations::{
    accounts_by_email, login_attempts, login_attempts_race, replay_marks, upstream_sessions,
};
pub use keys::{first_signing_key_race, server_keys, signing_keys};
pub use links::{links, links_race, newer_links, sign_ups};
pub use memberships::{membership_status, memberships, roles};
pub use outbox::{dead_messages, outbox, outbox_race};
pub use password_history::password_history;
pub use profiles::{authorizations, hosted_pages, oauth_clients, profiles};
pub use revocations::{late_commits_are_tailed, revocations_are_purged, revocations_are_tailed};
pub use rotations::{
    presented_refreshes, rotations, rotations_of_neighbours, rotations_race, sample_rotation,
};
pub use sections::{
    conflicting_writers_lose_nothing, dropped_sections_roll_back, odd_text, reading_sections_do_not_write,
    times_at_the_edges,
};
pub use tokens::{grants, grants_race, new_origins, refreshes, sessions, sessions_of_a_user, sessions_purge};

/// How many contend in a race.
const CONTENDERS: usize = 50;

/// Calls the given macro with the name of every check, each an
/// `async fn(Arc<dyn Store>) -> Checked` in [`store_conformance`](crate::testkit::store_conformance).
///
/// `late_commits_are_tailed` is not among them: it wants a store with several writers at once.
#[macro_export]
macro_rules! for_each_store_check {
    ($callback:ident) => {
        $callback! {
            accounts_by_email,
            accounts_of_any_case,
            accounts_that_were_removed,
            active_users,
            activity_conditions,
            activity_count,
            activity_order,
            activity_patterns,
            activity_rows,
            allowed_clients,
            attempts,
            attempts_race,
            authenticators,
            authenticators_race,
            authorizations,
            browser_sessions,
            browser_sessions_purge,
            browser_sessions_race,
            challenge_tries,
            challenges,
            challenges_race,
            clients,
            conflicting_writers_lose_nothing,
            consents,
            consents_race,
            dead_messages,
            dropped_sections_roll_back,
            enrolments_race,
            first_signing_key_race,
            grants,
            grants_race,
            hosted_pages,
            identities,
            links,
            links_race,
            login_attempts,
            login_attempts_race,
            membership_status,
            memberships,
            new_origins,
            newer_links,
            oauth_clients,
            odd_text,
            outbox,
            outbox_race,
            password_history,
            passwords,
            passwords_race,
            presented_refreshes,
            profiles,
            reading_sections_do_not_write,
            recovery_codes,
            refreshes,
            replay_marks,
            revocations_are_purged,
            revocations_are_tailed,
            roles,
            rotations,
            rotations_of_neighbours,
            rotations_race,
            server_keys,
            sessions,
            sessions_of_a_browser,
            sessions_of_a_browser_race,
            sessions_passed_to_a_browser,
            sessions_of_a_user,
            sessions_purge,
            sign_ups,
            signing_keys,
            tenants,
            times_at_the_edges,
            upstream_sessions,
            users,
        }
    };
}

/// A store with one of everything that tokens hang on.
struct World {
    store: Arc<dyn Store>,
    samples: Samples,
    tenant: Tenant,
    role: Role,
    client: Client,
    user: User,
    membership: Membership,
}

impl World {
    async fn create(store: Arc<dyn Store>) -> Stored<Self> {
        let samples = Samples::new(1);
        let tenant = samples.tenant("main");
        let role = samples.role("Admin", None);
        let client = samples.client("web-app");
        let user = samples.user("alice", Some(tenant.id));
        let membership = samples.membership(&user, &tenant, &role);
        let world = Self { store, samples, tenant, role, client, user, membership };
        let mut tx = world.write().await?;
        tx.add_tenant(&world.tenant, sample_time()).await?;
        tx.add_role(&world.role, sample_time()).await?;
        tx.add_client(&world.client, sample_time()).await?;
        tx.add_user(&world.user, sample_time()).await?;
        tx.add_membership(&world.membership, world.role.id, sample_time()).await?;
        tx.commit().await?;
        Ok(world)
    }

    async fn write(&self) -> Stored<Box<dyn Tx>> {
        write(&self.store).await
    }

    async fn read(&self) -> Stored<Box<dyn Tx>> {
        read(&self.store).await
    }
}

async fn write(store: &Arc<dyn Store>) -> Stored<Box<dyn Tx>> {
    store.begin("conformance", Mode::Write).await
}

async fn read(store: &Arc<dyn Store>) -> Stored<Box<dyn Tx>> {
    store.begin("conformance", Mode::Read).await
}

/// Lets [`CONTENDERS`] do the same at once; answers what each got.
async fn race<T, F>(contender: impl Fn() -> F) -> Result<Vec<T>, Box<dyn std::error::Error + Send + Sync>>
where
    T: Send + 'static,
    F: Future<Output = Stored<T>> + Send + 'static,
{
    let mut contenders = JoinSet::new();
    for _ in 0..CONTENDERS {
        contenders.spawn(contender());
    }
    let mut results = Vec::with_capacity(CONTENDERS);
    while let Some(finished) = contenders.join_next().await {
        results.push(finished??);
    }
    Ok(results)
}
