//! The configuration: built-in defaults < TOML file < environment (`DOORWARD__SECTION__KEY`).
//!
//! Each section is one file and one declaration, from which its struct, its reader and its part of the reference
//! (`docs/configuration.md`) are made.

mod database;
mod limits;
mod log;
mod mail;
mod native;
mod oauth2;
mod passwords;
pub(crate) mod problem;
mod providers;
mod redis;
pub mod reference;
mod revocation;
pub(crate) mod section;
mod security;
mod server;
pub(crate) mod setting;
mod sources;
mod texts;
mod tokens;

use std::collections::BTreeMap;
use std::path::Path;

pub use database::{Database, DatabaseUrl};
pub use limits::Limits;
pub use log::{Log, LogFormat, LogLevel};
pub use mail::Mail;
pub use native::{Native, SelfSignUp};
pub use oauth2::OAuth2;
pub use passwords::Passwords;
pub use problem::{ConfigError, Problem};
pub use providers::{Pem, Provider, SecretPem, SignUpWord};
pub use redis::{Redis, RedisUrl};
pub use revocation::Revocation;
pub use security::Security;
pub use server::{BaseUrl, Origin, Server};
pub use setting::Size;
pub use texts::{Texts, WebhookUrl};
pub use tokens::Tokens;

use section::SectionInfo;
pub(crate) use sources::show;
use sources::{PREFIX, Sources};

/// Every section, in the order of the reference.
pub(crate) const SECTIONS: &[SectionInfo] = &[
    Server::INFO,
    Security::INFO,
    Database::INFO,
    Redis::INFO,
    Revocation::INFO,
    Tokens::INFO,
    Passwords::INFO,
    Limits::INFO,
    Native::INFO,
    OAuth2::INFO,
    Mail::INFO,
    Texts::INFO,
    Log::INFO,
];

/// Sections of which there can be several, `[name.<id>]`; they come last in the reference.
pub(crate) const TABLES: &[SectionInfo] = &[Provider::INFO];

/// The whole configuration, checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `[server]`.
    pub server: Server,
    /// `[security]`.
    pub security: Security,
    /// `[database]`.
    pub database: Database,
    /// `[redis]`.
    pub redis: Redis,
    /// `[revocation]`.
    pub revocation: Revocation,
    /// `[tokens]`.
    pub tokens: Tokens,
    /// `[passwords]`.
    pub passwords: Passwords,
    /// `[limits]`.
    pub limits: Limits,
    /// `[native]`.
    pub native: Native,
    /// `[oauth2]`.
    pub oauth2: OAuth2,
    /// `[mail]`.
    pub mail: Mail,
    /// `[texts]`.
    pub texts: Texts,
    /// `[providers.<id>]` by id.
    pub providers: BTreeMap<String, Provider>,
    /// `[log]`.
    pub log: Log,
}

impl Settings {
    /// Reads the file (`config_path`, else `./doorward.toml` if there is one, else none) and the environment.
    ///
    /// # Errors
    /// The first thing that is wrong, as one line that names the key, the value and what is expected.
    pub fn load(
        config_path: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let sources = Sources::load(config_path, environment)?;
        let settings = Self {
            server: Server::read(&sources, Server::INFO.name)?,
            security: Security::read(&sources, Security::INFO.name)?,
            database: Database::read(&sources, Database::INFO.name)?,
            redis: Redis::read(&sources, Redis::INFO.name)?,
            revocation: Revocation::read(&sources, Revocation::INFO.name)?,
            tokens: Tokens::read(&sources, Tokens::INFO.name)?,
            passwords: Passwords::read(&sources, Passwords::INFO.name)?,
            limits: Limits::read(&sources, Limits::INFO.name)?,
            native: Native::read(&sources, Native::INFO.name)?,
            oauth2: OAuth2::read(&sources, OAuth2::INFO.name)?,
            mail: Mail::read(&sources, Mail::INFO.name)?,
            texts: Texts::read(&sources, Texts::INFO.name)?,
            providers: read_providers(&sources)?,
            log: Log::read(&sources, Log::INFO.name)?,
        };
        settings.check_together(&sources)?;
        Ok(settings)
    }

    /// Rules that concern two keys.
    fn check_together(&self, sources: &Sources) -> Result<(), Problem> {
        use std::time::Duration;
        if self.revocation.poll >= self.revocation.max_staleness {
            let complaint = "expected a duration shorter than revocation.max_staleness";
            return Err(sources.problem::<Duration>("revocation", "poll", complaint));
        }
        // argon2 needs 8 KiB a lane (RFC 9106 §3.1).
        if self.passwords.memory.bytes() / 8192 < self.passwords.lanes as usize {
            let complaint = "expected at least \"8KiB\" for each of passwords.lanes";
            return Err(sources.problem::<Size>("passwords", "memory", complaint));
        }
        if self.passwords.memory.bytes() * self.passwords.iterations as usize > 1 << 30 {
            let complaint = "expected at most \"1GiB\" divided by passwords.iterations";
            return Err(sources.problem::<Size>("passwords", "memory", complaint));
        }
        self.oauth2.check_together(sources)?;
        self.texts.check_together(sources)
    }

    /// `server.public_url`, or the address that is listened on; no trailing slash.
    ///
    /// Whoever lets the system choose a port (`:0`) writes the bound address into `server.listen` first.
    #[must_use]
    pub fn public_url(&self) -> String {
        match &self.server.public_url {
            Some(url) => url.as_str().to_owned(),
            None => format!("http://{}", self.server.listen),
        }
    }

    /// `tokens.issuer`, or the public URL.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.tokens.issuer.clone().unwrap_or_else(|| self.public_url())
    }

    /// `database.auto_migrate`; by default on SQLite only.
    #[must_use]
    pub fn auto_migrate(&self) -> bool {
        self.database.auto_migrate.unwrap_or_else(|| self.database.url.is_sqlite())
    }

    /// The directory of `master.key`: the SQLite database's, or `data`.
    #[must_use]
    pub fn data_directory(&self) -> &Path {
        self.database.url.data_directory()
    }
}

fn read_providers(sources: &Sources) -> Result<BTreeMap<String, Provider>, Problem> {
    let ids = sources.instances(Provider::INFO.name).into_iter();
    ids.map(|id| Provider::read_instance(sources, &id).map(|provider| (id, provider))).collect()
}

/// The variables of this process that are ours: the only place that reads the environment.
///
/// # Errors
/// A variable of ours whose name or value is not UTF-8.
pub fn process_environment() -> Result<BTreeMap<String, String>, ConfigError> {
    let mut ours = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let lossy_name = name.to_string_lossy();
        if !lossy_name.starts_with(PREFIX) {
            continue;
        }
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            let origin = format!("environment variable {}", lossy_name.escape_debug());
            return Err(Problem::new("", origin, "expected UTF-8 text").into());
        };
        ours.insert(name.to_owned(), value.to_owned());
    }
    Ok(ours)
}

#[cfg(test)]
mod tests;
