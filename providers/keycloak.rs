//! Keycloak.

use crate::engine::oidc::Oidc;
use crate::engine::oidc::endpoints::Known;
use crate::engine::oidc::preset::Preset;
use crate::{Built, Parts};

struct Keycloak {
    issuer: String,
}

/// Needs `client_id`, and `host` and `realm` (or `issuer`).
pub(crate) fn build(parts: Parts) -> Built {
    let issuer = if let Some(issuer) = &parts.settings.issuer {
        issuer.clone()
    } else {
        let host = parts.required("host", parts.extra("host"))?;
        let realm = parts.required("realm", parts.extra("realm"))?;
        issuer(host, realm)
            .ok_or_else(|| parts.error("`host` is an address such as https://sso.example.com"))?
    };
    Oidc::build(parts, Keycloak { issuer })
}

/// `https://host`, `https://host/auth` (before version 17), each with and without `/realms` behind it: all shapes that the old
/// service's configuration came in.
fn issuer(host: &str, realm: &str) -> Option<String> {
    let host = host.trim_end_matches('/');
    let host = host.strip_suffix("/realms").unwrap_or(host);
    let mut url = url::Url::parse(host).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().push("realms").push(realm);
    Some(url.into())
}

impl Preset for Keycloak {
    fn issuer(&self) -> String {
        self.issuer.clone()
    }

    /// Signing out must work in a process that never asked for the discovery document.
    fn endpoints(&self) -> Known {
        let at = |path: &str| {
            Some(format!("{}/protocol/openid-connect/{path}", self.issuer.trim_end_matches('/')))
        };
        Known { revocation: at("revoke"), end_session: at("logout"), ..Known::default() }
    }
}

#[cfg(test)]
mod tests;
