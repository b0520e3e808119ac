//! A core without a database: the token `good` is valid, `panic` panics, any other is invalid; the store is down.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use doorward_core::domain::claims::{Claims, TokenContext, VerifiedToken};
use doorward_core::domain::client::Client;
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::message::Message;
use doorward_core::domain::oauth_claims::{OAuthClaims, OAuthToken};
use doorward_core::domain::password_policy::PasswordPolicy;
use doorward_core::domain::revocation::{Revocation, TokenProbe};
use doorward_core::domain::second_factor::{OtpMethod, SecondFactorPolicy};
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::domain::user::Password;
use doorward_core::ports::logout_notifier::{LogoutNotifier, NotTold};
use doorward_core::ports::messages::{DeliveryError, Mailer};
use doorward_core::ports::password::{PasswordHasher, Verdict};
use doorward_core::ports::provider::NoProviders;
use doorward_core::ports::revocation::RevocationStore;
use doorward_core::ports::sealer::Sealer;
use doorward_core::ports::signer::{Expiry, Signer, Statement};
use doorward_core::ports::store::{Mode, RefreshRotation, Store, StoreError, Stored, TailCursor, Tx};
use doorward_core::ports::totp::{Enrolment, Totp};
use doorward_core::testkit::clock::FixedClock;
use doorward_core::testkit::entropy::SeededEntropy;
use doorward_core::testkit::samples::{Samples, sample_time};
use doorward_core::usecase::{
    Core, CoreSettings, LinkSettings, OAuthSettings, Ports, SecondFactorSettings, Subject,
};
use serde_json::{Map, Value};
use tokio_util::task::TaskTracker;

use crate::settings::HttpSettings;

struct Fake;

fn down<T>(transaction: &'static str) -> Stored<T> {
    Err(StoreError::Unavailable { transaction, source: "the store of a test".into() })
}

#[async_trait]
impl Store for Fake {
    async fn begin(&self, name: &'static str, _mode: Mode) -> Stored<Box<dyn Tx>> {
        down(name)
    }

    async fn rotate_refresh(&self, _rotation: Arc<RefreshRotation>) -> Stored<bool> {
        down("rotate_refresh")
    }

    async fn ping(&self) -> Stored<()> {
        down("ping")
    }

    async fn tail_revocations(
        &self,
        _cursor: Option<&TailCursor>,
        _now: Timestamp,
    ) -> Stored<(Vec<Revocation>, TailCursor)> {
        down("tail")
    }
}

/// The claims behind the token `good`.
pub(crate) fn claims() -> Claims {
    let samples = Samples::new(1);
    let tenant = samples.tenant("acme");
    let user = samples.user("alice", Some(tenant.id));
    let role = samples.role("SuperAdmin", None);
    let membership = samples.membership(&user, &tenant, &role);
    let client = samples.client("webapp");
    let session = samples.session(&membership, &client);
    let access = samples.refresh(session.id, None).access;
    let context = TokenContext {
        issuer: "http://issuer.test",
        default_locale: "en",
        client: &client,
        session: &session,
        access,
    };
    Claims::access_token(&user, &membership, context)
}

#[async_trait]
impl Signer for Fake {
    async fn sign(&self, _claims: &Claims, _client: &Client) -> Result<Secret<String>, Error> {
        Err(ErrorKind::Unavailable.into())
    }

    async fn verify(&self, token: &str, _expiry: Expiry, _now: Timestamp) -> Result<VerifiedToken, Error> {
        match token {
            "good" => Ok(VerifiedToken::new(claims())),
            "panic" => panic!("a defect"),
            "slow" => {
                tokio::time::sleep(Duration::from_hours(1)).await;
                Err(ErrorKind::Internal.into())
            }
            _ => Err(ErrorKind::AccessTokenInvalid.into()),
        }
    }

    async fn sign_oauth(&self, _claims: &OAuthClaims, _client: &Client) -> Result<Secret<String>, Error> {
        Err(ErrorKind::Unavailable.into())
    }

    async fn verify_oauth(&self, token: &str, _now: Timestamp) -> Result<OAuthToken, Error> {
        match token {
            "panic" => panic!("a defect"),
            _ => Err(ErrorKind::AccessTokenInvalid.into()),
        }
    }

    async fn sign_statement(
        &self,
        _statement: Statement,
        _claims: &Map<String, Value>,
        _algorithm: Algorithm,
    ) -> Result<Secret<String>, Error> {
        Err(ErrorKind::Unavailable.into())
    }

    async fn verify_id_token(
        &self,
        token: &str,
        _expiry: Expiry,
        _now: Timestamp,
    ) -> Result<Map<String, Value>, Error> {
        match token {
            "good" => Ok(Map::new()),
            _ => Err(ErrorKind::IdTokenInvalid.into()),
        }
    }

    fn verify_with_keys(&self, _token: &str, _jwks: &Value) -> Result<Map<String, Value>, Error> {
        Err(ErrorKind::ClientAuthFailed.into())
    }

    async fn jwks(&self) -> Result<Value, Error> {
        Ok(serde_json::json!({ "keys": [] }))
    }

    async fn reload(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn server_mac(
        &self,
        _purpose: &str,
        _version: Option<i64>,
        _data: &[u8],
    ) -> Result<(i64, [u8; 32]), Error> {
        Err(ErrorKind::Unavailable.into())
    }
}

#[async_trait]
impl PasswordHasher for Fake {
    async fn hash(&self, _password: Password) -> Result<String, Error> {
        Err(ErrorKind::Overloaded(Duration::from_secs(3)).into())
    }

    async fn verify(&self, _password: Password, _stored: &str) -> Result<Verdict, Error> {
        Ok(Verdict::NoMatch)
    }

    async fn verify_nobody(&self, _password: Password) -> Result<(), Error> {
        Ok(())
    }

    fn imitate(&self, _commonest_scheme: &str) {}

    fn scheme(&self, _stored: &str) -> String {
        "unknown".to_owned()
    }
}

#[async_trait]
impl RevocationStore for Fake {
    async fn announce(&self, _revocations: &[Revocation]) {}

    fn absorb(&self, _revocations: &[Revocation], _now: Timestamp, _read_at: Duration) {}

    fn is_revoked(&self, _probe: &TokenProbe, _now: Timestamp) -> Result<bool, Error> {
        Ok(false)
    }

    fn is_fresh(&self) -> bool {
        true
    }
}

impl Sealer for Fake {
    fn seal(&self, _place: &str, plain: &[u8]) -> Vec<u8> {
        plain.to_vec()
    }

    fn open(&self, _place: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, Error> {
        Ok(Secret::new(sealed.to_vec()))
    }
}

#[async_trait]
impl Mailer for Fake {
    async fn send_mail(&self, _message: &Message) -> Result<(), DeliveryError> {
        Ok(())
    }
}

#[async_trait]
impl LogoutNotifier for Fake {
    async fn tell(&self, _uri: &str, _logout_token: &Secret<String>) -> Result<(), NotTold> {
        Ok(())
    }
}

impl Totp for Fake {
    fn matching_step(&self, _secret: &Secret<Vec<u8>>, _code: &str, _now: Timestamp) -> Option<i64> {
        None
    }

    fn enrolment(
        &self,
        _secret: &Secret<Vec<u8>>,
        _issuer: &str,
        _account: &str,
    ) -> Result<Enrolment, Error> {
        Err(ErrorKind::Internal.into())
    }
}

/// The core, and the tracker its tasks run on.
pub(crate) fn core() -> (Arc<Core>, TaskTracker) {
    let tasks = TaskTracker::new();
    let fake = Arc::new(Fake);
    let ports = Ports {
        store: fake.clone(),
        clock: Arc::new(FixedClock::new(sample_time())),
        entropy: Arc::new(SeededEntropy::new(7)),
        signer: fake.clone(),
        passwords: fake.clone(),
        revocations: fake.clone(),
        sealer: fake.clone(),
        providers: Arc::new(NoProviders),
        mailer: fake.clone(),
        texter: None,
        totp: fake.clone(),
        logout_notifier: fake,
        tasks: tasks.clone(),
    };
    let settings = CoreSettings {
        issuer: "http://issuer.test".to_owned(),
        default_locale: "en".to_owned(),
        session_lifetime: Duration::from_hours(720),
        refresh_grace: Duration::from_secs(10),
        password_policy: PasswordPolicy::default(),
        attempt_limits: None,
        second_factor: SecondFactorSettings {
            policy: SecondFactorPolicy::Off,
            method: OtpMethod::Email,
            code_ttl: Duration::from_mins(5),
            issuer: "Doorward".to_owned(),
        },
        links: LinkSettings {
            reset_password: "http://app.test/reset-password".to_owned(),
            sign_up: "http://app.test/sign-up".to_owned(),
            verify_email: "http://app.test/verify-email".to_owned(),
            reset_password_ttl: Duration::from_mins(30),
            sign_up_ttl: Duration::from_mins(30),
            verify_email_ttl: Duration::from_hours(24),
        },
        sign_up: None,
        message_limits: None,
        oauth: OAuthSettings {
            public_url: "http://127.0.0.1:8080".to_owned(),
            subject: Subject::Id,
            session_idle: Duration::from_hours(12),
            session_lifetime: Duration::from_hours(168),
        },
    };
    (Arc::new(Core::new(ports, settings)), tasks)
}

/// Settings of a test: small limits, short times.
pub(crate) fn settings() -> HttpSettings {
    HttpSettings {
        public_url: "http://127.0.0.1:8080".to_owned(),
        trusted_proxies: Vec::new(),
        cors_origins: vec!["*".to_owned()],
        body_limit: 64 * 1024,
        request_timeout: Duration::from_secs(2),
        header_timeout: Duration::from_millis(300),
        http2: false,
        max_connections: 16,
        shutdown_timeout: Duration::from_secs(5),
        jwks_cache: Duration::from_mins(5),
        web_app_url: None,
        allow_secret_in_query: false,
        allow_access_token_in_query: false,
    }
}
