//! What the declaration says of a client to the OAuth 2.0 dialect.

use super::spec::ClientOAuthSpec;
use crate::domain::client::ClientOAuth;
use crate::domain::client_keys::check_jwks;
use crate::domain::client_rules::{MAX_ID_TOKEN_TTL, Unfit, check_resource, check_web_address};
use crate::domain::hosted_pages::HostedPages;

/// The declared values, and where there are none the stored ones.
pub(super) fn laid_over(spec: &ClientOAuthSpec, stored: ClientOAuth) -> ClientOAuth {
    ClientOAuth {
        first_party: spec.first_party.unwrap_or(stored.first_party),
        auth_method: spec.auth_method.or(stored.auth_method),
        require_pkce: spec.require_pkce.unwrap_or(stored.require_pkce),
        id_token_algorithm: spec.id_token_algorithm.unwrap_or(stored.id_token_algorithm),
        id_token_ttl_seconds: spec.id_token_ttl.map_or(stored.id_token_ttl_seconds, |ttl| ttl.as_secs()),
        jwks: spec.jwks.clone().or(stored.jwks),
        resources: spec.resources.clone().unwrap_or(stored.resources),
        backchannel_logout_uri: spec.backchannel_logout_uri.clone().or(stored.backchannel_logout_uri),
        backchannel_logout_session_required: spec
            .backchannel_logout_session_required
            .unwrap_or(stored.backchannel_logout_session_required),
        pages: spec.pages.over(&stored.pages),
    }
}

/// Each value by itself.
pub(super) fn check(spec: &ClientOAuthSpec) -> Result<(), Unfit> {
    if spec.id_token_ttl.is_some_and(|ttl| ttl.as_secs() == 0 || ttl > MAX_ID_TOKEN_TTL) {
        let reason = "expected a duration from \"1s\" to \"24h\"".to_owned();
        return Err(Unfit { field: "id_token_ttl", reason });
    }
    if let Some(jwks) = &spec.jwks {
        check_jwks(jwks).map_err(|reason| Unfit { field: "jwks", reason })?;
    }
    for resource in spec.resources.iter().flatten() {
        check_resource(resource)
            .map_err(|reason| Unfit { field: "resources", reason: format!("{resource:?} {reason}") })?;
    }
    let HostedPages { logo_url, css_url, .. } = &spec.pages;
    let addresses = [
        ("backchannel_logout_uri", &spec.backchannel_logout_uri),
        ("logo_url", logo_url),
        ("css_url", css_url),
    ];
    for (field, uri) in addresses {
        if let Some(uri) = uri {
            check_web_address(uri).map_err(|reason| Unfit { field, reason: format!("{uri:?} {reason}") })?;
        }
    }
    Ok(())
}
