//! Writes a plan in one transaction, with the revocations that its changes demand.

use super::plan::{Plan, Step};
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::SessionId;
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::session::EndReason;
use crate::domain::time::Timestamp;
use crate::ports::store::Tx;
use crate::usecase::{Core, MAX_ACCESS_TOKEN_TTL};

/// What is over by a plan.
pub(super) struct Executed {
    pub(super) revocations: Vec<Revocation>,
    pub(super) ended: Vec<SessionId>,
}

impl Core {
    pub(super) async fn execute(&self, plan: &Plan) -> Result<Executed, Error> {
        let now = self.now();
        let mut tx = self.writing("apply").await?;
        let (mut revoked, mut ended) = (Vec::new(), Vec::new());
        for step in &plan.steps {
            revoked.extend(run(&mut *tx, step, &mut ended, now).await?);
        }
        let until = now.plus(MAX_ACCESS_TOKEN_TTL);
        let revocations: Vec<Revocation> =
            revoked.into_iter().map(|what| Revocation { what, until }).collect();
        tx.record_revocations(&revocations, now).await?;
        tx.commit().await?;
        Ok(Executed { revocations, ended })
    }
}

/// Adds the sessions that it ends to `ended`.
async fn run(
    tx: &mut dyn Tx,
    step: &Step,
    ended: &mut Vec<SessionId>,
    now: Timestamp,
) -> Result<Vec<Revoked>, Error> {
    let mut revoked = Vec::new();
    match step {
        Step::AddTenant(tenant) => tx.add_tenant(tenant, now).await?,
        Step::SaveTenant { tenant, invalidate } => {
            tx.save_tenant(tenant, now).await?;
            if *invalidate {
                revoked.push(Revoked::TenantEpoch(tenant.id, tx.bump_tenant_epoch(tenant.id).await?));
            }
        }
        Step::SavePages { tenant, pages } => {
            tx.save_hosted_pages(*tenant, pages, now).await?;
        }
        Step::AddRole(role) => tx.add_role(role, now).await?,
        Step::SaveRole(role) => revoked.extend(tx.save_role_permissions(role, now).await?),
        Step::AddClient(client) => tx.add_client(client, now).await?,
        Step::SaveClient { client, invalidate } => {
            tx.save_client(client, now).await?;
            if *invalidate {
                revoked.push(Revoked::ClientEpoch(client.key, tx.bump_client_epoch(client.key).await?));
            }
        }
        Step::AddUser(user) => tx.add_user(user, now).await?,
        Step::SaveUser { user, end_sessions } => {
            tx.save_user(user, now).await?;
            if *end_sessions {
                ended.extend(tx.end_user_sessions(user.id, None, EndReason::Deactivated, now).await?);
                revoked.push(Revoked::UserEpoch(user.id, tx.bump_user_epoch(user.id).await?));
            }
        }
        Step::SaveProfile { user, details } => {
            tx.save_profile(*user, details, now).await?;
        }
        Step::SetPassword { user, hash, scheme, end_sessions } => {
            tx.set_password(*user, hash, scheme, now).await?;
            if *end_sessions {
                ended.extend(tx.end_user_sessions(*user, None, EndReason::PasswordChanged, now).await?);
                revoked.push(Revoked::UserEpoch(*user, tx.bump_user_epoch(*user).await?));
            }
        }
        Step::SetUserClients { user, clients } => {
            tx.set_user_clients(*user, clients).await?;
        }
        Step::AddMembership { membership, role } => tx.add_membership(membership, *role, now).await?,
        Step::SaveMembership { membership, role } => {
            tx.save_membership(membership, *role, now).await?;
            let epoch = tx.bump_membership_epoch(membership.id).await?;
            revoked.push(Revoked::MembershipEpoch(membership.id, epoch));
        }
        Step::AddIdentity(identity) => {
            if !tx.add_identity(identity, now).await? {
                let text = format!("{} of {} is linked to another user", identity.subject, identity.provider);
                return Err(Error::because(ErrorKind::Internal, text));
            }
        }
    }
    Ok(revoked)
}
