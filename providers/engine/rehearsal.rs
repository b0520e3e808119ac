//! A sign-in at the scripted provider of `doorward-dev-idp`, from departure to arrival, without a server of ours.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::domain::federation::ExternalIdentity;
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::provider::{
    Arrival, Departure, Destination, LinkPolicy, Provider, ProviderError, ProviderKind, Registry as _, SignUp,
};
use doorward_core::testkit::clock::FixedClock;
use doorward_core::testkit::entropy::SeededEntropy;
use doorward_dev_idp::{CLIENT_ID, CLIENT_SECRET, DevIdp, Endpoint};

use crate::Tools;
use crate::settings::ProviderSettings;

const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// The provider and its counterpart.
pub(crate) struct Rehearsal {
    pub(crate) idp: DevIdp,
    pub(crate) provider: Arc<dyn Provider>,
}

impl Rehearsal {
    /// One kind, with its endpoints at the scripted provider.
    pub(crate) async fn of(kind: ProviderKind) -> Self {
        let now = Timestamp::from_unix_seconds(1_795_253_400).expect("a moment of this century");
        let clock = Arc::new(FixedClock::new(now));
        let entropy = Arc::new(SeededEntropy::new(4));
        let listen = ([127, 0, 0, 1], 0).into();
        let idp = DevIdp::start(listen, clock.clone(), entropy.clone()).await.expect("a free port");
        let url = |endpoint| idp.url(kind, endpoint);
        let settings = ProviderSettings {
            id: kind.as_str().to_owned(),
            kind,
            client_id: Some(CLIENT_ID.to_owned()),
            client_secret: Some(Secret::from(CLIENT_SECRET)),
            audiences: Vec::new(),
            issuer: Some(idp.issuer(kind)),
            authorization_endpoint: url(Endpoint::Authorize),
            token_endpoint: url(Endpoint::Token),
            userinfo_endpoint: url(Endpoint::Userinfo),
            jwks_uri: url(Endpoint::Jwks),
            revocation_endpoint: None,
            end_session_endpoint: None,
            scopes: None,
            redirect_uri: None,
            callback_path: "/callback".to_owned(),
            sign_up: SignUp::Deny,
            link: LinkPolicy::Never,
            allow_loopback: true,
            timeout: Duration::from_secs(5),
            extra: BTreeMap::new(),
            private_key: None,
            certificate: None,
            idp_certificates: Vec::new(),
            metadata_file: None,
            metadata_url: None,
        };
        let providers = crate::build(vec![settings], Tools { clock, entropy }).expect("a complete section");
        let provider = providers.provider(kind.as_str()).expect("it is configured");
        Self { idp, provider }
    }

    /// Somebody departs, signs in over there and arrives.
    pub(crate) async fn sign_in(&self, persona: &str) -> Result<ExternalIdentity, ProviderError> {
        let departure = Departure { state: Secret::from("a-state"), callback_url: CALLBACK.to_owned() };
        let handoff = self.provider.depart(&departure).await.expect("nobody needs to be asked");
        let Destination::Redirect(address) = handoff.destination else { panic!("it is a redirect") };
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        let request = client.expect("a client").get(format!("{address}&login_hint={persona}"));
        let reply = request.send().await.expect("the scripted provider answers");
        let location =
            reply.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let location = url::Url::parse(&location.expect("it sends the browser back")).expect("an address");
        let parameters = location.query_pairs();
        let parameters = parameters.map(|(name, value)| (name.into_owned(), Secret::from(&*value))).collect();
        let arrival = Arrival { parameters, by_post: false, callback_url: CALLBACK.to_owned() };
        assert_eq!(arrival.parameter("state"), Some("a-state"));
        self.provider.arrive(Some(&handoff.memo), &arrival).await
    }

    /// How often an endpoint was called.
    pub(crate) fn calls(&self, endpoint: Endpoint) -> usize {
        self.idp.calls(self.provider.info().kind, endpoint).len()
    }
}
