//! Which scopes and resources a token request gets (RFC 6749 §3.3, RFC 8707 §2).

use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::oidc_scope::{is_oidc, words};

/// The client's scopes that are asked for; without any word of it, those that need no user's consent to OpenID Connect.
///
/// # Errors
/// ScopeInvalid for a scope that is not the client's.
pub(super) fn scopes_of_client(client: &Client, scope: Option<&str>) -> Result<Vec<String>, Error> {
    let asked = scope.map(words).unwrap_or_default();
    if asked.is_empty() {
        return Ok(client.scopes.iter().filter(|scope| !is_oidc(scope)).cloned().collect());
    }
    scopes_among(&client.scopes, asked)
}

/// What is asked for, if it is not more than what was granted; `None` = all of it.
///
/// # Errors
/// ScopeInvalid.
pub(super) fn narrowed(granted: &[String], scope: Option<&str>) -> Result<Vec<String>, Error> {
    match scope.map(words) {
        Some(asked) if !asked.is_empty() => scopes_among(granted, asked),
        _ => Ok(granted.to_vec()),
    }
}

fn scopes_among(allowed: &[String], asked: Vec<String>) -> Result<Vec<String>, Error> {
    if asked.iter().all(|scope| allowed.contains(scope)) {
        Ok(asked)
    } else {
        Err(ErrorKind::ScopeInvalid.into())
    }
}

/// The resources that are asked for, each once; without any, all that are allowed.
///
/// # Errors
/// TargetInvalid for one that is not allowed.
pub(super) fn resources_among(allowed: &[String], asked: &[String]) -> Result<Vec<String>, Error> {
    if !asked.iter().all(|resource| allowed.contains(resource)) {
        return Err(ErrorKind::TargetInvalid.into());
    }
    let all = allowed.iter().filter(|resource| asked.is_empty() || asked.contains(resource));
    Ok(all.cloned().collect())
}

/// The resources that are asked for out of nothing; without any, none.
///
/// # Errors
/// TargetInvalid for one that is not the client's.
pub(super) fn resources_of_client(client: &Client, asked: &[String]) -> Result<Vec<String>, Error> {
    if asked.is_empty() { Ok(Vec::new()) } else { resources_among(&client.oauth.resources, asked) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn rfc6749_6_a_refresh_gets_what_was_granted_or_less() {
        let granted = list(&["openid", "user.read", "user.create"]);
        assert_eq!(narrowed(&granted, None).expect("all"), granted);
        assert_eq!(narrowed(&granted, Some(" ")).expect("all"), granted);
        assert_eq!(narrowed(&granted, Some("user.read user.read")).expect("less"), ["user.read"]);
        for more in ["user.read user.delete", "User.read", "openid,user.read"] {
            assert_eq!(narrowed(&granted, Some(more)).expect_err("more").kind, ErrorKind::ScopeInvalid);
        }
    }

    #[test]
    fn rfc8707_2_resources_are_a_part_of_those_allowed() {
        let allowed = list(&["https://a.test", "https://b.test"]);
        assert_eq!(resources_among(&allowed, &[]).expect("all"), allowed);
        let twice = list(&["https://b.test", "https://b.test"]);
        assert_eq!(resources_among(&allowed, &twice).expect("one"), ["https://b.test"]);
        for foreign in ["https://a.test/", "https://c.test", ""] {
            let refused = resources_among(&allowed, &list(&[foreign])).expect_err("foreign");
            assert_eq!(refused.kind, ErrorKind::TargetInvalid);
        }
    }
}
