//! What the fake provider knows: personas, faults, codes, tokens and the calls it got.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::provider::ProviderKind;

use crate::fault::{Armed, Fault};
use crate::keys::{self, SigningKey};
use crate::persona::{self, Persona};
use crate::routes::Endpoint;

/// The one client that is registered, with every provider.
pub const CLIENT_ID: &str = "doorward-dev";
/// Its secret.
pub const CLIENT_SECRET: &str = "dev-secret-of-more-than-thirty-two-bytes";
/// Most calls that are remembered.
const MAX_CALLS: usize = 10_000;
/// How long a code can be redeemed, in seconds.
const CODE_LIFE: i64 = 600;

/// A request that came to an endpoint.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which provider it was for.
    pub kind: ProviderKind,
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// Method.
    pub method: String,
    /// Parameters of query and form, decoded.
    pub parameters: Vec<(String, String)>,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// The query, as it was sent.
    pub raw_query: String,
}

impl Call {
    /// A parameter's value.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) kind: ProviderKind,
    pub(crate) place: String,
    pub(crate) redirect_uri: String,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<String>,
    pub(crate) scope: String,
    pub(crate) is_offline: bool,
    pub(crate) persona: Persona,
    pub(crate) expires: i64,
}

#[derive(Default)]
struct Inner {
    personas: Vec<Persona>,
    chosen: Option<String>,
    faults: Vec<Armed>,
    calls: Vec<Call>,
    canary: usize,
    codes: HashMap<String, Grant>,
    /// By access and refresh token.
    tokens: HashMap<String, Grant>,
    consents: HashSet<(ProviderKind, String)>,
    generation: usize,
    skew: i64,
    /// Origin of the redirect URI that a browser was last sent back to.
    server: String,
    /// The SAML response that was sent last.
    last_saml: Option<String>,
}

pub(crate) struct World {
    /// `http://127.0.0.1:PORT`.
    pub(crate) base: String,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    inner: Mutex<Inner>,
}

impl World {
    pub(crate) fn new(base: String, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let inner = Inner { personas: persona::cast(), ..Inner::default() };
        Self { base, clock, entropy, inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The provider's own time, in Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().unix_seconds().saturating_add(self.inner().skew)
    }

    /// 256 random bits.
    pub(crate) fn random(&self) -> String {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn skew(&self, seconds: i64) {
        self.inner().skew = seconds;
    }

    pub(crate) fn rotate(&self) {
        self.inner().generation += 1;
    }

    pub(crate) fn signing_key(&self) -> Option<&'static SigningKey> {
        let generation = self.inner().generation;
        keys::signing(generation)
    }

    /// The server that somebody last signed in at.
    pub(crate) fn server(&self) -> String {
        self.inner().server.clone()
    }

    /// A browser is sent back to this address.
    pub(crate) fn goes_back_to(&self, address: &str) {
        let server: Vec<&str> = address.splitn(4, '/').take(3).collect();
        self.inner().server = server.join("/");
    }

    /// An id that is a valid XML id.
    pub(crate) fn xml_id(&self) -> String {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        format!("_{}", hex::encode(bytes))
    }

    pub(crate) fn keep_saml(&self, response: String) {
        self.inner().last_saml = Some(response);
    }

    pub(crate) fn last_saml(&self) -> Option<String> {
        self.inner().last_saml.clone()
    }

    // Personas.

    pub(crate) fn personas(&self) -> Vec<Persona> {
        self.inner().personas.clone()
    }

    /// By key, subject or address: what `login_hint` may be.
    pub(crate) fn persona(&self, hint: &str) -> Option<Persona> {
        let inner = self.inner();
        let fits = |persona: &&Persona| {
            persona.key == hint || persona.subject == hint || persona.email.as_deref() == Some(hint)
        };
        inner
            .personas
            .iter()
            .find(|persona| persona.key == hint)
            .or_else(|| inner.personas.iter().find(fits))
            .cloned()
    }

    /// Adds, or takes the place of the one with the same key.
    pub(crate) fn add_persona(&self, persona: Persona) {
        let mut inner = self.inner();
        inner.personas.retain(|known| known.key != persona.key);
        inner.personas.push(persona);
    }

    pub(crate) fn choose(&self, key: Option<String>) {
        self.inner().chosen = key;
    }

    pub(crate) fn chosen(&self) -> Option<String> {
        self.inner().chosen.clone()
    }

    /// Whether it is the first time that the persona lets the client in.
    pub(crate) fn is_first_consent(&self, kind: ProviderKind, persona: &Persona) -> bool {
        self.inner().consents.insert((kind, persona.subject.clone()))
    }

    // Faults.

    pub(crate) fn arm(&self, armed: Armed) {
        self.inner().faults.push(armed);
    }

    pub(crate) fn disarm(&self) {
        self.inner().faults.clear();
    }

    pub(crate) fn armed(&self) -> Vec<Armed> {
        self.inner().faults.clone()
    }

    pub(crate) fn faults(&self, kind: ProviderKind, endpoint: Endpoint) -> Vec<Fault> {
        let inner = self.inner();
        inner.faults.iter().filter(|armed| armed.concerns(kind, endpoint)).map(|armed| armed.fault).collect()
    }

    pub(crate) fn has_fault(&self, kind: ProviderKind, endpoint: Endpoint, fault: Fault) -> bool {
        self.faults(kind, endpoint).contains(&fault)
    }

    // Calls.

    pub(crate) fn record(&self, call: Call) {
        let mut inner = self.inner();
        if inner.calls.len() < MAX_CALLS {
            inner.calls.push(call);
        }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    pub(crate) fn forget_calls(&self) {
        self.inner().calls.clear();
    }

    pub(crate) fn touch_canary(&self) {
        self.inner().canary += 1;
    }

    pub(crate) fn canary(&self) -> usize {
        self.inner().canary
    }

    // Codes and tokens.

    pub(crate) fn issue_code(&self, grant: Grant) -> String {
        let code = self.random();
        let expires = self.now() + CODE_LIFE;
        self.goes_back_to(&grant.redirect_uri);
        self.inner().codes.insert(code.clone(), Grant { expires, ..grant });
        code
    }

    /// A code works once.
    pub(crate) fn take_code(&self, code: &str) -> Option<Grant> {
        let now = self.now();
        self.inner().codes.remove(code).filter(|grant| grant.expires > now)
    }

    pub(crate) fn issue_token(&self, prefix: &str, grant: &Grant, life: Duration) -> String {
        let token = format!("{prefix}{}", self.random());
        let expires = self.now() + i64::try_from(life.as_secs()).unwrap_or(i64::MAX / 2);
        self.inner().tokens.insert(token.clone(), Grant { expires, ..grant.clone() });
        token
    }

    pub(crate) fn token(&self, token: &str) -> Option<Grant> {
        let now = self.now();
        self.inner().tokens.get(token).filter(|grant| grant.expires > now).cloned()
    }

    pub(crate) fn revoke_token(&self, token: &str) -> bool {
        self.inner().tokens.remove(token).is_some()
    }
}
