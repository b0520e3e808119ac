//! Passwords grow old, where the operator says so.

use super::sign_in::SignIn;
use super::{Core, rerun};
use crate::domain::error::Error;
use crate::domain::membership::MembershipStatus;

impl Core {
    /// Whoever signs in with a password older than the policy allows must choose a new one, as if an administrator had asked
    /// for it. To be called with a password sign-in that was proved.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn demand_new_password(&self, mut sign_in: SignIn) -> Result<SignIn, Error> {
        let Some(max_age) = self.settings.password_policy.max_age else { return Ok(sign_in) };
        let (active, demanded) = (MembershipStatus::ACTIVE, MembershipStatus::PASSWORD_CHANGE_NEEDED);
        let user = sign_in.account.user.id;
        let changed_at = self.reading("password_changed_at").await?.password_changed_at(user).await?;
        let is_aged = changed_at.is_some_and(|changed_at| self.now() >= changed_at.plus(max_age));
        if !is_aged || sign_in.membership.status != active {
            return Ok(sign_in);
        }
        rerun(|| async {
            let mut tx = self.writing("demand_new_password").await?;
            tx.move_status(user, active, demanded, self.now()).await?;
            Ok(tx.commit().await?)
        })
        .await?;
        tracing::info!(event = "password_aged", user_id = %user);
        sign_in.membership.status = demanded;
        Ok(sign_in)
    }
}
