//! Rotation of refresh tokens: the parameters and the answer of both databases' own statements.

use doorward_core::domain::ids::{Id as _, TenantId};
use doorward_core::ports::store::RefreshRotation;

use super::{Statement, at};

/// Name of the transaction, for logs and metrics.
pub(crate) const NAME: &str = "rotate_refresh";

pub(crate) fn bind<'q>(sql: &'static str, rotation: &'q RefreshRotation) -> Statement<'q> {
    let RefreshRotation { parent, old_access, used, membership, next, activity } = rotation;
    sqlx::query(sql)
        .bind(parent.uuid())
        .bind(at(used.at))
        .bind(used.operation.as_str())
        .bind(used.tenant.uuid())
        .bind(used.ip.map(|ip| ip.to_string()))
        .bind(next.session.uuid())
        .bind(membership.uuid())
        .bind(next.id.uuid())
        .bind(next.token_hash.as_bytes().as_slice())
        .bind(next.key_version)
        .bind(next.access.id.uuid())
        .bind(at(next.access.issued_at))
        .bind(at(next.access.expires_at))
        .bind(at(next.expires_at))
        .bind(old_access.id.uuid())
        .bind(at(old_access.expires_at))
        .bind(activity.id.uuid())
        .bind(&activity.actor)
        .bind(activity.tenant.map(TenantId::uuid))
        .bind(at(activity.login_time))
        .bind(&activity.token_payload)
        .bind(&activity.login_type)
        .bind(activity.device_info.as_deref())
        .bind(activity.ip_address.as_deref())
}
