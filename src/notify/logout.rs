//! Tells clients that a session ended (OpenID Connect Back-Channel Logout §2.5).

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::logout_notifier::{LogoutNotifier, NotTold};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, redirect};
use url::form_urlencoded::Serializer;

use crate::webhook::webhook_url;

const PATIENCE: Duration = Duration::from_secs(5);

/// Posts logout tokens over HTTP. What a client answers is not read beyond its status.
#[derive(Default)]
pub struct HttpLogoutNotifier {
    /// Made when the first client is told: reading the system's certificates takes its time, and most servers tell nobody.
    client: OnceLock<Option<Client>>,
}

impl HttpLogoutNotifier {
    /// Nothing is connected yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn client(&self) -> Option<&Client> {
        self.client.get_or_init(|| new_client().ok()).as_ref()
    }
}

fn new_client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(PATIENCE)
        .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")))
        .build()
}

#[async_trait]
impl LogoutNotifier for HttpLogoutNotifier {
    async fn tell(&self, uri: &str, logout_token: &Secret<String>) -> Result<(), NotTold> {
        let url = webhook_url(uri)
            .ok_or_else(|| NotTold("the address is neither https nor this machine".to_owned()))?;
        let client = self.client().ok_or_else(|| NotTold("there is no way to send anything".to_owned()))?;
        let form = Serializer::new(String::new()).append_pair("logout_token", logout_token.expose()).finish();
        let request = client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        // The address may hold a key of the client's.
        let reply = request.send().await.map_err(|error| NotTold(error.without_url().to_string()))?;
        verdict(reply.status())
    }
}

/// §2.8: 200; some frameworks make 204 of it.
fn verdict(status: StatusCode) -> Result<(), NotTold> {
    match status {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        other => Err(NotTold(format!("HTTP {}", other.as_u16()))),
    }
}

#[cfg(test)]
mod tests;
