//! The gate that every way in passes: it answers "go on", or a code that is worth nothing until the second factor is given.

use std::time::Duration;

use super::Core;
use super::sign_in::SignIn;
use crate::domain::actor::Origin;
use crate::domain::authenticator::in_force;
use crate::domain::challenge::{Challenge, ChallengePurpose, Expected, MAX_CHALLENGE_TTL};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::membership::Membership;
use crate::domain::message::{Destination, MailKind, Message, Particulars, Person};
use crate::domain::second_factor::{Channel, OtpMethod, SecondFactorPolicy, Wanted, wanted};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::User;
use crate::ports::store::Tx;
use crate::usecase::messages::{Cause, person};

const PURPOSE: &str = "one_time_code";

/// What the gate answers.
pub(super) enum Gate {
    /// Nothing is missing.
    Open,
    /// The sign-in waits for its second factor.
    Pending(Box<PendingSignIn>),
}

/// A sign-in that waits, and the message its user waits for.
pub(super) struct PendingSignIn {
    pub(super) challenge: Challenge,
    message: Option<Message>,
}

/// A code that is to be sent.
pub(super) struct SentCode {
    pub(super) expected: Expected,
    pub(super) message: Message,
}

/// Where a code goes.
pub(super) struct Recipient {
    destination: Destination,
    channel: Channel,
    /// What messages to it are counted by.
    pub(super) address: String,
    person: Option<Person>,
    organization: Option<String>,
    locale: Option<String>,
}

impl Recipient {
    /// The user, who can be reached that way.
    pub(super) fn of(channel: Channel, user: &User, membership: &Membership) -> Self {
        let address = match channel {
            Channel::Email => user.email.clone(),
            Channel::Sms => user.phone.clone(),
        }
        .unwrap_or_default();
        let destination = match channel {
            Channel::Email => Destination::Email(address.clone()),
            Channel::Sms => Destination::Phone(address.clone()),
        };
        Self {
            destination,
            channel,
            address,
            person: Some(person(user)),
            organization: Some(membership.tenant_name.clone()),
            locale: membership.locale.clone(),
        }
    }

    /// For a name that a code may not be sent for.
    pub(super) fn nobody(name: &str) -> Self {
        let person = Person { username: name.to_owned(), ..Person::default() };
        Self {
            destination: Destination::Nobody,
            channel: Channel::Email,
            address: name.to_owned(),
            person: Some(person),
            organization: None,
            locale: None,
        }
    }
}

impl Core {
    /// Whether the sign-in may become a session or a code; otherwise what waits under `code` until the second factor comes.
    ///
    /// # Errors
    /// Those of store and signer.
    pub(super) async fn gate(
        &self,
        sign_in: &SignIn,
        code: &Secret<String>,
        origin: &Origin,
    ) -> Result<Gate, Error> {
        let SignIn { client, account, membership, methods } = sign_in;
        if methods.are_enough() {
            return Ok(Gate::Open);
        }
        let handle = TokenHash::of(code.expose());
        let (expected, message) = match self.lacking(client, &account.user, membership).await? {
            Wanted::Nothing => return Ok(Gate::Open),
            Wanted::Totp | Wanted::Enrolment => (Expected::Totp, None),
            Wanted::Code(channel) => {
                let recipient = Recipient::of(channel, &account.user, membership);
                let may_send = self.may_send(Cause::Proved, &recipient.address, origin).await?;
                let sent = self.new_code(&handle, client, &recipient).await?;
                (sent.expected, may_send.then_some(sent.message))
            }
        };
        Ok(Gate::Pending(Box::new(self.pending(sign_in, handle, expected, message))))
    }

    /// Another code in place of the one that was sent, for the same sign-in.
    ///
    /// # Errors
    /// TooManyAttempts: too many messages were caused already, and the code that was sent still counts. OneTimeCodeUnknown:
    /// none was.
    pub(super) async fn another_code(
        &self,
        sign_in: &SignIn,
        challenge: &Challenge,
        origin: &Origin,
    ) -> Result<PendingSignIn, Error> {
        let Expected::Sent { channel, .. } = challenge.expected else {
            return Err(ErrorKind::OneTimeCodeUnknown.into());
        };
        let recipient = Recipient::of(channel, &sign_in.account.user, &sign_in.membership);
        if !self.may_send(Cause::Proved, &recipient.address, origin).await? {
            return Err(ErrorKind::TooManyAttempts(self.until_next_message()).into());
        }
        let SentCode { expected, message } =
            self.new_code(&challenge.handle, &sign_in.client, &recipient).await?;
        let now = self.now();
        let (created_at, expires_at) = (now, now.plus(self.challenge_ttl()));
        // The same one, so that the provider's side of the sign-in stays with it.
        let challenge = Challenge { expected, tries: 0, created_at, expires_at, ..challenge.clone() };
        Ok(PendingSignIn { challenge, message: Some(message) })
    }

    /// What waits under `code` for a code of the user's authenticator app, or for the first one of a new app, whether the
    /// policy asks for it or not.
    pub(super) fn waiting_for_app(&self, sign_in: &SignIn, code: &Secret<String>) -> PendingSignIn {
        self.pending(sign_in, TokenHash::of(code.expose()), Expected::Totp, None)
    }

    fn pending(
        &self,
        sign_in: &SignIn,
        handle: TokenHash,
        expected: Expected,
        message: Option<Message>,
    ) -> PendingSignIn {
        let SignIn { client, account, membership, methods } = sign_in;
        let now = self.now();
        let challenge = Challenge {
            id: self.new_id(),
            purpose: ChallengePurpose::SecondFactor,
            handle,
            client: client.key,
            user: Some(account.user.id),
            place: Some((membership.tenant, membership.id)),
            credential_version: account.user.credential_version,
            methods: methods.clone(),
            expected,
            tries: 0,
            created_at: now,
            expires_at: now.plus(self.challenge_ttl()),
        };
        PendingSignIn { challenge, message }
    }

    /// When a second factor is asked for in a sign-in through the client, with the membership's role.
    pub(super) fn second_factor_policy(
        &self,
        client: &Client,
        membership: &Membership,
    ) -> SecondFactorPolicy {
        let server = self.settings.second_factor.policy;
        SecondFactorPolicy::effective(server, client.second_factor, membership.role_second_factor)
    }

    /// What a sign-in with one factor lacks.
    pub(super) async fn lacking(
        &self,
        client: &Client,
        user: &User,
        membership: &Membership,
    ) -> Result<Wanted, Error> {
        let policy = self.second_factor_policy(client, membership);
        if policy == SecondFactorPolicy::Off {
            return Ok(Wanted::Nothing);
        }
        let authenticators = self.reading("second_factor").await?.authenticators(user.id).await?;
        Ok(wanted(policy, self.otp_method(), in_force(&authenticators).is_some(), user))
    }

    /// Whether the sign-in lacks nothing, inside the transaction that makes it one: an authenticator app may have come into
    /// force since it began.
    pub(super) async fn is_whole(&self, tx: &mut dyn Tx, sign_in: &SignIn) -> Result<bool, Error> {
        let SignIn { client, account, membership, methods } = sign_in;
        let policy = self.second_factor_policy(client, membership);
        if methods.are_enough() || policy == SecondFactorPolicy::Off {
            return Ok(true);
        }
        let authenticators = tx.authenticators(account.user.id).await?;
        let has_authenticator = in_force(&authenticators).is_some();
        Ok(wanted(policy, self.otp_method(), has_authenticator, &account.user) == Wanted::Nothing)
    }

    /// Writes what the gate answered; the transaction is to be ended by [`Core::commit_and_send`].
    pub(super) async fn write_pending(&self, tx: &mut dyn Tx, pending: &PendingSignIn) -> Result<(), Error> {
        tx.put_challenge(&pending.challenge).await?;
        match &pending.message {
            Some(message) => self.queue(tx, message).await,
            None => Ok(()),
        }
    }

    /// The configured method; without a way to send text messages, an authenticator app in their place.
    pub(super) fn otp_method(&self) -> OtpMethod {
        match self.settings.second_factor.method {
            OtpMethod::Sms if self.ports.texter.is_none() => OtpMethod::Totp,
            method => method,
        }
    }

    /// How long a code that was sent, or a sign-in that waits, lives.
    pub(super) fn challenge_ttl(&self) -> Duration {
        self.settings.second_factor.code_ttl.min(MAX_CHALLENGE_TTL)
    }

    /// Six random digits, as they are stored and as they are told.
    pub(super) async fn new_code(
        &self,
        handle: &TokenHash,
        client: &Client,
        recipient: &Recipient,
    ) -> Result<SentCode, Error> {
        let digits = format!("{:06}", u64::from_be_bytes(self.random()) % 1_000_000);
        let (key_version, mac) = self.code_mac(handle, &digits, None).await?;
        let particulars = Particulars {
            person: recipient.person.clone(),
            organization: recipient.organization.clone(),
            application: Some(client.name.clone()),
            minutes: Some(self.challenge_ttl().as_secs().div_ceil(60)),
            code: Some(digits),
            ..Particulars::default()
        };
        let to = recipient.destination.clone();
        let message = self.message(MailKind::OneTimePasscode, to, particulars, recipient.locale.as_deref());
        Ok(SentCode { expected: Expected::Sent { channel: recipient.channel, mac, key_version }, message })
    }

    /// The MAC of a code under its handle, with the version of the server key.
    pub(super) async fn code_mac(
        &self,
        handle: &TokenHash,
        digits: &str,
        key_version: Option<i64>,
    ) -> Result<(i64, [u8; 32]), Error> {
        let data = [handle.as_bytes().as_slice(), digits.as_bytes()].concat();
        self.ports.signer.server_mac(PURPOSE, key_version, &data).await
    }
}
