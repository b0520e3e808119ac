//! `[[users]]` with their memberships and identities.

use chrono::NaiveDate;
use doorward_core::domain::membership::MembershipStatus;
use doorward_core::domain::password_policy::MAX_PASSWORD_BYTES;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::apply::{IdentitySpec, MembershipSpec, PasswordSpec, UserSpec};
use toml::Value;

use super::profile::{PublicAddress, read_profile};
use super::table_reader::TableReader;
use crate::config::Problem;
use crate::config::setting::Setting;

pub(super) fn read_user(mut reader: TableReader<'_>) -> Result<UserSpec, Problem> {
    let mut spec = UserSpec {
        username: reader.required("username")?,
        id: reader.optional("id")?,
        email: reader.optional::<Email>("email")?.map(|email| email.0),
        email_verified: reader.optional("email_verified")?,
        phone: reader.optional("phone")?,
        first_name: reader.optional("first_name")?,
        middle_name: reader.optional("middle_name")?,
        last_name: reader.optional("last_name")?,
        gender: reader.optional::<Gender>("gender")?.map(|gender| gender.0),
        dob: reader.optional("dob")?,
        photo_url: reader.optional::<PublicAddress>("photo_url")?.map(|address| address.0),
        profile: read_profile(&mut reader)?,
        password: read_password(&mut reader)?,
        clients: reader.optional("clients")?,
        default_tenant: reader.optional("default_tenant")?,
        deleted: reader.optional("deleted")?,
        memberships: Vec::new(),
        identities: Vec::new(),
    };
    for membership in reader.tables("memberships")? {
        spec.memberships.push(read_membership(membership)?);
    }
    for identity in reader.tables("identities")? {
        spec.identities.push(read_identity(identity)?);
    }
    reader.finish()?;
    Ok(spec)
}

fn read_password(reader: &mut TableReader<'_>) -> Result<Option<PasswordSpec>, Problem> {
    let password: Option<Secret<String>> = reader.optional("password")?;
    let hash: Option<PasswordHash> = reader.optional("password_hash")?;
    match (password, hash) {
        (Some(_), Some(_)) => {
            let complaint = "expected either password or password_hash, not both";
            Err(reader.problem::<PasswordHash>("password_hash", complaint))
        }
        (Some(password), None) if password.expose().len() > MAX_PASSWORD_BYTES => {
            let complaint = format!("expected at most {MAX_PASSWORD_BYTES} bytes");
            Err(reader.problem::<Secret<String>>("password", complaint))
        }
        (Some(password), None) => Ok(Some(PasswordSpec::Clear(password))),
        (None, Some(PasswordHash(hash))) => Ok(Some(PasswordSpec::Hash(hash))),
        (None, None) => Ok(None),
    }
}

fn read_membership(mut reader: TableReader<'_>) -> Result<MembershipSpec, Problem> {
    let spec = MembershipSpec {
        tenant: reader.required("tenant")?,
        role: reader.optional("role")?,
        status: reader.optional("status")?,
        allow: reader.optional("allow")?,
        deny: reader.optional("deny")?,
        locale: reader.optional("locale")?,
    };
    reader.finish()?;
    Ok(spec)
}

fn read_identity(mut reader: TableReader<'_>) -> Result<IdentitySpec, Problem> {
    let spec = IdentitySpec { provider: reader.required("provider")?, subject: reader.required("subject")? };
    reader.finish()?;
    Ok(spec)
}

impl Setting for MembershipStatus {
    fn kind() -> String {
        "status".to_owned()
    }

    fn expected() -> String {
        "\"registered\", \"active\", \"inactive\", \"password_change_needed\", \"rejected\" or a number from 0 to 12"
            .to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "registered" => Some(Self::REGISTERED),
            "active" => Some(Self::ACTIVE),
            "inactive" => Some(Self::INACTIVE),
            "password_change_needed" => Some(Self::PASSWORD_CHANGE_NEEDED),
            "rejected" => Some(Self::REJECTED),
            _ => None,
        }
    }

    fn from_toml(value: &Value) -> Option<Self> {
        match value {
            Value::String(word) => Self::from_text(word),
            Value::Integer(code) => Self::from_code(*code),
            _ => None,
        }
    }
}

/// A TOML date or a string; years 1 to 9999, which both databases and every wire can show.
impl Setting for NaiveDate {
    fn kind() -> String {
        "date".to_owned()
    }

    fn expected() -> String {
        "a date \"YYYY-MM-DD\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let shape_is_right = text.len() == 10 && !text.starts_with(['+', '-', '0']);
        Self::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| shape_is_right)
    }

    fn from_toml(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::from_text(text),
            Value::Datetime(date) => Self::from_text(&date.to_string()),
            _ => None,
        }
    }
}

struct Email(String);

impl Setting for Email {
    fn kind() -> String {
        "e-mail address".to_owned()
    }

    fn expected() -> String {
        "an e-mail address".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        let usable = !local.is_empty() && !domain.is_empty() && text.len() <= 254;
        let usable = usable && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        usable.then(|| Self(text.to_owned()))
    }
}

struct Gender(String);

impl Setting for Gender {
    fn kind() -> String {
        "letter".to_owned()
    }

    fn expected() -> String {
        "one letter such as \"F\", \"M\" or \"O\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        let is_letter = letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none();
        is_letter.then(|| Self(text.to_owned()))
    }
}

struct PasswordHash(Secret<String>);

/// Kinds of hashes that can be verified.
const HASH_PREFIXES: [&str; 7] = ["$argon2id$", "$argon2i$", "$2a$", "$2b$", "$2y$", "$scrypt$", "$pbkdf2-"];

impl Setting for PasswordHash {
    const SECRET: bool = true;

    fn kind() -> String {
        "secret".to_owned()
    }

    fn expected() -> String {
        "a password hash that begins with $argon2id$, $argon2i$, $2a$, $2b$, $2y$, $scrypt$ or $pbkdf2-"
            .to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let known = HASH_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
        let is_bcrypt = text.starts_with("$2");
        let usable = known && text.is_ascii() && !text.contains(char::is_whitespace) && text.len() <= 512;
        (usable && (!is_bcrypt || text.len() == 60)).then(|| Self(Secret::from(text)))
    }
}
