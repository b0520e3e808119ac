//! Who is signed in in a browser, and how that comes about.

use super::transaction::Step;
use super::turn::{BrowserCookies, SessionCookie, browser_state};
use crate::domain::authentication::Method;
use crate::domain::browser_session::BrowserSession;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::grant::{Consumed, Grant};
use crate::domain::link::LinkPurpose;
use crate::domain::membership::{Membership, MembershipStatus};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::Account;
use crate::ports::store::Tx;
use crate::usecase::half_way::HalfWay;
use crate::usecase::links::About;
use crate::usecase::sign_in::SignIn;
use crate::usecase::{Core, rerun};

/// Somebody who is signed in in the browser.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) session: BrowserSession,
    pub(super) account: Account,
    pub(super) membership: Membership,
    /// The cookie.
    pub(super) token: Secret<String>,
}

/// A sign-in that lacks nothing.
pub(super) enum Whole<'a> {
    /// Proved just now.
    Proved(&'a SignIn),
    /// Worth a code, which is used up.
    Code(&'a Grant),
}

/// What came of it.
pub(super) enum Opened {
    Session(Box<SignedIn>),
    /// The password must not be kept: the token of a link to a new one.
    NewPassword(Secret<String>),
}

impl SignedIn {
    pub(super) fn cookie(&self) -> SessionCookie {
        SessionCookie {
            token: self.token.clone(),
            state: browser_state(&self.token),
            lifetime: self.session.expires_at.since(self.session.last_used_at),
        }
    }
}

impl Core {
    /// Who is signed in in the browser, if anybody still is.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn signed_in(&self, cookies: &BrowserCookies) -> Result<Option<SignedIn>, Error> {
        let Some(token) = &cookies.session else { return Ok(None) };
        let mut tx = self.reading("signed_in").await?;
        let session = tx.browser_session_by_token(&TokenHash::of(token.expose())).await?;
        let idle = self.settings.oauth.session_idle;
        let Some(session) = session.filter(|session| session.is_live(self.now(), idle)) else {
            return Ok(None);
        };
        let account = tx.account(session.user).await?;
        let membership = tx.membership(session.user, session.tenant).await?;
        let (Some(account), Some(membership)) = (account, membership) else { return Ok(None) };
        let stands = is_unchanged(&session, &account, &membership);
        Ok(stands.then(|| SignedIn { session, account, membership, token: token.clone() }))
    }

    /// Whether the earlier sign-in that a step up builds on still stands: whoever signed out takes it along, and leaves
    /// nothing that the next person at the browser could complete.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn earlier_sign_in_stands(&self, step: &Step) -> Result<bool, Error> {
        if step.transaction.proved_at.is_none() {
            return Ok(true);
        }
        let who = self.signed_in(&step.cookies).await?;
        Ok(who.is_some_and(|who| Some(who.session.id) == step.transaction.proved_in))
    }

    /// Somebody is signed in in the browser, under a new token; whoever was before is not any more. All in one transaction.
    ///
    /// # Errors
    /// InvalidCredentials and CodeUnknownOrUsed (what was proved does not hold any more), UserInactive, UserNotActiveYet,
    /// ClientNotAllowed.
    pub(super) async fn open_browser_session(&self, step: &Step, whole: &Whole<'_>) -> Result<Opened, Error> {
        let token = self.opaque_token();
        let opened = rerun(|| self.write_browser_session(step, whole, &token)).await?;
        if let Opened::Session(signed_in) = &opened {
            let (user_id, browser_session) = (signed_in.account.user.id, signed_in.session.id);
            tracing::info!(event = "browser_session_opened", %user_id, %browser_session);
        }
        Ok(opened)
    }

    async fn write_browser_session(
        &self,
        step: &Step,
        whole: &Whole<'_>,
        token: &Secret<String>,
    ) -> Result<Opened, Error> {
        let mut tx = self.writing("open_browser_session").await?;
        let sign_in = self.take_up(&mut *tx, step, whole).await?;
        if must_choose_password(&sign_in) {
            let link = self.link_to_new_password(&sign_in);
            tx.add_link(&link.link).await?;
            tx.commit().await?;
            return Ok(Opened::NewPassword(link.token));
        }
        let session = self.new_browser_session(step, &sign_in, token);
        tx.add_browser_session(&session).await?;
        if let Some(before) = &step.cookies.session {
            self.replace_browser_session(&mut *tx, &TokenHash::of(before.expose()), &session).await?;
        }
        tx.commit().await?;
        let SignIn { account, membership, .. } = sign_in;
        Ok(Opened::Session(Box::new(SignedIn { session, account, membership, token: token.clone() })))
    }

    /// What was proved still holds, and counts once.
    async fn take_up(&self, tx: &mut dyn Tx, step: &Step, whole: &Whole<'_>) -> Result<SignIn, Error> {
        let (half_way, refusal) = match whole {
            Whole::Proved(sign_in) => (HalfWay::of_sign_in(sign_in), ErrorKind::InvalidCredentials),
            Whole::Code(grant) => (HalfWay::of_grant(grant), ErrorKind::CodeUnknownOrUsed),
        };
        // Locks the user's row: password and standing cannot change any more.
        if !tx.confirm_sign_in(half_way.user, half_way.credential_version, None).await? {
            return Err(refusal.into());
        }
        if let Whole::Code(grant) = whole
            && !matches!(tx.consume_grant(&grant.code_hash, self.now()).await?, Consumed::Now(_))
        {
            return Err(refusal.into());
        }
        if let Some(earlier) = step.transaction.proved_in
            && !tx.touch_browser_session(earlier, self.now()).await?
        {
            return Err(refusal.into());
        }
        let sign_in = self.readmit(tx, &step.client, &half_way).await?;
        if self.is_whole(tx, &sign_in).await? { Ok(sign_in) } else { Err(refusal.into()) }
    }

    /// The session before is over. What clients got in it belongs to the new one, if it is the same person's.
    async fn replace_browser_session(
        &self,
        tx: &mut dyn Tx,
        before: &TokenHash,
        session: &BrowserSession,
    ) -> Result<(), Error> {
        let Some(before) = tx.browser_session_by_token(before).await? else { return Ok(()) };
        let was_live = tx.end_browser_session(before.id, self.now()).await?;
        if was_live && before.user == session.user {
            tx.pass_sessions_of_browser(before.id, session.id).await?;
        }
        Ok(())
    }

    fn new_browser_session(&self, step: &Step, sign_in: &SignIn, token: &Secret<String>) -> BrowserSession {
        let SignIn { client, account, membership, methods } = sign_in;
        let now = self.now();
        let authenticated_at = step.transaction.proved_at.unwrap_or(now);
        BrowserSession {
            id: self.new_id(),
            token_hash: TokenHash::of(token.expose()),
            user: account.user.id,
            tenant: membership.tenant,
            membership: membership.id,
            client: client.key,
            credential_version: account.user.credential_version,
            user_epoch: account.user.epoch,
            membership_epoch: membership.epoch,
            methods: methods.clone(),
            authenticated_at,
            last_used_at: now,
            expires_at: authenticated_at.plus(self.settings.oauth.session_lifetime),
            ended_at: None,
            ip: step.origin.ip,
            user_agent: step.origin.user_agent.clone(),
        }
    }

    /// As if it had been sent: whoever proved the password and everything else may replace it.
    fn link_to_new_password(&self, sign_in: &SignIn) -> crate::usecase::links::NewLink {
        let user = &sign_in.account.user;
        self.new_link(About {
            purpose: LinkPurpose::ResetPassword,
            subject: &format!("user\n{}", user.id),
            client: Some(sign_in.client.key),
            user: Some(user),
            email: user.email.as_deref(),
            data: None,
        })
    }
}

/// Whether the account is what it was when somebody signed in.
pub(super) fn is_unchanged(session: &BrowserSession, account: &Account, membership: &Membership) -> bool {
    account.user.deleted_at.is_none()
        && account.user.credential_version == session.credential_version
        && account.user.epoch == session.user_epoch
        && membership.id == session.membership
        && membership.epoch == session.membership_epoch
        && membership.may_sign_in()
}

/// Whether an administrator, or the age of the password, demands a new one: no client of this dialect would ask for it.
fn must_choose_password(sign_in: &SignIn) -> bool {
    sign_in.membership.status == MembershipStatus::PASSWORD_CHANGE_NEEDED
        && sign_in.methods.includes(Method::Password)
}
