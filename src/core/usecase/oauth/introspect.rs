//! Token introspection (RFC 7662).

use serde_json::{Map, Value, json};

use super::any_token::{AnyToken, has_shared_key, is_jwt};
use super::client_authentication::PresentedClient;
use crate::domain::actor::Origin;
use crate::domain::claims::Claims;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::TenantId;
use crate::domain::oauth_claims::OAuthClaims;
use crate::domain::refresh::Operation;
use crate::domain::secret::{Secret, TokenHash};
use crate::usecase::rotation::Rotation;
use crate::usecase::{Core, Subject};

/// A question about a token.
#[derive(Debug)]
pub struct Introspect {
    /// Where the request comes from.
    pub origin: Origin,
    /// Who asks; a confidential client.
    pub client: PresentedClient,
    /// The token: an access token of any dialect, or a refresh token.
    pub token: Secret<String>,
}

/// What is told of an access token of either dialect, whose claims have the same names.
macro_rules! of_bearer {
    ($claims:ident, $scope:expr, $expires_in:expr) => {
        [
            ("scope", json!($scope)),
            ("client_id", json!($claims.client_id)),
            ("token_type", json!("Bearer")),
            ("exp", json!($claims.exp)),
            ("iat", json!($claims.iat)),
            ("nbf", json!($claims.nbf)),
            ("sub", json!($claims.sub)),
            ("aud", json!($claims.aud)),
            ("iss", json!($claims.iss)),
            ("jti", json!($claims.jti)),
            ("expires_in", json!($expires_in)),
        ]
    };
}

/// A client with this scope may look at every token of its tenant; the operator's clients at every token there is.
const LOOK_AT_ALL: &str = "introspect";

impl Core {
    /// What is known of a live token that the client may know about; `None` for every other (RFC 7662 §2.2).
    ///
    /// # Errors
    /// RequestInvalid, ClientAuthFailed, TooManyAttempts.
    ///
    /// # Security
    /// Unknown, expired, revoked and foreign tokens get the same answer: nobody can scan for tokens here (RFC 7662 §4). A
    /// token signed with a key that its client has too is shown to that client only: it could have made it up.
    pub async fn introspect(&self, command: Introspect) -> Result<Option<Map<String, Value>>, Error> {
        let client = self.authenticate_presented(&command.client, &command.origin).await?;
        if client.client_type.is_public() {
            return Err(ErrorKind::ClientAuthFailed.into());
        }
        let token = command.token.expose();
        if !is_jwt(token) {
            return self.introspect_refresh(&client, token).await;
        }
        let Some(live) = self.live_token(token).await? else { return Ok(None) };
        let is_own = live.client_id() == client.client_id;
        if !is_own && (has_shared_key(token) || !may_see(&client, &live)) {
            return Ok(None);
        }
        match live {
            AnyToken::OAuth(claims) => Ok(Some(self.describe_access(&claims).await?)),
            AnyToken::Native(claims) => Ok(Some(describe_native(&claims))),
        }
    }

    async fn describe_access(&self, claims: &OAuthClaims) -> Result<Map<String, Value>, Error> {
        let scope = claims.scope.join(" ");
        let mut told = told(of_bearer!(claims, scope, claims.expires_in));
        let mut tell =
            |key: &str, value: Option<Value>| told.extend(value.map(|value| (key.to_owned(), value)));
        tell("sid", claims.sid.map(|sid| json!(sid)));
        tell("auth_time", claims.auth_time.map(Value::from));
        tell("acr", claims.acr.clone().map(Value::from));
        if claims.binding.user.is_some() {
            tell("user_id", Some(claims.sub.clone().into()));
            let username = match self.settings.oauth.subject {
                Subject::Username => Some(claims.sub.clone()),
                Subject::Id => self.subject_facts(claims).await?.map(|facts| facts.user.username.clone()),
            };
            tell("username", username.map(Value::from));
        }
        Ok(told)
    }

    async fn introspect_refresh(
        &self,
        client: &Client,
        token: &str,
    ) -> Result<Option<Map<String, Value>>, Error> {
        let hash = TokenHash::of(token);
        let presented = self.reading("introspect_refresh").await?.presented_refresh(&hash, None).await?;
        let Some(presented) = presented else { return Ok(None) };
        let refresh = presented.refresh.clone();
        let is_shown =
            presented.client.key == client.key || looks_at_all(client, Some(presented.session.tenant));
        let is_fresh = refresh.consumption.is_none() && self.now() < refresh.expires_at;
        let Ok(Rotation { session, client: owner, user, .. }) = self.prepare(presented, Operation::Refresh)
        else {
            return Ok(None);
        };
        if !is_shown || !is_fresh {
            return Ok(None);
        }
        let scopes = session.oauth.as_ref().map_or(&owner.scopes, |oauth| &oauth.scopes);
        let subject = if session.oauth.is_some() { self.subject_of(&user) } else { user.id.to_string() };
        Ok(Some(told([
            ("scope", json!(scopes.join(" "))),
            ("client_id", json!(owner.client_id)),
            ("token_type", json!("refresh_token")),
            ("exp", json!(refresh.expires_at.unix_seconds())),
            ("iat", json!(refresh.created_at.unix_seconds())),
            ("sub", json!(subject)),
            ("user_id", json!(subject)),
            ("username", json!(user.username)),
            ("iss", json!(self.settings.issuer)),
            ("sid", json!(session.id)),
        ])))
    }
}

/// Whether somebody else's token concerns the client.
fn may_see(client: &Client, token: &AnyToken) -> bool {
    match token {
        AnyToken::OAuth(claims) => {
            claims.aud.contains(&client.client_id) || looks_at_all(client, claims.binding.tenant)
        }
        AnyToken::Native(claims) => looks_at_all(client, Some(claims.user.tenant_id)),
    }
}

fn looks_at_all(client: &Client, tenant: Option<TenantId>) -> bool {
    let may = client.scopes.iter().any(|scope| scope == LOOK_AT_ALL);
    may && client.tenant.is_none_or(|own| tenant == Some(own))
}

fn describe_native(claims: &Claims) -> Map<String, Value> {
    let mut told = told(of_bearer!(claims, claims.scope, claims.exp - claims.iat));
    for (key, value) in [
        ("user_id", json!(claims.sub)),
        ("username", json!(claims.user.username)),
        ("sid", json!(claims.sid)),
    ] {
        told.insert(key.to_owned(), value);
    }
    told
}

fn told<const COUNT: usize>(facts: [(&str, Value); COUNT]) -> Map<String, Value> {
    let active = ("active", Value::Bool(true));
    std::iter::once(active).chain(facts).map(|(key, value)| (key.to_owned(), value)).collect()
}
