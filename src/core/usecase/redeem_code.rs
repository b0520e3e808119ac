//! Authorization code → tokens (RFC 6749 §4.1.3).

use super::half_way::{HalfWay, Held};
use super::issue_tokens::Opened;
use super::oauth::CodeProof;
use super::sign_in::SignIn;
use super::{CODE_REPLAY_TOLERANCE, Core, TokenPair, rerun};
use crate::domain::actor::{Actor, Origin};
use crate::domain::authorization::CodeBinding;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::grant::{Consumed, Grant};
use crate::domain::ids::SessionId;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::session::EndReason;
use crate::ports::store::Tx;

/// A code brought back by the client it was issued to.
#[derive(Debug)]
pub struct RedeemCode {
    /// Who asks.
    pub actor: Actor,
    /// The code.
    pub code: Secret<String>,
    /// The client.
    pub client_id: String,
}

/// A code, who brings it, and what must hold for it beside client and time.
pub(super) struct Redemption<'a> {
    pub(super) client: &'a Client,
    pub(super) code: TokenHash,
    pub(super) origin: &'a Origin,
    /// What proves the code in the OAuth 2.0 dialect; `None` in the native one, whose codes prove themselves.
    pub(super) proof: Option<&'a CodeProof>,
}

/// The session that a code opened.
pub(super) struct OpenedByCode {
    pub(super) sign_in: SignIn,
    pub(super) opened: Opened,
    /// What the code was bound to in the OAuth 2.0 dialect.
    pub(super) binding: Option<Box<CodeBinding>>,
}

/// What one look at the code decided; consumption is committed in every case.
enum Redeemed {
    Opened(Box<OpenedByCode>),
    Refused(Error),
    Replayed(Option<SessionId>),
}

impl Core {
    /// The first tokens of the session that the code opens. A code works once; a replay ends the session its first use opened.
    ///
    /// # Errors
    /// ClientUnknown, CodeUnknownOrUsed, CodeExpired, SecondFactorPending, UserInactive, UserNotActiveYet, ClientNotAllowed,
    /// TooManyAttempts.
    pub async fn redeem_code(&self, command: RedeemCode) -> Result<TokenPair, Error> {
        let attempt = self.code_attempt(&command.actor.origin).begin().await?;
        let redeemed = self.redeem(command).await;
        if redeemed.as_ref().is_err_and(|error| error.kind == ErrorKind::CodeUnknownOrUsed) {
            attempt.failed().await?;
        }
        redeemed
    }

    async fn redeem(&self, command: RedeemCode) -> Result<TokenPair, Error> {
        let client = self.known_client(&command.client_id).await?;
        let code = TokenHash::of(command.code.expose());
        let redemption = Redemption { client: &client, code, origin: &command.actor.origin, proof: None };
        match self.redeem_grant(&redemption).await? {
            Some(redeemed) => self.sign_opened(&redeemed.sign_in, redeemed.opened).await,
            None => Err(match self.held(&code, Some(&client)).await? {
                Held::Pending(_) => ErrorKind::SecondFactorPending.into(),
                Held::Grant(_) => ErrorKind::CodeUnknownOrUsed.into(),
            }),
        }
    }

    /// Uses the code up and opens its session; `None` = there never was such a code.
    ///
    /// # Errors
    /// CodeUnknownOrUsed, CodeExpired, RedirectUriMismatch, PkceMismatch, UserInactive, UserNotActiveYet, ClientNotAllowed.
    pub(super) async fn redeem_grant(
        &self,
        redemption: &Redemption<'_>,
    ) -> Result<Option<OpenedByCode>, Error> {
        if !self.reading("known_code").await?.knows_grant(&redemption.code).await? {
            return Ok(None);
        }
        match rerun(|| self.consume_code(redemption)).await? {
            Redeemed::Opened(opened) => Ok(Some(*opened)),
            Redeemed::Refused(error) => Err(error),
            Redeemed::Replayed(session) => {
                if let Some(session) = session {
                    self.end_session(session, EndReason::CodeReplay).await?;
                }
                Err(ErrorKind::CodeUnknownOrUsed.into())
            }
        }
    }

    pub(super) async fn known_client(&self, client_id: &str) -> Result<Client, Error> {
        let client = self.reading("known_client").await?.client_by_client_id(client_id).await?;
        client.filter(|client| client.enabled).ok_or_else(|| ErrorKind::ClientUnknown.into())
    }

    async fn consume_code(&self, redemption: &Redemption<'_>) -> Result<Redeemed, Error> {
        let now = self.now();
        let mut tx = self.writing("redeem_code").await?;
        let grant = match tx.consume_grant(&redemption.code, now).await? {
            Consumed::Now(grant) => grant,
            Consumed::Absent => return Ok(Redeemed::Refused(ErrorKind::CodeUnknownOrUsed.into())),
            Consumed::Replayed { consumed_at, session } => {
                let is_double_click = now.since(consumed_at) < CODE_REPLAY_TOLERANCE;
                return Ok(Redeemed::Replayed(session.filter(|_| !is_double_click)));
            }
        };
        let outcome = match self.open_by_grant(&mut *tx, redemption, grant).await {
            Ok(opened) => Redeemed::Opened(Box::new(opened)),
            Err(error) => refused(error)?,
        };
        tx.commit().await?;
        Ok(outcome)
    }

    async fn open_by_grant(
        &self,
        tx: &mut dyn Tx,
        redemption: &Redemption<'_>,
        grant: Grant,
    ) -> Result<OpenedByCode, Error> {
        let (sign_in, origin) = self.judge_grant(tx, redemption, &grant).await?;
        let authorization = grant.oauth.as_ref().map(|binding| binding.authorization.clone());
        let origin = origin.as_ref().unwrap_or(redemption.origin);
        let opened = self.open_session_for(tx, &sign_in, authorization, origin).await?;
        tx.attach_session(grant.id, opened.session.id).await?;
        tx.hand_over_upstream_session(grant.id, opened.session.id).await?;
        Ok(OpenedByCode { sign_in, opened, binding: grant.oauth })
    }

    /// Whether the grant is this client's and dialect's, in time, and its user may still sign in. Answers where the user is,
    /// if that is not where the request comes from.
    async fn judge_grant(
        &self,
        tx: &mut dyn Tx,
        redemption: &Redemption<'_>,
        grant: &Grant,
    ) -> Result<(SignIn, Option<Origin>), Error> {
        if grant.client != redemption.client.key {
            return Err(ErrorKind::CodeUnknownOrUsed.into());
        }
        if self.now() >= grant.expires_at {
            return Err(ErrorKind::CodeExpired.into());
        }
        let half_way = HalfWay::of_grant(grant);
        match (&grant.oauth, redemption.proof) {
            (None, None) => Ok((self.readmit(tx, redemption.client, &half_way).await?, None)),
            (Some(binding), Some(proof)) => {
                proof.check(binding)?;
                let sign_in = self.readmit(&mut *tx, redemption.client, &half_way).await?;
                let origin = self.still_signed_in(tx, &binding.authorization, &sign_in).await?;
                Ok((sign_in, origin))
            }
            _ => Err(ErrorKind::CodeUnknownOrUsed.into()),
        }
    }
}

/// A refusal keeps the code consumed (commit); a store failure does not (rollback, the client may retry).
fn refused(error: Error) -> Result<Redeemed, Error> {
    match error.kind {
        ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::Overloaded(_) => Err(error),
        _ => Ok(Redeemed::Refused(error)),
    }
}
