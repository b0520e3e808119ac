//! Authenticator apps: whether there is one, and the QR code of a new one.

use super::half_way::{HalfWay, Held};
use super::prove_one_time_code::Proof;
use super::{Core, rerun};
use crate::domain::actor::{Actor, Origin};
use crate::domain::authenticator::{Authenticator, in_force};
use crate::domain::challenge::Expected;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{AuthenticatorId, UserId};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::Account;
use crate::ports::totp::Enrolment;

/// A question about the user of a code.
#[derive(Debug)]
pub struct LookAtCode {
    /// Who asks.
    pub actor: Actor,
    /// A code that was not redeemed, pending or not.
    pub code: Secret<String>,
    /// The client it was issued to.
    pub client_id: String,
}

/// Somebody wants an authenticator app to count.
#[derive(Debug)]
pub struct EnrolAuthenticator {
    /// Who asks.
    pub actor: Actor,
    /// A code that was not redeemed, pending or not.
    pub code: Secret<String>,
    /// The client it was issued to.
    pub client_id: String,
    /// A code of the app in force, or a recovery code, if there is one in force.
    pub otp: Option<Secret<String>>,
}

/// Everything an enrolment is decided on.
struct Before {
    client: Client,
    held: Held,
    half_way: HalfWay,
    account: Account,
    authenticators: Vec<Authenticator>,
}

/// What allows a user a new authenticator app.
enum Permit {
    /// There is none in force.
    First,
    /// The one in force was proved by a code that this enrolment spends.
    Spends(Proof),
    /// The sign-in had a second factor.
    Strong,
}

impl Core {
    /// Whether the user has an authenticator app in force. The code stays good.
    ///
    /// # Errors
    /// ClientUnknown, CodeUnknownOrUsed, CodeExpired, TooManyAttempts.
    pub async fn has_authenticator(&self, command: LookAtCode) -> Result<bool, Error> {
        let client = self.known_client(&command.client_id).await?;
        let half_way = self.presented(&command.code, &client, &command.actor).await?.1;
        let authenticators = self.reading("authenticators").await?.authenticators(half_way.user).await?;
        Ok(in_force(&authenticators).is_some())
    }

    /// What a new app scans. It is in force after its first code; until then the app before it is. An earlier QR code is
    /// worth nothing any more. The code stays good.
    ///
    /// # Errors
    /// ClientUnknown, CodeUnknownOrUsed, CodeExpired, AuthenticatorInForce, OneTimeCodeUnknown (a wrong `otp`),
    /// TooManyAttempts, and those of the user's standing.
    ///
    /// # Security
    /// Who knows only the password, or waits for a code by mail, must not get around that with an app of his own: the app in
    /// force is proved first, and a sign-in that waits for a code that was sent enrols nothing.
    pub async fn enrol_authenticator(&self, command: EnrolAuthenticator) -> Result<Enrolment, Error> {
        self.enrol_authenticator_with(command, Secret::new(self.random::<20>().to_vec())).await
    }

    /// [`Core::enrol_authenticator`] with a secret of 160 bits that is known already.
    pub(super) async fn enrol_authenticator_with(
        &self,
        command: EnrolAuthenticator,
        secret: Secret<Vec<u8>>,
    ) -> Result<Enrolment, Error> {
        let client = self.known_client(&command.client_id).await?;
        let (held, half_way) = self.presented(&command.code, &client, &command.actor).await?;
        if matches!(&held, Held::Pending(challenge) if challenge.expected != Expected::Totp) {
            return Err(ErrorKind::AuthenticatorInForce.into());
        }
        let mut tx = self.reading("enrolling_account").await?;
        let account = tx.account(half_way.user).await?.ok_or(ErrorKind::UserInactive)?;
        let authenticators = tx.authenticators(half_way.user).await?;
        drop(tx);
        let before = Before { client, held, half_way, account, authenticators };
        if command.otp.is_none() || in_force(&before.authenticators).is_none() {
            return self.enrol(&command, &before, &secret).await;
        }
        let attempt = self.account_attempt(&before.account, &command.actor.origin).await?;
        let enrolled = self.enrol(&command, &before, &secret).await;
        if enrolled.as_ref().is_err_and(|error| error.kind == ErrorKind::OneTimeCodeUnknown) {
            self.record_failure(&before.account, &before.client, &command.actor.origin);
            attempt.failed().await?;
        }
        enrolled
    }

    async fn enrol(
        &self,
        command: &EnrolAuthenticator,
        before: &Before,
        secret: &Secret<Vec<u8>>,
    ) -> Result<Enrolment, Error> {
        let permit = self.permit(command, before).await?;
        let issuer = &self.settings.second_factor.issuer;
        let enrolment = self.ports.totp.enrolment(secret, issuer, &before.account.user.username)?;
        let authenticator = self.new_authenticator(before.account.user.id, secret);
        let origin = &command.actor.origin;
        rerun(|| self.write_enrolment(before, &authenticator, &permit, origin)).await?;
        Ok(enrolment)
    }

    /// What a code brought by its client stands for. Guesses are counted.
    async fn presented(
        &self,
        code: &Secret<String>,
        client: &Client,
        actor: &Actor,
    ) -> Result<(Held, HalfWay), Error> {
        let attempt = self.code_attempt(&actor.origin).begin().await?;
        let held = self.held(&TokenHash::of(code.expose()), Some(client)).await;
        if held.as_ref().is_err_and(|error| error.kind == ErrorKind::CodeUnknownOrUsed) {
            attempt.failed().await?;
        }
        let held = held?;
        let half_way = held.half_way().ok_or(ErrorKind::CodeUnknownOrUsed)?;
        Ok((held, half_way))
    }

    async fn permit(&self, command: &EnrolAuthenticator, before: &Before) -> Result<Permit, Error> {
        let Before { held, half_way, authenticators, .. } = before;
        if in_force(authenticators).is_none() {
            return Ok(Permit::First);
        }
        match (&command.otp, held) {
            (Some(otp), Held::Pending(challenge)) => {
                self.spend_try(&challenge.handle).await?;
                Ok(Permit::Spends(self.proof_of_app(authenticators, otp)?))
            }
            (Some(otp), Held::Grant(_)) => Ok(Permit::Spends(self.proof_of_app(authenticators, otp)?)),
            (None, Held::Grant(_)) if half_way.methods.is_multi_factor() => Ok(Permit::Strong),
            (None, _) => Err(ErrorKind::AuthenticatorInForce.into()),
        }
    }

    fn new_authenticator(&self, user: UserId, secret: &Secret<Vec<u8>>) -> Authenticator {
        let id: AuthenticatorId = self.new_id();
        Authenticator {
            id,
            user,
            sealed_secret: self.ports.sealer.seal(&Authenticator::secret_place(id), secret.expose()),
            confirmed_at: None,
            last_step: None,
            created_at: self.now(),
        }
    }

    async fn write_enrolment(
        &self,
        before: &Before,
        authenticator: &Authenticator,
        permit: &Permit,
        origin: &Origin,
    ) -> Result<(), Error> {
        let Before { client, half_way, authenticators, .. } = before;
        let mut tx = self.writing("enrol_authenticator").await?;
        // Locks the user's row: no other app comes into force meanwhile.
        if !tx.confirm_sign_in(half_way.user, half_way.credential_version, None).await? {
            return Err(ErrorKind::CodeUnknownOrUsed.into());
        }
        let sign_in = self.readmit(&mut *tx, client, half_way).await?;
        let current = tx.authenticators(half_way.user).await?;
        let id = |authenticator: &Authenticator| authenticator.id;
        if in_force(&current).map(id) != in_force(authenticators).map(id) {
            return Err(ErrorKind::AuthenticatorInForce.into());
        }
        if let Permit::Spends(proof) = permit {
            self.spend(&mut *tx, &sign_in, proof, origin).await?;
        }
        tx.put_unconfirmed(authenticator).await?;
        self.commit_and_send(tx).await
    }
}
