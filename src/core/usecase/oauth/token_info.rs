//! What an access token says, for clients that cannot read it themselves.

use serde_json::{Map, Value, json};

use crate::domain::error::Error;
use crate::domain::oidc_scope::words;
use crate::domain::secret::Secret;
use crate::usecase::Core;

/// What revocation needs is nobody else's business.
const PRIVATE: [&str; 3] = ["binding", "client_key", "epochs"];

impl Core {
    /// The claims of a live access token of any dialect, the token itself, and each granted scope as a key of its own.
    ///
    /// # Errors
    /// AccessTokenInvalid, AccessTokenRevoked.
    pub async fn token_info(&self, token: &Secret<String>) -> Result<Map<String, Value>, Error> {
        let mut claims = self.authenticate_any(token.expose()).await?.to_map()?;
        for private in PRIVATE {
            claims.remove(private);
        }
        claims.insert("access_token".to_owned(), token.expose().as_str().into());
        Ok(with_scopes(claims))
    }
}

/// `scope` as an array, and each scope as a key with an empty value, where that is no claim.
fn with_scopes(mut claims: Map<String, Value>) -> Map<String, Value> {
    let scopes = match claims.get("scope") {
        Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(scopes)) => words(scopes),
        _ => Vec::new(),
    };
    claims.insert("scope".to_owned(), json!(scopes));
    for scope in scopes {
        claims.entry(scope).or_insert_with(|| "".into());
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_key_but_never_takes_a_claims_place() {
        for scope in [json!(["openid", "sub", "user.read"]), json!("openid sub user.read")] {
            let claims = json!({"sub": "alice", "scope": scope});
            let told = with_scopes(claims.as_object().expect("an object").clone());
            let wanted = json!({
                "sub": "alice", "scope": ["openid", "sub", "user.read"], "openid": "", "user.read": "",
            });
            assert_eq!(Value::from(told), wanted);
        }
    }
}
