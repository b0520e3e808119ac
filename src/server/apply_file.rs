//! The file of `doorward apply`: what tenants, roles, clients and users there should be.
//!
//! Reading checks everything the file alone can tell. Names of tenants, roles and clients may stand only in the
//! database, so they are resolved by whoever writes.
//!
//! An absent key leaves what exists as it is; what is created gets the default named at the field.

mod client;
mod client_oauth;
mod pages;
mod profile;
mod table_reader;
mod tenant;
mod user;

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::path::Path;

use client::read_client;
use doorward_core::usecase::apply::Bootstrap;
use tenant::{read_role, read_tenant};
use user::read_user;

use crate::config::Problem;
use crate::config::problem::parse_toml;
use table_reader::TableReader;

/// The file cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApplyFileError(Problem);

impl fmt::Display for ApplyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "apply file error: {}", self.0)
    }
}

impl std::error::Error for ApplyFileError {}

/// Reads and checks a file.
///
/// # Errors
/// The first thing that is wrong, as one line such as
/// `users[3].memberships[0].status = "gone" (setup.toml): expected …`.
pub fn load(path: &Path) -> Result<Bootstrap, ApplyFileError> {
    let origin = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| ApplyFileError(Problem::new("", &origin, format!("cannot be read: {error}"))))?;
    parse(&text, &origin)
}

/// Checks a file's text; `origin` names it in messages.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, origin: &str) -> Result<Bootstrap, ApplyFileError> {
    read(text, origin).map_err(ApplyFileError)
}

fn read(text: &str, origin: &str) -> Result<Bootstrap, Problem> {
    let table = parse_toml(text, origin)?;
    let mut reader = TableReader::new(&table, origin);
    let mut declared = Bootstrap::default();
    for tenant in reader.tables("tenants")? {
        declared.tenants.push(read_tenant(tenant)?);
    }
    for role in reader.tables("roles")? {
        declared.roles.push(read_role(role)?);
    }
    for client in reader.tables("clients")? {
        declared.clients.push(read_client(client)?);
    }
    for user in reader.tables("users")? {
        declared.users.push(read_user(user)?);
    }
    reader.finish()?;
    check_uniqueness(&declared, origin)?;
    Ok(declared)
}

fn check_uniqueness(declared: &Bootstrap, origin: &str) -> Result<(), Problem> {
    let lower = doorward_core::domain::user::username_key;
    distinct("tenants", "key", declared.tenants.iter().map(|tenant| tenant.key.as_str()), origin)?;
    distinct("tenants", "id", declared.tenants.iter().filter_map(|tenant| tenant.id), origin)?;
    distinct("roles", "name", declared.roles.iter().map(|role| (&role.tenant, &role.name)), origin)?;
    distinct("clients", "client_id", declared.clients.iter().map(|client| &client.client_id), origin)?;
    distinct("users", "username", declared.users.iter().map(|user| lower(&user.username)), origin)?;
    distinct("users", "id", declared.users.iter().filter_map(|user| user.id), origin)?;
    for (index, user) in declared.users.iter().enumerate() {
        let tenants = user.memberships.iter().map(|membership| &membership.tenant);
        distinct(&format!("users[{index}].memberships"), "tenant", tenants, origin)?;
    }
    let accounts = declared.users.iter().flat_map(|user| &user.identities);
    let accounts = accounts.map(|identity| (&identity.provider, &identity.subject));
    distinct("users[].identities", "subject", accounts, origin)
}

fn distinct<T: Eq + Hash>(
    list: &str,
    key: &str,
    values: impl Iterator<Item = T>,
    origin: &str,
) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for (index, value) in values.enumerate() {
        if !seen.insert(value) {
            let name = if list.ends_with("[].identities") {
                format!("{list}[].{key}")
            } else {
                format!("{list}[{index}].{key}")
            };
            return Err(Problem::new(name, origin, "stands in the file already; expected it only once"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
