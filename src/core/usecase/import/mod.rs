//! Moving in: everything of the old service's database that Doorward can use, with the ids it had there.
//!
//! What is stored here already is left alone with everything that belongs to it, so a second run changes nothing, and a run
//! that was cut short goes on where it ended. A dry run judges by the same rules and writes nothing.

mod activity;
mod clients;
mod judge;
mod report;
mod structure;
mod users;

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

pub use self::report::{Count, Finding, ImportReport, Kind, Reason, Topic};

use super::Core;
use crate::domain::error::Error;
use crate::domain::ids::ClientKey;
use crate::domain::key::Algorithm;
use crate::domain::membership::Role;
use crate::domain::tenant::Tenant;
use crate::ports::import::{FoundError, Predecessor};

/// How to import.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct ImportOptions {
    /// Only report.
    pub dry_run: bool,
    /// Leave the login activity out.
    pub without_activity: bool,
    /// Tenants with status 0 become active: the old service never looked at the status.
    pub activate_tenants: bool,
    /// Clients of type `public` become public clients without a secret, as with the old service's `secureClient` setting.
    /// Otherwise only those that have no secret: `public` is the column's default.
    pub public_clients: bool,
    /// Clients sign with HS256 and the key of their `secret` column.
    pub hs256_clients: bool,
    /// Signature algorithm of the clients' tokens; `None` = the server's default.
    pub algorithm: Option<Algorithm>,
    /// Identity providers that are configured here.
    pub providers: Vec<String>,
}

/// Why an import stopped. What was written before stays, and the next run goes on after it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The old database.
    #[error(transparent)]
    Source(#[from] FoundError),
    /// Doorward's own database, or its keys.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<crate::ports::store::StoreError> for ImportError {
    fn from(error: crate::ports::store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// One run.
struct Importer<'a> {
    core: &'a Core,
    options: &'a ImportOptions,
    report: ImportReport,
    /// By the id there; those that can be used here.
    tenants: HashMap<Uuid, Tenant>,
    /// By the id there; two ids may mean one role here.
    roles: HashMap<Uuid, Role>,
    /// By the number there.
    clients: HashMap<i64, ClientKey>,
    /// Usernames, as they are looked up, given out in this run.
    usernames: HashSet<String>,
    /// Accounts at providers given out in this run.
    identities: HashSet<(String, String)>,
}

impl Core {
    /// What the old service knew is here, as far as the report says.
    ///
    /// # Errors
    /// The old database cannot be read, or ours not written.
    pub async fn import(
        &self,
        source: &mut dyn Predecessor,
        options: &ImportOptions,
    ) -> Result<ImportReport, ImportError> {
        let mut importer = Importer {
            core: self,
            options,
            report: ImportReport::default(),
            tenants: HashMap::new(),
            roles: HashMap::new(),
            clients: HashMap::new(),
            usernames: HashSet::new(),
            identities: HashSet::new(),
        };
        importer.structure(source).await?;
        importer.users(source).await?;
        if !options.without_activity {
            importer.activity(source).await?;
        }
        Ok(importer.report)
    }
}
