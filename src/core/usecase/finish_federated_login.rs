//! A browser that comes back from an identity provider.

use std::net::IpAddr;

use super::begin_federated_login::{callback_url, redirect_url};
use super::federated_sign_in::{Arrived, Goal, Settled};
use super::upstream::memo_place;
use super::{Core, rerun};
use crate::domain::actor::{Actor, Origin};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::{Intent, LoginAttempt};
use crate::domain::secret::{Secret, TokenHash};
use crate::ports::provider::{Arrival, Memo, Provider, ProviderInfo, ProviderKind};

/// A browser at a provider's callback. No parameter comes twice.
#[derive(Debug)]
pub struct FinishFederatedLogin {
    /// Who asks.
    pub actor: Actor,
    /// The provider instance whose callback it is.
    pub provider: String,
    /// What the browser was given when it left, now or at other times.
    pub browser_tokens: Vec<Secret<String>>,
    /// The parameters of query or form.
    pub parameters: Vec<(String, Secret<String>)>,
    /// Whether it came by POST.
    pub by_post: bool,
    /// The address clients reach this service at.
    pub public_url: String,
}

/// Where the browser goes next.
#[derive(Debug)]
pub struct Returned {
    /// The client's redirect URL.
    pub redirect_url: String,
    /// The provider's kind.
    pub kind: ProviderKind,
    /// What it brings there.
    pub brought: Brought,
    /// Why nobody signed in or was linked, if nobody was.
    pub refused: Option<ErrorKind>,
    /// The hosted page it goes to instead, with nothing of the above, if the sign-in began on one.
    pub page: Option<PageReturn>,
}

/// A browser that goes on at `/sign-in/return`, where the cookies of the hosted pages are sent.
#[derive(Debug)]
pub struct PageReturn {
    /// `transaction`, sealed as it was when the browser left.
    pub transaction: Secret<String>,
    /// `result`: what came of it, sealed for that transaction.
    pub result: Option<Secret<String>>,
    /// `error`: why nothing came of it.
    pub error: Option<&'static str>,
}

/// What a browser brings its client.
#[derive(Debug)]
pub enum Brought {
    /// Somebody signed in.
    Code {
        /// The authorization code.
        code: Secret<String>,
        /// The role's name.
        role: String,
    },
    /// The account at the provider is linked to the user who asked for it.
    Linked,
    /// The account at the provider is linked to another user.
    LinkedToAnother,
    /// The user pressed cancel.
    Denied,
}

/// An attempt that this call used up.
struct Attempted {
    client: Client,
    intent: Intent,
    memo: Option<Memo>,
    /// The transaction of the hosted pages it began in.
    transaction: Option<Secret<String>>,
}

impl Core {
    /// The attempt is used up, whatever comes of it; its client gets a code when the account decision says so.
    ///
    /// # Errors
    /// ProviderUnknown, LoginAttemptUnknown, ClientUnknown, UpstreamRefused, UpstreamUnreachable, UpstreamMisconfigured,
    /// and those of a sign-in: ClientNotAllowed, NoAllowedClients, UserInactive, UserNotActiveYet.
    ///
    /// # Security
    /// The attempt is used up before anything is asked of the provider, so a callback that nobody here began, that another
    /// browser began, or that comes again costs the provider nothing and learns nothing.
    pub async fn finish_federated_login(&self, command: FinishFederatedLogin) -> Result<Returned, Error> {
        let provider = self.provider(&command.provider)?;
        // A response in a query would be signed in another way (SAML Bindings §3.4), which nobody checks.
        if provider.info().kind == ProviderKind::Saml && !command.by_post {
            return Err(ErrorKind::ProviderUnknown.into());
        }
        let arrival = Arrival {
            callback_url: callback_url(provider.info(), &command.public_url),
            parameters: command.parameters,
            by_post: command.by_post,
        };
        let ip = command.actor.origin.ip;
        let attempted = self.attempted(provider.info(), &arrival, &command.browser_tokens, ip).await?;
        let redirect_url = redirect_url(&attempted.client)?.to_owned();
        let kind = provider.info().kind;
        let transaction = attempted.transaction.clone();
        let brought = self.arrive(provider.as_ref(), attempted, &arrival, command.actor.origin).await;
        let refused = refusal(&brought);
        let Some(transaction) = transaction else {
            return Ok(Returned { redirect_url, kind, brought: brought?, refused, page: None });
        };
        let page = Some(self.page_return(transaction, &brought)?);
        Ok(Returned { redirect_url, kind, brought: Brought::Denied, refused, page })
    }

    /// Asks the provider who came, and settles whose account that is.
    async fn arrive(
        &self,
        provider: &dyn Provider,
        attempted: Attempted,
        arrival: &Arrival,
        origin: Origin,
    ) -> Result<Brought, Error> {
        let info = provider.info();
        let arrived = self.ask(provider, provider.arrive(attempted.memo.as_ref(), arrival)).await;
        match arrived {
            Ok(external) if attempted.memo.is_none() && external.replay_mark.is_none() => {
                // Nothing else would keep an unsolicited message from being brought again.
                tracing::error!(event = "unsolicited_message_without_mark", provider = info.id);
                Err(ErrorKind::UpstreamRefused.into())
            }
            Ok(external) => {
                let Attempted { client, intent, .. } = attempted;
                let settled =
                    self.settle(&Arrived { info, client, intent, external, origin }, Goal::Code).await;
                brought(settled)
            }
            Err(error) if error.kind == ErrorKind::UpstreamDenied => Ok(Brought::Denied),
            Err(error) => Err(error),
        }
    }

    async fn attempted(
        &self,
        provider: &ProviderInfo,
        arrival: &Arrival,
        browser_tokens: &[Secret<String>],
        ip: Option<IpAddr>,
    ) -> Result<Attempted, Error> {
        let Some(state) = arrival.parameter(provider.state_parameter) else {
            return self.unsolicited(provider, arrival).await;
        };
        let state = TokenHash::of(state);
        let browsers: Vec<_> =
            browser_tokens.iter().map(|token| Some(TokenHash::of(token.expose()))).collect();
        let attempt = self.consume_attempt(&state, &browsers, provider, ip).await?;
        if attempt.intent == Intent::Native {
            return Err(ErrorKind::LoginAttemptUnknown.into());
        }
        let memo = self.ports.sealer.open(&memo_place(attempt.id), &attempt.sealed_memo)?;
        let client = self.attempting_client(&attempt).await?;
        let transaction = attempt.transaction.map(Secret::new);
        Ok(Attempted { client, intent: attempt.intent, memo: Some(Memo::from_bytes(memo)), transaction })
    }

    /// A sign-in that the provider began by itself, where the operator allows that for it.
    async fn unsolicited(&self, provider: &ProviderInfo, arrival: &Arrival) -> Result<Attempted, Error> {
        let client_id = provider.unsolicited_client.as_deref().filter(|_| arrival.by_post);
        let client_id = client_id.ok_or(ErrorKind::LoginAttemptUnknown)?;
        let client = self.known_client(client_id).await?;
        Ok(Attempted { client, intent: Intent::SignIn, memo: None, transaction: None })
    }

    /// The attempt of that state, which one of these browsers began; `None` = no browser did. One that was at a provider is
    /// back, at `ip`.
    pub(super) async fn consume_attempt(
        &self,
        state: &TokenHash,
        browsers: &[Option<TokenHash>],
        provider: &ProviderInfo,
        ip: Option<IpAddr>,
    ) -> Result<LoginAttempt, Error> {
        // A look without the write lock first: who floods must not slow down others who write.
        if browsers.is_empty()
            || !self.reading("known_login_attempt").await?.knows_login_attempt(state).await?
        {
            return Err(ErrorKind::LoginAttemptUnknown.into());
        }
        let consumed = rerun(|| async {
            let mut tx = self.writing("consume_login_attempt").await?;
            let mut consumed = None;
            for browser in browsers {
                if consumed.is_none() {
                    consumed =
                        tx.consume_login_attempt(state, browser.as_ref(), &provider.id, self.now()).await?;
                }
            }
            if consumed.as_ref().is_some_and(|attempt| attempt.browser_hash.is_some()) {
                self.count_return(&mut *tx, ip).await?;
            }
            tx.commit().await?;
            Ok(consumed)
        });
        consumed.await?.ok_or_else(|| ErrorKind::LoginAttemptUnknown.into())
    }

    /// The attempt's client, which may have been switched off in between.
    pub(super) async fn attempting_client(&self, attempt: &LoginAttempt) -> Result<Client, Error> {
        let client = self.reading("attempting_client").await?.client(attempt.client).await?;
        client.filter(|client| client.enabled).ok_or_else(|| ErrorKind::ClientUnknown.into())
    }
}

fn refusal(brought: &Result<Brought, Error>) -> Option<ErrorKind> {
    match brought {
        Ok(Brought::Code { .. } | Brought::Linked) => None,
        Ok(Brought::LinkedToAnother) => Some(ErrorKind::IdentityTaken),
        Ok(Brought::Denied) => Some(ErrorKind::UpstreamDenied),
        Err(error) => Some(error.kind),
    }
}

fn brought(settled: Result<Settled, Error>) -> Result<Brought, Error> {
    match settled {
        Ok(Settled::Code { code, role }) => Ok(Brought::Code { code, role }),
        Ok(Settled::Linked) => Ok(Brought::Linked),
        Ok(Settled::Tokens(_) | Settled::SecondFactorWanted(_)) => Err(ErrorKind::Internal.into()),
        Err(error) if error.kind == ErrorKind::IdentityTaken => Ok(Brought::LinkedToAnother),
        Err(error) => Err(error),
    }
}
