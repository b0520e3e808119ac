//! What a client must be like to be registered (RFC 7591 §2, RFC 9700 §2).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::authorization::GrantType;
use super::client::{AuthMethod, Client};
use super::key::Algorithm;

/// Longest lifetime of an ID token: it is read at once.
pub const MAX_ID_TOKEN_TTL: Duration = Duration::from_hours(24);

/// Why a client cannot be registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfit {
    /// The field, as the `apply` file calls it.
    pub field: &'static str,
    /// A sentence for the operator.
    pub reason: String,
}

impl Unfit {
    fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }
}

/// Rules that concern several fields of a client.
///
/// # Errors
/// The first that is broken.
pub fn check_client(client: &Client) -> Result<(), Unfit> {
    check_grants(client)?;
    check_authentication(client)?;
    if client.client_type.is_public() && !client.oauth.require_pkce {
        let reason = "a client of type \"spa\" is public and needs PKCE (RFC 9700 §2.1.1); expected true";
        return Err(Unfit::new("require_pkce", reason));
    }
    if client.oauth.id_token_algorithm == Algorithm::HS256 {
        return Err(Unfit::new("id_token_algorithm", "expected \"RS256\", \"ES256\" or \"EdDSA\""));
    }
    Ok(())
}

fn check_grants(client: &Client) -> Result<(), Unfit> {
    for word in &client.grants {
        let grant = GrantType::parse(word)
            .ok_or_else(|| Unfit::new("grants", format!("{word:?} is no grant type (RFC 6749 §1.3)")))?;
        let needs_a_secret = matches!(grant, GrantType::ClientCredentials | GrantType::Password);
        if client.client_type.is_public() && needs_a_secret {
            let reason =
                format!("{word:?} is not for clients of type \"spa\", which prove nothing (RFC 6749 §4.4)");
            return Err(Unfit::new("grants", reason));
        }
    }
    Ok(())
}

fn check_authentication(client: &Client) -> Result<(), Unfit> {
    let is_public = client.client_type.is_public();
    match client.oauth.auth_method {
        Some(AuthMethod::None) if !is_public => {
            let reason = format!(
                "\"none\" is for clients of type \"spa\", this one is of type {:?}",
                client.client_type.as_str()
            );
            Err(Unfit::new("auth_method", reason))
        }
        Some(AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::PrivateKeyJwt)
            if is_public =>
        {
            let reason = "a client of type \"spa\" is public (RFC 6749 §2.1); expected \"none\"";
            Err(Unfit::new("auth_method", reason))
        }
        Some(AuthMethod::PrivateKeyJwt) if client.oauth.jwks.is_none() => Err(Unfit::new(
            "jwks",
            "missing; auth_method = \"private_key_jwt\" needs the client's public keys",
        )),
        _ => Ok(()),
    }
}

/// Whether a resource can be registered (RFC 8707 §2).
///
/// # Errors
/// A sentence for the operator: not an absolute URI, or one with a fragment.
pub fn check_resource(uri: &str) -> Result<(), &'static str> {
    check_characters(uri)?;
    let (scheme, rest) = uri.split_once(':').ok_or("is not an absolute URI")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !is_scheme || rest.trim_start_matches('/').is_empty() {
        return Err("is not an absolute URI");
    }
    Ok(())
}

/// Whether browsers may be sent to an address for pictures and style sheets, or we may send tokens there.
///
/// # Errors
/// A sentence for the operator: neither https nor http to this machine, or with a name, a password or a fragment.
pub fn check_web_address(uri: &str) -> Result<(), &'static str> {
    const WRONG: &str = "is neither https nor http to this machine";
    check_characters(uri)?;
    let (is_secure, rest) = if let Some(rest) = uri.strip_prefix("https://") {
        (true, rest)
    } else {
        (false, uri.strip_prefix("http://").ok_or(WRONG)?)
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("holds a name or a password");
    }
    let host = host_of(authority).ok_or("names no host")?;
    if is_secure || is_loopback(host) { Ok(()) } else { Err(WRONG) }
}

/// Neither in headers nor in markup do these mean what they seem to.
fn check_characters(uri: &str) -> Result<(), &'static str> {
    if uri.contains(|c: char| c.is_control() || c.is_whitespace() || "\\\"'<>".contains(c)) {
        return Err("contains a space, a quote, a bracket, a backslash or a control character");
    }
    if uri.contains('#') { Err("has a fragment") } else { Ok(()) }
}

/// The host of `host`, `host:port`, `[::1]` or `[::1]:port`.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => {
            authority.split_once(':').map_or((authority, ""), |(host, _)| (host, &authority[host.len()..]))
        }
    };
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok_and(|number| number > 0));
    (is_port && !host.is_empty()).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
