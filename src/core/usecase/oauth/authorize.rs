//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

use super::transaction::{SignInTransaction, Step};
use super::turn::{BrowserCookies, Stage, Turn};
use crate::domain::actor::Origin;
use crate::domain::authorization_request::{AuthorizationRequest, Prompt, ReturnAddress, addressed};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::redirect_uri::is_registered;
use crate::domain::secret::Secret;
use crate::ports::signer::Expiry;
use crate::usecase::Core;

/// A client sends a browser to have somebody signed in.
#[derive(Debug)]
pub struct Authorize {
    /// Where the request comes from.
    pub origin: Origin,
    /// The parameters of query and form, in order, decoded.
    pub parameters: Vec<(String, String)>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
}

/// Who the client expects, by an ID token.
enum Expected {
    Anybody,
    Subject(String),
    /// Its token proves nothing: whoever signs in now.
    Unknown,
}

impl Core {
    /// The browser's next step: back to its client, with a code or an error, or to a page.
    ///
    /// # Errors
    /// What is shown on a page, since nobody may be redirected: RequestInvalid (`client_id` missing; it or `redirect_uri`
    /// twice), ClientUnknown, RedirectUriInvalid; and Unavailable.
    ///
    /// # Security
    /// Nothing is redirected before client and redirect URI are known to belong together (RFC 6749 §4.1.2.1).
    pub async fn authorize(&self, command: Authorize) -> Result<Turn, Error> {
        let Authorize { origin, parameters, cookies } = command;
        let (client_id, redirect_uri) = addressed(&parameters)?;
        let client = self.known_client(client_id).await?;
        if !is_registered(redirect_uri, &client.redirect_uris, client.client_type.is_public()) {
            return Err(ErrorKind::RedirectUriInvalid.into());
        }
        let reply_to = ReturnAddress::of(&parameters, redirect_uri);
        let request = match AuthorizationRequest::judge(&parameters, &client, reply_to.clone()) {
            Ok(request) => request,
            Err(error) => return Ok(self.refusal(&reply_to, &error)),
        };
        let is_silent = request.prompts(Prompt::None);
        let (browser, browser_token) = self.browser_of(&cookies);
        let turn = self.begin(origin, cookies, browser, client, request).await;
        match turn {
            Ok(turn) => Ok(Turn { browser_token, ..turn }),
            // Nobody would see a page.
            Err(error) if is_silent => Ok(self.refusal(&reply_to, &error)),
            Err(error) => Err(error),
        }
    }

    async fn begin(
        &self,
        origin: Origin,
        cookies: BrowserCookies,
        browser: Secret<String>,
        client: Client,
        mut request: AuthorizationRequest,
    ) -> Result<Turn, Error> {
        let who = self.signed_in(&cookies).await?;
        let mut wants_new_sign_in = request.wants_new_sign_in();
        match (self.expected(request.id_token_hint.as_deref()).await?, &request.subject) {
            (Expected::Anybody, _) => {}
            (Expected::Unknown, _) => wants_new_sign_in = true,
            (Expected::Subject(hinted), Some(asked)) if hinted != *asked => {
                return Ok(self.refusal(&request.reply_to, &ErrorKind::LoginRequired.into()));
            }
            (Expected::Subject(hinted), _) => request.subject = Some(hinted),
        }
        let transaction = SignInTransaction {
            request,
            stage: Stage::SignIn,
            begun_at: self.now(),
            begun_in: who.as_ref().map(|who| who.session.id),
            wants_new_sign_in,
            code: None,
            proved_at: None,
            proved_in: None,
            upstream: None,
            asked_in: None,
        };
        let step = Step { origin, cookies, browser, client, transaction, pause: false };
        self.proceed(step, who, false).await
    }

    /// Whom `id_token_hint` names (OpenID Connect Core §3.1.2.1). It never signs anybody in.
    async fn expected(&self, hint: Option<&str>) -> Result<Expected, Error> {
        let Some(hint) = hint else { return Ok(Expected::Anybody) };
        match self.ports.signer.verify_id_token(hint, Expiry::Ignored, self.now()).await {
            Ok(claims) => {
                let subject = claims.get("sub").and_then(serde_json::Value::as_str);
                Ok(subject.map_or(Expected::Unknown, |subject| Expected::Subject(subject.to_owned())))
            }
            Err(error) if error.kind == ErrorKind::IdTokenInvalid => Ok(Expected::Unknown),
            Err(error) => Err(error),
        }
    }
}
