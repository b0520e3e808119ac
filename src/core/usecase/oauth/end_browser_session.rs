//! Signing out of a browser, and of every client that was signed in to in it (OpenID Connect RP-Initiated Logout).

use serde_json::Value;

use super::access_claims::subject;
use super::transaction::{SignOutTransaction, Transaction};
use super::turn::BrowserCookies;
use crate::domain::activity::LoginType;
use crate::domain::actor::Origin;
use crate::domain::browser_session::BrowserSession;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::UpstreamSession;
use crate::domain::ids::{BrowserSessionId, SessionId};
use crate::domain::redirect_uri::with_parameters;
use crate::domain::revocation::Revocation;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::session::{EndReason, Session};
use crate::ports::signer::Expiry;
use crate::ports::store::Tx;
use crate::usecase::end_session::session_revocation;
use crate::usecase::{Core, rerun};

/// A wish to sign out (OpenID Connect RP-Initiated Logout §2).
#[derive(Debug, Default)]
pub struct EndBrowserSession {
    /// Where the request comes from.
    pub origin: Origin,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// `id_token_hint`; an expired one is good too.
    pub id_token_hint: Option<Secret<String>>,
    /// `client_id`.
    pub client_id: Option<String>,
    /// `post_logout_redirect_uri`.
    pub post_logout_redirect_uri: Option<String>,
    /// `state`.
    pub state: Option<String>,
    /// The sealed transaction of the confirmation page, when it was sent; everything else was kept in it.
    pub confirmation: Option<Secret<String>>,
}

/// What became of the wish. With `Redirect` and `Done` the session's cookies are to be removed.
#[derive(Debug)]
pub enum SignedOut {
    /// Signed out: the browser goes here, one of the client's own addresses with `state`.
    Redirect(String),
    /// Signed out.
    Done,
    /// The user has to be asked first.
    Confirm {
        /// The sealed transaction of the page.
        transaction: Secret<String>,
        /// The browser's cookie, where it is to be set.
        browser_token: Option<Secret<String>>,
        /// Where the form leads in the end, if anywhere: the page's policy has to let it be redirected there.
        leads_to: Option<String>,
    },
}

impl Core {
    /// The browser session is over, with every session that clients got in it.
    ///
    /// # Errors
    /// ClientUnknown, RedirectUriInvalid (not registered: nobody is redirected), RequestInvalid (`client_id` is not the
    /// hint's), TransactionUnknown (403; a foreign confirmation).
    ///
    /// # Security
    /// Without a proof that the request is the user's own, or the client's for this user, the user is asked first
    /// (OpenID Connect RP-Initiated Logout §2, §6). Nobody is redirected but to an address that the client registered.
    pub async fn end_browser_session(&self, command: EndBrowserSession) -> Result<SignedOut, Error> {
        let here = self.session_here(&command.cookies).await?;
        if let Some(confirmation) = &command.confirmation {
            return self.sign_out_as_confirmed(&command, confirmation, here).await;
        }
        let hint = self.hint(command.id_token_hint.as_ref()).await?;
        let redirect = self.after_sign_out(&command, hint.as_ref()).await?;
        let own = match &hint {
            Some(hint) => self.session_of(hint).await?,
            None => None,
        };
        let browser = match (here, &hint) {
            (Some(here), Some(hint)) if self.is_about(hint, &here).await? => Some(here.id),
            (Some(here), _) => return self.confirm(&command.cookies, redirect, &here),
            (None, _) => own.as_ref().and_then(|own| own.oauth.as_ref()?.browser_session),
        };
        self.sign_out(browser, own.map(|own| own.id), &command.origin).await?;
        Ok(redirect.map_or(SignedOut::Done, SignedOut::Redirect))
    }

    /// The user said yes, on a page of ours.
    async fn sign_out_as_confirmed(
        &self,
        command: &EndBrowserSession,
        confirmation: &Secret<String>,
        here: Option<BrowserSession>,
    ) -> Result<SignedOut, Error> {
        let (_, opened) = self.open_transaction(confirmation, &command.cookies)?;
        let Transaction::SignOut(SignOutTransaction { redirect, session }) = opened else {
            return Err(ErrorKind::TransactionUnknown.into());
        };
        match here {
            // Somebody signed in since the question was asked.
            Some(here) if here.id != session => self.confirm(&command.cookies, redirect, &here),
            _ => {
                self.sign_out(Some(session), None, &command.origin).await?;
                Ok(redirect.map_or(SignedOut::Done, SignedOut::Redirect))
            }
        }
    }

    fn confirm(
        &self,
        cookies: &BrowserCookies,
        redirect: Option<String>,
        here: &BrowserSession,
    ) -> Result<SignedOut, Error> {
        let (browser, browser_token) = self.browser_of(cookies);
        let leads_to = redirect.clone();
        let transaction = Transaction::SignOut(SignOutTransaction { redirect, session: here.id });
        let transaction = self.seal_transaction(&browser, &transaction)?;
        Ok(SignedOut::Confirm { transaction, browser_token, leads_to })
    }

    /// The browser's session, though it may be too old to sign anybody in.
    async fn session_here(&self, cookies: &BrowserCookies) -> Result<Option<BrowserSession>, Error> {
        let Some(token) = &cookies.session else { return Ok(None) };
        let hash = TokenHash::of(token.expose());
        let session = self.reading("session_here").await?.browser_session_by_token(&hash).await?;
        Ok(session.filter(|session| session.ended_at.is_none()))
    }

    /// The claims of an ID token of ours, however old; what is none counts as not given.
    async fn hint(&self, hint: Option<&Secret<String>>) -> Result<Option<Claims>, Error> {
        let Some(hint) = hint.filter(|hint| !hint.expose().is_empty()) else { return Ok(None) };
        match self.ports.signer.verify_id_token(hint.expose(), Expiry::Ignored, self.now()).await {
            Ok(claims) => Ok(Some(claims)),
            Err(error) if error.kind == ErrorKind::IdTokenInvalid => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn is_about(&self, hint: &Claims, session: &BrowserSession) -> Result<bool, Error> {
        let account = self.reading("signed_out_account").await?.account(session.user).await?;
        let subject = account.map(|account| subject(self.settings.oauth.subject, &account.user));
        Ok(subject.is_some() && text(hint, "sub") == subject.as_deref())
    }

    /// The session that the ID token was issued in.
    async fn session_of(&self, hint: &Claims) -> Result<Option<Session>, Error> {
        match text(hint, "sid").and_then(|sid| sid.parse().ok()) {
            Some(sid) => Ok(self.reading("hinted_session").await?.session(sid).await?),
            None => Ok(None),
        }
    }

    /// Where the browser goes afterwards: only to where the client said beforehand.
    async fn after_sign_out(
        &self,
        command: &EndBrowserSession,
        hint: Option<&Claims>,
    ) -> Result<Option<String>, Error> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let hinted = hint.and_then(client_of).map(str::to_owned);
        let named = given(&command.client_id);
        if hinted.is_some() && named.is_some() && hinted != named {
            let text = "client_id is not the one of id_token_hint";
            return Err(Error::with_public(ErrorKind::RequestInvalid, text));
        }
        let (Some(uri), Some(client_id)) = (given(&command.post_logout_redirect_uri), named.or(hinted))
        else {
            return Ok(None);
        };
        if client_id.chars().any(char::is_control) {
            return Err(ErrorKind::ClientUnknown.into());
        }
        let client = self.known_client(&client_id).await?;
        if !client.logout_redirect_uris.contains(&uri) {
            return Err(ErrorKind::RedirectUriInvalid.into());
        }
        let state = given(&command.state).map(|state| ("state".to_owned(), state));
        Ok(Some(with_parameters(&uri, state.as_slice())))
    }

    /// The browser session and what clients got in it are over, and `own` too; then everybody is told.
    async fn sign_out(
        &self,
        browser: Option<BrowserSessionId>,
        own: Option<SessionId>,
        origin: &Origin,
    ) -> Result<(), Error> {
        if browser.is_none() && own.is_none() {
            return Ok(());
        }
        let Over { sessions, revocations, upstream } =
            rerun(|| self.write_sign_out(browser, own, origin)).await?;
        self.ports.revocations.announce(&revocations).await;
        tracing::info!(event = "signed_out", browser_session = ?browser, sessions = sessions.len());
        for upstream in &upstream {
            self.end_upstream_later(upstream);
        }
        self.announce_logout(sessions);
        Ok(())
    }

    async fn write_sign_out(
        &self,
        browser: Option<BrowserSessionId>,
        own: Option<SessionId>,
        origin: &Origin,
    ) -> Result<Over, Error> {
        let now = self.now();
        let mut tx = self.writing("sign_out").await?;
        let mut over = Over::default();
        if let Some(browser) = browser {
            tx.end_browser_session(browser, now).await?;
            over.sessions = tx.end_sessions_of_browser(browser, EndReason::Logout, now).await?;
        }
        if let Some(own) = own
            && tx.end_session(own, EndReason::Logout, now).await?
        {
            over.sessions.extend(tx.session(own).await?);
        }
        for session in &over.sessions {
            over.revocations.push(session_revocation(session.id, now));
            over.upstream.extend(tx.take_upstream_session(session.id).await?);
            self.record_sign_out(&mut *tx, session, origin).await?;
        }
        tx.record_revocations(&over.revocations, now).await?;
        tx.commit().await?;
        Ok(over)
    }

    async fn record_sign_out(
        &self,
        tx: &mut dyn Tx,
        session: &Session,
        origin: &Origin,
    ) -> Result<(), Error> {
        let client = tx.client(session.client).await?;
        let client_id = client.map(|client| client.client_id);
        let payload = serde_json::json!({ "id": session.user, "clientId": client_id }).to_string();
        let tenant = Some(session.tenant);
        let activity = self.activity(LoginType::Logout, session.user, tenant, payload, origin);
        Ok(tx.record_activity(&activity).await?)
    }
}

type Claims = serde_json::Map<String, Value>;

/// What is over with a browser session.
#[derive(Default)]
struct Over {
    sessions: Vec<Session>,
    revocations: Vec<Revocation>,
    upstream: Vec<UpstreamSession>,
}

fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// The client that the ID token was issued to.
fn client_of(claims: &Claims) -> Option<&str> {
    text(claims, "azp").or_else(|| text(claims, "aud"))
}
