//! Sending a browser to an identity provider.

use std::net::IpAddr;
use std::time::Duration;

use super::upstream::memo_place;
use super::{Core, rerun};
use crate::domain::actor::Actor;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::{Intent, LoginAttempt};
use crate::domain::secret::{Secret, TokenHash};
use crate::ports::provider::{Departure, Destination, Memo, Provider, ProviderInfo};

/// How long somebody may be at the provider.
pub(super) const ATTEMPT_LIFETIME: Duration = Duration::from_mins(10);

/// The length of an opaque token, which a browser's cookie is.
const TOKEN_LENGTH: usize = 43;

/// A client's wish to let somebody sign in at a provider.
#[derive(Debug)]
pub struct BeginFederatedLogin {
    /// Who asks.
    pub actor: Actor,
    /// The provider instance.
    pub provider: String,
    /// The client.
    pub client_id: String,
    /// Its secret; public clients have none.
    pub client_secret: Option<Secret<String>>,
    /// The browser.
    pub browser: Browser,
}

/// The browser that is sent, and where it has to come back to.
#[derive(Debug)]
pub struct Browser {
    /// The token it has from an earlier attempt: kept, so that several tabs work.
    pub token: Option<Secret<String>>,
    /// The address clients reach this service at.
    pub public_url: String,
    /// Where it is: those that leave from there and do not come back are counted.
    pub ip: Option<IpAddr>,
}

/// A browser ready to go.
#[derive(Debug)]
pub struct Departing {
    /// Where to.
    pub destination: Destination,
    /// What the browser has to present when it is back.
    pub browser_token: Secret<String>,
    /// Whether it comes back by a cross-site POST.
    pub answers_by_post: bool,
    /// How long that may take.
    pub lifetime: Duration,
}

impl Core {
    /// An attempt is remembered that only this browser can finish, once, within ten minutes.
    ///
    /// # Errors
    /// ProviderUnknown, ClientAuthFailed, ClientUnknown (it has no redirect URL), TooManyAttempts,
    /// UpstreamUnreachable, UpstreamMisconfigured.
    pub async fn begin_federated_login(&self, command: BeginFederatedLogin) -> Result<Departing, Error> {
        let provider = self.provider(&command.provider)?;
        let secret = command.client_secret.as_ref().map(|secret| secret.expose().as_str());
        let client = self.authenticate_client(&command.client_id, secret, &command.actor.origin).await?;
        redirect_url(&client)?;
        self.depart(provider.as_ref(), &client, Intent::SignIn, command.browser, None).await
    }

    /// Lets the browser go, for whatever it is; with a sealed transaction of the hosted pages it comes back to that.
    pub(super) async fn depart(
        &self,
        provider: &dyn Provider,
        client: &Client,
        intent: Intent,
        browser: Browser,
        transaction: Option<String>,
    ) -> Result<Departing, Error> {
        self.look_at_departures(browser.ip).await?;
        let state = self.opaque_token();
        let callback_url = callback_url(provider.info(), &browser.public_url);
        let departure = Departure { state: state.clone(), callback_url };
        let handoff = self.ask(provider, provider.depart(&departure)).await?;
        let browser_token =
            browser.token.filter(|token| is_opaque(token.expose())).unwrap_or_else(|| self.opaque_token());
        let attempt = LoginAttempt {
            browser_hash: Some(TokenHash::of(browser_token.expose())),
            transaction,
            ..self.new_attempt(provider.info(), client, intent, &state, &handoff.memo)
        };
        rerun(|| self.write_departure(&attempt, browser.ip)).await?;
        Ok(Departing {
            destination: handoff.destination,
            browser_token,
            answers_by_post: provider.info().answers_by_post,
            lifetime: ATTEMPT_LIFETIME,
        })
    }

    /// An attempt that no browser has taken up yet.
    pub(super) fn new_attempt(
        &self,
        provider: &ProviderInfo,
        client: &Client,
        intent: Intent,
        state: &Secret<String>,
        memo: &Memo,
    ) -> LoginAttempt {
        let now = self.now();
        let id = self.new_id();
        LoginAttempt {
            id,
            state_hash: TokenHash::of(state.expose()),
            browser_hash: None,
            provider: provider.id.clone(),
            client: client.key,
            intent,
            sealed_memo: self.ports.sealer.seal(&memo_place(id), memo.bytes()),
            transaction: None,
            created_at: now,
            expires_at: now.plus(ATTEMPT_LIFETIME),
        }
    }

    async fn write_departure(&self, attempt: &LoginAttempt, ip: Option<IpAddr>) -> Result<(), Error> {
        let mut tx = self.writing("add_login_attempt").await?;
        self.count_departure(&mut *tx, ip).await?;
        tx.add_login_attempt(attempt).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn write_attempt(&self, attempt: &LoginAttempt) -> Result<(), Error> {
        let mut tx = self.writing("add_login_attempt").await?;
        tx.add_login_attempt(attempt).await?;
        Ok(tx.commit().await?)
    }
}

/// The absolute address of the provider's callback.
pub(super) fn callback_url(provider: &ProviderInfo, public_url: &str) -> String {
    format!("{}{}", public_url.trim_end_matches('/'), provider.callback_path)
}

/// Where the client's users come back to: the native dialect's `redirectUrl`.
pub(super) fn redirect_url(client: &Client) -> Result<&str, Error> {
    client.redirect_uris.first().map(String::as_str).ok_or_else(|| ErrorKind::ClientUnknown.into())
}

/// Whether a cookie can be one of ours.
pub(super) fn is_opaque(token: &str) -> bool {
    token.len() == TOKEN_LENGTH
        && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
