//! ID tokens (OpenID Connect Core §2, §3.1.3.6).

use serde_json::{Map, Value, json};

use super::access_claims::REALM;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::half_hash::half_hash;
use crate::domain::oidc_scope::{Known, OPENID, describe};
use crate::domain::secret::Secret;
use crate::ports::signer::Statement;
use crate::usecase::Core;
use crate::usecase::issue_tokens::TokenHolder;

/// What only the first ID token of an authorization tells (OpenID Connect Core §12.2).
#[derive(Clone, Copy, Default)]
pub(super) struct Occasion<'a> {
    /// `nonce` as it was sent.
    pub(super) nonce: Option<&'a str>,
    /// The code, for `c_hash`.
    pub(super) code: Option<&'a str>,
    /// `s_hash`.
    pub(super) state_hash: Option<&'a str>,
}

impl Core {
    /// An ID token for whom the access token is for; `None` where `openid` was not granted.
    pub(super) async fn id_token(
        &self,
        holder: TokenHolder<'_>,
        access_token: &Secret<String>,
        occasion: Occasion<'_>,
    ) -> Result<Option<Secret<String>>, Error> {
        let TokenHolder { client, session, user, membership } = holder;
        let Some(authorization) = session.oauth.as_ref().filter(|oauth| oauth.has_scope(OPENID)) else {
            return Ok(None);
        };
        let profile = self.reading("id_token").await?.profile(user.id).await?;
        let profile = profile.ok_or(ErrorKind::UserInactive)?;
        let known = Known { user, profile: &profile, membership };
        let mut claims = describe(known, &authorization.scopes, &authorization.claims.id_token);
        let algorithm = client.oauth.id_token_algorithm;
        claims.extend(self.id_token_facts(holder, authorization.auth_time));
        claims.insert("at_hash".to_owned(), half_hash(algorithm, access_token.expose()).into());
        let mut tell = |claim: &str, value: Option<String>| {
            claims.extend(value.map(|value| (claim.to_owned(), Value::String(value))));
        };
        tell("nonce", occasion.nonce.map(str::to_owned));
        tell("c_hash", occasion.code.map(|code| half_hash(algorithm, code)));
        tell("s_hash", occasion.state_hash.map(str::to_owned));
        self.ports.signer.sign_statement(Statement::IdToken, &claims, algorithm).await.map(Some)
    }

    fn id_token_facts(&self, holder: TokenHolder<'_>, auth_time: i64) -> Map<String, Value> {
        let TokenHolder { client, session, user, .. } = holder;
        let now = self.now();
        let expires_at = now.whole_seconds().plus(client.oauth.id_token_ttl());
        let facts = [
            ("iss", json!(self.settings.issuer)),
            ("sub", json!(self.subject_of(user))),
            ("aud", json!(client.client_id)),
            ("azp", json!(client.client_id)),
            ("exp", json!(expires_at.unix_seconds())),
            ("iat", json!(now.unix_seconds())),
            ("auth_time", json!(auth_time)),
            ("sid", json!(session.id)),
            ("tokenName", json!("id_token")),
            ("realm", json!(REALM)),
        ];
        let acr = session.methods.acr().map(|acr| ("acr", json!(acr)));
        let amr = session.methods.amr();
        let amr = (!amr.is_empty()).then(|| ("amr", json!(amr)));
        facts.into_iter().chain(acr).chain(amr).map(|(claim, value)| (claim.to_owned(), value)).collect()
    }
}
