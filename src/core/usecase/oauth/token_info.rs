//! What an access token says, for clients that cannot read it themselves.

use serde_json::{Map, Value, json};

use crate::domain::error::{Error, ErrorKind};
use crate::domain::oauth_claims::OAuthClaims;
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
        let mut claims = self.claims_of_any(token.expose()).await?;
        for private in PRIVATE {
            claims.remove(private);
        }
        claims.insert("access_token".to_owned(), token.expose().as_str().into());
        Ok(with_scopes(claims))
    }

    async fn claims_of_any(&self, token: &str) -> Result<Map<String, Value>, Error> {
        match self.authenticate_oauth(token).await {
            Ok(token) => as_map(&*token.claims),
            Err(error) if error.kind == ErrorKind::AccessTokenInvalid => {
                as_map(&*self.authenticate(token).await?.claims)
            }
            Err(error) => Err(error),
        }
    }

    /// The claims of a live access token of this dialect, if it is one.
    pub(super) async fn live_oauth(&self, token: &str) -> Result<Option<std::sync::Arc<OAuthClaims>>, Error> {
        match self.authenticate_oauth(token).await {
            Ok(token) => Ok(Some(token.claims)),
            Err(error) if is_dead(error.kind) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether a token is no token of ours, or no longer one.
pub(super) fn is_dead(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::AccessTokenInvalid | ErrorKind::AccessTokenRevoked)
}

fn as_map(claims: &impl serde::Serialize) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(claims).map_err(Error::internal)? {
        Value::Object(claims) => Ok(claims),
        _ => Err(ErrorKind::Internal.into()),
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
