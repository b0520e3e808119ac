//! A scripted identity provider on loopback: `doorward dev-idp`, and the upstream of the tests.
//!
//! It plays Google, Azure, Cognito, Keycloak, Apple, Facebook, Instagram, a plain OpenID provider and a SAML provider, each
//! with its own addresses, claims and habits, signs in whomever the browser picks from a page, remembers every call and can
//! be made to fail in every way that a relying party has to notice.

mod authorize;
mod control;
mod discovery;
mod fault;
mod keys;
mod pages;
mod persona;
mod profile;
mod redeem;
mod routes;
mod saml;
mod serve;
mod token;
mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::ports::clock::Clock;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::provider::ProviderKind;
use poem::listener::TcpAcceptor;
use poem::{Request, Server};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use fault::Fault;
pub use persona::Persona;
pub use redeem::{APPLE_KEY, APPLE_TEAM};
pub use routes::{AZURE_TENANT, COGNITO_POOL, Endpoint, FACEBOOK_VERSION, KEYCLOAK_REALM};
pub use world::{CLIENT_ID, CLIENT_SECRET, Call};

use fault::Armed;
use token::Subject;
use world::World;

/// How long a stop waits for answers that are under way.
const STOP: Duration = Duration::from_millis(200);

/// A running provider; stops when dropped.
pub struct DevIdp {
    world: Arc<World>,
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl DevIdp {
    /// Begins to serve; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is not of this machine alone, or is taken.
    pub async fn start(
        listen: SocketAddr,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> io::Result<Self> {
        if !listen.ip().is_loopback() {
            let reason = format!("{listen} is not a loopback address: everybody can be anybody here");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let world = Arc::new(World::new(format!("http://{address}"), clock, entropy));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
        let (shared, stopped) = (world.clone(), stop.clone());
        let endpoint = poem::endpoint::make(move |request: Request| {
            let world = shared.clone();
            async move { Ok::<_, poem::Error>(serve::answer(world, request).await) }
        });
        tasks.spawn(async move {
            server.run_with_graceful_shutdown(endpoint, stopped.cancelled_owned(), Some(STOP)).await
        });
        Ok(Self { world, address, stop, tasks })
    }

    /// Stops.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `iss` of a provider's ID tokens; SAML's entity id.
    #[must_use]
    pub fn issuer(&self, kind: ProviderKind) -> String {
        format!("{}{}", self.world.base, routes::issuer(kind, routes::usual_place(kind)))
    }

    /// The address of an endpoint; `None` where the provider has no such thing.
    #[must_use]
    pub fn url(&self, kind: ProviderKind, endpoint: Endpoint) -> Option<String> {
        let path = routes::path(kind, endpoint, routes::usual_place(kind))?;
        Some(format!("{}{path}", self.world.base))
    }

    /// The origin, for addresses that [`DevIdp::url`] does not know.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.world.base
    }

    /// Adds somebody, or changes whoever has the key.
    pub fn add(&self, persona: Persona) {
        self.world.add_persona(persona);
    }

    /// Whoever comes without a `login_hint` is this one; `None` = the page asks.
    pub fn choose(&self, key: Option<&str>) {
        self.world.choose(key.map(str::to_owned));
    }

    /// Arms a fault everywhere.
    pub fn fault(&self, fault: Fault) {
        self.world.arm(Armed { fault, kind: None, endpoint: None });
    }

    /// Arms a fault at one endpoint of every provider.
    pub fn fault_at(&self, endpoint: Endpoint, fault: Fault) {
        self.world.arm(Armed { fault, kind: None, endpoint: Some(endpoint) });
    }

    /// Arms a fault at one endpoint of one provider.
    pub fn fault_of(&self, kind: ProviderKind, endpoint: Endpoint, fault: Fault) {
        self.world.arm(Armed { fault, kind: Some(kind), endpoint: Some(endpoint) });
    }

    /// Disarms every fault.
    pub fn heal(&self) {
        self.world.disarm();
    }

    /// From now on another key signs and is published.
    pub fn rotate_keys(&self) {
        self.world.rotate();
    }

    /// The provider's clock is this many seconds ahead.
    pub fn skew(&self, seconds: i64) {
        self.world.skew(seconds);
    }

    /// The calls to an endpoint so far.
    #[must_use]
    pub fn calls(&self, kind: ProviderKind, endpoint: Endpoint) -> Vec<Call> {
        let calls = self.world.calls().into_iter();
        calls.filter(|call| call.kind == kind && call.endpoint == endpoint).collect()
    }

    /// All calls so far, in order.
    #[must_use]
    pub fn all_calls(&self) -> Vec<Call> {
        self.world.calls()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.world.forget_calls();
    }

    /// How often somebody followed [`Fault::Redirect`].
    #[must_use]
    pub fn canary_calls(&self) -> usize {
        self.world.canary()
    }

    /// What a mobile SDK would get: an ID token of this persona; with the faults that are armed for the token endpoint.
    /// `None` when nobody has the key, or no key could be made.
    #[must_use]
    pub fn id_token(
        &self,
        kind: ProviderKind,
        persona: &str,
        audience: &str,
        nonce: Option<&str>,
    ) -> Option<String> {
        let persona = self.world.persona(persona)?;
        let place = routes::usual_place(kind);
        self.world.id_token(&Subject { kind, place, persona: &persona, audience, nonce, access_token: None })
    }

    /// The private key (`.p8`, PEM) of Apple's client: always the same, as it protects nothing.
    #[must_use]
    pub fn apple_private_key() -> Option<String> {
        keys::apple_private_pem()
    }
}

impl Drop for DevIdp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
