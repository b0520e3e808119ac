//! The requests of one-time codes, authenticator apps, forgotten passwords and sign-up.

use std::time::Duration;

use doorward_core::domain::time::Timestamp;
use doorward_core::ports::clock::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::app::App;
use super::authenticator::{Authenticator, STEP};
use super::reply::Reply;
use super::requests::Tokens;
use crate::bootstrap::secret_of;

/// Six digits that are not those.
#[must_use]
pub fn other_code(code: &str) -> String {
    let number: u32 = code.parse().expect("six digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

/// Credentials of a client.
#[must_use]
pub fn client(client_id: &str) -> Value {
    let mut body = json!({ "client_id": client_id });
    if let Some(secret) = secret_of(client_id) {
        body["client_secret"] = secret.into();
    }
    body
}

/// The body with one more field.
#[must_use]
pub fn with(mut body: Value, name: &str, value: impl Into<Value>) -> Value {
    body[name] = value.into();
    body
}

/// What `POST /auth/verify-otp` takes.
#[must_use]
pub fn answer_to_challenge(username: &str, otp: &str, client_id: &str, pending: &str) -> Value {
    json!({ "key": username, "otp": otp, "clientId": client_id, "code": pending })
}

/// The `code` of an answer.
#[must_use]
#[track_caller]
pub fn code_of(reply: &Reply) -> String {
    let body = reply.ok();
    body["code"].as_str().unwrap_or_else(|| unreachable!("no code in {body}")).to_owned()
}

/// The list of recovery codes in an answer.
#[must_use]
#[track_caller]
pub fn recovery_codes(reply: &Reply) -> Vec<String> {
    let body = reply.ok();
    let codes =
        body["recoveryCodes"].as_array().unwrap_or_else(|| unreachable!("no recovery codes in {body}"));
    codes.iter().map(|code| code.as_str().expect("recovery codes are text").to_owned()).collect()
}

/// A user with an authenticator app in force.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// The app.
    pub app: Authenticator,
    /// The codes for when it is lost.
    pub recovery_codes: Vec<String>,
    /// The authorization code that the confirmation answered.
    pub code: String,
}

impl App {
    /// `POST /auth/send-otp`.
    pub async fn send_otp(&self, client_id: &str, username: &str) -> Reply {
        self.post("/auth/send-otp", &with(client(client_id), "key", username)).await
    }

    /// `POST /auth/verify-otp`.
    pub async fn verify_otp(&self, body: &Value) -> Reply {
        self.post("/auth/verify-otp", body).await
    }

    /// The second half of a sign-in.
    pub async fn answer_challenge(&self, username: &str, otp: &str, client_id: &str, pending: &str) -> Reply {
        self.verify_otp(&answer_to_challenge(username, otp, client_id, pending)).await
    }

    /// `GET /auth/check-qr-code`.
    pub async fn check_qr_code(&self, code: &str, client_id: &str) -> Reply {
        let request = self.request(Method::GET, "/auth/check-qr-code");
        self.send(request.header("code", code).header("clientId", client_id)).await
    }

    /// `POST /auth/create-qr-code`.
    pub async fn create_qr_code(&self, code: &str, client_id: &str, otp: Option<&str>) -> Reply {
        let mut body = json!({ "code": code, "clientId": client_id });
        if let Some(otp) = otp {
            body["otp"] = otp.into();
        }
        self.post("/auth/create-qr-code", &body).await
    }

    /// Scans the QR code that a pending or an unused authorization code is worth.
    pub async fn scan(&self, code: &str, client_id: &str, otp: Option<&str>) -> Authenticator {
        let body = self.create_qr_code(code, client_id, otp).await.ok();
        Authenticator::scan(body["qrCode"].as_str().expect("a data URI"))
    }

    /// Signs in with the password and enrols an authenticator app, then lets its time step pass.
    pub async fn enrol(&self, client_id: &str, username: &str) -> Enrolled {
        let code = self.code(client_id, username).await;
        let app = self.scan(&code, client_id, None).await;
        let reply = self.answer_challenge(username, &self.totp(&app), client_id, &code).await;
        let enrolled = Enrolled { app, recovery_codes: recovery_codes(&reply), code: code_of(&reply) };
        self.next_step();
        enrolled
    }

    /// What the authenticator app shows now.
    #[must_use]
    pub fn totp(&self, app: &Authenticator) -> String {
        app.code(self.now())
    }

    /// The moment by the test's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets one time step of authenticator apps pass.
    pub fn next_step(&self) {
        self.advance(Duration::from_secs(STEP.unsigned_abs()));
    }

    /// `POST /auth/forget-password`.
    pub async fn forget_password(&self, client_id: &str, username: &str) -> Reply {
        self.post("/auth/forget-password", &with(client(client_id), "username", username)).await
    }

    /// `GET /auth/verify-reset-password-link`.
    pub async fn look_at_reset_link(&self, token: &str) -> Reply {
        let request = self.request(Method::GET, "/auth/verify-reset-password-link");
        self.send(request.query(&[("token", token)])).await
    }

    /// `PATCH /auth/reset-password`.
    pub async fn reset_password(&self, client_id: &str, token: &str, password: &str) -> Reply {
        let body = with(with(client(client_id), "token", token), "password", password);
        self.send(self.request(Method::PATCH, "/auth/reset-password").json(&body)).await
    }

    /// `POST /auth/sign-up/create-token`.
    pub async fn request_sign_up(&self, email: &str) -> Reply {
        self.post("/auth/sign-up/create-token", &json!({ "email": email })).await
    }

    /// `GET /auth/sign-up/verify-token`.
    pub async fn look_at_sign_up(&self, token: &str) -> Reply {
        self.get_as(token, "/auth/sign-up/verify-token").await
    }

    /// `POST /auth/sign-up/create-user`.
    pub async fn sign_up(&self, token: &str, email: &str, password: &str) -> Reply {
        let body = json!({ "email": email, "password": password, "firstName": "New", "lastName": "Comer" });
        self.post_as(token, "/auth/sign-up/create-user", &body).await
    }

    /// Tokens for an authorization code.
    pub async fn tokens(&self, client_id: &str, code: &str) -> Tokens {
        Tokens::of(&self.redeem(client_id, code).await)
    }
}
