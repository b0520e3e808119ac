//! Signing in: at once, or through a code.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{ClientCredentials, Progress, Tokens, Walker, post};
use crate::driver::Reply;

/// Who signs in: every lane takes its own users, one after the other.
#[derive(Clone)]
pub(crate) struct Users {
    pub(crate) client: ClientCredentials,
    pub(crate) password: String,
    pub(crate) name: Arc<dyn Fn(u64) -> String + Send + Sync>,
    /// Of the first user.
    pub(crate) first: u64,
    /// From one user to the next.
    pub(crate) step: u64,
    /// Numbers are below this.
    pub(crate) count: u64,
}

impl Users {
    /// The body of the next sign-in.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let username = (self.name)(self.first % self.count.max(1));
        self.first += self.step;
        let ClientCredentials { client_id, client_secret } = &self.client;
        let body = json!({
            "client_id": client_id, "client_secret": client_secret, "username": username, "password": self.password
        });
        body.to_string().into_bytes()
    }
}

/// `POST /auth/login-token`.
pub(crate) struct LoginToken(pub(crate) Users);

impl Walker for LoginToken {
    fn request(&mut self, out: &mut Vec<u8>) {
        let body = self.0.next();
        post(out, "/auth/login-token", None, &body);
    }

    fn reply(&mut self, reply: &Reply<'_>) -> Progress {
        if Tokens::read(reply).is_some() { Progress::Done } else { Progress::Failed }
    }
}

/// `POST /auth/login`, then `POST /auth/token`: one operation of two requests.
pub(crate) struct CodeFlow {
    users: Users,
    code: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

impl CodeFlow {
    pub(crate) fn new(users: Users) -> Self {
        Self { users, code: None }
    }
}

impl Walker for CodeFlow {
    fn request(&mut self, out: &mut Vec<u8>) {
        if let Some(code) = &self.code {
            let body = json!({ "clientId": self.users.client.client_id, "code": code }).to_string();
            post(out, "/auth/token", None, body.as_bytes());
        } else {
            let body = self.users.next();
            post(out, "/auth/login", None, &body);
        }
    }

    fn reply(&mut self, reply: &Reply<'_>) -> Progress {
        if self.code.take().is_some() {
            return if Tokens::read(reply).is_some() { Progress::Done } else { Progress::Failed };
        }
        let read = if reply.status == 200 { serde_json::from_slice::<Code>(reply.body).ok() } else { None };
        self.code = read.map(|read| read.code);
        if self.code.is_some() { Progress::More } else { Progress::Failed }
    }
}
