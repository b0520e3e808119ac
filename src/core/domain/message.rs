//! What people are told, as data: adapters write the words.

use serde::{Deserialize, Serialize};

use super::ids::MessageId;
use super::time::Timestamp;

/// The kinds of mail. The first eight are the template types of the management API.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailKind {
    /// An address has to be proved for a new account.
    Registration,
    /// There is an account now.
    Welcome,
    /// A link to a new password.
    ForgotPassword,
    /// The password was changed.
    ResetPassword,
    /// The address was changed.
    EmailUpdateSuccessful,
    /// The name of the account.
    RecoverUsername,
    /// The name of the account was asked for.
    UsernameRecovered,
    /// A one-time code.
    OneTimePasscode,
    /// Somebody wants to sign up with the address of an account.
    AccountExists,
    /// A link that proves an address of an existing account.
    VerifyEmail,
    /// A sign-in from where the user never signed in before.
    NewDevice,
    /// An authenticator app was enrolled or replaced, or a recovery code used.
    SecondFactorChanged,
}

impl MailKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Registration,
        Self::Welcome,
        Self::ForgotPassword,
        Self::ResetPassword,
        Self::EmailUpdateSuccessful,
        Self::RecoverUsername,
        Self::UsernameRecovered,
        Self::OneTimePasscode,
        Self::AccountExists,
        Self::VerifyEmail,
        Self::NewDevice,
        Self::SecondFactorChanged,
    ];

    /// The template's `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Welcome => "welcome",
            Self::ForgotPassword => "forgot-password",
            Self::ResetPassword => "reset-password",
            Self::EmailUpdateSuccessful => "email-update-successful",
            Self::RecoverUsername => "recover-username",
            Self::UsernameRecovered => "username-recovered",
            Self::OneTimePasscode => "one-time-passcode",
            Self::AccountExists => "account-exists",
            Self::VerifyEmail => "verify-email",
            Self::NewDevice => "new-device",
            Self::SecondFactorChanged => "second-factor-changed",
        }
    }
}

/// Whom a message is about, as templates may name him.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Person {
    /// `user.userName`
    pub username: String,
    /// `user.name.givenName`
    pub first_name: String,
    /// `user.name.familyName`
    pub last_name: Option<String>,
    /// `user.emails.primary`
    pub email: Option<String>,
}

/// What templates can say.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Particulars {
    /// `user.…`; absent before there is an account.
    pub person: Option<Person>,
    /// `organization.name` and `tenant.name`: the tenant's name; absent = the configured one.
    pub organization: Option<String>,
    /// `application.name`: the client's name.
    pub application: Option<String>,
    /// `url`: absolute, made of the configured address only.
    pub url: Option<String>,
    /// `urlExpiry`: how long the link or the code works, in minutes.
    pub minutes: Option<u64>,
    /// `params.otp`
    pub code: Option<String>,
    /// `params.device`: `User-Agent` of a sign-in.
    pub device: Option<String>,
    /// `params.address`: IP address of a sign-in.
    pub address: Option<String>,
}

/// Where a message goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A mail address.
    Email(String),
    /// A telephone number.
    Phone(String),
    /// Nowhere: written for an account that does not exist, so that time and storage tell nothing.
    Nobody,
}

/// A message to one person. It holds codes and links: sealed wherever it is stored, never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Also the mail's `Message-ID`, the same in every attempt.
    pub id: MessageId,
    /// What it says.
    pub kind: MailKind,
    /// Where it goes.
    pub to: Destination,
    /// Language tag of the reader (RFC 5646).
    pub locale: String,
    /// When what it tells of happened.
    pub created_at: Timestamp,
    /// What it says in particular.
    pub particulars: Particulars,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A message that waits to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Queued {
    /// The message's id.
    pub id: MessageId,
    /// What it is, for who looks at the queue.
    pub kind: String,
    /// The message as JSON, sealed for [`Queued::place`].
    pub sealed: Vec<u8>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it may be tried next.
    pub due_at: Timestamp,
    /// Attempts so far, one that is under way included.
    pub attempts: i64,
    /// Set when it was given up.
    pub dead_at: Option<Timestamp>,
    /// What the last attempt failed with, without anything of the message.
    pub last_error: Option<String>,
}

impl Queued {
    /// Associated data of the sealed message.
    #[must_use]
    pub fn place(id: MessageId) -> String {
        format!("outbox/{id}/message")
    }
}

/// How many messages wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QueueDepth {
    /// To be sent.
    pub waiting: i64,
    /// Given up.
    pub dead: i64,
}
