//! Fixtures: a clock moved by hand, claims, clients, and a shelf in memory.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::domain::claims::Claims;
use doorward_core::domain::client::{Client, ClientType};
use doorward_core::domain::ids::{ClientKey, Id};
use doorward_core::domain::key::{Algorithm, SigningKey};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::store::{StoreError, Stored};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::keys::plan::Change;
use crate::keys::shelf::{Planner, Shelf};
use crate::{AesGcmSealer, MasterKey, SystemEntropy};

pub(crate) const ISSUER: &str = "https://id.example";
/// The moment every test starts at, Unix seconds.
pub(crate) const START: i64 = 1_800_000_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(START + seconds).unwrap()
}

/// Time moved by hand.
#[derive(Default)]
pub(crate) struct HandClock(Mutex<Duration>);

impl HandClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        at(0).plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

pub(crate) fn sealer(byte: u8) -> Arc<AesGcmSealer> {
    Arc::new(AesGcmSealer::new(&MasterKey::new([byte; 32]), Arc::new(SystemEntropy)))
}

pub(crate) fn client_key(number: u128) -> ClientKey {
    ClientKey::from_uuid(Uuid::from_u128(number))
}

/// Claims as JSON: of client 6, issued at the start, for a quarter of an hour.
pub(crate) fn payload() -> Value {
    let id = |number| Uuid::from_u128(number).to_string();
    json!({
        "id": id(3), "firstName": "Ada", "lastName": null, "middleName": null, "username": "ada",
        "email": "ada@example.org", "phone": null, "lastLogin": null, "photoUrl": null,
        "designation": null, "dob": null, "gender": null, "defaultTenantId": id(5),
        "permissions": ["ViewLoginActivity"], "role": "Admin", "userPreferences": {"locale": "en"},
        "tenantId": id(5), "userTenantId": id(4), "status": 1,
        "iat": START, "exp": START + 900, "iss": ISSUER, "nbf": START, "sub": id(3), "aud": ISSUER,
        "jti": id(1), "sid": id(2), "client_id": "webapp", "client_key": id(6), "scope": "",
        "epochs": {"user": 0, "membership": 0, "tenant": 0, "client": 0},
    })
}

pub(crate) fn claims() -> Claims {
    serde_json::from_value(payload()).unwrap()
}

pub(crate) fn client(number: u128, algorithm: Option<Algorithm>) -> Client {
    Client {
        key: client_key(number),
        client_id: "webapp".to_owned(),
        secret_hash: None,
        name: "Web".to_owned(),
        client_type: ClientType::Web,
        tenant: None,
        redirect_uris: Vec::new(),
        logout_redirect_uris: Vec::new(),
        grants: Vec::new(),
        scopes: Vec::new(),
        access_token_ttl: Duration::from_mins(15),
        refresh_token_ttl: Duration::from_hours(24),
        auth_code_ttl: Duration::from_mins(3),
        algorithm,
        hs256_secret: None,
        second_factor: None,
        oauth: doorward_core::domain::client::ClientOAuth::default(),
        enabled: true,
        epoch: 0,
    }
}

/// A compact JWS of exactly these bytes.
pub(crate) fn forge(header: &str, payload: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// Rows in memory, shared by its clones.
#[derive(Clone, Default)]
pub(crate) struct FakeShelf(Arc<Rows>);

#[derive(Default)]
struct Rows {
    keys: Mutex<Vec<SigningKey>>,
    clients: Mutex<Vec<Client>>,
    server: Mutex<Vec<(i64, Vec<u8>)>>,
    reads: AtomicUsize,
    is_gone: AtomicBool,
}

impl FakeShelf {
    /// How often the signing keys were read.
    pub(crate) fn reads(&self) -> usize {
        self.0.reads.load(Ordering::SeqCst)
    }

    pub(crate) fn put_client(&self, client: Client) {
        let mut clients = self.0.clients.lock().unwrap();
        clients.retain(|known| known.key != client.key);
        clients.push(client);
    }

    /// The rows cannot be reached any more.
    pub(crate) fn lose(&self) {
        self.0.is_gone.store(true, Ordering::SeqCst);
    }

    pub(crate) fn edit_keys(&self, edit: impl FnOnce(&mut Vec<SigningKey>)) {
        edit(&mut self.0.keys.lock().unwrap());
    }
}

#[async_trait]
impl Shelf for FakeShelf {
    async fn signing_keys(&self) -> Stored<Vec<SigningKey>> {
        self.0.reads.fetch_add(1, Ordering::SeqCst);
        if self.0.is_gone.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { transaction: "signing_keys", source: "gone".into() });
        }
        Ok(self.0.keys.lock().unwrap().clone())
    }

    async fn add_first(&self, current: &SigningKey, next: &SigningKey) -> Stored<bool> {
        let mut keys = self.0.keys.lock().unwrap();
        if keys.iter().any(|key| key.algorithm == current.algorithm) {
            return Ok(false);
        }
        keys.extend([current.clone(), next.clone()]);
        Ok(true)
    }

    async fn change(&self, plan: &Planner<'_>) -> Stored<Change> {
        let mut keys = self.0.keys.lock().unwrap();
        let change = plan(&keys);
        keys.extend(change.add.iter().map(|(key, _)| key.clone()));
        for key in keys.iter_mut() {
            if let Some((kid, at)) = &change.schedule
                && *kid == key.kid
            {
                key.signs_from = Some(*at);
            }
            if let Some((_, at)) = change.retire.iter().find(|(kid, _)| *kid == key.kid) {
                key.retired_at = Some(*at);
            }
        }
        Ok(change)
    }

    async fn purge(&self, algorithm: Algorithm, retired_before: Timestamp) -> Stored<u64> {
        let mut keys = self.0.keys.lock().unwrap();
        let before = keys.len();
        keys.retain(|key| key.algorithm != algorithm || key.retired_at.is_none_or(|at| at >= retired_before));
        Ok(u64::try_from(before - keys.len()).unwrap())
    }

    async fn client(&self, key: ClientKey) -> Stored<Option<Client>> {
        Ok(self.0.clients.lock().unwrap().iter().find(|client| client.key == key).cloned())
    }

    async fn server_key(&self, version: Option<i64>) -> Stored<Option<(i64, Vec<u8>)>> {
        let rows = self.0.server.lock().unwrap();
        Ok(match version {
            Some(version) => rows.iter().find(|row| row.0 == version).cloned(),
            None => rows.iter().max_by_key(|row| row.0).cloned(),
        })
    }

    async fn add_server_key(&self, version: i64, sealed: &[u8], _now: Timestamp) -> Stored<bool> {
        let mut rows = self.0.server.lock().unwrap();
        if rows.iter().any(|row| row.0 == version) {
            return Ok(false);
        }
        rows.push((version, sealed.to_vec()));
        Ok(true)
    }
}
