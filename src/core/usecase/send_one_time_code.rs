//! A one-time code as a sign-in of its own: username → message.

use super::messages::Cause;
use super::second_factor::{Recipient, SentCode};
use super::{Core, rerun};
use crate::domain::actor::Actor;
use crate::domain::authentication::Methods;
use crate::domain::authenticator::in_force;
use crate::domain::challenge::{Challenge, ChallengePurpose, sign_in_handle};
use crate::domain::client::Client;
use crate::domain::error::Error;
use crate::domain::ids::{Id as _, UserId};
use crate::domain::membership::{Membership, choose_membership};
use crate::domain::message::{MailKind, Message};
use crate::domain::second_factor::{Channel, OtpMethod, Wanted, wanted};
use crate::domain::secret::Secret;
use crate::domain::user::{Account, User, username_key};

/// Somebody wants to sign in with a code that is sent.
#[derive(Debug)]
pub struct SendOneTimeCode {
    /// Who asks.
    pub actor: Actor,
    /// The client.
    pub client_id: String,
    /// Its secret; public clients have none.
    pub client_secret: Option<Secret<String>>,
    /// The account, in any case.
    pub username: String,
}

/// Somebody whom a code may sign in.
struct Reachable {
    account: Account,
    membership: Membership,
    channel: Channel,
}

impl Core {
    /// A code is on its way to the user, if there is one, it may sign in here with nothing else, and not too many messages
    /// were caused already. An earlier code is worth nothing any more.
    ///
    /// # Errors
    /// ClientAuthFailed; nothing about the account.
    ///
    /// # Security
    /// For a name that nobody has, or whose owner may not sign in this way, the same statements are made, a challenge that
    /// nobody can answer included: neither reply nor time tells which.
    pub async fn send_one_time_code(&self, command: SendOneTimeCode) -> Result<(), Error> {
        let secret = command.client_secret.as_ref().map(|secret| secret.expose().as_str());
        let origin = &command.actor.origin;
        let client = self.authenticate_client(&command.client_id, secret, origin).await?;
        let key = username_key(&command.username);
        let reachable = self.reachable(&client, &key).await?;
        let recipient = reachable.as_ref().map_or_else(
            || Recipient::nobody(&key),
            |reachable| Recipient::of(reachable.channel, &reachable.account.user, &reachable.membership),
        );
        let may_send =
            self.may_send(Cause::Asked(MailKind::OneTimePasscode), &recipient.address, origin).await?;
        let handle = sign_in_handle(&command.username);
        let SentCode { expected, message } = self.new_code(&handle, &client, &recipient).await?;
        let now = self.now();
        let user = reachable.as_ref().map(|reachable| &reachable.account.user);
        let challenge = Challenge {
            id: self.new_id(),
            purpose: ChallengePurpose::SignIn,
            handle,
            client: client.key,
            user: user.map(|user| user.id),
            place: None,
            credential_version: user.map_or(0, |user| user.credential_version),
            methods: Methods::default(),
            expected,
            tries: 0,
            created_at: now,
            expires_at: now.plus(self.challenge_ttl()),
        };
        if may_send {
            rerun(|| self.write_code(&challenge, &message)).await?;
        }
        Ok(())
    }

    async fn reachable(&self, client: &Client, key: &str) -> Result<Option<Reachable>, Error> {
        let mut tx = self.reading("send_one_time_code").await?;
        let account = tx.account_by_username_key(key).await?;
        let user = account.as_ref().map_or(UserId::from_uuid(uuid::Uuid::nil()), |account| account.user.id);
        let memberships = tx.memberships(user).await?;
        let authenticators = tx.authenticators(user).await?;
        drop(tx);
        let Some(account) = account.filter(|account| account.clients.contains(&client.key)) else {
            return Ok(None);
        };
        let Ok(membership) = choose_membership(&memberships, account.user.default_tenant) else {
            return Ok(None);
        };
        let policy = self.second_factor_policy(client, membership);
        let has_authenticator = in_force(&authenticators).is_some();
        if wanted(policy, self.otp_method(), has_authenticator, &account.user) != Wanted::Nothing {
            return Ok(None);
        }
        let channel = self.sign_in_channel(&account.user);
        Ok(channel.map(|channel| Reachable { membership: membership.clone(), account, channel }))
    }

    /// The way to reach the user that is preferred, or the other one.
    fn sign_in_channel(&self, user: &User) -> Option<Channel> {
        let mail = user.email.is_some().then_some(Channel::Email);
        let text = (user.phone.is_some() && self.ports.texter.is_some()).then_some(Channel::Sms);
        match self.otp_method() {
            OtpMethod::Sms => text.or(mail),
            OtpMethod::Email | OtpMethod::Totp => mail.or(text),
        }
    }

    async fn write_code(&self, challenge: &Challenge, message: &Message) -> Result<(), Error> {
        let mut tx = self.writing("send_one_time_code").await?;
        tx.put_challenge(challenge).await?;
        self.queue(&mut *tx, message).await?;
        self.commit_and_send(tx).await
    }
}
