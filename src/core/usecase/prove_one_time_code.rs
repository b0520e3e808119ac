//! What a one-time code proves, and how it is used up: shared by sign-in and enrolment.

use super::attempts::Attempt;
use super::sign_in::SignIn;
use super::{Core, rerun};
use crate::domain::actor::Origin;
use crate::domain::authentication::Method;
use crate::domain::authenticator::{Authenticator, in_force, recovery_code_hash};
use crate::domain::challenge::{Challenge, Expected};
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::AuthenticatorId;
use crate::domain::message::MailKind;
use crate::domain::second_factor::Channel;
use crate::domain::secret::{Secret, TokenHash, constant_time_eq};
use crate::domain::user::{Account, username_key};
use crate::ports::store::Tx;

/// A code that is right, as far as that can be told before it is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Proof {
    /// The code that was sent.
    Sent(Channel),
    /// A code of the app in force, by its time step.
    Step(AuthenticatorId, i64),
    /// The first code of an app that waits.
    First(AuthenticatorId, i64),
    /// What may be a recovery code; using it up tells.
    Recovery(TokenHash),
}

impl Proof {
    /// What it says in `amr`.
    pub(super) fn method(self) -> Method {
        match self {
            Self::Sent(Channel::Sms) => Method::TextMessage,
            Self::Sent(Channel::Email) | Self::Step(..) | Self::First(..) | Self::Recovery(_) => {
                Method::OneTimeCode
            }
        }
    }
}

impl Core {
    /// A place for an attempt to prove a code of the account: the counters are those of its password.
    ///
    /// # Errors
    /// TooManyAttempts, Overloaded.
    pub(super) async fn account_attempt(
        &self,
        account: &Account,
        origin: &Origin,
    ) -> Result<Attempt<'_>, Error> {
        let attempt = self.password_attempt(&username_key(&account.user.username), origin);
        let turn = attempt.look_alone().await?;
        self.begin_password_attempt(attempt, turn, Some(account), origin).await
    }

    /// Spends a guess, whatever comes of it.
    ///
    /// # Errors
    /// OneTimeCodeUnknown when none is left, or nothing waits any more.
    pub(super) async fn spend_try(&self, handle: &TokenHash) -> Result<Challenge, Error> {
        let spent = rerun(|| async {
            let mut tx = self.writing("try_challenge").await?;
            let challenge = tx.try_challenge(handle, self.now()).await?;
            tx.commit().await?;
            Ok(challenge)
        });
        spent.await?.ok_or_else(|| ErrorKind::OneTimeCodeUnknown.into())
    }

    /// Whether it is the code that was sent.
    ///
    /// # Errors
    /// OneTimeCodeWrong, and those of the signer.
    pub(super) async fn proof_of_sent(
        &self,
        challenge: &Challenge,
        otp: &Secret<String>,
    ) -> Result<Proof, Error> {
        let Expected::Sent { channel, mac, key_version } = &challenge.expected else {
            return Err(ErrorKind::OneTimeCodeWrong.into());
        };
        let (_, given) = self.code_mac(&challenge.handle, otp.expose(), Some(*key_version)).await?;
        if constant_time_eq(&given, mac) {
            Ok(Proof::Sent(*channel))
        } else {
            Err(ErrorKind::OneTimeCodeWrong.into())
        }
    }

    /// What the code proves of the app in force; nothing, where there is none.
    ///
    /// # Errors
    /// OneTimeCodeUnknown, and Internal when a secret cannot be unsealed.
    pub(super) fn proof_of_app(
        &self,
        authenticators: &[Authenticator],
        otp: &Secret<String>,
    ) -> Result<Proof, Error> {
        let Some(current) = in_force(authenticators) else {
            return Err(ErrorKind::OneTimeCodeUnknown.into());
        };
        if !is_six_digits(otp.expose()) {
            return Ok(Proof::Recovery(recovery_code_hash(current.user, otp.expose())));
        }
        let step = self.matching_step(current, otp)?.ok_or(ErrorKind::OneTimeCodeUnknown)?;
        Ok(Proof::Step(current.id, step))
    }

    /// What the code proves of the app that waits for its first.
    ///
    /// # Errors
    /// OneTimeCodeUnknown, and Internal when a secret cannot be unsealed.
    pub(super) fn proof_of_new_app(
        &self,
        authenticators: &[Authenticator],
        otp: &Secret<String>,
    ) -> Result<Proof, Error> {
        let now = self.now();
        let waiting = authenticators.iter().find(|authenticator| authenticator.is_waiting(now));
        let waiting = waiting.ok_or(ErrorKind::OneTimeCodeUnknown)?;
        let step = self.matching_step(waiting, otp)?.ok_or(ErrorKind::OneTimeCodeUnknown)?;
        Ok(Proof::First(waiting.id, step))
    }

    fn matching_step(&self, app: &Authenticator, otp: &Secret<String>) -> Result<Option<i64>, Error> {
        let place = Authenticator::secret_place(app.id);
        let secret = self.ports.sealer.open(&place, &app.sealed_secret)?;
        Ok(self.ports.totp.matching_step(&secret, otp.expose(), self.now()))
    }

    /// Uses the code up, and tells the user by mail of what that changed.
    ///
    /// # Errors
    /// OneTimeCodeUnknown when it was used before, or is no recovery code.
    pub(super) async fn spend(
        &self,
        tx: &mut dyn Tx,
        sign_in: &SignIn,
        proof: &Proof,
        origin: &Origin,
    ) -> Result<(), Error> {
        let user = sign_in.account.user.id;
        let is_spent = match proof {
            Proof::Sent(_) => true,
            Proof::Step(app, step) => tx.use_step(*app, *step).await?,
            Proof::First(app, step) => tx.confirm_authenticator(*app, *step, self.now()).await?,
            Proof::Recovery(code) => tx.use_recovery_code(user, code).await?,
        };
        if !is_spent {
            return Err(ErrorKind::OneTimeCodeUnknown.into());
        }
        if matches!(proof, Proof::First(..) | Proof::Recovery(_))
            && let Some(notice) = self.notice(MailKind::SecondFactorChanged, sign_in, origin)
        {
            self.queue(tx, &notice).await?;
        }
        Ok(())
    }
}

/// Whether it looks like a code of an app or a message; everything else may be a recovery code.
fn is_six_digits(otp: &str) -> bool {
    otp.len() == 6 && otp.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_ascii_digits_are_a_code() {
        assert!(is_six_digits("012345"));
        let others =
            ["", "12345", "1234567", "12345a", " 12345", "12345 ", "+12345", "１２３４５６", "12345\n"];
        for text in others {
            assert!(!is_six_digits(text), "{text:?}");
        }
    }

    #[test]
    fn a_text_message_is_named_apart() {
        assert_eq!(Proof::Sent(Channel::Sms).method(), Method::TextMessage);
        assert_eq!(Proof::Sent(Channel::Email).method(), Method::OneTimeCode);
        let hash = TokenHash::of("x");
        assert_eq!(Proof::Recovery(hash).method(), Method::OneTimeCode);
    }
}
