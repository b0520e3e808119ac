//! `[[tenants]]` and `[[roles]]`.

use doorward_core::domain::hosted_pages::HostedPages;
use doorward_core::domain::ids::{Id as _, TenantId, UserId};
use doorward_core::domain::second_factor::SecondFactorPolicy;
use doorward_core::domain::tenant::TenantStatus;
use doorward_core::usecase::apply::{RoleSpec, TenantSpec};
use uuid::Uuid;

use super::pages::read_pages;
use super::table_reader::TableReader;
use crate::config::Problem;
use crate::config::setting::Setting;

pub(super) fn read_tenant(mut reader: TableReader<'_>) -> Result<TenantSpec, Problem> {
    let spec = TenantSpec {
        key: reader.required("key")?,
        name: reader.optional("name")?,
        id: reader.optional("id")?,
        status: reader.optional("status")?,
        pages: read_tenant_pages(&mut reader)?,
    };
    reader.finish()?;
    Ok(spec)
}

fn read_tenant_pages(reader: &mut TableReader<'_>) -> Result<HostedPages, Problem> {
    let Some(mut table) = reader.table("pages")? else { return Ok(HostedPages::default()) };
    let pages = read_pages(&mut table)?;
    table.finish()?;
    Ok(pages)
}

pub(super) fn read_role(mut reader: TableReader<'_>) -> Result<RoleSpec, Problem> {
    let spec = RoleSpec {
        name: reader.required("name")?,
        tenant: reader.optional("tenant")?,
        permissions: reader.optional("permissions")?,
        second_factor: reader.optional("mfa")?,
    };
    reader.finish()?;
    Ok(spec)
}

macro_rules! id_setting {
    ($type:ty) => {
        impl Setting for $type {
            fn kind() -> String {
                "UUID".to_owned()
            }

            fn expected() -> String {
                "a UUID such as \"0191e7c2-5c1e-7b2a-9d3f-2f6a1c0b4e5d\"".to_owned()
            }

            fn from_text(text: &str) -> Option<Self> {
                let hyphenated = text.len() == 36;
                Uuid::parse_str(text).ok().filter(|_| hyphenated).map(Self::from_uuid)
            }
        }
    };
}
id_setting!(TenantId);
id_setting!(UserId);

impl Setting for SecondFactorPolicy {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"off\", \"optional\" or \"required\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Setting for TenantStatus {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"active\" or \"inactive\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}
