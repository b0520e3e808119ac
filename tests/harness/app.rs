//! A server in this process, and the requests most tests make.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::time::Timestamp;
use doorward_core::ports::provider::Registry;
use doorward_core::testkit::clock::FixedClock;
use doorward_core::testkit::scripted_provider::{ScriptedProvider, ScriptedRegistry};
use doorward_core::usecase::Core;
use doorward_core::usecase::apply::{ApplyOptions, ClientDefaults};
use doorward_server::apply_file;
use doorward_server::config::Settings;
use doorward_server::serve::{self, Running};
use doorward_server::wire::{self, Assembly, Overrides, Purpose};
use futures_util::FutureExt as _;
use reqwest::{Method, RequestBuilder};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use super::database::{Database, Place};
use super::mailbox::Outbox;
use super::plain::plain;
use super::reply::Reply;

/// `tokens.issuer` of every test server.
pub const ISSUER: &str = "https://auth.example.test";
/// `security.master_key` of every test server.
const MASTER_KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
/// Where every test's clock begins: 2026-11-21T09:30:00Z, in Unix seconds.
pub const BEGINNING: i64 = 1_795_253_400;

/// Settings that differ from those of the other tests.
#[derive(Clone, Default, Debug)]
pub struct Options {
    environment: BTreeMap<String, String>,
    file: Option<String>,
    clock: Option<Arc<FixedClock>>,
    providers: Option<Arc<ScriptedRegistry>>,
}

impl Options {
    /// Puts scripted identity providers in place of the configured ones.
    #[must_use]
    pub fn with_providers(mut self, providers: ScriptedRegistry) -> Self {
        self.providers = Some(Arc::new(providers));
        self
    }

    /// How a server is put together, on that clock.
    fn overrides(&self, clock: Arc<FixedClock>) -> Overrides {
        let providers = self.providers.clone().map(|providers| providers as Arc<dyn Registry>);
        Overrides { clock: Some(clock), providers, ..Overrides::default() }
    }

    /// Sets `section.key`.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.environment.insert(variable(key), value.to_owned());
        self
    }

    /// Reads this configuration file too.
    #[must_use]
    pub fn with_file(mut self, text: &str) -> Self {
        self.file = Some(text.to_owned());
        self
    }

    /// Goes by this clock, which somebody else goes by too.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<FixedClock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The settings of a server on `place`, whose directory the file goes into.
    fn settings(&self, place: &Place) -> Settings {
        let mut environment = self.environment.clone();
        environment.entry(variable("mail.url")).or_insert_with(|| Outbox::of(place).url());
        let Some(text) = &self.file else { return settings(&place.url, &environment, None) };
        // Beside what is stored, not among it: tests search that for secrets.
        let directory = place.sqlite_file().with_file_name("config");
        let path = directory.join("doorward.toml");
        let written = std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&path, text));
        written.expect("the test's directory can be written to");
        settings(&place.url, &environment, Some(&path))
    }
}

fn variable(key: &str) -> String {
    format!("DOORWARD__{}", key.replace('.', "__").to_uppercase())
}

/// A server with its database and clock.
pub struct App {
    /// The clock; stands still unless moved.
    pub clock: Arc<FixedClock>,
    /// Its database.
    pub place: Place,
    http: reqwest::Client,
    options: std::sync::Mutex<Options>,
    running: Mutex<Option<Started>>,
    address: std::sync::Mutex<SocketAddr>,
}

/// A server that was just started.
pub(super) struct Started {
    pub(super) running: Running,
    clock: Arc<FixedClock>,
}

/// Starts a server on `url`.
pub(super) async fn start(url: &str, environment: &BTreeMap<String, String>) -> Started {
    let clock = Arc::new(FixedClock::new(beginning()));
    start_with(settings(url, environment, None), clock.clone(), Options::default().overrides(clock)).await
}

async fn start_with(settings: Settings, clock: Arc<FixedClock>, overrides: Overrides) -> Started {
    let running = serve::start(settings, overrides).await.expect("the server starts");
    Started { running, clock }
}

fn settings(url: &str, environment: &BTreeMap<String, String>, file: Option<&Path>) -> Settings {
    let mut all = base_environment(url);
    all.insert(variable("database.auto_migrate"), "true".to_owned());
    all.extend(environment.clone());
    Settings::load(file, &all).expect("the test settings are valid")
}

/// The settings that in-process servers and binaries of the tests share, as variables of the environment.
#[must_use]
pub fn base_environment(url: &str) -> BTreeMap<String, String> {
    [
        ("server.listen", "127.0.0.1:0"),
        ("security.master_key", MASTER_KEY),
        ("database.url", url),
        ("tokens.issuer", ISSUER),
        ("passwords.memory", "64KiB"),
        ("passwords.iterations", "1"),
        // Tests guess a lot; those of the limits switch them on.
        ("limits.enabled", "false"),
    ]
    .into_iter()
    .map(|(key, value)| (variable(key), value.to_owned()))
    .collect()
}

/// How the world is applied.
#[must_use]
pub fn apply_options() -> ApplyOptions {
    let client_defaults = ClientDefaults {
        access_token_ttl: Duration::from_mins(15),
        refresh_token_ttl: Duration::from_hours(24),
        auth_code_ttl: Duration::from_mins(3),
    };
    ApplyOptions { dry_run: false, reset_secrets: false, client_defaults }
}

/// A runtime for one test.
pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built")
}

/// Runs a test on a server of its own.
pub fn run<Body>(database: Database, body: Body)
where
    Body: AsyncFnOnce(&App),
{
    run_with(database, Options::default(), body);
}

/// Runs a test on a server of its own with other settings.
pub fn run_with<Body>(database: Database, options: Options, body: Body)
where
    Body: AsyncFnOnce(&App),
{
    let Some(place) = database.copy() else { return };
    runtime().block_on(async {
        let app = App::start(place, options).await;
        let outcome = AssertUnwindSafe(body(&app)).catch_unwind().await;
        let stopped = app.stop().await;
        let whole = AssertUnwindSafe(app.place.assert_whole()).catch_unwind().await;
        app.place.remove().await;
        if let Some(failure) = outcome.err().or(whole.err()) {
            resume_unwind(failure);
        }
        stopped.expect("the server stops gracefully");
    });
}

impl App {
    async fn start(place: Place, options: Options) -> Self {
        let clock = options.clock.clone().unwrap_or_else(|| Arc::new(FixedClock::new(beginning())));
        let overrides = options.overrides(clock.clone());
        let started = start_with(options.settings(&place), clock, overrides).await;
        let http = plain()
            // The server's stop would wait half a second for what connections that are kept still bring.
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(30))
            .build()
            .expect("an HTTP client can be built");
        Self {
            clock: started.clock.clone(),
            place,
            http,
            options: std::sync::Mutex::new(options),
            address: std::sync::Mutex::new(started.running.address),
            running: Mutex::new(Some(started)),
        }
    }

    async fn stop(&self) -> anyhow::Result<()> {
        match self.running.lock().await.take() {
            Some(started) => started.running.stop().await,
            None => Ok(()),
        }
    }

    /// Stops the server and starts another on the same database, with the same clock.
    pub async fn restart(&self) {
        self.stop().await.expect("the server stops gracefully");
        let started = start_with(self.settings(), self.clock.clone(), self.overrides()).await;
        *self.address.lock().expect("nobody panics holding the address") = started.running.address;
        *self.running.lock().await = Some(started);
    }

    /// As [`App::restart`], with other settings from now on.
    pub async fn restart_with(&self, options: Options) {
        *self.options.lock().expect("nobody panics holding the options") = options;
        self.restart().await;
    }

    /// The scripted identity provider of that id.
    ///
    /// # Panics
    /// When the test has none.
    #[must_use]
    pub fn scripted(&self, id: &str) -> Arc<ScriptedProvider> {
        let options = self.options.lock().expect("nobody panics holding the options");
        let providers = options.providers.as_ref().expect("the test has scripted providers");
        providers.scripted(id).expect("the test has a provider of that id")
    }

    fn overrides(&self) -> Overrides {
        self.options.lock().expect("nobody panics holding the options").overrides(self.clock.clone())
    }

    fn settings(&self) -> Settings {
        self.options.lock().expect("nobody panics holding the options").settings(&self.place)
    }

    /// The core of the running server.
    pub async fn core(&self) -> Arc<Core> {
        let running = self.running.lock().await;
        running.as_ref().expect("the server runs").running.core.clone()
    }

    /// What another process on the same database, with the same clock, would work with.
    pub async fn other_process(&self) -> Assembly {
        let overrides = self.overrides();
        let settings = self.settings();
        wire::assemble(&settings, overrides, Purpose::Work)
            .await
            .expect("a second process can open the database")
    }

    /// Applies a file on the running server's core.
    ///
    /// # Panics
    /// When it cannot be applied.
    pub async fn apply(&self, text: &str) {
        let file = apply_file::parse(text, "test.toml").expect("the file is well-formed");
        self.core().await.apply(&file, apply_options()).await.expect("the file can be applied");
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        *self.address.lock().expect("nobody panics holding the address")
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// A request to be completed and sent by [`App::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address()))
    }

    /// Sends; there has to be an answer.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        Reply::read(request.send().await.expect("the server answers")).await
    }

    /// Asks again and again, for what happens after a reply or in another process, until the answer is there.
    ///
    /// # Panics
    /// When it takes longer than ten seconds.
    pub async fn eventually<Answer, Question>(&self, what: &str, question: Question) -> Answer
    where
        Question: AsyncFn() -> Option<Answer>,
    {
        eventually(what, Duration::from_secs(10), question).await
    }
}

/// Asks again and again until the answer is there.
///
/// # Panics
/// When it takes longer than `limit`.
pub async fn eventually<Answer, Question>(what: &str, limit: Duration, question: Question) -> Answer
where
    Question: AsyncFn() -> Option<Answer>,
{
    let asking = async {
        loop {
            if let Some(answer) = question().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let answer = tokio::time::timeout(limit, asking).await;
    answer.unwrap_or_else(|_| unreachable!("within {limit:?} it did not happen that {what}"))
}

/// Where every test's clock begins.
#[must_use]
pub fn beginning() -> Timestamp {
    Timestamp::from_unix_seconds(BEGINNING).expect("a moment of this century")
}

/// Runs async work to its end.
pub fn block_on<Work: Future>(work: Work) -> Work::Output {
    runtime().block_on(work)
}
