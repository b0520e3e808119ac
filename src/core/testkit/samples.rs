//! Sample values with every optional field set, so that a field that is not stored shows.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, NaiveDate};
use serde_json::json;

use crate::domain::activity::{Activity, LoginType};
use crate::domain::authentication::{Method, Methods};
use crate::domain::authenticator::Authenticator;
use crate::domain::challenge::{Challenge, ChallengePurpose, Expected};
use crate::domain::client::{Client, ClientOAuth, ClientType};
use crate::domain::federation::{Intent, LoginAttempt};
use crate::domain::grant::Grant;
use crate::domain::ids::{Id, SessionId, TenantId, uuid_v7};
use crate::domain::key::{Algorithm, SigningKey};
use crate::domain::link::{Link, LinkPurpose, subject};
use crate::domain::membership::{Membership, MembershipStatus, Role};
use crate::domain::message::Queued;
use crate::domain::refresh::{IssuedAccess, Refresh};
use crate::domain::second_factor::{Channel, SecondFactorPolicy};
use crate::domain::secret::TokenHash;
use crate::domain::session::Session;
use crate::domain::tenant::{Tenant, TenantStatus};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::ports::entropy::Entropy as _;

use super::entropy::SeededEntropy;

/// 2026-11-21T09:30:00.123456Z: with microseconds, to see that they survive.
#[must_use]
pub fn sample_time() -> Timestamp {
    Timestamp::new(DateTime::from_timestamp(1_795_253_400, 123_456_789).unwrap_or_default())
}

/// The address samples come from.
pub const SAMPLE_IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// Makes samples; ids differ from each other and repeat with the seed.
#[derive(Debug)]
pub struct Samples {
    entropy: SeededEntropy,
    made: AtomicU64,
}

impl Samples {
    /// A source of samples.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { entropy: SeededEntropy::new(seed), made: AtomicU64::new(0) }
    }

    /// A fresh id; later ones sort after earlier ones.
    #[must_use]
    pub fn id<I: Id>(&self) -> I {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        let millis = u64::try_from(sample_time().unix_millis()).unwrap_or_default();
        I::from_uuid(uuid_v7(millis + self.made.fetch_add(1, Ordering::Relaxed), &random))
    }

    /// The hash of a fresh token.
    #[must_use]
    pub fn token_hash(&self) -> TokenHash {
        let mut random = [0; 32];
        self.entropy.fill(&mut random);
        TokenHash::from_bytes(random)
    }

    /// An active tenant.
    #[must_use]
    pub fn tenant(&self, key: &str) -> Tenant {
        let name = format!("Tenant {key} – Größe 🏠");
        Tenant { id: self.id(), key: key.to_owned(), name, status: TenantStatus::Active, epoch: 0 }
    }

    /// A role with two permissions.
    #[must_use]
    pub fn role(&self, name: &str, tenant: Option<TenantId>) -> Role {
        let permissions = vec!["ViewLoginActivity".to_owned(), "user.read".to_owned()];
        let second_factor = Some(SecondFactorPolicy::Optional);
        Role { id: self.id(), tenant, name: name.to_owned(), permissions, second_factor }
    }

    /// A confidential client.
    #[must_use]
    pub fn client(&self, client_id: &str) -> Client {
        Client {
            key: self.id(),
            client_id: client_id.to_owned(),
            secret_hash: Some(vec![0, 1, 2, 255]),
            name: "Sample \"client\"".to_owned(),
            client_type: ClientType::Web,
            tenant: None,
            redirect_uris: vec!["https://b.test/cb".to_owned(), "https://a.test/cb?x=1".to_owned()],
            logout_redirect_uris: vec!["https://a.test/bye".to_owned()],
            grants: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
            scopes: vec!["openid".to_owned()],
            access_token_ttl: Duration::from_mins(15),
            refresh_token_ttl: Duration::from_hours(24),
            auth_code_ttl: Duration::from_millis(60_500),
            algorithm: Some(Algorithm::HS256),
            hs256_secret: Some(vec![9; 40]),
            oauth: ClientOAuth::default(),
            second_factor: Some(SecondFactorPolicy::Required),
            enabled: true,
            epoch: 0,
        }
    }

    /// A user with every field but the two times of later life.
    #[must_use]
    pub fn user(&self, username: &str, default_tenant: Option<TenantId>) -> User {
        User {
            id: self.id(),
            username: username.to_owned(),
            email: Some(format!("{username}@example.com")),
            email_verified: true,
            phone: Some("+15550000001".to_owned()),
            first_name: "Älice".to_owned(),
            middle_name: Some("von".to_owned()),
            last_name: Some("O'Test".to_owned()),
            gender: Some("F".to_owned()),
            dob: NaiveDate::from_ymd_opt(1990, 5, 17),
            photo_url: Some("https://example.com/a.png".to_owned()),
            designation: Some("Tester".to_owned()),
            default_tenant,
            last_login: None,
            deleted_at: None,
            credential_version: 1,
            epoch: 0,
        }
    }

    /// An active membership with extra and denied permissions.
    #[must_use]
    pub fn membership(&self, user: &User, tenant: &Tenant, role: &Role) -> Membership {
        Membership {
            id: self.id(),
            user: user.id,
            tenant: tenant.id,
            tenant_status: tenant.status,
            tenant_name: tenant.name.clone(),
            tenant_epoch: tenant.epoch,
            role: role.name.clone(),
            role_permissions: role.permissions.clone(),
            role_second_factor: role.second_factor,
            allowed: vec!["Zeta".to_owned(), "Alpha".to_owned()],
            denied: vec!["user.read".to_owned()],
            status: MembershipStatus::ACTIVE,
            locale: Some("en".to_owned()),
            epoch: 0,
        }
    }

    /// A live session of a membership.
    #[must_use]
    pub fn session(&self, membership: &Membership, client: &Client) -> Session {
        let now = sample_time();
        Session {
            id: self.id(),
            user: membership.user,
            client: client.key,
            tenant: membership.tenant,
            membership: membership.id,
            methods: Methods::one(Method::Password).and(Method::OneTimeCode),
            oauth: None,
            created_at: now,
            last_used_at: now,
            expires_at: now.plus(Duration::from_hours(720)),
            ended_at: None,
            ip: Some(SAMPLE_IP),
            user_agent: Some("curl/8".to_owned()),
            device_id: Some("device-1".to_owned()),
        }
    }

    /// An unused code of a membership.
    #[must_use]
    pub fn grant(&self, membership: &Membership, client: &Client) -> Grant {
        let now = sample_time();
        Grant {
            id: self.id(),
            code_hash: self.token_hash(),
            client: client.key,
            user: membership.user,
            tenant: membership.tenant,
            membership: membership.id,
            credential_version: 1,
            methods: Methods::one(Method::Password),
            oauth: None,
            created_at: now,
            expires_at: now.plus(Duration::from_mins(1)),
        }
    }

    /// A sign-in at a provider under way in a browser.
    #[must_use]
    pub fn login_attempt(&self, client: &Client, intent: Intent) -> LoginAttempt {
        let now = sample_time();
        LoginAttempt {
            id: self.id(),
            state_hash: self.token_hash(),
            browser_hash: Some(self.token_hash()),
            provider: "google".to_owned(),
            client: client.key,
            intent,
            sealed_memo: vec![0, 7, 255],
            transaction: Some("a sealed transaction_-".to_owned()),
            created_at: now,
            expires_at: now.plus(Duration::from_mins(10)),
        }
    }

    /// An unused refresh token of a session: the family's first without a parent, a derived one with.
    #[must_use]
    pub fn refresh(&self, session: SessionId, parent: Option<&Refresh>) -> Refresh {
        let now = sample_time();
        Refresh {
            id: self.id(),
            session,
            token_hash: self.token_hash(),
            parent: parent.map(|parent| parent.id),
            key_version: parent.map(|_| 1),
            access: IssuedAccess {
                id: self.id(),
                issued_at: now.whole_seconds(),
                expires_at: now.whole_seconds().plus(Duration::from_mins(15)),
            },
            created_at: now,
            expires_at: now.plus(Duration::from_hours(24)),
            consumption: None,
        }
    }

    /// A sign-in of `actor` in a tenant.
    #[must_use]
    pub fn activity(&self, actor: &str, tenant: Option<TenantId>, login_time: Timestamp) -> Activity {
        Activity {
            id: self.id(),
            actor: actor.to_owned(),
            tenant,
            login_time,
            token_payload: r#"{"username":"alice"}"#.to_owned(),
            login_type: LoginType::Access.as_str().to_owned(),
            device_info: Some("curl/8".to_owned()),
            ip_address: Some(SAMPLE_IP.to_string()),
        }
    }

    /// A key that is only published.
    #[must_use]
    pub fn signing_key(&self, kid: &str, algorithm: Algorithm) -> SigningKey {
        SigningKey {
            kid: kid.to_owned(),
            algorithm,
            public_jwk: json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "BB", "kid": kid}),
            sealed_private: vec![1, 0, 2],
            created_at: sample_time(),
            signs_from: None,
            retired_at: None,
        }
    }

    /// A sign-in that waits for a code that was sent as a text message.
    #[must_use]
    pub fn challenge(&self, membership: &Membership, client: &Client) -> Challenge {
        let now = sample_time();
        Challenge {
            id: self.id(),
            purpose: ChallengePurpose::SecondFactor,
            handle: self.token_hash(),
            client: client.key,
            user: Some(membership.user),
            place: Some((membership.tenant, membership.id)),
            credential_version: 1,
            methods: Methods::one(Method::Password),
            expected: Expected::Sent { channel: Channel::Sms, mac: [7; 32], key_version: 1 },
            tries: 0,
            created_at: now,
            expires_at: now.plus(Duration::from_mins(5)),
        }
    }

    /// An authenticator app that waits for its first code.
    #[must_use]
    pub fn authenticator(&self, user: &User) -> Authenticator {
        Authenticator {
            id: self.id(),
            user: user.id,
            sealed_secret: vec![0, 7, 255],
            confirmed_at: None,
            last_step: None,
            created_at: sample_time(),
        }
    }

    /// A fresh link about a user.
    #[must_use]
    pub fn link(&self, purpose: LinkPurpose, user: &User, client: &Client) -> Link {
        let now = sample_time();
        Link {
            id: self.id(),
            purpose,
            token_hash: self.token_hash(),
            subject_hash: subject(&user.id.to_string()),
            client: Some(client.key),
            user: Some(user.id),
            email: user.email.clone(),
            data: Some(r#"{"plan":"größer"}"#.to_owned()),
            invited_to: None,
            credential_version: 1,
            created_at: now,
            expires_at: now.plus(Duration::from_mins(30)),
        }
    }

    /// A message that is due at once.
    #[must_use]
    pub fn queued(&self, created_at: Timestamp) -> Queued {
        Queued {
            id: self.id(),
            kind: "registration".to_owned(),
            sealed: vec![0, 9, 255],
            created_at,
            due_at: created_at,
            attempts: 0,
            dead_at: None,
            last_error: None,
        }
    }
}
