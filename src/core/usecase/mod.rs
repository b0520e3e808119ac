//! What Doorward does: one verb per file, each a method of [`Core`]. Dialects only translate to and from these.

mod aged_password;
mod attempts;
mod authenticate_bearer;
mod authenticate_client;
mod begin_federated_login;
mod change_email;
mod change_password;
mod deliver_messages;
mod departures;
mod end_session;
mod end_upstream_session;
mod enrol_authenticator;
mod exchange_id_token;
mod federated_sign_in;
mod finish_federated_login;
mod forget_password;
mod half_way;
mod housekeeping;
mod issue_tokens;
mod link_identity;
mod links;
mod login_activity;
mod login_token;
mod messages;
mod new_device;
mod new_password;
mod password_login;
mod prove_one_time_code;
mod redeem_code;
mod request_sign_up;
mod reset_password;
mod rotate_refresh;
mod rotation;
mod second_factor;
mod send_one_time_code;
mod settings;
mod sign_in;
mod sign_up;
mod sign_up_at_provider;
mod sign_up_place;
mod upstream;
mod verify_email;
mod verify_one_time_code;

pub mod apply;
pub mod import;
pub mod oauth;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

pub use self::attempts::AttemptLimits;
pub use self::authenticate_client::{client_secret_hash, hs256_place};
pub use self::begin_federated_login::{BeginFederatedLogin, Browser, Departing};
pub use self::change_email::ChangeEmail;
pub use self::change_password::ChangePassword;
pub use self::end_session::{LogOut, LoggedOut};
pub use self::enrol_authenticator::{EnrolAuthenticator, LookAtCode};
pub use self::exchange_id_token::{ExchangeIdToken, Exchanged, IssuedNonce, NativeClient};
pub use self::federated_sign_in::Goal;
pub use self::finish_federated_login::{Brought, FinishFederatedLogin, PageReturn, Returned};
pub use self::forget_password::ForgetPassword;
pub use self::issue_tokens::TokenPair;
pub use self::link_identity::TicketView;
pub use self::login_activity::{ActiveUsersQuery, VIEW_LOGIN_ACTIVITY};
pub use self::login_token::LoggedIn;
pub use self::password_login::{IssuedCode, PasswordLogin};
pub use self::redeem_code::RedeemCode;
pub use self::request_sign_up::{MAX_SIGN_UP_DATA, RequestSignUp};
pub use self::reset_password::ResetPassword;
pub use self::rotate_refresh::{RefreshTokens, SwitchTenant};
pub use self::send_one_time_code::SendOneTimeCode;
pub use self::settings::{
    LinkSettings, MessageLimits, OAuthSettings, SecondFactorSettings, SignUpSettings, Subject,
};
pub use self::sign_up::{SignUp, SignUpView, SignedUp};
pub use self::verify_email::VerifyEmail;
pub use self::verify_one_time_code::{Verified, VerifyOneTimeCode};

use crate::domain::error::Error;
use crate::domain::ids::{Id, uuid_v7};
use crate::domain::password_policy::PasswordPolicy;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use crate::ports::entropy::Entropy;
use crate::ports::logout_notifier::LogoutNotifier;
use crate::ports::messages::{Mailer, Texter};
use crate::ports::password::PasswordHasher;
use crate::ports::provider::Registry;
use crate::ports::revocation::RevocationStore;
use crate::ports::sealer::Sealer;
use crate::ports::signer::Signer;
use crate::ports::store::{Mode, Store, Stored, Tx};
use crate::ports::totp::Totp;

/// Longest lifetime of an access token a client may be given: a revocation has to be remembered that long.
pub const MAX_ACCESS_TOKEN_TTL: Duration = Duration::from_hours(24);

/// A second use of a code sooner than this is a double click and only refused; later it is a replay.
pub const CODE_REPLAY_TOLERANCE: Duration = Duration::from_secs(2);

/// The adapters behind the ports.
#[derive(Clone)]
pub struct Ports {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Token signatures.
    pub signer: Arc<dyn Signer>,
    /// Password hashes.
    pub passwords: Arc<dyn PasswordHasher>,
    /// What was revoked.
    pub revocations: Arc<dyn RevocationStore>,
    /// Encryption at rest.
    pub sealer: Arc<dyn Sealer>,
    /// Identity providers.
    pub providers: Arc<dyn Registry>,
    /// Mail.
    pub mailer: Arc<dyn Mailer>,
    /// Text messages; `None` = there is no way to send any.
    pub texter: Option<Arc<dyn Texter>>,
    /// Authenticator apps.
    pub totp: Arc<dyn Totp>,
    /// Tells clients that a session ended.
    pub logout_notifier: Arc<dyn LogoutNotifier>,
    /// Runs what must outlive a request; shutdown waits for it.
    pub tasks: TaskTracker,
}

/// Settings the use-cases read.
#[derive(Clone, Debug)]
pub struct CoreSettings {
    /// `iss` of every token.
    pub issuer: String,
    /// Locale of users without one.
    pub default_locale: String,
    /// Absolute lifetime of a session.
    pub session_lifetime: Duration,
    /// How long a used refresh token may be retried.
    pub refresh_grace: Duration,
    /// Rules for new passwords.
    pub password_policy: PasswordPolicy,
    /// Limits on failed attempts; `None` = none.
    pub attempt_limits: Option<AttemptLimits>,
    /// When a second factor is asked for, and which.
    pub second_factor: SecondFactorSettings,
    /// Where links lead and how long they work.
    pub links: LinkSettings,
    /// Where who signs up goes; `None` = nobody may sign up.
    pub sign_up: Option<SignUpSettings>,
    /// How many messages one destination or address may cause; `None` = any number.
    pub message_limits: Option<MessageLimits>,
    /// The OAuth 2.0 dialect.
    pub oauth: OAuthSettings,
}

/// The use-cases.
pub struct Core {
    ports: Ports,
    settings: CoreSettings,
    running: attempts::Running,
    recent: oauth::Recents,
    outbox_bell: Notify,
}

impl Core {
    /// Puts the core together.
    #[must_use]
    pub fn new(ports: Ports, settings: CoreSettings) -> Self {
        Self {
            ports,
            settings,
            running: attempts::Running::default(),
            recent: oauth::Recents::default(),
            outbox_bell: Notify::new(),
        }
    }

    /// The adapters, for the composition root and its worker.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// `iss` of every token.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    fn random<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        self.ports.entropy.fill(&mut bytes);
        bytes
    }

    fn new_id<T: Id>(&self) -> T {
        let millis = u64::try_from(self.now().unix_millis()).unwrap_or(0);
        T::from_uuid(uuid_v7(millis, &self.random()))
    }

    /// An opaque token of 256 random bits, base64url.
    fn opaque_token(&self) -> Secret<String> {
        use base64::Engine as _;
        Secret::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.random::<32>()))
    }

    async fn reading(&self, name: &'static str) -> Stored<Box<dyn Tx>> {
        self.ports.store.begin(name, Mode::Read).await
    }

    async fn reporting(&self, name: &'static str) -> Stored<Box<dyn Tx>> {
        self.ports.store.begin(name, Mode::Report).await
    }

    async fn writing(&self, name: &'static str) -> Stored<Box<dyn Tx>> {
        self.ports.store.begin(name, Mode::Write).await
    }
}

/// Runs a transaction section again, up to three times, while it loses races with other transactions.
async fn rerun<T, Section, Attempt>(mut section: Section) -> Result<T, Error>
where
    Section: FnMut() -> Attempt,
    Attempt: Future<Output = Result<T, Error>>,
{
    let mut attempts = 1;
    loop {
        match section().await {
            Err(error) if error.is_conflict() && attempts < 3 => attempts += 1,
            outcome => return outcome,
        }
    }
}
