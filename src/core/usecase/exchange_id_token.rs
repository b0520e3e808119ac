//! Native sign-in: an app's SDK gets an ID token from the provider, with a nonce of ours, and brings it here.

use std::sync::Arc;

use super::federated_sign_in::{Arrived, Goal, Settled};
use super::{Core, IssuedCode, TokenPair, rerun};
use crate::domain::actor::Actor;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::Intent;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::time::Timestamp;
use crate::ports::provider::{Memo, Provider};

/// A client of a provider's SDK.
#[derive(Debug)]
pub struct NativeClient {
    /// Who asks.
    pub actor: Actor,
    /// The provider instance.
    pub provider: String,
    /// The client.
    pub client_id: String,
    /// Its secret; public clients have none.
    pub client_secret: Option<Secret<String>>,
}

/// A nonce for one ID token.
#[derive(Debug)]
pub struct IssuedNonce {
    /// 256 random bits, base64url.
    pub nonce: Secret<String>,
    /// From when it is worthless.
    pub expires_at: Timestamp,
}

/// An ID token to be exchanged.
#[derive(Debug)]
pub struct ExchangeIdToken {
    /// Who brings it.
    pub by: NativeClient,
    /// The token.
    pub id_token: Secret<String>,
    /// The nonce it was made with.
    pub nonce: Secret<String>,
    /// What is wanted for it.
    pub goal: Goal,
}

/// What an ID token was exchanged for.
#[derive(Debug)]
pub enum Exchanged {
    /// An authorization code.
    Code(IssuedCode),
    /// A session's first tokens.
    Tokens(TokenPair),
    /// Tokens are wanted and the second factor is missing; the code stands for the first.
    SecondFactorWanted(IssuedCode),
}

impl Core {
    /// A nonce that is good for one ID token of the provider, for this client, for ten minutes.
    ///
    /// # Errors
    /// ProviderUnknown (or one without ID tokens), ClientAuthFailed.
    pub async fn issue_nonce(&self, command: NativeClient) -> Result<IssuedNonce, Error> {
        let (provider, client) = self.native_parties(&command).await?;
        let nonce = self.opaque_token();
        let memo = Memo::of(&())?;
        let attempt = self.new_attempt(provider.info(), &client, Intent::Native, &nonce, &memo);
        rerun(|| self.write_attempt(&attempt)).await?;
        Ok(IssuedNonce { nonce, expires_at: attempt.expires_at })
    }

    /// A code or tokens for whoever the ID token speaks of. The nonce is used up, whatever comes of it.
    ///
    /// # Errors
    /// ProviderUnknown, ClientAuthFailed, LoginAttemptUnknown (the nonce), UpstreamRefused, UpstreamUnreachable,
    /// UpstreamMisconfigured, and those of a sign-in.
    pub async fn exchange_id_token(&self, command: ExchangeIdToken) -> Result<Exchanged, Error> {
        let (provider, client) = self.native_parties(&command.by).await?;
        let exchanger = provider.exchanger().ok_or(ErrorKind::ProviderUnknown)?;
        let nonce = command.nonce.expose().as_str();
        let attempt = self.consume_attempt(&TokenHash::of(nonce), &[None], provider.info(), None).await?;
        if attempt.intent != Intent::Native || attempt.client != client.key {
            return Err(ErrorKind::LoginAttemptUnknown.into());
        }
        let external = self.ask(provider.as_ref(), exchanger.exchange(&command.id_token, nonce)).await?;
        let origin = command.by.actor.origin;
        let arrived = Arrived { info: provider.info(), client, intent: Intent::Native, external, origin };
        match self.settle(&arrived, command.goal).await? {
            Settled::Code { code, .. } => Ok(Exchanged::Code(IssuedCode { code })),
            Settled::Tokens(pair) => Ok(Exchanged::Tokens(pair)),
            Settled::SecondFactorWanted(code) => Ok(Exchanged::SecondFactorWanted(IssuedCode { code })),
            Settled::Linked => Err(ErrorKind::Internal.into()),
        }
    }

    async fn native_parties(&self, command: &NativeClient) -> Result<(Arc<dyn Provider>, Client), Error> {
        let provider = self.provider(&command.provider)?;
        if provider.exchanger().is_none() {
            return Err(ErrorKind::ProviderUnknown.into());
        }
        let secret = command.client_secret.as_ref().map(|secret| secret.expose().as_str());
        let client = self.authenticate_client(&command.client_id, secret, &command.actor.origin).await?;
        Ok((provider, client))
    }
}
