//! The signer: the keys of the store, in memory, kept fresh.

mod oauth;
mod published;
mod replaced;
mod server;
mod shared;
mod state;
mod statement;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use doorward_core::domain::claims::{Claims, VerifiedToken};
use doorward_core::domain::client::Client;
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::ids::ClientKey;
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::oauth_claims::{OAuthClaims, OAuthToken};
use doorward_core::domain::secret::{Secret, TokenHash};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::sealer::Sealer;
use doorward_core::ports::signer::{Expiry, Signer, Statement};
use doorward_core::ports::store::Store;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::keys::make_rows;
use crate::keys::shelf::{Shelf, StoreShelf};
use crate::token::{self, ACCESS_TOKEN, Invalid, MAX_TOKEN_BYTES, legacy};
use server::{ServerKeys, Tools};
use shared::{SharedKey, SharedKeys};
use state::{Known, RingKey, State, Verified};

/// Unknown `kid`s make the store be asked at most this often, whoever invents them.
const RELOAD_PERIOD: Duration = Duration::from_secs(1);

const OTHER_DIALECT: Invalid = Invalid("a token of another dialect");

/// How tokens are issued and how long keys matter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeySettings {
    /// `iss` and, in the native dialect, `aud`.
    pub issuer: String,
    /// `iss` of the service that Doorward replaced, whose access tokens count until they expire; `None` = they do not.
    pub legacy_issuer: Option<String>,
    /// Algorithm of clients that name none; not HS256, whose keys belong to clients.
    pub default_algorithm: Algorithm,
    /// The longest an access token lives: for so long a retired key stays in the JWKS.
    pub longest_access_token: Duration,
    /// The longest a session lives: for so long a retired key verifies expired tokens that come with a refresh token.
    pub longest_session: Duration,
}

/// The keys of the store, in memory.
pub struct KeyRing {
    settings: KeySettings,
    shelf: Box<dyn Shelf>,
    sealer: Arc<dyn Sealer>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    state: RwLock<Option<Arc<State>>>,
    /// When the store was last asked, by the monotonic clock; held while asking.
    loaded_at: Mutex<Option<Duration>>,
    /// Held while the first keys of an algorithm are made.
    making: Mutex<()>,
    shared: SharedKeys,
    server: ServerKeys,
}

impl KeyRing {
    /// A ring that has loaded nothing yet; it loads when first used, or by [`KeyRing::prepare`].
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        sealer: Arc<dyn Sealer>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: KeySettings,
    ) -> Self {
        Self::over(Box::new(StoreShelf(store)), sealer, clock, entropy, settings)
    }

    fn over(
        shelf: Box<dyn Shelf>,
        sealer: Arc<dyn Sealer>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: KeySettings,
    ) -> Self {
        token::parsed::install();
        Self {
            settings,
            shelf,
            sealer,
            clock,
            entropy,
            state: RwLock::new(None),
            loaded_at: Mutex::new(None),
            making: Mutex::new(()),
            shared: SharedKeys::new(),
            server: ServerKeys::default(),
        }
    }

    /// Loads every key, and makes the first of the default algorithm and the server key where they are missing,
    /// so that a wrong master key or a weak key stops a server before it answers anything.
    ///
    /// # Errors
    /// Unavailable when the store cannot be reached; Internal when a key is damaged, weak, or sealed with another master key.
    pub async fn prepare(&self) -> Result<(), Error> {
        self.load().await?;
        self.signing_key(self.settings.default_algorithm).await?;
        self.server_mac("prepare", None, b"").await?;
        Ok(())
    }

    /// Removes keys from the store that were retired longer ago than any session lives; answers how many.
    ///
    /// # Errors
    /// Unavailable when the store cannot be reached.
    pub async fn purge_retired(&self) -> Result<u64, Error> {
        let before = self.clock.now().minus(self.settings.longest_session);
        let mut count = 0;
        for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
            count += self.shelf.purge(algorithm, before).await?;
        }
        Ok(count)
    }

    fn loaded(&self) -> Option<Arc<State>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn state(&self) -> Result<Arc<State>, Error> {
        match self.loaded() {
            Some(state) => Ok(state),
            None => self.load().await,
        }
    }

    /// Asks the store.
    async fn load(&self) -> Result<Arc<State>, Error> {
        let mut loaded_at = self.loaded_at.lock().await;
        self.load_held(&mut loaded_at).await
    }

    /// Asks the store unless that was done a moment ago; whoever comes meanwhile waits for the answer.
    async fn load_at_times(&self) -> Result<Arc<State>, Error> {
        let mut loaded_at = self.loaded_at.lock().await;
        let now = self.clock.monotonic();
        match (self.loaded(), *loaded_at) {
            (Some(state), Some(at)) if now.saturating_sub(at) < RELOAD_PERIOD => Ok(state),
            _ => self.load_held(&mut loaded_at).await,
        }
    }

    async fn load_held(&self, loaded_at: &mut Option<Duration>) -> Result<Arc<State>, Error> {
        // Noted before the answer, so that a store that fails is not asked more often either.
        *loaded_at = Some(self.clock.monotonic());
        let rows = self.shelf.signing_keys().await?;
        let before = self.loaded();
        if let Some(state) = before.as_ref().filter(|state| state.is_of(&rows)) {
            return Ok(Arc::clone(state));
        }
        let state = Arc::new(State::load(rows, before.as_deref(), self.sealer.as_ref())?);
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&state));
        Ok(state)
    }

    /// The key that signs now; an algorithm's first is made when there is none.
    async fn signing_key(&self, algorithm: Algorithm) -> Result<Arc<RingKey>, Error> {
        let find = |state: &State| state.signing_key(algorithm, self.clock.now()).map(Arc::clone);
        if let Some(key) = find(self.state().await?.as_ref()) {
            return Ok(key);
        }
        let _making = self.making.lock().await;
        let mut state = self.load().await?;
        if !state.has(algorithm) {
            let mut rows = make_rows(algorithm, 2, &self.sealer, self.clock.now()).await?;
            if let (Some(next), Some(mut first)) = (rows.pop(), rows.pop()) {
                first.signs_from = Some(first.created_at);
                // `false` = another node was first: its keys are as good.
                self.shelf.add_first(&first, &next).await?;
            }
            state = self.load().await?;
        }
        find(state.as_ref()).ok_or_else(|| {
            Error::internal(format!("no {algorithm} key may sign: run `doorward keys rotate`"))
        })
    }

    /// Signs with the key whose turn it is; not HS256.
    async fn sign_with_current<C: Serialize + Sync>(
        &self,
        claims: &C,
        token_type: &str,
        algorithm: Algorithm,
    ) -> Result<Secret<String>, Error> {
        let key = self.signing_key(algorithm).await?;
        let private =
            key.signing().ok_or_else(|| Error::internal(format!("key {} cannot sign", key.kid())))?;
        token::encode(claims, token_type, key.kid(), algorithm, private)
    }

    /// The key the header names, if it is of the algorithm the header names.
    async fn named_key(
        &self,
        header: &token::Header,
        now: Timestamp,
    ) -> Result<(Arc<State>, Arc<RingKey>), Error> {
        let (state, key) = self.verifying_key(&header.kid, now).await?;
        if key.algorithm() == header.alg {
            Ok((state, key))
        } else {
            Err(Invalid("another algorithm than the key's").into())
        }
    }

    /// What was signed a moment ago needs no verification: whoever got it uses it soon.
    fn remember(&self, token: &Secret<String>, known: impl FnOnce() -> Known) {
        if let Some(state) = self.loaded() {
            let verified = Verified::new(known(), token.expose());
            state.verified.insert(TokenHash::of(token.expose()), verified);
        }
    }

    /// The key of that `kid`, from the store if need be, while its tokens count.
    async fn verifying_key(&self, kid: &str, now: Timestamp) -> Result<(Arc<State>, Arc<RingKey>), Error> {
        let mut state = self.state().await?;
        if state.key(kid).is_none() {
            state = match self.load_at_times().await {
                // A broken row must not turn a stranger's `kid` into a server error; the keys known so far go on.
                Err(error) if error.kind == ErrorKind::Internal => {
                    tracing::error!(%error, "signing_keys_broken");
                    state
                }
                loaded => loaded?,
            };
        }
        let key = state
            .key(kid)
            .filter(|key| key.counts(now, self.settings.longest_session))
            .map(Arc::clone)
            .ok_or(Invalid("unknown key"))?;
        Ok((state, key))
    }

    /// Verifies a token of one client's shared key; only that client's claims count.
    async fn verify_shared(&self, token: &str, client: ClientKey) -> Result<Claims, Error> {
        let key = self.shared_key(client).await?;
        let claims = token::decode(token, Algorithm::HS256, &key.verifying, &self.settings.issuer)?;
        if claims.client_key != client || claims.client_id != key.client_id {
            return Err(Invalid("signed with another client's key").into());
        }
        Ok(claims)
    }

    async fn shared_key(&self, client: ClientKey) -> Result<Arc<SharedKey>, Error> {
        let found = self.shared.verifying(client, self.shelf.as_ref(), self.sealer.as_ref()).await;
        let key = match found {
            Err(error) if error.kind == ErrorKind::Internal => {
                tracing::error!(%error, "shared_key_broken");
                None
            }
            found => found?,
        };
        key.ok_or_else(|| Invalid("unknown key").into())
    }
}

#[async_trait]
impl Signer for KeyRing {
    async fn sign(&self, claims: &Claims, client: &Client) -> Result<Secret<String>, Error> {
        let algorithm = client.algorithm.unwrap_or(self.settings.default_algorithm);
        if algorithm == Algorithm::HS256 {
            let key = shared::signing(client, self.sealer.as_ref())?;
            return token::encode(claims, ACCESS_TOKEN, &shared::kid(client.key), algorithm, &key);
        }
        let token = self.sign_with_current(claims, ACCESS_TOKEN, algorithm).await?;
        self.remember(&token, || Known::Native(VerifiedToken::new(claims.clone())));
        Ok(token)
    }

    async fn verify(&self, token: &str, expiry: Expiry, now: Timestamp) -> Result<VerifiedToken, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Invalid("too long").into());
        }
        let name = TokenHash::of(token);
        if let Some(hit) = self.loaded().and_then(|state| state.verified.get(&name)) {
            let Known::Native(token) = hit.token else { return Err(OTHER_DIALECT.into()) };
            token::check_times(token.claims.as_ref(), expiry, now)?;
            return Ok(token);
        }
        if let Some(issuer) = self.settings.legacy_issuer.as_deref().filter(|_| legacy::looks_like_one(token))
        {
            let claims = self.verify_legacy(token, issuer, expiry, now).await?;
            return Ok(VerifiedToken::new(claims));
        }
        let header = token::read_header(token, ACCESS_TOKEN)?;
        if header.alg == Algorithm::HS256 {
            let client = shared::client_of(&header.kid).ok_or(Invalid("unknown key"))?;
            let claims = self.verify_shared(token, client).await?;
            token::check_times(&claims, expiry, now)?;
            return Ok(VerifiedToken::new(claims));
        }
        let (state, key) = self.named_key(&header, now).await?;
        let claims = token::decode(token, key.algorithm(), key.verifying(), &self.settings.issuer)?;
        let verified = VerifiedToken::new(claims);
        if expiry == Expiry::Enforced {
            // One that may be expired comes to be replaced, and not again.
            state.verified.insert(name, Verified::new(Known::Native(verified.clone()), token));
        }
        token::check_times(verified.claims.as_ref(), expiry, now)?;
        Ok(verified)
    }

    async fn sign_oauth(&self, claims: &OAuthClaims, client: &Client) -> Result<Secret<String>, Error> {
        self.sign_oauth_token(claims, client).await
    }

    async fn verify_oauth(&self, token: &str, now: Timestamp) -> Result<OAuthToken, Error> {
        self.verify_oauth_token(token, now).await
    }

    async fn sign_statement(
        &self,
        statement: Statement,
        claims: &Map<String, Value>,
        algorithm: Algorithm,
    ) -> Result<Secret<String>, Error> {
        self.sign_with_current(claims, statement::token_type(statement), algorithm).await
    }

    async fn verify_id_token(
        &self,
        token: &str,
        expiry: Expiry,
        now: Timestamp,
    ) -> Result<Map<String, Value>, Error> {
        self.read_id_token(token, expiry, now).await.map_err(statement::not_an_id_token)
    }

    fn verify_with_keys(&self, token: &str, jwks: &Value) -> Result<Map<String, Value>, Error> {
        let refused = |invalid| Error::because(ErrorKind::ClientAuthFailed, invalid);
        token::foreign::verify(token, jwks).map_err(refused)
    }

    async fn jwks(&self) -> Result<serde_json::Value, Error> {
        self.published().await
    }

    async fn reload(&self) -> Result<(), Error> {
        self.load().await.map(drop)
    }

    async fn server_mac(
        &self,
        purpose: &str,
        version: Option<i64>,
        data: &[u8],
    ) -> Result<(i64, [u8; 32]), Error> {
        let tools = Tools {
            shelf: self.shelf.as_ref(),
            sealer: self.sealer.as_ref(),
            clock: self.clock.as_ref(),
            entropy: self.entropy.as_ref(),
        };
        self.server.mac(purpose, version, data, tools).await
    }
}

#[cfg(test)]
mod tests;
