//! Samples of the OAuth 2.0 dialect, with every optional field set.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::samples::{SAMPLE_IP, Samples, sample_time};
use crate::domain::authentication::{Method, Methods};
use crate::domain::authorization::{Authorization, ClaimsRequest, CodeBinding, Consent, GrantType};
use crate::domain::browser_session::BrowserSession;
use crate::domain::client::{AuthMethod, Client, ClientOAuth};
use crate::domain::hosted_pages::HostedPages;
use crate::domain::ids::BrowserSessionId;
use crate::domain::key::Algorithm;
use crate::domain::membership::Membership;
use crate::domain::profile::{Address, ProfileDetails};
use crate::domain::user::User;

impl Samples {
    /// A browser in which the member is signed in.
    #[must_use]
    pub fn browser_session(&self, membership: &Membership, client: &Client) -> BrowserSession {
        let now = sample_time();
        BrowserSession {
            id: self.id(),
            token_hash: self.token_hash(),
            user: membership.user,
            tenant: membership.tenant,
            membership: membership.id,
            client: client.key,
            credential_version: 3,
            user_epoch: 5,
            membership_epoch: 7,
            methods: Methods::one(Method::Password).and(Method::OneTimeCode),
            authenticated_at: now,
            last_used_at: now,
            expires_at: now.plus(Duration::from_hours(7 * 24)),
            ended_at: None,
            ip: Some(SAMPLE_IP),
            user_agent: Some("Mozilla/5.0 (größer)".to_owned()),
        }
    }

    /// What a client was allowed, in that browser session.
    #[must_use]
    pub fn authorization(&self, browser_session: Option<BrowserSessionId>) -> Authorization {
        let asked = |name: &str, how: Value| BTreeMap::from([(name.to_owned(), how)]);
        Authorization {
            grant_type: GrantType::AuthorizationCode,
            scopes: vec!["openid".to_owned(), "profile".to_owned(), "a:\"b\"".to_owned()],
            resources: vec!["https://api.acme.test/v1".to_owned(), "urn:acme:api".to_owned()],
            claims: ClaimsRequest {
                userinfo: asked("email", json!({"essential": true})),
                id_token: asked("acr", json!({"values": ["aal2", "größer"], "essential": false})),
            },
            auth_time: sample_time().unix_seconds(),
            browser_session,
        }
    }

    /// What a code is bound to, with that authorization.
    #[must_use]
    pub fn code_binding(&self, authorization: Authorization) -> CodeBinding {
        CodeBinding {
            authorization,
            redirect_uri: "https://a.test/cb?x=1".to_owned(),
            code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
            nonce: Some("n-0S6 \"WzA\" 🏠".to_owned()),
            state_hash: Some("LDktKdoQak3Pk0cnXxCltA".to_owned()),
        }
    }

    /// What a client of its own kind says to the OAuth 2.0 dialect.
    #[must_use]
    pub fn client_oauth(&self) -> ClientOAuth {
        ClientOAuth {
            first_party: true,
            auth_method: Some(AuthMethod::PrivateKeyJwt),
            require_pkce: false,
            id_token_algorithm: Algorithm::EdDSA,
            id_token_ttl_seconds: 61,
            jwks: Some(
                json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "BB", "kid": "größer"}]}),
            ),
            resources: vec!["https://api.acme.test/v1".to_owned()],
            backchannel_logout_uri: Some("https://a.test/logout".to_owned()),
            backchannel_logout_session_required: true,
            pages: self.hosted_pages(),
        }
    }

    /// Pages of which everything is set.
    #[must_use]
    pub fn hosted_pages(&self) -> HostedPages {
        let title = |page: &str| Some(format!("{page} – Größe \"🏠\""));
        HostedPages {
            sign_in_title: title("Sign in"),
            sign_up_title: title("Sign up"),
            forgot_password_title: title("Forgot"),
            reset_password_title: title("Reset"),
            recover_username_title: title("Recover"),
            logo_url: Some("https://a.test/logo.svg?x=1&y=2".to_owned()),
            css_url: Some("https://a.test/own.css".to_owned()),
        }
    }

    /// Everything that may be known about a user.
    #[must_use]
    pub fn profile_details(&self) -> ProfileDetails {
        let text = |text: &str| Some(text.to_owned());
        ProfileDetails {
            nickname: text("Ali \"the cat\" Ü"),
            profile_url: text("https://example.com/alice"),
            timezone: text("Europe/Paris"),
            address: Some(Address {
                formatted: text("1 Rue de l'Été\n75001 Paris"),
                street_address: text("1 Rue de l'Été"),
                locality: text("Paris"),
                region: text("Île-de-France"),
                postal_code: text("75001"),
                country: text("France"),
            }),
        }
    }

    /// A consent to two scopes.
    #[must_use]
    pub fn consent(&self, user: &User, client: &Client) -> Consent {
        Consent {
            user: user.id,
            client: client.key,
            scopes: vec!["profile".to_owned(), "openid".to_owned()],
            granted_at: sample_time(),
        }
    }
}
