//! Tells users by mail of sign-ins from where they never signed in before.

use super::Core;
use super::attempts::KNOWN_FOR;
use super::messages::person;
use super::sign_in::SignIn;
use crate::domain::actor::Origin;
use crate::domain::error::Error;
use crate::domain::message::{Destination, MailKind, Message, Particulars};
use crate::ports::store::Tx;

impl Core {
    /// Queues the notice when the user signed in before, but never from this device or address in the last 90 days; answers
    /// whether it did. To be called before the new session is written.
    pub(super) async fn notice_new_device(
        &self,
        tx: &mut dyn Tx,
        sign_in: &SignIn,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let Some(notice) = self.notice(MailKind::NewDevice, sign_in, origin) else { return Ok(false) };
        if origin.device_id.is_none() && origin.ip.is_none() {
            return Ok(false);
        }
        let user = sign_in.account.user.id;
        let since = self.now().minus(KNOWN_FOR);
        if !tx.is_new_origin(user, origin.device_id.as_deref(), origin.ip, since).await? {
            return Ok(false);
        }
        self.queue(tx, &notice).await?;
        Ok(true)
    }

    /// A notice to the owner of the account; `None` when there is no address it could go to.
    pub(super) fn notice(&self, kind: MailKind, sign_in: &SignIn, origin: &Origin) -> Option<Message> {
        let SignIn { client, account, membership, .. } = sign_in;
        let address = account.user.email.clone()?;
        let particulars = Particulars {
            person: Some(person(&account.user)),
            organization: Some(membership.tenant_name.clone()),
            application: Some(client.name.clone()),
            device: origin.user_agent.clone(),
            address: origin.ip.map(|ip| ip.to_string()),
            ..Particulars::default()
        };
        Some(self.message(kind, Destination::Email(address), particulars, membership.locale.as_deref()))
    }
}
