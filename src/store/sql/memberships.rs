//! Memberships with role, tenant and extra permissions.

use async_trait::async_trait;
use doorward_core::domain::ids::{Id as _, MembershipId, RoleId, TenantId, UserId};
use doorward_core::domain::membership::{Membership, MembershipStatus};
use doorward_core::domain::second_factor::SecondFactorPolicy;
use doorward_core::domain::tenant::TenantStatus;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Memberships, Stored};

use super::row::Fields;
use super::{Row, SqlTx, at};

/// One row per extra permission (or one without): everything in one statement, and so of one moment.
macro_rules! memberships_where {
    ($condition:literal) => {
        concat!(
            "SELECT m.id, m.user_id, m.tenant_id, m.status, m.locale, m.epoch,
                    t.name AS tenant_name, t.status AS tenant_status, t.epoch AS tenant_epoch,
                    r.name AS role_name, r.permissions AS role_permissions,
                    r.second_factor AS role_second_factor,
                    p.permission, p.allowed
             FROM memberships m
             JOIN tenants t ON t.id = m.tenant_id
             JOIN roles r ON r.id = m.role_id
             LEFT JOIN membership_permissions p ON p.membership_id = m.id
             WHERE ",
            $condition,
            " ORDER BY m.created_at, m.id, p.allowed, p.position"
        )
    };
}

fn read_one(fields: Fields<'_>) -> Stored<Membership> {
    let status = i64::from(fields.get::<i16>("status")?);
    Ok(Membership {
        id: fields.id("id")?,
        user: fields.id("user_id")?,
        tenant: fields.id("tenant_id")?,
        tenant_status: fields.word("tenant_status", TenantStatus::parse)?,
        tenant_name: fields.get("tenant_name")?,
        tenant_epoch: fields.get("tenant_epoch")?,
        role: fields.get("role_name")?,
        role_permissions: fields.words("role_permissions")?,
        role_second_factor: fields.maybe_word("role_second_factor", SecondFactorPolicy::parse)?,
        allowed: Vec::new(),
        denied: Vec::new(),
        status: MembershipStatus::from_code(status).ok_or_else(|| fields.broken("status"))?,
        locale: fields.get("locale")?,
        epoch: fields.get("epoch")?,
    })
}

fn read(rows: &[Row]) -> Stored<Vec<Membership>> {
    read_all(rows.iter().map(|row| Fields::new(row, "memberships")))
}

/// From rows of which each brings one extra permission or none.
pub(super) fn read_all<'r>(rows: impl Iterator<Item = Fields<'r>>) -> Stored<Vec<Membership>> {
    let mut memberships: Vec<Membership> = Vec::new();
    for fields in rows {
        let mut membership = match memberships.pop() {
            Some(last) if last.id == fields.id("id")? => last,
            Some(other) => {
                memberships.push(other);
                read_one(fields)?
            }
            None => read_one(fields)?,
        };
        if let Some(permission) = fields.get::<Option<String>>("permission")? {
            let list = if fields.get("allowed")? { &mut membership.allowed } else { &mut membership.denied };
            list.push(permission);
        }
        memberships.push(membership);
    }
    Ok(memberships)
}

fn status_code(status: MembershipStatus) -> i16 {
    // At most 12 by construction.
    i16::try_from(status.code()).unwrap_or(i16::MAX)
}

impl SqlTx {
    async fn put_permissions(&mut self, membership: &Membership) -> Stored<()> {
        for (allowed, words) in [(true, &membership.allowed), (false, &membership.denied)] {
            for (position, word) in (0_i32..).zip(words) {
                let statement = sqlx::query(
                    "INSERT INTO membership_permissions (membership_id, allowed, position, permission)
                     VALUES ($1, $2, $3, $4)",
                )
                .bind(membership.id.uuid())
                .bind(allowed)
                .bind(position)
                .bind(word);
                self.run(statement).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Memberships for SqlTx {
    async fn memberships(&mut self, user: UserId) -> Stored<Vec<Membership>> {
        let statement = sqlx::query(memberships_where!("m.user_id = $1"));
        read(&self.all(statement.bind(user.uuid())).await?)
    }

    async fn membership(&mut self, user: UserId, tenant: TenantId) -> Stored<Option<Membership>> {
        let statement = sqlx::query(memberships_where!("m.user_id = $1 AND m.tenant_id = $2"));
        let rows = self.all(statement.bind(user.uuid()).bind(tenant.uuid())).await?;
        Ok(read(&rows)?.pop())
    }

    async fn add_membership(&mut self, membership: &Membership, role: RoleId, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO memberships (id, user_id, tenant_id, role_id, status, locale, epoch, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        )
        .bind(membership.id.uuid())
        .bind(membership.user.uuid())
        .bind(membership.tenant.uuid())
        .bind(role.uuid())
        .bind(status_code(membership.status))
        .bind(membership.locale.as_deref())
        .bind(membership.epoch)
        .bind(at(now));
        self.run(statement).await?;
        self.put_permissions(membership).await
    }

    async fn save_membership(&mut self, membership: &Membership, role: RoleId, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "UPDATE memberships SET role_id = $2, status = $3, locale = $4, epoch = $5, updated_at = $6 WHERE id = $1",
        )
        .bind(membership.id.uuid())
        .bind(role.uuid())
        .bind(status_code(membership.status))
        .bind(membership.locale.as_deref())
        .bind(membership.epoch)
        .bind(at(now));
        self.run(statement).await?;
        let statement = sqlx::query("DELETE FROM membership_permissions WHERE membership_id = $1");
        self.run(statement.bind(membership.id.uuid())).await?;
        self.put_permissions(membership).await
    }

    async fn move_status(
        &mut self,
        user: UserId,
        from: MembershipStatus,
        to: MembershipStatus,
        now: Timestamp,
    ) -> Stored<()> {
        let statement = sqlx::query(
            "UPDATE memberships SET status = $3, updated_at = $4 WHERE user_id = $1 AND status = $2",
        )
        .bind(user.uuid())
        .bind(status_code(from))
        .bind(status_code(to))
        .bind(at(now));
        self.run(statement).await.map(|_| ())
    }

    async fn bump_membership_epoch(&mut self, membership: MembershipId) -> Stored<i64> {
        let statement = "UPDATE memberships SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch";
        self.bump(statement, membership.uuid()).await
    }

    async fn bump_tenant_epoch(&mut self, tenant: TenantId) -> Stored<i64> {
        self.bump("UPDATE tenants SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch", tenant.uuid()).await
    }
}
