//! Authorization code → tokens (RFC 6749 §4.1.3).

use super::half_way::{HalfWay, Held};
use super::issue_tokens::Opened;
use super::sign_in::SignIn;
use super::{CODE_REPLAY_TOLERANCE, Core, TokenPair, rerun};
use crate::domain::actor::Actor;
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

/// What one look at the code decided; consumption is committed in every case.
enum Redeemed {
    Opened(Box<(SignIn, Opened)>),
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
        if !self.reading("known_code").await?.knows_grant(&code).await? {
            return Err(match self.held(&code, Some(&client)).await? {
                Held::Pending(_) => ErrorKind::SecondFactorPending.into(),
                Held::Grant(_) => ErrorKind::CodeUnknownOrUsed.into(),
            });
        }
        match rerun(|| self.consume_code(&client, &command)).await? {
            Redeemed::Opened(opened) => {
                let (sign_in, opened) = *opened;
                self.sign_opened(&sign_in, opened).await
            }
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

    async fn consume_code(&self, client: &Client, command: &RedeemCode) -> Result<Redeemed, Error> {
        let now = self.now();
        let mut tx = self.writing("redeem_code").await?;
        let grant = match tx.consume_grant(&TokenHash::of(command.code.expose()), now).await? {
            Consumed::Now(grant) => grant,
            Consumed::Absent => return Ok(Redeemed::Refused(ErrorKind::CodeUnknownOrUsed.into())),
            Consumed::Replayed { consumed_at, session } => {
                let is_double_click = now.since(consumed_at) < CODE_REPLAY_TOLERANCE;
                return Ok(Redeemed::Replayed(session.filter(|_| !is_double_click)));
            }
        };
        let outcome = match self.judge_grant(&mut *tx, client, &grant).await {
            Ok(sign_in) => {
                let opened = self.open_session(&mut *tx, &sign_in, &command.actor.origin).await;
                match opened {
                    Ok(opened) => {
                        tx.attach_session(grant.id, opened.session.id).await?;
                        tx.hand_over_upstream_session(grant.id, opened.session.id).await?;
                        Redeemed::Opened(Box::new((sign_in, opened)))
                    }
                    Err(error) => refused(error)?,
                }
            }
            Err(error) => refused(error)?,
        };
        tx.commit().await?;
        Ok(outcome)
    }

    /// Whether the grant is this client's, in time, and its user may still sign in.
    async fn judge_grant(&self, tx: &mut dyn Tx, client: &Client, grant: &Grant) -> Result<SignIn, Error> {
        if grant.client != client.key {
            return Err(ErrorKind::CodeUnknownOrUsed.into());
        }
        if self.now() >= grant.expires_at {
            return Err(ErrorKind::CodeExpired.into());
        }
        self.readmit(tx, client, &HalfWay::of_grant(grant)).await
    }
}

/// A refusal keeps the code consumed (commit); a store failure does not (rollback, the client may retry).
fn refused(error: Error) -> Result<Redeemed, Error> {
    match error.kind {
        ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::Overloaded(_) => Err(error),
        _ => Ok(Redeemed::Refused(error)),
    }
}
