//! An identity provider without a network: what it answers is what the test said for a code or an ID token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::domain::federation::{ExternalIdentity, UpstreamTokens};
use crate::domain::secret::Secret;
use crate::ports::provider::{
    Arrival, Departure, Destination, Handoff, Memo, Provider, ProviderError, ProviderInfo, Registry,
    Terminator, TokenExchanger,
};

/// Makes an answer; called once per question.
pub type Answer = Arc<dyn Fn() -> Result<ExternalIdentity, ProviderError> + Send + Sync>;

/// Where browsers are sent.
pub const AUTHORIZATION_ENDPOINT: &str = "https://idp.example.test/authorize";
/// Where browsers can sign out.
pub const LOGOUT_ENDPOINT: &str = "https://idp.example.test/logout";

/// What happened to a scripted provider.
#[derive(Clone, Default, Debug)]
pub struct Seen {
    /// How many browsers left for it.
    pub departures: u32,
    /// How many came back and were looked at.
    pub arrivals: u32,
    /// The memos they were looked at with: the state each had left with; `None` = unsolicited.
    pub memos: Vec<Option<String>>,
    /// How many ID tokens were brought.
    pub exchanges: u32,
    /// The refresh tokens it was told to forget.
    pub terminated: Vec<Option<String>>,
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, Answer>,
    departure_fails: bool,
    seen: Seen,
}

/// A provider that is told what to answer.
pub struct ScriptedProvider {
    info: ProviderInfo,
    posts: bool,
    script: Mutex<Script>,
}

impl ScriptedProvider {
    /// One that knows nobody yet. It sends browsers by a form when it is answered by one.
    #[must_use]
    pub fn new(info: ProviderInfo) -> Self {
        Self { posts: info.answers_by_post, info, script: Mutex::default() }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the code (or ID token) is worth that, every time.
    pub fn answer(
        &self,
        code: &str,
        answer: impl Fn() -> Result<ExternalIdentity, ProviderError> + Send + Sync + 'static,
    ) {
        self.script().answers.insert(code.to_owned(), Arc::new(answer));
    }

    /// From now on the code stands for that person.
    pub fn knows(&self, code: &str, identity: &ExternalIdentity) {
        let identity = identity.clone();
        self.answer(code, move || Ok(identity.clone()));
    }

    /// Whether nobody can leave for it.
    pub fn fail_departures(&self, fails: bool) {
        self.script().departure_fails = fails;
    }

    /// What happened so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.script().seen.clone()
    }

    fn look_up(&self, code: Option<&str>) -> Result<ExternalIdentity, ProviderError> {
        let answer = code.and_then(|code| self.script().answers.get(code).cloned());
        answer.map_or_else(|| Err(ProviderError::Refused("invalid_grant".to_owned())), |answer| answer())
    }
}

#[async_trait]
impl Provider for ScriptedProvider {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    async fn depart(&self, departure: &Departure) -> Result<Handoff, ProviderError> {
        let mut script = self.script();
        if script.departure_fails {
            return Err(ProviderError::Unreachable("the test said so".to_owned()));
        }
        script.seen.departures += 1;
        let state = departure.state.expose().clone();
        let memo = Memo::of(&state).map_err(|error| ProviderError::Misconfigured(error.to_string()))?;
        let fields = vec![
            (self.info.state_parameter.to_owned(), state.clone()),
            ("redirect_uri".to_owned(), departure.callback_url.clone()),
        ];
        let destination = if self.posts {
            Destination::AutoPost { action: AUTHORIZATION_ENDPOINT.to_owned(), fields }
        } else {
            // The state is base64url; the callback's address is left as it is for tests to compare.
            Destination::Redirect(format!(
                "{AUTHORIZATION_ENDPOINT}?state={state}&redirect_uri={}",
                departure.callback_url
            ))
        };
        Ok(Handoff { destination, memo })
    }

    async fn arrive(
        &self,
        memo: Option<&Memo>,
        arrival: &Arrival,
    ) -> Result<ExternalIdentity, ProviderError> {
        {
            let mut script = self.script();
            script.seen.arrivals += 1;
            script.seen.memos.push(memo.and_then(|memo| memo.read().ok()));
        }
        if let Some(error) = arrival.parameter("error") {
            return Err(ProviderError::Denied(error.to_owned()));
        }
        self.look_up(arrival.parameter("code"))
    }

    fn exchanger(&self) -> Option<&dyn TokenExchanger> {
        (!self.posts).then_some(self)
    }

    fn terminator(&self) -> Option<&dyn Terminator> {
        (!self.posts).then_some(self)
    }

    fn metadata(&self, callback_url: &str) -> Option<Result<String, ProviderError>> {
        self.posts.then(|| Ok(format!("<metadata location=\"{callback_url}\"/>")))
    }
}

#[async_trait]
impl TokenExchanger for ScriptedProvider {
    /// The token is `<code>.<nonce>`.
    async fn exchange(
        &self,
        id_token: &Secret<String>,
        nonce: &str,
    ) -> Result<ExternalIdentity, ProviderError> {
        self.script().seen.exchanges += 1;
        match id_token.expose().split_once('.') {
            Some((code, inside)) if inside == nonce => self.look_up(Some(code)),
            _ => Err(ProviderError::Untrusted("another nonce".to_owned())),
        }
    }
}

#[async_trait]
impl Terminator for ScriptedProvider {
    async fn terminate(&self, tokens: &UpstreamTokens) -> Result<(), ProviderError> {
        let refresh_token = tokens.refresh_token.as_ref().map(|token| token.expose().clone());
        self.script().seen.terminated.push(refresh_token);
        Ok(())
    }

    fn logout_url(&self, tokens: &UpstreamTokens, return_to: Option<&str>) -> Option<String> {
        tokens.id_token.as_ref()?;
        Some(format!("{LOGOUT_ENDPOINT}?return_to={}", return_to.unwrap_or_default()))
    }
}

/// Scripted providers by id; one can be taken away while the server runs.
#[derive(Default)]
pub struct ScriptedRegistry(Mutex<Vec<Arc<ScriptedProvider>>>);

impl ScriptedRegistry {
    /// With these.
    #[must_use]
    pub fn new(infos: impl IntoIterator<Item = ProviderInfo>) -> Self {
        Self(Mutex::new(infos.into_iter().map(|info| Arc::new(ScriptedProvider::new(info))).collect()))
    }

    fn providers(&self) -> MutexGuard<'_, Vec<Arc<ScriptedProvider>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By id.
    #[must_use]
    pub fn scripted(&self, id: &str) -> Option<Arc<ScriptedProvider>> {
        self.providers().iter().find(|provider| provider.info.id == id).cloned()
    }

    /// Takes one away.
    pub fn remove(&self, id: &str) {
        self.providers().retain(|provider| provider.info.id != id);
    }
}

impl std::fmt::Debug for ScriptedRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScriptedRegistry(..)")
    }
}

impl Registry for ScriptedRegistry {
    fn provider(&self, id: &str) -> Option<Arc<dyn Provider>> {
        self.scripted(id).map(|provider| provider as Arc<dyn Provider>)
    }

    fn all(&self) -> Vec<Arc<dyn Provider>> {
        self.providers().iter().cloned().map(|provider| provider as Arc<dyn Provider>).collect()
    }
}
