//! A chain of refresh tokens: each request uses what the last reply brought.

use serde_json::json;

use super::{Progress, Tokens, Walker, post};
use crate::driver::Reply;

/// `POST /auth/token-refresh`, or with tenants `POST /auth/switch-token` into one after the other.
pub(crate) struct Rotation {
    tokens: Tokens,
    tenants: Vec<String>,
    next: usize,
}

impl Rotation {
    pub(crate) fn refresh(tokens: Tokens) -> Self {
        Self { tokens, tenants: Vec::new(), next: 0 }
    }

    pub(crate) fn switch(tokens: Tokens, tenants: Vec<String>) -> Self {
        Self { tokens, tenants, next: 0 }
    }
}

impl Walker for Rotation {
    fn request(&mut self, out: &mut Vec<u8>) {
        let Tokens { access_token, refresh_token } = &self.tokens;
        let (path, body) = match self.tenants.get(self.next % self.tenants.len().max(1)) {
            Some(tenant) => {
                ("/auth/switch-token", json!({ "refreshToken": refresh_token, "tenantId": tenant }))
            }
            None => ("/auth/token-refresh", json!({ "refreshToken": refresh_token })),
        };
        post(out, path, Some(access_token), body.to_string().as_bytes());
    }

    fn reply(&mut self, reply: &Reply<'_>) -> Progress {
        let Some(tokens) = Tokens::read(reply) else { return Progress::Failed };
        self.tokens = tokens;
        self.next += 1;
        Progress::Done
    }
}
