//! The requests most tests make.

use reqwest::Method;
use serde_json::{Value, json};

use super::app::App;
use super::reply::Reply;
use crate::bootstrap::{PASSWORD, WEBAPP, secret_of};

/// A pair of tokens as answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tokens {
    /// `accessToken`.
    pub access: String,
    /// `refreshToken`.
    pub refresh: String,
    /// `expires`, Unix milliseconds.
    pub expires: i64,
}

impl Tokens {
    /// The pair in an answer that has to be 200.
    #[must_use]
    #[track_caller]
    pub fn of(reply: &Reply) -> Self {
        let body = reply.ok();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let names: Vec<&String> = body.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["accessToken", "refreshToken", "expires"]);
        Self {
            access: text("accessToken"),
            refresh: text("refreshToken"),
            expires: body["expires"].as_i64().expect("expires is a whole number"),
        }
    }
}

impl App {
    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// `GET` with a bearer token.
    pub async fn get_as(&self, access: &str, path: &str) -> Reply {
        self.send(self.request(Method::GET, path).bearer_auth(access)).await
    }

    /// `GET` with a bearer token and a query of one parameter.
    pub async fn query_as(&self, access: &str, path: &str, name: &str, value: &Value) -> Reply {
        let value = value.to_string();
        self.send(self.request(Method::GET, path).bearer_auth(access).query(&[(name, value)])).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `POST` of JSON with a bearer token.
    pub async fn post_as(&self, access: &str, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).bearer_auth(access).json(body)).await
    }

    /// The body of a sign-in.
    #[must_use]
    pub fn credentials(client: &str, username: &str, password: &str) -> Value {
        let mut body = json!({ "client_id": client, "username": username, "password": password });
        if let Some(secret) = secret_of(client) {
            body["client_secret"] = secret.into();
        }
        body
    }

    /// `POST /auth/login` with the right password.
    pub async fn login(&self, client: &str, username: &str) -> Reply {
        self.post("/auth/login", &Self::credentials(client, username, PASSWORD)).await
    }

    /// `POST /auth/login-token` with the right password.
    pub async fn login_token(&self, client: &str, username: &str) -> Reply {
        self.post("/auth/login-token", &Self::credentials(client, username, PASSWORD)).await
    }

    /// An authorization code.
    pub async fn code(&self, client: &str, username: &str) -> String {
        let body = self.login(client, username).await.ok();
        body["code"].as_str().expect("a code is text").to_owned()
    }

    /// `POST /auth/token`.
    pub async fn redeem(&self, client: &str, code: &str) -> Reply {
        self.post("/auth/token", &json!({ "code": code, "clientId": client })).await
    }

    /// Signs in through the confidential client `webapp`.
    pub async fn sign_in(&self, username: &str) -> Tokens {
        self.sign_in_through(WEBAPP, username).await
    }

    /// Signs in by code.
    pub async fn sign_in_through(&self, client: &str, username: &str) -> Tokens {
        let code = self.code(client, username).await;
        Tokens::of(&self.redeem(client, &code).await)
    }

    /// `POST /auth/token-refresh`.
    pub async fn refresh(&self, tokens: &Tokens) -> Reply {
        self.post_as(&tokens.access, "/auth/token-refresh", &json!({ "refreshToken": tokens.refresh })).await
    }

    /// `POST /auth/switch-token`.
    pub async fn switch(&self, tokens: &Tokens, tenant: &str) -> Reply {
        let body = json!({ "refreshToken": tokens.refresh, "tenantId": tenant });
        self.post_as(&tokens.access, "/auth/switch-token", &body).await
    }

    /// `POST /logout`.
    pub async fn log_out(&self, tokens: &Tokens) -> Reply {
        self.post_as(&tokens.access, "/logout", &json!({ "refreshToken": tokens.refresh })).await
    }

    /// `PATCH /auth/change-password`.
    pub async fn change_password(&self, access: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PATCH, "/auth/change-password").bearer_auth(access).json(body)).await
    }

    /// `GET /auth/me`.
    pub async fn me(&self, access: &str) -> Reply {
        self.get_as(access, "/auth/me").await
    }

    /// Whether the access token is accepted.
    pub async fn accepts(&self, access: &str) -> bool {
        self.me(access).await.status == 200
    }

    /// The rows of login activity that `reader` sees with a filter.
    pub async fn activity(&self, reader: &Tokens, filter: &Value) -> Vec<Value> {
        let body = self.query_as(&reader.access, "/login-activity", "filter", filter).await.ok();
        body.as_array().expect("a list").clone()
    }
}
