//! Rows of the service that Doorward replaces, as they were found: the rules of the import have not judged them yet.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::ids::{ClientKey, RoleId};
use super::membership::Membership;
use super::secret::Secret;
use super::time::Timestamp;
use super::user::{Identity, User};

/// A tenant there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundTenant {
    /// Its id, kept.
    pub id: Uuid,
    /// Its key, unique there.
    pub key: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// 0 inactive, 1 active; the old service never looked at it.
    pub status: Option<i64>,
}

/// A role there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundRole {
    /// Its id, kept.
    pub id: Uuid,
    /// Its tenant; releases before 16 had none.
    pub tenant: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// Its permissions in their order.
    pub permissions: Vec<String>,
    /// Whether only some clients may be used with it: a column that the old service itself never read.
    pub names_clients: bool,
}

/// A client there.
#[derive(Debug)]
pub struct FoundClient {
    /// The number that `users.auth_client_ids` names.
    pub number: i64,
    /// Public identifier, not unique there.
    pub client_id: String,
    /// In clear there.
    pub secret: Option<Secret<String>>,
    /// Where codes are sent.
    pub redirect_url: Option<String>,
    /// Lifetime of access tokens in seconds.
    pub access_token_seconds: Option<i64>,
    /// Lifetime of refresh tokens in seconds.
    pub refresh_token_seconds: Option<i64>,
    /// Lifetime of codes in seconds.
    pub auth_code_seconds: Option<i64>,
    /// The key that codes were signed with.
    pub signing_secret: Option<Secret<String>>,
    /// `public` (the column's default) or another word.
    pub client_type: Option<String>,
}

/// How a user proves who they are there.
#[derive(Debug)]
pub struct FoundCredential {
    /// `internal`, or the provider's word.
    pub provider: String,
    /// The account's id at the provider.
    pub subject: Option<String>,
    /// The password's hash.
    pub hash: Option<Secret<String>>,
    /// Whether there is a secret of a second factor.
    pub has_second_factor: bool,
}

/// A user's place in a tenant there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundMembership {
    /// Its id, kept.
    pub id: Uuid,
    /// Where.
    pub tenant: Uuid,
    /// As whom.
    pub role: Uuid,
    /// The number of its status.
    pub status: i64,
    /// Preferred locale.
    pub locale: Option<String>,
    /// When it was made.
    pub created_on: Option<DateTime<Utc>>,
    /// Permissions given beyond the role, in their order.
    pub allowed: Vec<String>,
    /// Permissions taken away, in their order.
    pub denied: Vec<String>,
}

/// A user there, with everything that belongs to them.
#[derive(Debug)]
pub struct FoundUser {
    /// Its id, kept.
    pub id: Uuid,
    /// Looked up there in lower case, so one with capitals could never sign in.
    pub username: String,
    /// Given name.
    pub first_name: String,
    /// Middle name.
    pub middle_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// One letter.
    pub gender: Option<String>,
    /// Date of birth.
    pub dob: Option<NaiveDate>,
    /// Picture (since release 19).
    pub photo_url: Option<String>,
    /// Job title (since release 19).
    pub designation: Option<String>,
    /// The tenant a sign-in lands in.
    pub default_tenant: Option<Uuid>,
    /// Last sign-in.
    pub last_login: Option<DateTime<Utc>>,
    /// When the account was made.
    pub created_on: Option<DateTime<Utc>>,
    /// Whether it was removed.
    pub is_deleted: bool,
    /// When it was removed, if that was noted.
    pub deleted_on: Option<DateTime<Utc>>,
    /// Numbers of the clients the user may sign in through.
    pub clients: Vec<i64>,
    /// How they prove who they are.
    pub credential: Option<FoundCredential>,
    /// Their places, oldest first; removed ones left out.
    pub memberships: Vec<FoundMembership>,
}

/// A row of the login activity there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundActivity {
    /// Its id, kept.
    pub id: Uuid,
    /// Who.
    pub actor: String,
    /// Where: any text.
    pub tenant: Option<String>,
    /// When.
    pub login_time: Option<DateTime<Utc>>,
    /// Encrypted there, and copied as it is.
    pub token_payload: String,
    /// What.
    pub login_type: String,
    /// `User-Agent`.
    pub device_info: Option<String>,
    /// Encrypted there, and copied as it is.
    pub ip_address: Option<String>,
}

/// A user with everything that belongs to them, judged and ready to be written at once.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The account.
    pub user: User,
    /// When it was made.
    pub created_at: Timestamp,
    /// Password hash and its scheme.
    pub password: Option<(String, String)>,
    /// Clients the user may sign in through.
    pub clients: Vec<ClientKey>,
    /// Places in tenants.
    pub memberships: Vec<NewMembership>,
    /// Account at a provider.
    pub identity: Option<Identity>,
}

/// A membership with what only its row knows.
#[derive(Clone, Debug)]
pub struct NewMembership {
    /// The membership.
    pub membership: Membership,
    /// Its role.
    pub role: RoleId,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is stored already of what is about to be written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// Ids of users.
    pub users: Vec<Uuid>,
    /// Usernames (in the form they are looked up by) of users that were not removed.
    pub usernames: Vec<String>,
    /// Ids of memberships.
    pub memberships: Vec<Uuid>,
    /// Linked accounts at providers.
    pub identities: Vec<(String, String)>,
}

/// Activity rows of one transaction.
pub const ACTIVITY_BATCH: usize = 1000;

/// Users of one transaction.
pub const USER_BATCH: usize = 500;
