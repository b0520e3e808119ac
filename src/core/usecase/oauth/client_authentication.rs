//! Client authentication of the OAuth 2.0 dialect (RFC 6749 §2.3, RFC 7523 §2.2).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::client_assertion::{ASSERTION_TYPE, claimed_client};
use crate::domain::actor::Origin;
use crate::domain::client::{AuthMethod, Client};
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{Id as _, MembershipId, SessionId, TenantId, TokenId, UserId};
use crate::domain::revocation::{Epochs, TokenProbe};
use crate::domain::secret::{Secret, TokenHash};
use crate::usecase::Core;

/// What a client brought to prove who it is, as it came.
#[derive(Debug, Default)]
pub struct PresentedClient {
    /// `id:secret` of the `Authorization` header, base64 taken off (RFC 7617 §2).
    pub basic: Option<Secret<String>>,
    /// `client_id` of the form.
    pub client_id: Option<String>,
    /// `client_secret` of the form.
    pub client_secret: Option<Secret<String>>,
    /// `client_assertion` (RFC 7521 §4.2).
    pub assertion: Option<Secret<String>>,
    /// `client_assertion_type` (RFC 7521 §4.2).
    pub assertion_type: Option<String>,
}

/// How a client proves who it is.
enum Proof<'a> {
    /// Not at all (RFC 6749 §2.1, public clients).
    None(&'a str),
    /// By one of these pairs of id and secret: as they came, then form-decoded (RFC 6749 §2.3.1).
    Secret(Vec<(String, Secret<String>)>),
    /// By a JWT that the client signed, which names it.
    Assertion(&'a Secret<String>, String),
}

impl PresentedClient {
    /// # Errors
    /// RequestInvalid for two methods at once, and for half of one; ClientAuthFailed when nothing names a client.
    fn proof(&self) -> Result<Proof<'_>, Error> {
        let methods = [
            self.basic.is_some(),
            self.client_secret.is_some(),
            self.assertion.is_some() || self.assertion_type.is_some(),
        ];
        if methods.into_iter().filter(|is_used| *is_used).count() > 1 {
            let text = "more than one way of client authentication";
            return Err(Error::with_public(ErrorKind::RequestInvalid, text));
        }
        if let Some(basic) = &self.basic {
            return self.basic_proof(basic);
        }
        if methods[2] {
            return self.assertion_proof();
        }
        let client_id = self.client_id.as_deref().ok_or(ErrorKind::ClientAuthFailed)?;
        Ok(match self.client_secret.as_ref().filter(|secret| !secret.expose().is_empty()) {
            Some(secret) => Proof::Secret(vec![(client_id.to_owned(), secret.clone())]),
            None => Proof::None(client_id),
        })
    }

    fn basic_proof<'a>(&'a self, basic: &'a Secret<String>) -> Result<Proof<'a>, Error> {
        let (id, secret) = basic.expose().split_once(':').ok_or(ErrorKind::ClientAuthFailed)?;
        // `client_id` beside the header is no second method, but it must name the same client.
        let is_named = |id: &str| self.client_id.as_deref().is_none_or(|named| named == id);
        if secret.is_empty() && is_named(id) {
            return Ok(Proof::None(id));
        }
        let mut pairs = vec![(id.to_owned(), Secret::from(secret))];
        if let (Some(id), Some(secret)) = (form_decoded(id), form_decoded(secret))
            && (pairs[0].0 != id || *pairs[0].1.expose() != secret)
        {
            pairs.push((id, Secret::new(secret)));
        }
        pairs.retain(|(id, _)| is_named(id));
        if pairs.is_empty() { Err(ErrorKind::ClientAuthFailed.into()) } else { Ok(Proof::Secret(pairs)) }
    }

    fn assertion_proof(&self) -> Result<Proof<'_>, Error> {
        let (Some(assertion), Some(kind)) = (&self.assertion, &self.assertion_type) else {
            let text = "client_assertion and client_assertion_type come together";
            return Err(Error::with_public(ErrorKind::RequestInvalid, text));
        };
        let named = claimed_client(assertion.expose()).ok_or(ErrorKind::ClientAuthFailed)?;
        let is_same = self.client_id.as_ref().is_none_or(|client_id| *client_id == named);
        if kind != ASSERTION_TYPE || !is_same {
            return Err(ErrorKind::ClientAuthFailed.into());
        }
        Ok(Proof::Assertion(assertion, named))
    }
}

impl Proof<'_> {
    /// The ids the client may have, the likeliest first.
    fn client_ids(&self) -> Vec<&str> {
        match self {
            Self::None(id) => vec![id],
            Self::Assertion(_, id) => vec![id],
            Self::Secret(pairs) => {
                let mut ids: Vec<&str> = pairs.iter().map(|(id, _)| id.as_str()).collect();
                ids.dedup();
                ids
            }
        }
    }

    /// Under what the proof is remembered for a moment; an assertion never is, as it counts once.
    fn fingerprint(&self, ip: Option<IpAddr>) -> Option<TokenHash> {
        let (id, secret) = match self {
            Self::None(id) => (*id, None),
            Self::Secret(pairs) => (pairs[0].0.as_str(), Some(pairs[0].1.expose().as_str())),
            Self::Assertion(..) => return None,
        };
        let kind = if secret.is_some() { "secret" } else { "none" };
        let text = format!("{kind} {ip:?} {} {id}{}", id.len(), secret.unwrap_or_default());
        Some(TokenHash::of(Secret::new(text).expose()))
    }
}

impl Core {
    /// The client, proved by the one method it used. Who proved itself less than a second ago, with the same from the same
    /// address, is believed without a look at the store, unless its epoch was raised since.
    ///
    /// # Errors
    /// RequestInvalid for two methods at once, ClientAuthFailed, TooManyAttempts.
    pub(super) async fn authenticate_presented(
        &self,
        presented: &PresentedClient,
        origin: &Origin,
    ) -> Result<Arc<Client>, Error> {
        let proof = presented.proof()?;
        let fingerprint = proof.fingerprint(origin.ip);
        let read_at = self.ports.clock.monotonic();
        if let Some(client) = fingerprint.and_then(|key| self.proved_recently(&key, read_at)) {
            return Ok(client);
        }
        let client = Arc::new(self.prove_presented(&proof, origin).await?);
        if let Some(key) = fingerprint {
            self.recent.proved.put(key, Arc::clone(&client), read_at);
        }
        Ok(client)
    }

    fn proved_recently(&self, key: &TokenHash, now: Duration) -> Option<Arc<Client>> {
        let client = self.recent.proved.get(key, now)?;
        let nil = Uuid::nil();
        let probe = TokenProbe {
            token: TokenId::from_uuid(nil),
            session: SessionId::from_uuid(nil),
            user: UserId::from_uuid(nil),
            membership: MembershipId::from_uuid(nil),
            tenant: TenantId::from_uuid(nil),
            client: client.key,
            epochs: Epochs { client: client.epoch, ..Epochs::default() },
        };
        let is_outdated = self.ports.revocations.is_revoked(&probe, self.now()).unwrap_or(true);
        (!is_outdated).then_some(client)
    }

    /// Counts a failure as every dialect does.
    async fn prove_presented(&self, proof: &Proof<'_>, origin: &Origin) -> Result<Client, Error> {
        let ids = proof.client_ids();
        let attempt = self.client_attempt(ids[0], origin);
        let mut tx = self.reading("authenticate_client").await?;
        let turn = attempt.look(&mut *tx).await?;
        let mut client = None;
        for id in ids {
            client = tx.client_by_client_id(id).await?;
            if client.is_some() {
                break;
            }
        }
        drop(tx);
        let attempt = attempt.settle(turn).await?;
        let proved = self.prove(client, proof).await;
        if proved.as_ref().is_err_and(|error| error.kind == ErrorKind::ClientAuthFailed) {
            attempt.failed().await?;
        }
        proved
    }

    async fn prove(&self, client: Option<Client>, proof: &Proof<'_>) -> Result<Client, Error> {
        let client = client.filter(|client| client.enabled).ok_or(ErrorKind::ClientAuthFailed)?;
        let is_public = client.client_type.is_public();
        let signs = client.oauth.auth_method == Some(AuthMethod::PrivateKeyJwt);
        let is_proved = match proof {
            Proof::None(_) => is_public,
            Proof::Secret(pairs) if !is_public && !signs => self.one_matches(&client, pairs).await?,
            Proof::Assertion(assertion, _) if signs => {
                self.check_assertion(&client, assertion).await?;
                true
            }
            Proof::Secret(_) | Proof::Assertion(..) => false,
        };
        if is_proved { Ok(client) } else { Err(ErrorKind::ClientAuthFailed.into()) }
    }

    async fn one_matches(&self, client: &Client, pairs: &[(String, Secret<String>)]) -> Result<bool, Error> {
        for (id, secret) in pairs {
            if *id == client.client_id && self.secret_matches(client, secret.expose()).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Takes `application/x-www-form-urlencoded` off (RFC 6749 §2.3.1); `None` when it was not on.
fn form_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(credentials: &str, client_id: Option<&str>) -> PresentedClient {
        PresentedClient {
            basic: Some(credentials.into()),
            client_id: client_id.map(str::to_owned),
            ..PresentedClient::default()
        }
    }

    fn post(id: &str, secret: Option<&str>) -> PresentedClient {
        PresentedClient {
            client_id: Some(id.to_owned()),
            client_secret: secret.map(Secret::from),
            ..PresentedClient::default()
        }
    }

    fn pairs(presented: &PresentedClient) -> Vec<(String, String)> {
        match presented.proof().expect("a secret") {
            Proof::Secret(pairs) => {
                pairs.into_iter().map(|(id, secret)| (id, secret.expose().clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn rfc6749_2_3_1_secrets_are_compared_as_they_came_and_then_decoded() {
        let pair = |id: &str, secret: &str| (id.to_owned(), secret.to_owned());
        assert_eq!(pairs(&basic("web:plain", None)), [pair("web", "plain")]);
        assert_eq!(pairs(&basic("web:a:b", None)), [pair("web", "a:b")], "only ids have no colon");
        assert_eq!(pairs(&basic("web:a+/=", None)), [pair("web", "a+/="), pair("web", "a /=")]);
        let encoded = [pair("w%20b", "a%2B%2f%3D"), pair("w b", "a+/=")];
        assert_eq!(pairs(&basic("w%20b:a%2B%2f%3D", None)), encoded);
        assert_eq!(pairs(&basic("web:100%", None)), [pair("web", "100%")], "not encoded at all");
        assert_eq!(pairs(&basic("web:%ff", None)), [pair("web", "%ff")], "no text when decoded");
    }

    #[test]
    fn rfc6749_2_3_two_methods_are_refused_and_a_client_id_is_none() {
        let kind = |presented: &PresentedClient| presented.proof().err().map(|error| error.kind);
        assert_eq!(kind(&basic("web:secret", Some("web"))), None);
        assert_eq!(kind(&basic("web:secret", Some("other"))), Some(ErrorKind::ClientAuthFailed));
        assert_eq!(kind(&basic("no colon", None)), Some(ErrorKind::ClientAuthFailed));
        let both = PresentedClient { client_secret: Some("secret".into()), ..basic("web:secret", None) };
        assert_eq!(kind(&both), Some(ErrorKind::RequestInvalid));
        let half = PresentedClient { assertion: Some("a.b.c".into()), ..PresentedClient::default() };
        assert_eq!(kind(&half), Some(ErrorKind::RequestInvalid));
        let both = PresentedClient { assertion_type: Some(ASSERTION_TYPE.to_owned()), ..both };
        assert_eq!(kind(&both), Some(ErrorKind::RequestInvalid));
        assert_eq!(kind(&PresentedClient::default()), Some(ErrorKind::ClientAuthFailed));
    }

    #[test]
    fn an_empty_secret_is_none() {
        for empty in
            [basic("spa:", None), basic("spa:", Some("spa")), post("spa", Some("")), post("spa", None)]
        {
            assert!(matches!(empty.proof(), Ok(Proof::None("spa"))));
        }
        assert!(basic("spa:", Some("other")).proof().is_err());
    }

    #[test]
    fn proofs_are_remembered_apart() {
        let key = |presented: &PresentedClient| {
            presented.proof().ok().and_then(|proof| proof.fingerprint(None)).expect("a secret or none")
        };
        let keys = [
            key(&post("ab", Some("c"))),
            key(&post("a", Some("bc"))),
            key(&post("abc", Some(" "))),
            key(&post("abc", None)),
        ];
        for (index, one) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(one));
        }
    }
}
