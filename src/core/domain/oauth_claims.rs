//! Claims of access tokens of the OAuth 2.0 dialect (RFC 9068 §2.2), beside the names its older clients know.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::authorization::GrantType;
use super::ids::{ClientKey, Id as _, MembershipId, SessionId, TenantId, TokenId, UserId};
use super::revocation::{Epochs, TokenProbe};

/// What revocation has to know of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TokenBinding {
    /// The user; absent where a client speaks for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The membership.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub membership: Option<MembershipId>,
    /// The tenant: the user's, or the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The client.
    pub client: ClientKey,
    /// Epochs at issue.
    pub epochs: Epochs,
}

/// `aud` (RFC 7519 §4.1.3): a string where it is one, else an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Audience(pub Vec<String>);

impl Audience {
    /// Whether it names that recipient.
    #[must_use]
    pub fn contains(&self, recipient: &str) -> bool {
        self.0.iter().any(|named| named == recipient)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            more => more.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match OneOrMore::deserialize(deserializer)? {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(more) => more,
        }))
    }
}

/// An array, as this dialect's clients know it; a string with spaces (RFC 9068 §2.2.3) is read as well.
fn scopes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::One(one) => one.split_ascii_whitespace().map(str::to_owned).collect(),
        OneOrMore::More(more) => more,
    })
}

/// All claims of an access token of this dialect.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OAuthClaims {
    /// `tokens.issuer`.
    pub iss: String,
    /// The subject as clients see it: the user, or the client itself.
    pub sub: String,
    /// Who the token is for: the client, or the resources it asked for (RFC 8707 §2).
    pub aud: Audience,
    /// Expires at, Unix seconds.
    pub exp: i64,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Not before, Unix seconds.
    pub nbf: i64,
    /// Unique id of this token.
    pub jti: TokenId,
    /// Public identifier of the client (RFC 9068 §2.2).
    pub client_id: String,
    /// Granted scopes.
    #[serde(deserialize_with = "scopes")]
    pub scope: Vec<String>,
    /// The session; absent where a client speaks for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// When the user signed in, Unix seconds (RFC 9068 §2.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How strong the sign-in was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// What the sign-in proved (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// `access_token`.
    #[serde(rename = "tokenName")]
    pub token_name: TokenName,
    /// `Bearer`.
    pub token_type: BearerType,
    /// By which grant it was issued.
    pub grant_type: GrantType,
    /// The whole lifetime, in seconds.
    pub expires_in: i64,
    /// The same for all tokens of one grant: the session, or the token itself.
    #[serde(rename = "authGrantId")]
    pub auth_grant_id: Uuid,
    /// `/`.
    pub realm: String,
    /// For revocation.
    pub binding: TokenBinding,
}

/// The one value of `tokenName`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum TokenName {
    /// `access_token`.
    #[default]
    #[serde(rename = "access_token")]
    AccessToken,
}

/// The one value of `token_type` (RFC 6750).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum BearerType {
    /// `Bearer`.
    #[default]
    Bearer,
}

impl OAuthClaims {
    /// The token's identity for the revocation check. What it has not is nil, and nil is never revoked.
    #[must_use]
    pub fn probe(&self) -> TokenProbe {
        let nil = Uuid::nil();
        TokenProbe {
            token: self.jti,
            session: self.sid.unwrap_or_else(|| SessionId::from_uuid(nil)),
            user: self.binding.user.unwrap_or_else(|| UserId::from_uuid(nil)),
            membership: self.binding.membership.unwrap_or_else(|| MembershipId::from_uuid(nil)),
            tenant: self.binding.tenant.unwrap_or_else(|| TenantId::from_uuid(nil)),
            client: self.binding.client,
            epochs: self.binding.epochs,
        }
    }

    /// Whether the scope was granted.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.iter().any(|granted| granted == scope)
    }
}

/// An access token of this dialect whose signature, type, issuer and times were checked. Revocation is checked apart, each time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OAuthToken {
    /// Its claims, shared with the cache of verified tokens.
    pub claims: Arc<OAuthClaims>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_recipient_is_a_string_and_more_are_an_array() {
        for (audience, json) in [(vec!["a"], r#""a""#), (vec!["a", "b"], r#"["a","b"]"#)] {
            let audience = Audience(audience.into_iter().map(str::to_owned).collect());
            assert_eq!(serde_json::to_string(&audience).expect("plain"), json);
            assert_eq!(serde_json::from_str::<Audience>(json).expect("plain"), audience);
        }
    }
}
