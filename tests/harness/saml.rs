//! A real SAML identity provider, and a server that trusts it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

use doorward_core::domain::time::Timestamp;
use doorward_core::testkit::clock::FixedClock;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, Response};
use serde_json::Value;

use super::app::{App, Options, run_with};
use super::binary::free_port;
use super::browser::{Browser, Visit, next_visit};
use super::database::Database;
use super::plain::plain;
use super::reply::Reply;

/// Names the script that runs the identity provider, `tests/upstreams/saml/idp.sh`.
pub const IDP: &str = "DOORWARD_TEST_SAML_IDP";
/// Our entity id.
pub const ENTITY_ID: &str = "https://auth.example.test/saml";

/// A private key and its certificate, in PEM.
pub struct Pair {
    /// The key.
    pub key: String,
    /// The certificate.
    pub certificate: String,
}

impl Pair {
    /// The same one for all tests of a process: RSA keys take long.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn own() -> &'static Self {
        static PAIR: OnceLock<Pair> = OnceLock::new();
        PAIR.get_or_init(|| {
            let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
                .expect("an RSA key can be made");
            let parameters =
                CertificateParams::new(vec!["sp.example.test".to_owned()]).expect("a usable name");
            let certificate = parameters.self_signed(&key).expect("a certificate can be made");
            Pair { key: key.serialize_pem(), certificate: certificate.pem() }
        })
    }
}

/// What differs from the usual section of the configuration.
pub struct Setup {
    /// `server.public_url`.
    pub public_url: &'static str,
    section: BTreeMap<String, String>,
}

impl Setup {
    /// Known to browsers by this address.
    #[must_use]
    pub fn at(public_url: &'static str) -> Self {
        let mut setup = Self { public_url, section: BTreeMap::new() }.set("client_id", ENTITY_ID);
        setup.section.insert("allow_loopback".to_owned(), "true".to_owned());
        setup
    }

    /// Sets a key to a text.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        let quote = if value.contains('\n') { "'''" } else { "'" };
        self.section.insert(key.to_owned(), format!("{quote}{value}{quote}"));
        self
    }

    /// Sets a key to a word that is no text, or to a list.
    #[must_use]
    pub fn set_raw(mut self, key: &str, value: &str) -> Self {
        self.section.insert(key.to_owned(), value.to_owned());
        self
    }

    /// With a key of our own.
    #[must_use]
    pub fn with_own_key(self) -> Self {
        self.set("private_key", &Pair::own().key).set("certificate", &Pair::own().certificate)
    }

    fn options(&self, clock: Arc<FixedClock>) -> Options {
        let file = super::federation::render("saml", &self.section);
        Options::default().set("server.public_url", self.public_url).with_file(&file).with_clock(clock)
    }

    /// Runs a test on a server without any identity provider.
    pub fn run_alone(&self, database: Database, body: impl AsyncFnOnce(&App)) {
        run_with(database, self.options(present()), body);
    }
}

/// The test's clock stands at the present, which the identity provider goes by.
fn present() -> Arc<FixedClock> {
    let now = std::time::UNIX_EPOCH.elapsed().expect("it is later than 1970").as_secs();
    let now = i64::try_from(now).ok().and_then(Timestamp::from_unix_seconds);
    Arc::new(FixedClock::new(now.expect("the present is a point in time")))
}

/// Runs a test on a server of its own and an identity provider that reads our metadata there. Where [`IDP`] is not set, the
/// test says so and passes.
pub fn run<Body>(database: Database, setup: Setup, body: Body)
where
    Body: AsyncFnOnce(&App, &Idp),
{
    let Some(script) = script() else { return };
    let port = free_port();
    let setup = setup.set("metadata_url", &format!("http://127.0.0.1:{port}/saml2/idp/metadata.php"));
    run_with(database, setup.options(present()), async |app| {
        let idp = Idp::start(&script, port, &format!("http://{}/auth/saml/metadata", app.address()));
        body(app, &idp).await;
    });
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must know what was left out")]
fn script() -> Option<String> {
    let script = super::database::environment(IDP);
    if script.is_none() {
        eprintln!("left out: {IDP} is not set; ./dev test sets it");
    }
    script
}

/// The identity provider; ends when dropped.
pub struct Idp {
    child: Child,
    base: String,
    http: reqwest::Client,
}

impl Idp {
    fn start(script: &str, port: u16, metadata: &str) -> Self {
        let mut child = Command::new(script)
            .args([&port.to_string(), "metadata", metadata])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the identity provider can be started");
        let output = child.stdout.take().expect("its output is piped");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("it says something");
        assert_eq!(line.trim(), format!("ready {port}"));
        let http = plain().build();
        Self {
            child,
            base: format!("http://127.0.0.1:{port}"),
            http: http.expect("an HTTP client can be built"),
        }
    }

    /// Its entity id.
    #[must_use]
    pub fn entity_id(&self) -> String {
        format!("{}/saml2/idp/metadata.php", self.base)
    }

    /// Changes what it does from now on.
    ///
    /// # Panics
    /// When it does not know the option.
    pub async fn change(&self, options: &Value) {
        let request = self.http.post(format!("{}/_control", self.base)).json(options);
        let reply = request.send().await.expect("it answers");
        assert_eq!(reply.status(), 200, "{options}");
    }

    /// Signs in over there; answers the visit that leads back, not yet made.
    ///
    /// # Panics
    /// When it does not lead back.
    pub async fn sign_in(&self, there: &Visit, username: &str) -> Visit {
        let mut cookies = BTreeMap::new();
        let (visit, reply) = self.follow(there.clone(), &mut cookies).await;
        let mut form = next_visit(&visit, &reply).unwrap_or_else(|| unreachable!("no form: {}", reply.text));
        form.url = visit.url.join("/module.php/core/loginuserpass.php").expect("a path");
        let form = form.with("username", Some(username)).with("password", Some(&format!("{username}pass")));
        let (visit, reply) = self.follow(form, &mut cookies).await;
        let back = next_visit(&visit, &reply).unwrap_or_else(|| unreachable!("no way back: {}", reply.text));
        assert!(back.parameter("SAMLResponse").is_some(), "{}", reply.text);
        back
    }

    /// A sign-in that nobody here asked for.
    pub async fn unsolicited(&self, username: &str) -> Visit {
        let url = format!("{}/saml2/idp/SSOService.php?spentityid={ENTITY_ID}", self.base);
        self.sign_in(&Visit::typed(&url), username).await
    }

    async fn follow(&self, visit: Visit, cookies: &mut BTreeMap<String, String>) -> (Visit, Reply) {
        let mut visit = visit;
        loop {
            let response = self.send(&visit, cookies).await;
            keep(&response, cookies);
            let reply = Reply::read(response).await;
            if !(300..400).contains(&reply.status) {
                return (visit, reply);
            }
            visit = next_visit(&visit, &reply).unwrap_or_else(|| unreachable!("a redirect to nowhere"));
        }
    }

    async fn send(&self, visit: &Visit, cookies: &BTreeMap<String, String>) -> Response {
        let mut request = self.http.request(visit.method.clone(), visit.url.clone());
        if visit.method == Method::POST {
            request = request.form(&visit.fields);
        }
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header(COOKIE, pairs.join("; ")).send().await.expect("the identity provider answers")
    }
}

fn keep(response: &Response, cookies: &mut BTreeMap<String, String>) {
    for text in response.headers().get_all(SET_COOKIE) {
        let pair =
            text.to_str().ok().and_then(|text| text.split(';').next()).and_then(|pair| pair.split_once('='));
        let (name, value) = pair.expect("a well-formed cookie");
        cookies.insert(name.to_owned(), value.to_owned());
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        // Not SIGKILL: it has a directory to remove.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl Browser<'_> {
    /// Departs, signs in at the SAML identity provider and comes back, up to the last request but this.
    pub async fn saml_callback(&self, idp: &Idp, username: &str) -> Visit {
        let there = self.depart(doorward_core::ports::provider::ProviderKind::Saml).await;
        idp.sign_in(&there, username).await
    }
}
