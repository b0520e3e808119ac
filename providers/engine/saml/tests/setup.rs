//! The provider under test, and what goes in and out of it.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock;
use doorward_core::ports::provider::{
    Arrival, Departure, Destination, Handoff, LinkPolicy, Memo, Provider, ProviderError, ProviderKind, SignUp,
};
use doorward_core::testkit::entropy::SeededEntropy;
use url::Url;

use super::super::Saml;
use super::idp::{ACS, IDP, SP, idp, now, own};
use crate::engine::fetch::Fetch;
use crate::settings::ProviderSettings;
use crate::{ConfigurationError, Parts, Tools};

pub(super) const STATE: &str = "c3RhdGUtc3RhdGUtc3RhdGUtc3RhdGUtc3RhdGUtc3Q";
pub(super) const SSO: &str = "https://idp.example/sso?tenant=a%20b";

/// Both times stand still until they are moved.
#[derive(Default)]
pub(super) struct HandClock(Mutex<Duration>);

impl HandClock {
    pub(super) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

pub(super) fn settings() -> ProviderSettings {
    let extra = [("idp_entity_id", IDP), ("idp_sso_url", SSO)];
    ProviderSettings {
        id: "saml".to_owned(),
        kind: ProviderKind::Saml,
        client_id: Some(SP.to_owned()),
        client_secret: None,
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
        callback_path: "/auth/saml-redirect".to_owned(),
        sign_up: SignUp::Deny,
        link: LinkPolicy::Never,
        allow_loopback: true,
        timeout: Duration::from_secs(2),
        extra: extra
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        private_key: None,
        certificate: None,
        idp_certificates: vec![idp().certificate_pem()],
        metadata_file: None,
        metadata_url: None,
    }
}

pub(super) fn with_extra(mut settings: ProviderSettings, key: &str, value: &str) -> ProviderSettings {
    settings.extra.insert(key.to_owned(), value.to_owned());
    settings
}

pub(super) fn with_own_key(settings: ProviderSettings) -> ProviderSettings {
    ProviderSettings {
        private_key: Some(Secret::new(own().key_pem())),
        certificate: Some(own().certificate_pem()),
        ..settings
    }
}

pub(super) fn with_metadata_url(url: String) -> ProviderSettings {
    ProviderSettings {
        metadata_url: Some(url),
        idp_certificates: Vec::new(),
        extra: BTreeMap::new(),
        ..settings()
    }
}

pub(super) fn build_at(
    settings: ProviderSettings,
    clock: Arc<HandClock>,
) -> Result<Saml, ConfigurationError> {
    let fetch = Fetch::new(settings.allow_loopback, settings.timeout).unwrap();
    let tools = Tools { clock, entropy: Arc::new(SeededEntropy::new(1)) };
    Saml::new(Parts { settings, tools, fetch })
}

pub(super) fn build(settings: ProviderSettings) -> Saml {
    build_at(settings, Arc::default()).unwrap()
}

#[track_caller]
pub(super) fn refused_at_start(settings: ProviderSettings, what: &str) {
    let error = build_at(settings, Arc::default()).err().unwrap().to_string();
    assert!(error.contains(what), "{error}");
}

pub(super) fn departure() -> Departure {
    Departure { state: STATE.into(), callback_url: ACS.to_owned() }
}

pub(super) async fn depart(provider: &Saml) -> Handoff {
    provider.depart(&departure()).await.unwrap()
}

pub(super) fn query(handoff: &Handoff) -> (Url, HashMap<String, String>) {
    let Destination::Redirect(url) = &handoff.destination else {
        panic!("no redirect");
    };
    let url = Url::parse(url).unwrap();
    let query = url.query_pairs().into_owned().collect();
    (url, query)
}

pub(super) fn inflated(query: &HashMap<String, String>) -> String {
    let deflated = STANDARD.decode(&query["SAMLRequest"]).unwrap();
    let mut xml = String::new();
    flate2::read::DeflateDecoder::new(&deflated[..]).read_to_string(&mut xml).unwrap();
    xml
}

pub(super) fn arrival(xml: &str) -> Arrival {
    let field = Secret::new(STANDARD.encode(xml));
    Arrival {
        parameters: vec![("SAMLResponse".to_owned(), field), ("RelayState".to_owned(), STATE.into())],
        by_post: true,
        callback_url: ACS.to_owned(),
    }
}

pub(super) fn memo(request: &str) -> Memo {
    Memo::of(&serde_json::json!({ "request": request })).unwrap()
}

#[track_caller]
pub(super) fn assert_untrusted<T: std::fmt::Debug>(outcome: &Result<T, ProviderError>) {
    assert!(matches!(outcome, Err(ProviderError::Untrusted(_))), "{outcome:?}");
}
