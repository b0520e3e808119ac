//! Scopes and resources of an authorization request: those of the client only.

use super::parameters::Parameters;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::oidc_scope::{is_oidc, words};

/// The scopes asked for, each once. Who asks for none gets those of the client that tell nothing of the user (RFC 6749 §3.3).
pub(super) fn asked(text: Option<&str>, client: &Client) -> Result<Vec<String>, Error> {
    let Some(text) = text else {
        return Ok(client.scopes.iter().filter(|scope| !is_oidc(scope)).cloned().collect());
    };
    let scopes = words(text);
    if scopes.iter().all(|scope| client.scopes.contains(scope)) {
        Ok(scopes)
    } else {
        Err(Error::with_public(ErrorKind::ScopeInvalid, "a scope is unknown or not for this client"))
    }
}

/// The resources asked for, each once (RFC 8707 §2).
pub(super) fn resources(parameters: &Parameters<'_>, client: &Client) -> Result<Vec<String>, Error> {
    let mut resources: Vec<String> = Vec::new();
    for resource in parameters.all("resource").filter(|resource| !resource.is_empty()) {
        if !client.oauth.resources.iter().any(|own| own == resource) {
            return Err(Error::with_public(ErrorKind::TargetInvalid, "a resource is not for this client"));
        }
        if !resources.iter().any(|known| known == resource) {
            resources.push(resource.to_owned());
        }
    }
    Ok(resources)
}
