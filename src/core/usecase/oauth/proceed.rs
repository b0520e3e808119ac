//! The one place that decides what a sign-in still needs: somebody, a second factor, consent, or nothing.

use std::time::Duration;

use super::access_claims::subject as sub;
use super::browser_session::{SignedIn, is_unchanged};
use super::transaction::Step;
use super::turn::{Next, Stage, Turn};
use crate::domain::authenticator::in_force;
use crate::domain::authorization::{Authorization, CodeBinding, Consent, GrantType};
use crate::domain::authorization_request::{Assurance, Prompt};
use crate::domain::challenge::{Challenge, Expected};
use crate::domain::consent::{must_be_asked, widened};
use crate::domain::error::{Error, ErrorKind};
use crate::domain::grant::Grant;
use crate::domain::half_hash::half_hash;
use crate::domain::ids::UserId;
use crate::domain::second_factor::Wanted;
use crate::domain::secret::Secret;
use crate::ports::store::UpstreamHolder;
use crate::usecase::half_way::HalfWay;
use crate::usecase::second_factor::Gate;
use crate::usecase::sign_in::SignIn;
use crate::usecase::{Core, rerun};

/// How long after a sign-in an authenticator app can be enrolled without another one.
const FRESH: Duration = Duration::from_mins(5);

/// What comes next.
enum Verdict {
    /// Somebody has to sign in.
    SignIn,
    /// A second factor has to be proved; there is nobody to ask for it with `prompt=none`.
    StepUp(Box<SignIn>),
    /// The user has to be asked.
    AskConsent,
    /// The client gets its code, and the consent is kept, where it was just given.
    Issue(Option<Consent>),
    /// The client is told no.
    Refuse(ErrorKind),
}

impl Core {
    /// The next turn of the sign-in, with whoever is signed in in the browser. `consented`: the user has just said yes.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn proceed(
        &self,
        mut step: Step,
        who: Option<SignedIn>,
        consented: bool,
    ) -> Result<Turn, Error> {
        let is_silent = step.transaction.request.prompts(Prompt::None);
        let Some(who) = who else { return self.ask_to_sign_in(step) };
        match self.verdict(&step, &who, consented).await? {
            Verdict::Refuse(kind) => Ok(self.refusal(&step.transaction.request.reply_to, &kind.into())),
            Verdict::SignIn => self.ask_to_sign_in(step),
            Verdict::StepUp(_) if is_silent => {
                Ok(self.refusal(&step.transaction.request.reply_to, &ErrorKind::InteractionRequired.into()))
            }
            Verdict::StepUp(sign_in) => self.step_up(step, &who, &sign_in).await,
            Verdict::AskConsent if is_silent => {
                Ok(self.refusal(&step.transaction.request.reply_to, &ErrorKind::ConsentRequired.into()))
            }
            Verdict::AskConsent => {
                step.transaction.asked_in = Some(who.session.id);
                self.to_page(step, Stage::Consent)
            }
            Verdict::Issue(consent) => self.issue(step, &who, consent.as_ref()).await,
        }
    }

    async fn verdict(&self, step: &Step, who: &SignedIn, consented: bool) -> Result<Verdict, Error> {
        let Step { client, transaction, .. } = step;
        let request = &transaction.request;
        if !transaction.is_satisfied_by(&who.session, self.now()) {
            return Ok(Verdict::SignIn);
        }
        let user = &who.account.user;
        if request.subject.as_ref().is_some_and(|subject| *subject != sub(self.settings.oauth.subject, user))
        {
            // Somebody else who has just signed in would sign in again.
            let is_new = transaction.is_made_for_it(&who.session);
            return Ok(if is_new { Verdict::Refuse(ErrorKind::LoginRequired) } else { Verdict::SignIn });
        }
        if !who.account.clients.contains(&client.key) {
            return Ok(Verdict::Refuse(ErrorKind::ClientNotAllowed));
        }
        let sign_in = SignIn {
            client: client.clone(),
            account: who.account.clone(),
            membership: who.membership.clone(),
            methods: who.session.methods.clone(),
        };
        if self.must_step_up(&sign_in, request.assurance).await? {
            return Ok(Verdict::StepUp(Box::new(sign_in)));
        }
        let given = self.reading("consent").await?.consent(user.id, client.key).await?;
        let must_ask = must_be_asked(client, request, given.as_ref());
        if must_ask && !consented {
            return Ok(Verdict::AskConsent);
        }
        let scopes = widened(given.as_ref(), request);
        let consent = Consent { user: user.id, client: client.key, scopes, granted_at: self.now() };
        Ok(Verdict::Issue(must_ask.then_some(consent)))
    }

    /// Whether the policy, or the client, wants more than was proved. Where the client only prefers it, of those who can.
    async fn must_step_up(&self, sign_in: &SignIn, assurance: Assurance) -> Result<bool, Error> {
        let SignIn { client, account, membership, methods } = sign_in;
        if methods.is_multi_factor() {
            return Ok(false);
        }
        let is_whole =
            methods.are_enough() || self.lacking(client, &account.user, membership).await? == Wanted::Nothing;
        match assurance {
            _ if !is_whole => Ok(true),
            Assurance::Any => Ok(false),
            Assurance::SecondFactorPreferred => self.has_app(account.user.id).await,
            Assurance::SecondFactorRequired => Ok(true),
        }
    }

    async fn has_app(&self, user: UserId) -> Result<bool, Error> {
        let authenticators = self.reading("authenticators").await?.authenticators(user).await?;
        Ok(in_force(&authenticators).is_some())
    }

    /// Nobody is signed in who would do.
    pub(super) fn ask_to_sign_in(&self, mut step: Step) -> Result<Turn, Error> {
        if step.transaction.request.prompts(Prompt::None) {
            return Ok(self.refusal(&step.transaction.request.reply_to, &ErrorKind::LoginRequired.into()));
        }
        step.transaction.start_over();
        self.to_page(step, Stage::SignIn)
    }

    /// The page of a stage.
    pub(super) fn to_page(&self, mut step: Step, stage: Stage) -> Result<Turn, Error> {
        step.transaction.stage = stage;
        Ok(Turn::to(Next::Page(self.seal_step(&step)?, stage)))
    }

    /// The first factor counts as it was proved; what is missing is asked for.
    ///
    /// # Security
    /// A new authenticator app is for whoever has just signed in: a browser that was left alone, or a stolen cookie, must not
    /// become a second factor of the finder's (OWASP ASVS 5.0, 7.5.1).
    async fn step_up(&self, mut step: Step, who: &SignedIn, sign_in: &SignIn) -> Result<Turn, Error> {
        let code = self.opaque_token();
        let pending = match self.gate(sign_in, &code, &step.origin).await? {
            Gate::Pending(pending) => pending,
            Gate::Open => Box::new(self.waiting_for_app(sign_in, &code)),
        };
        let age = self.now().since(who.session.authenticated_at);
        if age > FRESH && !self.can_be_answered(&pending.challenge).await? {
            return self.ask_to_sign_in(step);
        }
        match rerun(|| self.write_waiting(sign_in, &pending)).await {
            Err(error) if error.kind == ErrorKind::InvalidCredentials => return self.ask_to_sign_in(step),
            written => written?,
        }
        step.transaction.proved_at = Some(who.session.authenticated_at);
        step.transaction.proved_in = Some(who.session.id);
        self.wait_for_second_factor(step, &pending.challenge, code).await
    }

    /// The page of the second factor that waits under `code`.
    pub(super) async fn wait_for_second_factor(
        &self,
        mut step: Step,
        challenge: &Challenge,
        code: Secret<String>,
    ) -> Result<Turn, Error> {
        let can_be_answered = self.can_be_answered(challenge).await?;
        step.transaction.code = Some(code.expose().clone());
        self.to_page(step, if can_be_answered { Stage::SecondFactor } else { Stage::Enrol })
    }

    /// Whether the user has what is asked for; else an authenticator app is to be enrolled.
    async fn can_be_answered(&self, challenge: &Challenge) -> Result<bool, Error> {
        match challenge.user {
            Some(user) if challenge.expected == Expected::Totp => self.has_app(user).await,
            _ => Ok(true),
        }
    }

    async fn issue(&self, step: Step, who: &SignedIn, consent: Option<&Consent>) -> Result<Turn, Error> {
        let code = self.opaque_token();
        match rerun(|| self.write_authorization(&step, who, consent, &code)).await {
            Ok(true) => Ok(self.success(&step, who, &code)),
            Ok(false) => self.ask_to_sign_in(step),
            Err(error) if error.kind == ErrorKind::ClientNotAllowed => {
                Ok(self.refusal(&step.transaction.request.reply_to, &error))
            }
            Err(error) => Err(error),
        }
    }

    /// Code and consent in one transaction; `false` when the browser session is over, or the account is not what it was.
    async fn write_authorization(
        &self,
        step: &Step,
        who: &SignedIn,
        consent: Option<&Consent>,
        code: &Secret<String>,
    ) -> Result<bool, Error> {
        let session = &who.session;
        let mut tx = self.writing("authorize").await?;
        if !tx.touch_browser_session(session.id, self.now()).await? {
            return Ok(false);
        }
        let half_way = HalfWay::of_browser_session(session);
        let sign_in = match self.readmit(&mut *tx, &step.client, &half_way).await {
            Err(Error { kind: ErrorKind::UserInactive | ErrorKind::CodeUnknownOrUsed, .. }) => {
                return Ok(false);
            }
            judged => judged?,
        };
        if !is_unchanged(session, &sign_in.account, &sign_in.membership) {
            return Ok(false);
        }
        let grant = Grant { oauth: Some(Box::new(binding(step, who))), ..self.new_grant(&sign_in, code) };
        tx.add_grant(&grant).await?;
        // Somebody else may have signed in in the browser since.
        if let Some((upstream, of)) = step.transaction.upstream
            && of == session.id
        {
            tx.pass_upstream_session(UpstreamHolder::Grant(upstream), grant.id).await?;
        }
        if let Some(consent) = consent {
            tx.save_consent(consent).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// What the code is bound to.
fn binding(step: &Step, who: &SignedIn) -> CodeBinding {
    let request = &step.transaction.request;
    let state = request.reply_to.state.as_deref();
    CodeBinding {
        authorization: Authorization {
            grant_type: GrantType::AuthorizationCode,
            scopes: request.scopes.clone(),
            resources: request.resources.clone(),
            claims: request.claims.clone(),
            auth_time: who.session.authenticated_at.unix_seconds(),
            browser_session: Some(who.session.id),
        },
        redirect_uri: request.reply_to.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        nonce: request.nonce.clone(),
        state_hash: state.map(|state| half_hash(step.client.oauth.id_token_algorithm, state)),
    }
}
