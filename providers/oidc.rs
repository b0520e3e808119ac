//! Any OpenID provider: plain OpenID Connect, found through its issuer.

use crate::engine::oidc::Oidc;
use crate::engine::oidc::preset::{Preset, Userinfo};
use crate::{Built, Parts};

struct AnyOidc {
    issuer: String,
}

/// Needs `issuer` and `client_id`.
pub(crate) fn build(parts: Parts) -> Built {
    let issuer = parts.required("issuer", parts.settings.issuer.as_deref())?.to_owned();
    Oidc::build(parts, AnyOidc { issuer })
}

impl Preset for AnyOidc {
    fn issuer(&self) -> String {
        self.issuer.clone()
    }

    /// Many put the user's claims nowhere else (OpenID Connect Core §5.4).
    fn userinfo(&self) -> Userinfo {
        Userinfo::Always
    }
}
