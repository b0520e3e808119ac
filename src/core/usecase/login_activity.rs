//! The login activity of the caller's tenant.

use super::Core;
use crate::domain::activity::{ActiveRange, ActiveUsers, Activity};
use crate::domain::activity_query::{ActivityQuery, Condition};
use crate::domain::claims::VerifiedToken;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{ActivityId, TenantId};
use crate::domain::time::Timestamp;

/// The permission every read of login activity needs.
pub const VIEW_LOGIN_ACTIVITY: &str = "ViewLoginActivity";

/// A question about active users.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActiveUsersQuery {
    /// Bucket size.
    pub range: ActiveRange,
    /// First moment.
    pub from: Timestamp,
    /// Last moment, included.
    pub to: Timestamp,
}

impl Core {
    /// A page of rows, at most [`MAX_LIMIT`](crate::domain::activity_query::MAX_LIMIT).
    ///
    /// # Errors
    /// PermissionDenied.
    pub async fn find_activity(
        &self,
        caller: &VerifiedToken,
        query: &ActivityQuery,
    ) -> Result<Vec<Activity>, Error> {
        let tenant = viewed_tenant(caller)?;
        Ok(self.reporting("find_activity").await?.find_activity(tenant, query).await?)
    }

    /// One row.
    ///
    /// # Errors
    /// PermissionDenied, NotFound (also for a row of another tenant).
    pub async fn activity_by_id(&self, caller: &VerifiedToken, id: &str) -> Result<Activity, Error> {
        let tenant = viewed_tenant(caller)?;
        let id: ActivityId = id.parse().map_err(|_| ErrorKind::NotFound)?;
        let activity = self.reading("activity_by_id").await?.activity(tenant, id).await?;
        activity.ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// How many rows fulfil the condition.
    ///
    /// # Errors
    /// PermissionDenied.
    pub async fn count_activity(
        &self,
        caller: &VerifiedToken,
        condition: Option<&Condition>,
    ) -> Result<i64, Error> {
        let tenant = viewed_tenant(caller)?;
        Ok(self.reporting("count_activity").await?.count_activity(tenant, condition).await?)
    }

    /// The first row of each user per bucket and login type.
    ///
    /// # Errors
    /// PermissionDenied.
    pub async fn active_users(
        &self,
        caller: &VerifiedToken,
        query: ActiveUsersQuery,
    ) -> Result<ActiveUsers, Error> {
        let tenant = viewed_tenant(caller)?;
        let mut tx = self.reporting("active_users").await?;
        Ok(tx.active_users(tenant, query.range, query.from, query.to).await?)
    }
}

fn viewed_tenant(caller: &VerifiedToken) -> Result<TenantId, Error> {
    if caller.permits(VIEW_LOGIN_ACTIVITY) {
        Ok(caller.claims.user.tenant_id)
    } else {
        Err(ErrorKind::PermissionDenied.into())
    }
}
