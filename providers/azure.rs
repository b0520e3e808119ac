//! Microsoft Entra ID, formerly Azure Active Directory, version 2.0 endpoints.
//!
//! `oid` within `tid` is the account; `sub` is another for each application, and every address in a token may be one that its
//! owner just typed in ("nOAuth").

use doorward_core::ports::provider::ProviderError;
use serde_json::Value;

use crate::engine::claims::Claims;
use crate::engine::oidc::Oidc;
use crate::engine::oidc::preset::{Preset, Userinfo, another_issuer};
use crate::{Built, Parts};

const AUTHORITY: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
/// What stands for "the tenant of the token" in issuers.
const PLACEHOLDER: &str = "{tenantid}";
/// The tenant of personal Microsoft accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

struct Azure {
    /// The issuer, with the placeholder where the tenant stands.
    template: String,
    tenant: Tenant,
    /// When not empty, only these tenants.
    allowed: Vec<String>,
}

/// `tenant`.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Tenant {
    /// Work, school and personal accounts.
    Common,
    /// Work and school accounts.
    Organizations,
    /// Personal accounts.
    Consumers,
    /// One directory: its id, or one of its domains.
    Pinned(String),
}

impl Tenant {
    fn parse(text: &str) -> Option<Self> {
        let usable = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
        Some(match text.to_ascii_lowercase().as_str() {
            "common" => Self::Common,
            "organizations" => Self::Organizations,
            "consumers" => Self::Consumers,
            _ if !usable => return None,
            pinned => Self::Pinned(pinned.to_owned()),
        })
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Common => "common",
            Self::Organizations => "organizations",
            Self::Consumers => "consumers",
            Self::Pinned(tenant) => tenant,
        }
    }

    /// Whether tokens of the directory `tid` may come from here. A pinned domain's directory shows in the issuer.
    fn admits(&self, tid: &str) -> bool {
        match self {
            Self::Common => true,
            Self::Organizations => tid != CONSUMERS,
            Self::Consumers => tid == CONSUMERS,
            Self::Pinned(tenant) => !is_directory_id(tenant) || tenant == tid,
        }
    }
}

/// A GUID in lower case.
fn is_directory_id(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12]
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Needs `client_id`, `tenant` and `client_secret` or `private_key`; knows `tenants`.
pub(crate) fn build(parts: Parts) -> Built {
    let tenant = parts.required("tenant", parts.extra("tenant"))?;
    let tenant = Tenant::parse(tenant).ok_or_else(|| {
        parts.error("`tenant` is a directory id, a domain, \"organizations\", \"common\" or \"consumers\"")
    })?;
    let allowed: Vec<String> = parts
        .extra("tenants")
        .unwrap_or_default()
        .split([',', ' '])
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    if let Some(wrong) = allowed.iter().find(|tenant| !is_directory_id(tenant)) {
        return Err(parts.error(format!("`tenants` lists directory ids; \"{wrong}\" is none")));
    }
    let template = parts.settings.issuer.clone().unwrap_or_else(|| AUTHORITY.to_owned());
    Oidc::build(parts, Azure { template, tenant, allowed })
}

impl Azure {
    fn tid<'a>(&self, claims: &'a Claims) -> Result<&'a str, ProviderError> {
        let tid = claims.text("tid").filter(|tid| is_directory_id(tid));
        let tid = tid.ok_or_else(|| ProviderError::Untrusted("ID token: tid is missing".to_owned()))?;
        if !self.tenant.admits(tid)
            || !(self.allowed.is_empty() || self.allowed.iter().any(|known| known == tid))
        {
            return Err(ProviderError::Untrusted(
                "the directory (tid) is not one of those configured".to_owned(),
            ));
        }
        Ok(tid)
    }
}

impl Preset for Azure {
    fn issuer(&self) -> String {
        self.template.replace(PLACEHOLDER, self.tenant.as_str())
    }

    /// The shared authorities announce the template itself; a domain's announces the directory id.
    fn announces(&self, issuer: &str) -> bool {
        let Some((before, after)) = self.template.split_once(PLACEHOLDER) else {
            return issuer == self.template;
        };
        let middle = issuer.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        middle.is_some_and(|middle| match &self.tenant {
            Tenant::Pinned(tenant) if is_directory_id(tenant) => middle == tenant,
            Tenant::Pinned(_) => is_directory_id(middle),
            // The authority for personal accounts announces their directory.
            Tenant::Consumers => middle == PLACEHOLDER || middle == CONSUMERS,
            _ => middle == PLACEHOLDER,
        })
    }

    fn check_issuer(&self, issuer: &str, announced: &str, claims: &Claims) -> Result<(), ProviderError> {
        // Version 1 tokens (sts.windows.net) never fit.
        let expected = announced.replace(PLACEHOLDER, self.tid(claims)?);
        if issuer == expected { Ok(()) } else { Err(another_issuer()) }
    }

    fn check(&self, claims: &Claims) -> Result<(), ProviderError> {
        match claims.text("ver") {
            None | Some("2.0") => Ok(()),
            Some(_) => Err(ProviderError::Untrusted("ID token: not of version 2.0 (ver)".to_owned())),
        }
    }

    fn subject(&self, claims: &Claims) -> Result<String, ProviderError> {
        let tid = self.tid(claims)?;
        let oid = claims.text("oid").filter(|oid| oid.len() <= 100);
        let oid = oid.ok_or_else(|| {
            ProviderError::Untrusted("ID token: oid is missing (is the scope profile asked for?)".to_owned())
        })?;
        Ok(format!("{tid}.{oid}"))
    }

    /// `xms_edov` says that the owner of the address's domain verified it. A directory of our own is trusted without, unless
    /// it says the contrary.
    fn vouches_for_email(&self, claims: &Claims) -> bool {
        match claims.0.get("xms_edov") {
            // Microsoft writes it in all of these ways.
            Some(Value::Bool(verified)) => *verified,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => text == "true" || text == "1",
            Some(_) => false,
            None => matches!(self.tenant, Tenant::Pinned(_)),
        }
    }

    /// It knows nothing that the token does not, and lives on another host.
    fn userinfo(&self) -> Userinfo {
        Userinfo::Never
    }
}

#[cfg(test)]
mod tests;
