//! From a proved identity at a provider to an account here: read → decide → one transaction. Shared by callback and native
//! sign-in.

use super::second_factor::Gate;
use super::sign_in::SignIn;
use super::{Core, TokenPair, rerun};
use crate::domain::actor::Origin;
use crate::domain::authentication::{Method, Methods};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::federation::{ExternalIdentity, Intent, UpstreamSession};
use crate::domain::ids::{IdentityId, UserId};
use crate::domain::linking::{Decision, Facts, Refusal, address_key, decide};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::{Account, Identity};
use crate::ports::provider::{LinkPolicy, ProviderInfo, SignUp};
use crate::ports::store::{StoreError, Tx, UpstreamHolder};
use crate::usecase::issue_tokens::Opened;
use crate::usecase::sign_up_at_provider::NewAccount;

/// How often the decision is made again after another transaction changed what it was made on.
const ROUNDS: u32 = 4;

/// Somebody who is back from a provider.
pub(super) struct Arrived<'a> {
    pub(super) info: &'a ProviderInfo,
    pub(super) client: Client,
    pub(super) intent: Intent,
    pub(super) external: ExternalIdentity,
    pub(super) origin: Origin,
}

/// What a sign-in is to end in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goal {
    /// An authorization code.
    Code,
    /// A session with its first tokens.
    Tokens,
}

/// What it ended in.
pub(super) enum Settled {
    /// One that waits, where a second factor is missing.
    Code {
        code: Secret<String>,
        role: String,
    },
    Tokens(TokenPair),
    /// Tokens were to come of it; the code waits for the second factor.
    SecondFactorWanted(Secret<String>),
    Linked,
}

/// What is to be written, all of it or nothing.
struct Plan {
    identity: Identity,
    is_new_identity: bool,
    new_account: Option<NewAccount>,
    /// `None` when the identity is only linked.
    sign_in: Option<SignIn>,
    upstream: Option<UpstreamSession>,
}

/// What a sign-in ends in: a code, pending or not, or a session.
struct Outcome {
    code: Secret<String>,
    gate: Gate,
    goal: Goal,
}

/// What writing did.
enum Written {
    Done(Box<Option<Opened>>),
    /// What the plan was made on has changed.
    Outdated,
}

impl Core {
    /// Whose account it is, by the one function that decides; then everything in one transaction.
    ///
    /// # Errors
    /// UpstreamRefused (nobody's account, or a message that was seen before), IdentityTaken, UpstreamMisconfigured, and those
    /// of a sign-in.
    pub(super) async fn settle(&self, arrived: &Arrived<'_>, goal: Goal) -> Result<Settled, Error> {
        if arrived.external.subject.is_empty() {
            tracing::error!(event = "provider_without_subject", provider = arrived.info.id);
            return Err(ErrorKind::UpstreamRefused.into());
        }
        for round in 0..ROUNDS {
            let plan = self.plan_sign_in(arrived, round).await?;
            let code = self.opaque_token();
            let gate = match &plan.sign_in {
                Some(sign_in) => self.gate(sign_in, &code, &arrived.origin).await?,
                None => Gate::Open,
            };
            let outcome = Outcome { code, gate, goal };
            let written = rerun(|| self.write_plan(arrived, &plan, &outcome)).await?;
            if let Written::Done(opened) = written {
                tell(arrived, &plan, &outcome);
                return self.settled(plan, *opened, outcome).await;
            }
        }
        tracing::error!(event = "federated_sign_in_contended", provider = arrived.info.id);
        Err(ErrorKind::Unavailable.into())
    }

    async fn settled(&self, plan: Plan, opened: Option<Opened>, outcome: Outcome) -> Result<Settled, Error> {
        let Outcome { code, gate, goal } = outcome;
        if matches!(gate, Gate::Pending(_)) {
            self.outbox_bell.notify_one();
        }
        match (plan.sign_in, opened) {
            (None, _) => Ok(Settled::Linked),
            (Some(_), None) if goal == Goal::Tokens => Ok(Settled::SecondFactorWanted(code)),
            (Some(sign_in), None) => Ok(Settled::Code { code, role: sign_in.membership.role }),
            (Some(sign_in), Some(opened)) => Ok(Settled::Tokens(self.sign_opened(&sign_in, opened).await?)),
        }
    }

    async fn plan_sign_in(&self, arrived: &Arrived<'_>, round: u32) -> Result<Plan, Error> {
        let Arrived { info, external, .. } = arrived;
        let mut tx = self.reading("federated_sign_in").await?;
        let linked = tx.identity_by_subject(&info.id, &external.subject).await?;
        let may_link_by_address = info.link == LinkPolicy::VerifiedEmail;
        let same_address = if may_link_by_address && external.email_verified && linked.is_none() {
            with_address(&mut *tx, external).await?
        } else {
            Vec::new()
        };
        drop(tx);
        let decision = decide(&Facts {
            intent: arrived.intent,
            external,
            linked: linked.as_ref(),
            same_address: &same_address,
            may_link_by_address,
            may_sign_up: matches!(info.sign_up, SignUp::Create { .. }),
        });
        match (decision, linked) {
            (Decision::SignIn { user, .. }, Some(identity)) => {
                self.plan_for(arrived, user, identity, false).await
            }
            (Decision::Link { user, .. }, _) => {
                self.plan_for(arrived, user, self.new_identity(arrived, user), true).await
            }
            (Decision::SignUp, _) => self.plan_sign_up(arrived, round).await,
            (Decision::Refuse(refusal), _) => Err(refused(arrived, refusal)),
            (Decision::SignIn { .. }, None) => Err(ErrorKind::Internal.into()),
        }
    }

    /// For an account that exists.
    async fn plan_for(
        &self,
        arrived: &Arrived<'_>,
        user: UserId,
        identity: Identity,
        is_new_identity: bool,
    ) -> Result<Plan, Error> {
        let account = self.reading("federated_account").await?.account(user).await?;
        let account = account.filter(|account| account.user.deleted_at.is_none());
        let account = account.ok_or_else(|| refused(arrived, Refusal::Unknown))?;
        let is_link = matches!(arrived.intent, Intent::Link(_));
        let sign_in = if is_link {
            None
        } else {
            Some(self.admit(arrived.client.clone(), account, proved_by(arrived.info)).await?)
        };
        self.complete(arrived, Plan { identity, is_new_identity, new_account: None, sign_in, upstream: None })
    }

    async fn plan_sign_up(&self, arrived: &Arrived<'_>, round: u32) -> Result<Plan, Error> {
        let new = self.new_account(arrived.info, &arrived.external, &arrived.client, round > 0).await?;
        let account =
            Account { user: new.user.clone(), password_hash: None, clients: vec![arrived.client.key] };
        let sign_in = SignIn {
            client: arrived.client.clone(),
            account,
            membership: new.membership.clone(),
            methods: proved_by(arrived.info),
        };
        let identity = self.new_identity(arrived, new.user.id);
        let plan = Plan {
            identity,
            is_new_identity: true,
            new_account: Some(new),
            sign_in: Some(sign_in),
            upstream: None,
        };
        self.complete(arrived, plan)
    }

    /// The provider's tokens are kept for a session only.
    fn complete(&self, arrived: &Arrived<'_>, mut plan: Plan) -> Result<Plan, Error> {
        if plan.sign_in.is_some() {
            plan.upstream =
                self.seal_upstream(&arrived.info.id, plan.identity.id, &arrived.external.tokens)?;
        }
        Ok(plan)
    }

    fn new_identity(&self, arrived: &Arrived<'_>, user: UserId) -> Identity {
        let id: IdentityId = self.new_id();
        Identity {
            id,
            user,
            provider: arrived.info.id.clone(),
            subject: arrived.external.subject.clone(),
            issuer: arrived.external.issuer.clone(),
        }
    }

    async fn write_plan(
        &self,
        arrived: &Arrived<'_>,
        plan: &Plan,
        outcome: &Outcome,
    ) -> Result<Written, Error> {
        let mut tx = self.writing("federated_sign_in").await?;
        self.mark_seen(&mut *tx, arrived).await?;
        if !self.write_account(&mut *tx, arrived, plan).await? {
            return Ok(Written::Outdated);
        }
        let opened = match &plan.sign_in {
            None => None,
            Some(sign_in) => self.write_sign_in(&mut *tx, arrived, sign_in, plan, outcome).await?,
        };
        tx.commit().await?;
        Ok(Written::Done(Box::new(opened)))
    }

    /// The message counts once.
    async fn mark_seen(&self, tx: &mut dyn Tx, arrived: &Arrived<'_>) -> Result<(), Error> {
        let Some(mark) = &arrived.external.replay_mark else { return Ok(()) };
        let hash = TokenHash::of(&format!("{}\n{}\n{}", arrived.info.id, arrived.external.issuer, mark.id));
        if tx.mark_replay(&hash, mark.until).await? {
            return Ok(());
        }
        tracing::warn!(event = "provider_message_replayed", provider = arrived.info.id);
        Err(ErrorKind::UpstreamRefused.into())
    }

    /// Account and link; `false` when another transaction was faster.
    async fn write_account(
        &self,
        tx: &mut dyn Tx,
        arrived: &Arrived<'_>,
        plan: &Plan,
    ) -> Result<bool, Error> {
        let now = self.now();
        if let Some(new) = &plan.new_account {
            match tx.add_user(&new.user, now).await {
                Err(StoreError::Taken { .. }) => return Ok(false),
                other => other?,
            }
            tx.set_user_clients(new.user.id, &[arrived.client.key]).await?;
            tx.add_membership(&new.membership, new.role, now).await?;
        }
        if plan.is_new_identity {
            Ok(tx.add_identity(&plan.identity, now).await?)
        } else {
            Ok(tx.pin_issuer(plan.identity.id, &arrived.external.issuer).await?)
        }
    }

    async fn write_sign_in(
        &self,
        tx: &mut dyn Tx,
        arrived: &Arrived<'_>,
        sign_in: &SignIn,
        plan: &Plan,
        outcome: &Outcome,
    ) -> Result<Option<Opened>, Error> {
        let (holder, opened) = match (&outcome.gate, outcome.goal) {
            (Gate::Pending(pending), _) => {
                require_unchanged(tx, sign_in).await?;
                self.write_pending(tx, pending).await?;
                (UpstreamHolder::Challenge(pending.challenge.id), None)
            }
            (Gate::Open, Goal::Code) => {
                let grant = self.new_grant(sign_in, &outcome.code);
                require_unchanged(tx, sign_in).await?;
                tx.add_grant(&grant).await?;
                (UpstreamHolder::Grant(grant.id), None)
            }
            (Gate::Open, Goal::Tokens) => {
                let opened = self.open_session(tx, sign_in, &arrived.origin).await?;
                (UpstreamHolder::Session(opened.session.id), Some(opened))
            }
        };
        if let Some(upstream) = &plan.upstream {
            tx.add_upstream_session(upstream, holder).await?;
        }
        Ok(opened)
    }
}

/// What a sign-in at the provider proves.
fn proved_by(provider: &ProviderInfo) -> Methods {
    let asks_for_two = provider.trusts_second_factor;
    Methods::one(if asks_for_two { Method::FederatedMultiFactor } else { Method::Federated })
}

/// The account is still what it was when the sign-in was judged.
async fn require_unchanged(tx: &mut dyn Tx, sign_in: &SignIn) -> Result<(), Error> {
    let user = &sign_in.account.user;
    if tx.confirm_sign_in(user.id, user.credential_version, None).await? {
        Ok(())
    } else {
        Err(ErrorKind::UpstreamRefused.into())
    }
}

async fn with_address(tx: &mut dyn Tx, external: &ExternalIdentity) -> Result<Vec<Account>, Error> {
    match external.email.as_deref().and_then(address_key) {
        Some(key) => Ok(tx.accounts_by_email(&key).await?),
        None => Ok(Vec::new()),
    }
}

fn refused(arrived: &Arrived<'_>, refusal: Refusal) -> Error {
    let provider = arrived.info.id.as_str();
    tracing::warn!(event = "federated_sign_in_refused", provider, reason = refusal.as_str());
    match refusal {
        Refusal::LinkedToAnother => ErrorKind::IdentityTaken.into(),
        Refusal::OtherIssuer | Refusal::Unknown => ErrorKind::UpstreamRefused.into(),
    }
}

fn tell(arrived: &Arrived<'_>, plan: &Plan, outcome: &Outcome) {
    let (provider, user_id) = (arrived.info.id.as_str(), plan.identity.user);
    if plan.new_account.is_some() {
        tracing::info!(event = "account_made_at_provider", provider, %user_id);
    } else if plan.is_new_identity {
        let by_address = !matches!(arrived.intent, Intent::Link(_));
        tracing::info!(event = "identity_linked", provider, %user_id, by_address);
    }
    if plan.sign_in.is_some() {
        let waits = matches!(outcome.gate, Gate::Pending(_));
        tracing::info!(event = "federated_sign_in", provider, %user_id, waits);
    }
}
