//! A one-time code → authorization code: a sign-in of its own, or the second half of one.

use super::half_way::{HalfWay, Held};
use super::prove_one_time_code::Proof;
use super::{Core, rerun};
use crate::domain::actor::{Actor, Origin};
use crate::domain::authenticator::{RECOVERY_CODES, in_force, recovery_code, recovery_code_hash};
use crate::domain::challenge::{Challenge, ChallengePurpose, Expected, sign_in_handle};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::grant::{Consumed, Grant};
use crate::domain::ids::{ClientKey, Id as _, UserId};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::{Account, username_key};
use crate::ports::store::{Tx, UpstreamHolder};

/// A one-time code that somebody gives.
#[derive(Debug)]
pub struct VerifyOneTimeCode {
    /// Who asks.
    pub actor: Actor,
    /// The account's name; beside a code of a sign-in, its e-mail address as well.
    pub username: String,
    /// Six digits, or a recovery code.
    pub otp: Secret<String>,
    /// The client it is for, if that is said.
    pub client_id: Option<String>,
    /// The code of a sign-in that waits for its second factor, or for the first code of a new authenticator app.
    pub code: Option<Secret<String>>,
}

/// A sign-in that lacks nothing any more.
#[derive(Debug)]
pub struct Verified {
    /// An authorization code.
    pub code: Secret<String>,
    /// When an authenticator app has just come into force: what to keep for the day it is lost. Never shown again.
    pub recovery_codes: Vec<Secret<String>>,
}

/// What an answer is given to.
enum Question {
    /// Under this handle.
    Challenge(TokenHash),
    /// The first code of a new app, by whoever signed in without one.
    Enrolment(Grant, TokenHash),
}

/// Who is asked.
struct Asked {
    question: Question,
    client: ClientKey,
    user: Option<UserId>,
}

/// The same, as far as there is somebody.
struct Parties {
    account: Option<Account>,
    client: Option<Client>,
}

/// A right answer.
struct Answer {
    client: Client,
    half_way: HalfWay,
    proof: Proof,
    /// The authorization code that is used up with it, if it was given beside one.
    grant: Option<TokenHash>,
}

/// What is issued for it.
struct Issue {
    code: Secret<String>,
    recovery_codes: Vec<Secret<String>>,
}

impl Core {
    /// An authorization code for whoever gave the right answer. Every answer spends a try, the right one uses the challenge
    /// up, and the code it was.
    ///
    /// # Errors
    /// OneTimeCodeWrong (a code that was sent), OneTimeCodeUnknown (no code is awaited, or one of an app is wrong or was
    /// used), ClientUnknown, TooManyAttempts, and those of the user's standing.
    ///
    /// # Security
    /// Attempts are counted with those on the account's password. Nothing is used up before the answer is known to be right;
    /// then challenge and code go in one transaction, each under guard, so of parallel answers one counts.
    pub async fn verify_one_time_code(&self, command: VerifyOneTimeCode) -> Result<Verified, Error> {
        let client = match &command.client_id {
            Some(client_id) => Some(self.known_client(client_id).await?.key),
            None => None,
        };
        let origin = &command.actor.origin;
        let asked = self.asked(&command).await?;
        let parties = self.parties(asked.as_ref()).await?;
        let account = parties.account.as_ref();
        let name = account.map_or(&command.username, |account| &account.user.username);
        let attempt = self.password_attempt(&username_key(name), origin);
        let turn = attempt.look_alone().await?;
        let attempt = self.begin_password_attempt(attempt, turn, account, origin).await?;
        let verified = async {
            let asked = asked.ok_or(ErrorKind::OneTimeCodeUnknown)?;
            let answer = self.judge_answer(&command, asked, &parties, client).await?;
            self.accept(answer, origin).await
        };
        let verified = verified.await;
        if verified.as_ref().is_err_and(is_bad_guess) {
            attempt.failed().await?;
            if let (Some(account), Some(client)) = (account, &parties.client) {
                self.record_failure(account, client, origin);
            }
        }
        verified
    }

    /// What is asked, and of whom; nothing is spent.
    async fn asked(&self, command: &VerifyOneTimeCode) -> Result<Option<Asked>, Error> {
        let to = |challenge: Challenge| Asked {
            question: Question::Challenge(challenge.handle),
            client: challenge.client,
            user: challenge.user,
        };
        let Some(code) = &command.code else {
            let handle = sign_in_handle(&command.username);
            let challenge = self.reading("challenge").await?.challenge(&handle, self.now()).await?;
            let challenge = challenge.filter(|challenge| challenge.purpose == ChallengePurpose::SignIn);
            return Ok(challenge.map(to));
        };
        let hash = TokenHash::of(code.expose());
        match self.held(&hash, None).await {
            Ok(Held::Pending(challenge)) => Ok(Some(to(challenge))),
            Ok(Held::Grant(grant)) => {
                let (client, user) = (grant.client, Some(grant.user));
                Ok(Some(Asked { question: Question::Enrolment(grant, hash), client, user }))
            }
            Err(error) if matches!(error.kind, ErrorKind::CodeUnknownOrUsed | ErrorKind::CodeExpired) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whose answer it would be; asked for nobody too, so that time tells nothing.
    async fn parties(&self, asked: Option<&Asked>) -> Result<Parties, Error> {
        let nobody = UserId::from_uuid(uuid::Uuid::nil());
        let user = asked.and_then(|asked| asked.user).unwrap_or(nobody);
        let client = asked.map_or(ClientKey::from_uuid(uuid::Uuid::nil()), |asked| asked.client);
        let mut tx = self.reading("one_time_code_parties").await?;
        let (account, client) = (tx.account(user).await?, tx.client(client).await?);
        Ok(Parties { account: account.filter(|account| account.user.deleted_at.is_none()), client })
    }

    /// Spends a try, then compares.
    async fn judge_answer(
        &self,
        command: &VerifyOneTimeCode,
        asked: Asked,
        parties: &Parties,
        client: Option<ClientKey>,
    ) -> Result<Answer, Error> {
        let account = parties.account.as_ref();
        let (expected, owner, half_way, grant) = match asked.question {
            Question::Challenge(handle) => {
                let challenge = self.spend_try(&handle).await?;
                let half_way = HalfWay::of_challenge(&challenge);
                (Some(challenge.clone()), challenge.client, half_way, None)
            }
            Question::Enrolment(grant, hash) => {
                (None, grant.client, Some(HalfWay::of_grant(&grant)), Some(hash))
            }
        };
        let proof = self.proof(expected.as_ref(), account, &command.otp).await?;
        let is_meant = account.is_some_and(|account| is_name_of(&command.username, account))
            && owner == asked.client
            && client.is_none_or(|client| client == owner);
        let half_way = half_way
            .filter(|half_way| is_meant && account.is_some_and(|account| account.user.id == half_way.user));
        let half_way = half_way.ok_or_else(|| wrong(expected.as_ref()))?;
        let client = parties.client.clone().filter(|client| client.enabled);
        let client = client.ok_or(ErrorKind::ClientUnknown)?;
        Ok(Answer { client, half_way, proof, grant })
    }

    /// What the answer proves.
    async fn proof(
        &self,
        challenge: Option<&Challenge>,
        account: Option<&Account>,
        otp: &Secret<String>,
    ) -> Result<Proof, Error> {
        if let Some(challenge) = challenge
            && challenge.expected != Expected::Totp
        {
            return self.proof_of_sent(challenge, otp).await;
        }
        let account = account.ok_or(ErrorKind::OneTimeCodeUnknown)?;
        let authenticators = self.reading("authenticators").await?.authenticators(account.user.id).await?;
        // One that waits does not replace the one in force before that was proved in this very sign-in.
        if challenge.is_some() && in_force(&authenticators).is_some() {
            self.proof_of_app(&authenticators, otp)
        } else {
            self.proof_of_new_app(&authenticators, otp)
        }
    }

    async fn accept(&self, answer: Answer, origin: &Origin) -> Result<Verified, Error> {
        let is_first = matches!(answer.proof, Proof::First(..));
        let count = if is_first { RECOVERY_CODES } else { 0 };
        let recovery_codes = std::iter::repeat_with(|| Secret::new(recovery_code(self.random())));
        let issue = Issue { code: self.opaque_token(), recovery_codes: recovery_codes.take(count).collect() };
        rerun(|| self.write_answer(&answer, &issue, origin)).await?;
        Ok(Verified { code: issue.code, recovery_codes: issue.recovery_codes })
    }

    /// Everything in one transaction: what was asked is used up, the answer too, and the sign-in is worth a code.
    async fn write_answer(&self, answer: &Answer, issue: &Issue, origin: &Origin) -> Result<(), Error> {
        let Answer { client, half_way, proof, grant: spent_grant } = answer;
        let mut tx = self.writing("verify_one_time_code").await?;
        if !tx.confirm_sign_in(half_way.user, half_way.credential_version, None).await? {
            return Err(ErrorKind::OneTimeCodeUnknown.into());
        }
        let mut sign_in = self.readmit(&mut *tx, client, half_way).await?;
        sign_in.methods = sign_in.methods.and(proof.method());
        if !self.is_whole(&mut *tx, &sign_in).await? {
            return Err(ErrorKind::OneTimeCodeUnknown.into());
        }
        let grant = self.new_grant(&sign_in, &issue.code);
        tx.add_grant(&grant).await?;
        if let Some(holder) = half_way.holder {
            tx.pass_upstream_session(holder, grant.id).await?;
        }
        self.use_up(&mut *tx, half_way.holder, spent_grant.as_ref()).await?;
        self.spend(&mut *tx, &sign_in, proof, origin).await?;
        if !issue.recovery_codes.is_empty() {
            let hash = |code: &Secret<String>| recovery_code_hash(half_way.user, code.expose());
            let hashes: Vec<_> = issue.recovery_codes.iter().map(hash).collect();
            tx.set_recovery_codes(half_way.user, &hashes, self.now()).await?;
        }
        self.commit_and_send(tx).await
    }

    /// What the answer was given to counts once.
    async fn use_up(
        &self,
        tx: &mut dyn Tx,
        holder: Option<UpstreamHolder>,
        grant: Option<&TokenHash>,
    ) -> Result<(), Error> {
        let is_used_up = match (holder, grant) {
            (Some(UpstreamHolder::Challenge(challenge)), _) => tx.consume_challenge(challenge).await?,
            (_, Some(code)) => matches!(tx.consume_grant(code, self.now()).await?, Consumed::Now(_)),
            (_, None) => false,
        };
        if is_used_up { Ok(()) } else { Err(ErrorKind::OneTimeCodeUnknown.into()) }
    }
}

/// Whether the name given is the account's, or its address.
fn is_name_of(name: &str, account: &Account) -> bool {
    let user = &account.user;
    username_key(name) == username_key(&user.username)
        || user.email.as_ref().is_some_and(|email| email.eq_ignore_ascii_case(name))
}

/// What a wrong answer is called.
fn wrong(challenge: Option<&Challenge>) -> Error {
    match challenge.map(|challenge| &challenge.expected) {
        Some(Expected::Sent { .. }) => ErrorKind::OneTimeCodeWrong.into(),
        Some(Expected::Totp) | None => ErrorKind::OneTimeCodeUnknown.into(),
    }
}

fn is_bad_guess(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::OneTimeCodeWrong | ErrorKind::OneTimeCodeUnknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::User;

    #[test]
    fn an_account_is_named_by_its_username_or_its_address() {
        let user = User { email: Some("Alice@Example.test".to_owned()), ..User::sample("Älice") };
        let account = Account { user, password_hash: None, clients: Vec::new() };
        for name in ["Älice", "äLICE", "Alice@Example.test", "alice@example.TEST"] {
            assert!(is_name_of(name, &account), "{name}");
        }
        for name in ["", "alice", " älice", "alice@example.test ", "bob@example.test"] {
            assert!(!is_name_of(name, &account), "{name}");
        }
        let unreachable = Account { user: User { email: None, ..account.user.clone() }, ..account };
        assert!(!is_name_of("", &unreachable));
    }
}
