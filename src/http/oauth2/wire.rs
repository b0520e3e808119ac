//! What is answered, with the names of RFC 6749 §5.1.

use doorward_core::usecase::oauth::TokenReply;
use serde::Serialize;

use super::error::Failure;

/// Tokens.
#[derive(Serialize)]
pub(super) struct TokenResponse<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    token_type: &'static str,
    expires_in: i64,
}

impl<'a> TokenResponse<'a> {
    /// What the core issued.
    pub(super) fn of(issued: &'a TokenReply) -> Self {
        Self {
            access_token: issued.access_token.expose(),
            refresh_token: issued.refresh_token.as_ref().map(|token| token.expose().as_str()),
            scope: issued.scope.join(" "),
            id_token: issued.id_token.as_ref().map(|token| token.expose().as_str()),
            token_type: "Bearer",
            expires_in: issued.expires_in,
        }
    }

    /// The body of the reply.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec(self).map_err(|_| Failure::internal())
    }
}

#[cfg(test)]
mod tests {
    use doorward_core::domain::secret::Secret;

    use super::*;

    #[test]
    fn what_was_not_issued_is_not_there() {
        let issued = TokenReply {
            access_token: Secret::from("a.b.c"),
            refresh_token: None,
            id_token: Some(Secret::from("i")),
            scope: vec!["openid".to_owned(), "me.read".to_owned()],
            expires_in: 3599,
        };
        let json = TokenResponse::of(&issued).to_json().expect("plain");
        assert_eq!(
            String::from_utf8(json).expect("text"),
            r#"{"access_token":"a.b.c","scope":"openid me.read","id_token":"i","token_type":"Bearer","expires_in":3599}"#
        );
    }
}
