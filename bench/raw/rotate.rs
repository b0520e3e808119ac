//! Rotations a second of the store alone: the transaction of `src/core/usecase/rotation.rs`, without what goes before it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use chrono::Utc;
use doorward_core::domain::activity::{Activity, LoginType};
use doorward_core::domain::authentication::{Method, Methods};
use doorward_core::domain::client::Client;
use doorward_core::domain::ids::Id;
use doorward_core::domain::membership::Membership;
use doorward_core::domain::refresh::{Consumption, IssuedAccess, Operation, Refresh};
use doorward_core::domain::secret::TokenHash;
use doorward_core::domain::session::Session;
use doorward_core::domain::time::Timestamp;
use doorward_core::domain::user::username_key;
use doorward_core::ports::store::{Mode, RefreshRotation, Store};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::repeat;
use crate::driver::Counted;
use crate::seed::username;

/// One family of refresh tokens.
struct Chain {
    session: Session,
    refresh: Refresh,
}

/// As many families as there may be callers.
#[derive(Clone)]
pub(crate) struct Bench {
    store: Arc<dyn Store>,
    chains: Arc<Vec<Mutex<Chain>>>,
}

impl Bench {
    pub(crate) async fn new(store: Arc<dyn Store>, callers: usize) -> anyhow::Result<Self> {
        let mut chains = Vec::new();
        for caller in 0..callers {
            chains.push(Mutex::new(new_chain(store.as_ref(), caller as u64).await?));
        }
        Ok(Self { store, chains: Arc::new(chains) })
    }

    pub(crate) async fn run(&self, callers: usize, period: Duration) -> Counted {
        let bench = self.clone();
        repeat(callers, period, move |caller| {
            let bench = bench.clone();
            async move {
                let chain = bench.chains.get(caller).context("there are fewer families than callers")?;
                rotate(bench.store.as_ref(), &mut *chain.lock().await).await
            }
        })
        .await
    }
}

async fn new_chain(store: &dyn Store, number: u64) -> anyhow::Result<Chain> {
    let mut tx = store.begin("bench", Mode::Write).await?;
    let account = tx.account_by_username_key(&username_key(&username(number))).await?;
    let user = account.context("the database is not seeded")?.user;
    let memberships = tx.memberships(user.id).await?;
    let membership = memberships.first().context("a seeded user has no membership")?;
    let client = tx.client_by_client_id("bench").await?.context("the bootstrap file was not applied")?;
    let session = session(membership, &client);
    let refresh = refresh(&session, None);
    tx.add_session(&session).await?;
    tx.add_refresh(&refresh).await?;
    tx.commit().await?;
    Ok(Chain { session, refresh })
}

/// One rotation, as the server asks for it.
async fn rotate(store: &dyn Store, chain: &mut Chain) -> anyhow::Result<()> {
    let Chain { session, refresh: parent } = chain;
    let next = refresh(session, Some(parent));
    let now = next.created_at;
    let rotation = RefreshRotation {
        parent: parent.id,
        old_access: parent.access,
        used: Consumption { at: now, operation: Operation::Refresh, tenant: session.tenant, ip: session.ip },
        membership: session.membership,
        activity: activity(session, now),
        next: next.clone(),
    };
    ensure!(store.rotate_refresh(Arc::new(rotation)).await?, "the refresh token was used");
    chain.refresh = next;
    Ok(())
}

fn now() -> Timestamp {
    Timestamp::new(Utc::now())
}

fn new_id<I: Id>() -> I {
    I::from_uuid(Uuid::now_v7())
}

fn session(membership: &Membership, client: &Client) -> Session {
    let now = now();
    Session {
        id: new_id(),
        user: membership.user,
        client: client.key,
        tenant: membership.tenant,
        membership: membership.id,
        methods: Methods::one(Method::Password),
        oauth: None,
        created_at: now,
        last_used_at: now,
        expires_at: now.plus(Duration::from_hours(24)),
        ended_at: None,
        ip: Some([127, 0, 0, 1].into()),
        user_agent: None,
        device_id: None,
    }
}

fn refresh(session: &Session, parent: Option<&Refresh>) -> Refresh {
    let now = now();
    let issued_at = now.whole_seconds();
    Refresh {
        id: new_id(),
        session: session.id,
        token_hash: TokenHash::of(&Uuid::now_v7().to_string()),
        parent: parent.map(|parent| parent.id),
        key_version: parent.map(|_| 1),
        access: IssuedAccess { id: new_id(), issued_at, expires_at: issued_at.plus(Duration::from_mins(15)) },
        created_at: now,
        expires_at: now.plus(Duration::from_hours(24)),
        consumption: None,
    }
}

fn activity(session: &Session, now: Timestamp) -> Activity {
    // As long as that of a seeded user.
    let payload = serde_json::json!({
        "id": session.user, "firstName": "User", "lastName": "Number", "middleName": null, "username": "user0000001",
        "email": "user0000001@example.com", "phone": null, "lastLogin": "2026-11-21T09:30:00.123Z", "photoUrl": null,
        "designation": null, "dob": null, "gender": null, "defaultTenantId": session.tenant,
        "permissions": ["ViewLoginActivity", "CreateUser", "ViewUser", "UpdateUser", "ViewTenant"],
        "role": "BenchUser", "userPreferences": { "locale": "en" }, "tenantId": session.tenant,
        "userTenantId": session.membership, "status": 1, "clientId": "bench"
    });
    Activity {
        id: new_id(),
        actor: session.user.to_string(),
        tenant: Some(session.tenant),
        login_time: now,
        token_payload: payload.to_string(),
        login_type: LoginType::Relogin.as_str().to_owned(),
        device_info: None,
        ip_address: Some("127.0.0.1".to_owned()),
    }
}
