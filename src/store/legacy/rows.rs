//! The old service's rows as JSON. A field with a default is a column that some release does not have.

use chrono::{DateTime, NaiveDate, Utc};
use doorward_core::domain::import::{
    FoundActivity, FoundClient, FoundCredential, FoundMembership, FoundRole, FoundTenant, FoundUser,
};
use doorward_core::domain::secret::Secret;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
pub(super) struct Tenant {
    id: Uuid,
    key: Option<String>,
    name: Option<String>,
    status: Option<i64>,
}

impl From<Tenant> for FoundTenant {
    fn from(row: Tenant) -> Self {
        Self { id: row.id, key: row.key, name: row.name, status: row.status }
    }
}

#[derive(Deserialize)]
pub(super) struct Role {
    id: Uuid,
    name: String,
    permissions: Option<Vec<Option<String>>>,
    tenant_id: Option<Uuid>,
    allowed_clients: Option<Vec<Option<String>>>,
}

impl From<Role> for FoundRole {
    fn from(row: Role) -> Self {
        Self {
            id: row.id,
            tenant: row.tenant_id,
            name: row.name,
            permissions: row.permissions.unwrap_or_default().into_iter().flatten().collect(),
            names_clients: row.allowed_clients.is_some_and(|clients| !clients.is_empty()),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Client {
    id: i64,
    #[serde(rename = "client_id")]
    public_id: String,
    #[serde(rename = "client_secret")]
    password: Option<String>,
    redirect_url: Option<String>,
    access_token_expiration: Option<i64>,
    refresh_token_expiration: Option<i64>,
    auth_code_expiration: Option<i64>,
    secret: Option<String>,
    #[serde(rename = "client_type")]
    kind: Option<String>,
}

impl From<Client> for FoundClient {
    fn from(row: Client) -> Self {
        Self {
            number: row.id,
            client_id: row.public_id,
            secret: row.password.map(Secret::new),
            redirect_url: row.redirect_url,
            access_token_seconds: row.access_token_expiration,
            refresh_token_seconds: row.refresh_token_expiration,
            auth_code_seconds: row.auth_code_expiration,
            signing_secret: row.secret.map(Secret::new),
            client_type: row.kind,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Person {
    id: Uuid,
    first_name: String,
    middle_name: Option<String>,
    last_name: Option<String>,
    username: String,
    email: Option<String>,
    phone: Option<String>,
    created_on: Option<DateTime<Utc>>,
    deleted: bool,
    last_login: Option<DateTime<Utc>>,
    auth_client_ids: Option<Vec<Option<i64>>>,
    gender: Option<String>,
    dob: Option<NaiveDate>,
    default_tenant_id: Option<Uuid>,
    deleted_on: Option<DateTime<Utc>>,
    photo_url: Option<String>,
    designation: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Credential {
    auth_provider: String,
    auth_id: Option<String>,
    password: Option<String>,
    has_second_factor: bool,
}

#[derive(Deserialize)]
pub(super) struct Membership {
    id: Uuid,
    tenant_id: Uuid,
    role_id: Uuid,
    status: Option<i64>,
    locale: Option<String>,
    created_on: Option<DateTime<Utc>>,
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Word {
    permission: String,
    allowed: bool,
}

impl From<Credential> for FoundCredential {
    fn from(row: Credential) -> Self {
        Self {
            provider: row.auth_provider,
            subject: row.auth_id,
            hash: row.password.map(Secret::new),
            has_second_factor: row.has_second_factor,
        }
    }
}

impl From<Membership> for FoundMembership {
    fn from(row: Membership) -> Self {
        let (allowed, denied): (Vec<Word>, Vec<Word>) = row.words.into_iter().partition(|word| word.allowed);
        let texts = |words: Vec<Word>| words.into_iter().map(|word| word.permission).collect();
        Self {
            id: row.id,
            tenant: row.tenant_id,
            role: row.role_id,
            status: row.status.unwrap_or(0),
            locale: row.locale,
            created_on: row.created_on,
            allowed: texts(allowed),
            denied: texts(denied),
        }
    }
}

pub(super) fn user(
    person: Person,
    credential: Option<Credential>,
    memberships: Vec<Membership>,
) -> FoundUser {
    FoundUser {
        id: person.id,
        username: person.username,
        first_name: person.first_name,
        middle_name: person.middle_name,
        last_name: person.last_name,
        email: person.email,
        phone: person.phone,
        gender: person.gender,
        dob: person.dob,
        photo_url: person.photo_url,
        designation: person.designation,
        default_tenant: person.default_tenant_id,
        last_login: person.last_login,
        created_on: person.created_on,
        is_deleted: person.deleted,
        deleted_on: person.deleted_on,
        clients: person.auth_client_ids.unwrap_or_default().into_iter().flatten().collect(),
        credential: credential.map(Into::into),
        memberships: memberships.into_iter().map(Into::into).collect(),
    }
}

#[derive(Deserialize)]
pub(super) struct Activity {
    id: Uuid,
    actor: String,
    tenant_id: Option<String>,
    login_time: Option<DateTime<Utc>>,
    token_payload: String,
    login_type: String,
    device_info: Option<String>,
    ip_address: Option<String>,
}

impl From<Activity> for FoundActivity {
    fn from(row: Activity) -> Self {
        Self {
            id: row.id,
            actor: row.actor,
            tenant: row.tenant_id,
            login_time: row.login_time,
            token_payload: row.token_payload,
            login_type: row.login_type,
            device_info: row.device_info,
            ip_address: row.ip_address,
        }
    }
}
