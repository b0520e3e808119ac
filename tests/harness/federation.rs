//! A server whose providers are all played by `doorward-dev-idp`.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorward_core::ports::provider::ProviderKind;
use doorward_core::testkit::clock::FixedClock;
use doorward_core::testkit::entropy::SeededEntropy;
use doorward_dev_idp::{APPLE_KEY, APPLE_TEAM, CLIENT_ID, CLIENT_SECRET, DevIdp, Endpoint, KEYCLOAK_REALM};
use reqwest::Method;

use super::app::{App, Options, beginning, run_with, runtime};
use super::browser::{Browser, Stop, Visit};
use super::database::Database;
use super::reply::Reply;
use crate::bootstrap::{WEBAPP, secret_of};

/// How browsers know the server, behind a proxy that speaks TLS.
pub const HTTPS: &str = "https://auth.example.test";
/// How browsers know it without one.
pub const HTTP: &str = "http://auth.example.test";

/// The kinds whose answers are codes to be redeemed: all but SAML, for which there is [`Setup::with_saml`].
#[must_use]
pub fn played() -> Vec<ProviderKind> {
    ProviderKind::ALL.into_iter().filter(|kind| *kind != ProviderKind::Saml).collect()
}

/// What differs from the usual configuration.
#[derive(Clone, Debug)]
pub struct Setup {
    /// `server.public_url`.
    pub public_url: &'static str,
    changes: Vec<(ProviderKind, String, String)>,
    file: String,
    has_saml: bool,
    options: Options,
}

impl Default for Setup {
    fn default() -> Self {
        let (changes, file, options) = (Vec::new(), String::new(), Options::default());
        Self { public_url: HTTPS, changes, file, has_saml: false, options }
    }
}

impl Setup {
    /// Known to browsers by this address.
    #[must_use]
    pub fn at(mut self, public_url: &'static str) -> Self {
        self.public_url = public_url;
        self
    }

    /// Sets a key of one kind's section to a text.
    #[must_use]
    pub fn set(mut self, kind: ProviderKind, key: &str, value: &str) -> Self {
        self.changes.push((kind, key.to_owned(), format!("'{value}'")));
        self
    }

    /// Sets a key of one kind's section to a list; `words` has commas between them.
    #[must_use]
    pub fn set_words(mut self, kind: ProviderKind, key: &str, words: &str) -> Self {
        let words: Vec<String> = words.split(',').map(|word| format!("'{word}'")).collect();
        self.changes.push((kind, key.to_owned(), format!("[{}]", words.join(", "))));
        self
    }

    /// Sets a key of every section to a text.
    #[must_use]
    pub fn set_all(self, key: &str, value: &str) -> Self {
        played().into_iter().fold(self, |setup, kind| setup.set(kind, key, value))
    }

    /// Accounts are recognised by verified addresses.
    #[must_use]
    pub fn linking(self) -> Self {
        self.set_all("link", "verified_email")
    }

    /// Accounts are made, as members of acme.
    #[must_use]
    pub fn creating(self) -> Self {
        self.set_all("sign_up", "create").set_all("sign_up_tenant", "acme").set_all("sign_up_role", "Member")
    }

    /// With SAML as well.
    #[must_use]
    pub fn with_saml(mut self) -> Self {
        self.has_saml = true;
        self
    }

    /// Adds to the configuration file.
    #[must_use]
    pub fn with_file(mut self, text: &str) -> Self {
        self.file.push_str(text);
        self
    }

    /// Sets a key outside the providers.
    #[must_use]
    pub fn with_option(mut self, key: &str, value: &str) -> Self {
        self.options = self.options.set(key, value);
        self
    }

    fn config(&self, idp: &DevIdp) -> String {
        let mut text = self.file.clone();
        let saml = self.has_saml.then_some(ProviderKind::Saml);
        for kind in played().into_iter().chain(saml) {
            let mut section = section(idp, kind);
            for (_, key, value) in self.changes.iter().filter(|(changed, _, _)| *changed == kind) {
                section.insert(key.clone(), value.clone());
            }
            text.push_str(&render(kind.as_str(), &section));
        }
        text
    }
}

/// A section of the configuration file.
#[must_use]
pub fn render(id: &str, section: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = section.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!("\n[providers.{id}]\n{}", lines.concat())
}

/// What an operator writes to let a kind be played: TOML values by key.
#[must_use]
pub fn section(idp: &DevIdp, kind: ProviderKind) -> BTreeMap<String, String> {
    let mut section = BTreeMap::new();
    let mut set = |key: &str, value: &str| section.insert(key.to_owned(), format!("'{value}'"));
    let url = |endpoint| idp.url(kind, endpoint).expect("this kind has this endpoint");
    set("kind", kind.as_str());
    set("client_id", CLIENT_ID);
    if !matches!(kind, ProviderKind::Apple | ProviderKind::Saml) {
        set("client_secret", CLIENT_SECRET);
    }
    match kind {
        ProviderKind::Google | ProviderKind::Oidc => {
            set("issuer", &idp.issuer(kind));
        }
        ProviderKind::Azure => {
            set("issuer", &format!("{}/azure/{{tenantid}}/v2.0", idp.base()));
            set("tenant", doorward_dev_idp::AZURE_TENANT);
        }
        ProviderKind::Cognito => {
            set("issuer", &idp.issuer(kind));
            set("domain", &format!("{}/cognito-domain", idp.base()));
        }
        ProviderKind::Keycloak => {
            set("host", &format!("{}/keycloak", idp.base()));
            set("realm", KEYCLOAK_REALM);
        }
        ProviderKind::Apple => {
            set("issuer", &idp.issuer(kind));
            set("team_id", APPLE_TEAM);
            set("key_id", APPLE_KEY);
            let key = DevIdp::apple_private_key().expect("the key can be made");
            section.insert("private_key".to_owned(), format!("'''\n{key}'''"));
        }
        ProviderKind::Facebook => {
            set("issuer", &idp.issuer(kind));
            set("authorization_endpoint", &url(Endpoint::Authorize));
            set("token_endpoint", &url(Endpoint::Token));
            set("userinfo_endpoint", &url(Endpoint::Userinfo));
            set("jwks_uri", &url(Endpoint::Jwks));
        }
        ProviderKind::Instagram => {
            set("authorization_endpoint", &url(Endpoint::Authorize));
            set("token_endpoint", &url(Endpoint::Token));
            set("userinfo_endpoint", &url(Endpoint::Userinfo));
        }
        ProviderKind::Saml => {
            set("metadata_url", &url(Endpoint::Discovery));
        }
    }
    section.insert("allow_loopback".to_owned(), "true".to_owned());
    section
}

/// Runs a test on a server of its own whose providers are all played by one scripted provider, with the same clock.
pub fn run<Body>(database: Database, setup: &Setup, body: Body)
where
    Body: AsyncFnOnce(&App, &DevIdp),
{
    let clock = Arc::new(FixedClock::new(beginning()));
    let providers = runtime();
    let start = DevIdp::start(([127, 0, 0, 1], 0).into(), clock.clone(), Arc::new(SeededEntropy::new(4)));
    let idp = providers.block_on(start).expect("a free port");
    let options = setup.options.clone().set("server.public_url", setup.public_url);
    let options = options.with_file(&setup.config(&idp)).with_clock(clock);
    run_with(database, options, async |app| body(app, &idp).await);
    providers.block_on(idp.stop());
}

/// The path a sign-in begins at.
#[must_use]
pub fn start_path(kind: ProviderKind) -> String {
    match kind {
        ProviderKind::Apple => "/auth/oauth-apple".to_owned(),
        // The old service does not know it.
        other if other.native_callback_path().is_none() => format!("/auth/providers/{}", other.as_str()),
        other => format!("/auth/{}", other.as_str()),
    }
}

/// The path it comes back to.
#[must_use]
pub fn callback_path(kind: ProviderKind) -> String {
    let own = || format!("/auth/providers/{}/callback", kind.as_str());
    kind.native_callback_path().map_or_else(own, str::to_owned)
}

/// The form of a start.
#[must_use]
pub fn start_form(client: &str) -> Vec<(String, String)> {
    let id = [("client_id".to_owned(), client.to_owned())];
    id.into_iter()
        .chain(secret_of(client).map(|secret| ("client_secret".to_owned(), secret.to_owned())))
        .collect()
}

impl Browser<'_> {
    /// Begins at a path with the client's form; answers the page of the provider that it leads to.
    ///
    /// # Panics
    /// When it leads nowhere.
    pub async fn depart_from(&self, path: &str, client: &str) -> Visit {
        let start = Visit {
            method: Method::POST,
            url: self.address(path),
            fields: start_form(client),
            // The client's page is of the same site, as it usually is.
            from: Some(self.address("/")),
        };
        let (stop, next) = self.travel(start, |_| true).await;
        next.unwrap_or_else(|| unreachable!("{path} leads nowhere: {stop:?}"))
    }

    /// Begins to sign in through the usual client.
    pub async fn depart(&self, kind: ProviderKind) -> Visit {
        self.depart_from(&start_path(kind), WEBAPP).await
    }

    /// Signs in over there; answers the visit that the provider sends back here, not yet made.
    ///
    /// # Panics
    /// When it does not come back.
    pub async fn at_provider(&self, there: Visit) -> Visit {
        let here = self.address("/").origin();
        let (stop, next) = self.travel(there, |visit| visit.url.origin() == here).await;
        next.unwrap_or_else(|| unreachable!("it does not come back: {stop:?}"))
    }

    /// Departs, signs in and comes back, up to the last request but this.
    pub async fn callback(&self, kind: ProviderKind) -> Visit {
        let there = self.depart(kind).await;
        self.at_provider(there).await
    }

    /// Makes the visit; answers where it ended.
    pub async fn arrive(&self, callback: Visit) -> Stop {
        self.travel(callback, |_| false).await.0
    }

    /// A whole sign-in; answers where it ended.
    pub async fn sign_in(&self, kind: ProviderKind) -> Stop {
        let callback = self.callback(kind).await;
        self.arrive(callback).await
    }

    /// An address of the server as browsers know it.
    #[must_use]
    pub fn address(&self, path: &str) -> reqwest::Url {
        self.public_url().join(path).expect("a path")
    }
}

impl Stop {
    /// The address of the client that it ended at.
    ///
    /// # Panics
    /// When it ended here.
    #[must_use]
    #[track_caller]
    pub fn away(self) -> reqwest::Url {
        match self {
            Self::Away(url) => url,
            Self::Here(reply) => unreachable!("it did not get away: {} {}", reply.status, reply.text),
        }
    }

    /// The answer it ended with.
    ///
    /// # Panics
    /// When it got away.
    #[must_use]
    #[track_caller]
    pub fn here(self) -> Reply {
        match self {
            Self::Here(reply) => reply,
            Self::Away(url) => unreachable!("it got away to {url}"),
        }
    }

    /// The code that the client got.
    ///
    /// # Panics
    /// When it got none.
    #[must_use]
    #[track_caller]
    pub fn code(self) -> String {
        let url = self.away();
        parameter(&url, "code").unwrap_or_else(|| unreachable!("there is no code in {url}"))
    }

    /// It was refused, as every sign-in that proves nothing.
    #[track_caller]
    pub fn assert_refused(self) {
        self.here().assert_wrapped_error(401, "Invalid Credentials");
    }
}

/// A parameter of an address.
#[must_use]
pub fn parameter(url: &reqwest::Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
