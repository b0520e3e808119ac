//! Authorization code → tokens of this dialect (RFC 6749 §4.1.3, RFC 7636 §4.6, RFC 8707 §2.2).

use std::sync::Arc;

use super::id_token::Occasion;
use super::issue_tokens::TokenReply;
use super::scopes::resources_among;
use crate::domain::actor::Origin;
use crate::domain::authorization::{Authorization, CodeBinding, GrantType};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::pkce;
use crate::domain::secret::{Secret, TokenHash};
use crate::ports::store::Tx;
use crate::usecase::Core;
use crate::usecase::issue_tokens::TokenHolder;
use crate::usecase::redeem_code::{OpenedByCode, Redemption};
use crate::usecase::sign_in::SignIn;

/// What a client brings beside the code.
pub(in crate::usecase) struct CodeProof {
    pub(super) redirect_uri: Option<String>,
    pub(super) code_verifier: Option<Secret<String>>,
    pub(super) resources: Vec<String>,
}

impl CodeProof {
    /// Whether the code was issued for this redirect URI, to whoever has the verifier, for these resources.
    ///
    /// # Errors
    /// RedirectUriMismatch, PkceMismatch, TargetInvalid.
    pub(in crate::usecase) fn check(&self, binding: &CodeBinding) -> Result<(), Error> {
        if self.redirect_uri.as_ref() != Some(&binding.redirect_uri) {
            return Err(ErrorKind::RedirectUriMismatch.into());
        }
        let is_proved = match (&binding.code_challenge, &self.code_verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => pkce::proves(verifier.expose(), challenge),
            // A verifier nobody asked for: the challenge was taken away on its way here (RFC 9700 §4.8.2).
            _ => false,
        };
        if !is_proved {
            return Err(ErrorKind::PkceMismatch.into());
        }
        resources_among(&binding.authorization.resources, &self.resources).map(|_| ())
    }
}

impl Core {
    /// The first tokens of the session that the code opens.
    pub(super) async fn code_grant(
        &self,
        client: Arc<Client>,
        code: &Secret<String>,
        proof: &CodeProof,
        origin: &Origin,
    ) -> Result<TokenReply, Error> {
        super::issue_tokens::require_grant(&client, GrantType::AuthorizationCode)?;
        let attempt = self.code_attempt(origin).begin().await?;
        let hash = TokenHash::of(code.expose());
        let redemption = Redemption { client: &client, code: hash, origin, proof: Some(proof) };
        let redeemed = self.redeem_grant(&redemption).await;
        let redeemed = redeemed.and_then(|opened| opened.ok_or_else(|| ErrorKind::CodeUnknownOrUsed.into()));
        if redeemed.as_ref().is_err_and(|error| error.kind == ErrorKind::CodeUnknownOrUsed) {
            attempt.failed().await?;
        }
        self.tokens_of_code(redeemed?, code, proof).await
    }

    async fn tokens_of_code(
        &self,
        redeemed: OpenedByCode,
        code: &Secret<String>,
        proof: &CodeProof,
    ) -> Result<TokenReply, Error> {
        let OpenedByCode { sign_in, mut opened, binding } = redeemed;
        let binding = binding.ok_or(ErrorKind::CodeUnknownOrUsed)?;
        if let Some(authorization) = &mut opened.session.oauth {
            authorization.resources = resources_among(&authorization.resources, &proof.resources)?;
        }
        let session = opened.session.clone();
        let pair = self.sign_opened(&sign_in, opened).await?;
        let SignIn { client, account, membership, .. } = &sign_in;
        let holder = TokenHolder { client, session: &session, user: &account.user, membership };
        let occasion = Occasion {
            nonce: binding.nonce.as_deref(),
            code: Some(code.expose()),
            state_hash: binding.state_hash.as_deref(),
        };
        self.token_reply(holder, pair, occasion).await
    }

    /// Whether the browser session that the code was issued in goes on, with nothing changed since. Answers where the
    /// browser is, which is where the user signs in from.
    ///
    /// # Errors
    /// CodeUnknownOrUsed.
    pub(in crate::usecase) async fn still_signed_in(
        &self,
        tx: &mut dyn Tx,
        authorization: &Authorization,
        sign_in: &SignIn,
    ) -> Result<Option<Origin>, Error> {
        let Some(id) = authorization.browser_session else { return Ok(None) };
        let browser = tx.browser_session(id).await?;
        let idle = self.settings.oauth.session_idle;
        let browser = browser.filter(|browser| {
            browser.is_live(self.now(), idle)
                && browser.user_epoch == sign_in.account.user.epoch
                && browser.membership_epoch == sign_in.membership.epoch
        });
        let browser = browser.ok_or(ErrorKind::CodeUnknownOrUsed)?;
        // Locks the row: a sign-out that is under way sees the session which the code opens, or this sees the sign-out.
        if !tx.touch_browser_session(id, self.now()).await? {
            return Err(ErrorKind::CodeUnknownOrUsed.into());
        }
        Ok(Some(Origin { ip: browser.ip, user_agent: browser.user_agent, device_id: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::authorization::ClaimsRequest;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const URI: &str = "https://a.test/cb";

    fn binding(challenge: Option<String>) -> CodeBinding {
        let authorization = Authorization {
            grant_type: GrantType::AuthorizationCode,
            scopes: vec!["openid".to_owned()],
            resources: vec!["https://api.test".to_owned()],
            claims: ClaimsRequest::default(),
            auth_time: 0,
            browser_session: None,
        };
        let redirect_uri = URI.to_owned();
        CodeBinding { authorization, redirect_uri, code_challenge: challenge, nonce: None, state_hash: None }
    }

    fn check(uri: Option<&str>, verifier: Option<&str>, binding: &CodeBinding) -> Option<ErrorKind> {
        let proof = CodeProof {
            redirect_uri: uri.map(str::to_owned),
            code_verifier: verifier.map(Secret::from),
            resources: Vec::new(),
        };
        proof.check(binding).err().map(|error| error.kind)
    }

    #[test]
    fn rfc6749_4_1_3_the_redirect_uri_is_that_of_the_request() {
        let binding = binding(None);
        assert_eq!(check(Some(URI), None, &binding), None);
        for other in [None, Some("https://a.test/cb/"), Some("https://A.test/cb"), Some("")] {
            assert_eq!(check(other, None, &binding), Some(ErrorKind::RedirectUriMismatch));
        }
    }

    #[test]
    fn rfc7636_4_6_verifier_and_challenge_come_together_or_not_at_all() {
        let with = binding(Some(pkce::challenge_of(VERIFIER)));
        assert_eq!(check(Some(URI), Some(VERIFIER), &with), None);
        let challenge = pkce::challenge_of(VERIFIER);
        for other in [None, Some(""), Some(&*challenge), Some(&VERIFIER[1..])] {
            assert_eq!(check(Some(URI), other, &with), Some(ErrorKind::PkceMismatch));
        }
        assert_eq!(check(Some(URI), Some(VERIFIER), &binding(None)), Some(ErrorKind::PkceMismatch));
    }

    #[test]
    fn rfc8707_2_2_only_resources_of_the_request_can_be_asked_for() {
        let proof = |resource: &str| CodeProof {
            redirect_uri: Some(URI.to_owned()),
            code_verifier: None,
            resources: vec![resource.to_owned()],
        };
        assert!(proof("https://api.test").check(&binding(None)).is_ok());
        let refused = proof("https://other.test").check(&binding(None)).err().map(|error| error.kind);
        assert_eq!(refused, Some(ErrorKind::TargetInvalid));
    }
}
