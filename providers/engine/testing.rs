//! What the unit tests of the OpenID Connect providers share: keys, a clock that moves, and a provider that says what it is
//! told to say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward_core::domain::federation::ExternalIdentity;
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::provider::{
    Arrival, Departure, Destination, Handoff, LinkPolicy, Provider, ProviderError, ProviderKind,
    Registry as _, SignUp,
};
use doorward_core::testkit::entropy::SeededEntropy;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};
use url::Url;

use super::upstream::{Asked, Scripted, Upstream, raw};
use crate::settings::ProviderSettings;
use crate::{ConfigurationError, Tools};

pub(crate) const CLIENT: &str = "our-client";
pub(crate) const CLIENT_SECRET: &str = "our secret+";
pub(crate) const CALLBACK: &str = "https://doorward.test/auth/callback";
pub(crate) const ACCESS_TOKEN: &str = "an-access-token";
/// The moment at which every test begins.
pub(crate) const NOW: i64 = 1_795_000_000;

/// A key of the provider's.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) header: Header,
    pub(crate) encoding: EncodingKey,
    pub(crate) jwk: Value,
    pub(crate) pem: String,
}

impl Key {
    pub(crate) fn sign(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&self.header, claims, &self.encoding).expect("a key that signs")
    }

    fn new(algorithm: Algorithm, kid: &str, pem: String, encoding: EncodingKey, mut jwk: Value) -> Self {
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.to_owned());
        jwk["kid"] = json!(kid);
        jwk["use"] = json!("sig");
        Self { header, encoding, jwk, pem }
    }
}

pub(crate) fn p256_key(kid: &str) -> Key {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    let (point, pem) = (pair.public_key_raw().to_vec(), pair.serialize_pem());
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]) });
    let encoding = EncodingKey::from_ec_pem(pem.as_bytes()).expect("a key");
    Key::new(Algorithm::ES256, kid, pem, encoding, jwk)
}

pub(crate) fn ed25519_key(kid: &str) -> Key {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let pem = pair.serialize_pem();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.public_key_raw()) });
    let encoding = EncodingKey::from_ed_pem(pem.as_bytes()).expect("a key");
    Key::new(Algorithm::EdDSA, kid, pem, encoding, jwk)
}

pub(crate) fn rsa_key(kid: &str) -> Key {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().expect("a key");
    let lines = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> =
        lines.as_bytes().chunks(64).map(|line| str::from_utf8(line).expect("base64")).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    let public = pair.public_key();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (n, e) = (public.modulus(), public.exponent());
    let jwk = json!({
        "kty": "RSA", "n": encode(n.big_endian_without_leading_zero()), "e": encode(e.big_endian_without_leading_zero()),
    });
    let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key");
    Key::new(Algorithm::RS256, kid, pem, encoding, jwk)
}

/// A clock of which both hands are moved.
pub(crate) struct MovingClock(Mutex<Duration>);

impl MovingClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Duration::ZERO)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for MovingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(NOW).expect("a moment of this century").plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the provider says; tests change it.
pub(crate) struct Stage {
    /// Signs.
    pub(crate) key: Key,
    /// Published.
    pub(crate) keys: Vec<Value>,
    /// Put over the usual claims of the ID token; `null` takes one away.
    pub(crate) claims: Value,
    /// Put over the token answer.
    pub(crate) tokens: Value,
    /// Put over the discovery document.
    pub(crate) discovery: Value,
    /// Userinfo, if there is such.
    pub(crate) userinfo: Option<Value>,
    /// Answers instead, by path.
    pub(crate) instead: BTreeMap<String, Scripted>,
    nonce: Option<String>,
}

/// One instance and its provider.
pub(crate) struct Scene {
    pub(crate) upstream: Upstream,
    pub(crate) clock: Arc<MovingClock>,
    pub(crate) provider: Arc<dyn Provider>,
    stage: Arc<Mutex<Stage>>,
}

/// A section with nothing but its kind.
pub(crate) fn section(kind: ProviderKind) -> ProviderSettings {
    ProviderSettings {
        id: kind.as_str().to_owned(),
        kind,
        client_id: Some(CLIENT.to_owned()),
        client_secret: Some(Secret::from(CLIENT_SECRET)),
        audiences: Vec::new(),
        issuer: None,
        authorization_endpoint: None,
        token_endpoint: None,
        userinfo_endpoint: None,
        jwks_uri: None,
        revocation_endpoint: None,
        end_session_endpoint: None,
        scopes: None,
        redirect_uri: None,
        callback_path: "/auth/callback".to_owned(),
        sign_up: SignUp::Deny,
        link: LinkPolicy::Never,
        allow_loopback: false,
        timeout: Duration::from_secs(5),
        extra: BTreeMap::new(),
        private_key: None,
        certificate: None,
        idp_certificates: Vec::new(),
        metadata_file: None,
        metadata_url: None,
    }
}

/// The same with a kind-specific text.
pub(crate) fn with(mut settings: ProviderSettings, key: &str, value: &str) -> ProviderSettings {
    settings.extra.insert(key.to_owned(), value.to_owned());
    settings
}

/// Builds one section.
pub(crate) fn build(settings: ProviderSettings) -> Result<Arc<dyn Provider>, ConfigurationError> {
    build_at(settings, MovingClock::new())
}

fn build_at(
    settings: ProviderSettings,
    clock: Arc<MovingClock>,
) -> Result<Arc<dyn Provider>, ConfigurationError> {
    let id = settings.id.clone();
    let tools = Tools { clock, entropy: Arc::new(SeededEntropy::new(7)) };
    Ok(crate::build(vec![settings], tools)?.provider(&id).expect("it was configured"))
}

/// The query of an address.
pub(crate) fn query(address: &str) -> BTreeMap<String, String> {
    Url::parse(address).expect("an address").query_pairs().into_owned().collect()
}

impl Scene {
    /// Of any OpenID provider.
    pub(crate) async fn open() -> Self {
        Self::of(|base| ProviderSettings { issuer: Some(base.to_owned()), ..section(ProviderKind::Oidc) })
            .await
    }

    /// Of the section that belongs to the provider at that address. Local addresses are allowed.
    pub(crate) async fn of(settings: impl FnOnce(&str) -> ProviderSettings) -> Self {
        let key = p256_key("first");
        let stage = Stage {
            keys: vec![key.jwk.clone()],
            key,
            claims: json!({}),
            tokens: json!({}),
            discovery: json!({}),
            userinfo: None,
            instead: BTreeMap::new(),
            nonce: None,
        };
        let stage = Arc::new(Mutex::new(stage));
        let (clock, told) = (MovingClock::new(), stage.clone());
        let at = clock.clone();
        let upstream = Upstream::start(move |asked| {
            let stage = told.lock().unwrap_or_else(PoisonError::into_inner);
            stage.answer(asked, at.now().unix_seconds())
        })
        .await;
        let settings = ProviderSettings { allow_loopback: true, ..settings(&upstream.url("")) };
        let provider = build_at(settings, clock.clone()).expect("a complete section");
        Self { upstream, clock, provider, stage }
    }

    pub(crate) fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Departs; the address the browser is sent to, and what is remembered.
    pub(crate) async fn depart(&self) -> Result<(String, Handoff), ProviderError> {
        let departure = Departure { state: Secret::from("a-state"), callback_url: CALLBACK.to_owned() };
        let handoff = self.provider.depart(&departure).await?;
        let Destination::Redirect(address) = &handoff.destination else { panic!("no redirect") };
        self.stage().nonce = query(address).remove("nonce");
        Ok((address.clone(), handoff))
    }

    /// Departs and comes back with these parameters.
    pub(crate) async fn return_with(
        &self,
        parameters: &[(&str, &str)],
    ) -> Result<ExternalIdentity, ProviderError> {
        let (_, handoff) = self.depart().await?;
        self.provider.arrive(Some(&handoff.memo), &arrival(parameters)).await
    }

    /// Signs in.
    pub(crate) async fn sign_in(&self) -> Result<ExternalIdentity, ProviderError> {
        self.return_with(&[("code", "a-code"), ("state", "a-state")]).await
    }

    /// Signs in with these claims of the ID token.
    pub(crate) async fn sign_in_as(&self, claims: Value) -> Result<ExternalIdentity, ProviderError> {
        self.stage().claims = claims;
        self.sign_in().await
    }

    /// An ID token, as an app gets it.
    pub(crate) fn app_token(&self, nonce: &str) -> Secret<String> {
        let base = self.upstream.url("");
        let mut stage = self.stage();
        stage.nonce = Some(nonce.to_owned());
        Secret::new(stage.id_token(&base, self.clock.now().unix_seconds()))
    }
}

pub(crate) fn arrival(parameters: &[(&str, &str)]) -> Arrival {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value)));
    Arrival { parameters: parameters.collect(), by_post: false, callback_url: CALLBACK.to_owned() }
}

impl Stage {
    fn answer(&self, asked: &Asked, now: i64) -> Scripted {
        if let Some(scripted) = self.instead.get(&asked.path) {
            return scripted.clone();
        }
        let base = format!("http://{}", asked.header("host").unwrap_or_default());
        let found = match asked.path.rsplit('/').next().unwrap_or_default() {
            "openid-configuration" => Some(self.document(&base, &asked.path)),
            "jwks" => Some(json!({ "keys": self.keys })),
            "token" => Some(self.token_answer(&base, now)),
            "userinfo" => self.userinfo.clone(),
            "revoke" => Some(json!({})),
            _ => None,
        };
        found.map_or_else(|| raw(404, "<html>"), |value| raw(200, &value.to_string()))
    }

    fn document(&self, base: &str, path: &str) -> Value {
        let folder = path.trim_end_matches("/.well-known/openid-configuration");
        let mut document = json!({
            "issuer": format!("{base}{folder}"),
            "authorization_endpoint": format!("{base}/authorize?p=1"),
            "token_endpoint": format!("{base}/token"),
            "userinfo_endpoint": format!("{base}/userinfo"),
            "jwks_uri": format!("{base}/jwks"),
            "revocation_endpoint": format!("{base}/revoke"),
            "end_session_endpoint": format!("{base}/end"),
        });
        if self.userinfo.is_none() {
            document["userinfo_endpoint"] = Value::Null;
        }
        overlay(&mut document, &self.discovery);
        document
    }

    fn token_answer(&self, base: &str, now: i64) -> Value {
        let mut answer = json!({
            "access_token": ACCESS_TOKEN, "token_type": "Bearer", "refresh_token": "a-refresh-token",
            "id_token": self.id_token(base, now),
        });
        overlay(&mut answer, &self.tokens);
        answer
    }

    fn id_token(&self, base: &str, now: i64) -> String {
        let mut claims = json!({
            "iss": base, "aud": CLIENT, "sub": "user-1", "iat": now, "exp": now + 3600, "nonce": self.nonce,
        });
        overlay(&mut claims, &self.claims);
        self.key.sign(&claims)
    }
}

/// Puts members over others; `null` takes away.
pub(crate) fn overlay(value: &mut Value, over: &Value) {
    let none = Map::new();
    let members = value.as_object_mut().expect("an object");
    for (name, new) in over.as_object().unwrap_or(&none) {
        members.insert(name.clone(), new.clone());
    }
    members.retain(|_, value| !value.is_null());
}
