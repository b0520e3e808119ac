//! Roles.

use async_trait::async_trait;
use doorward_core::domain::ids::{Id as _, TenantId};
use doorward_core::domain::membership::Role;
use doorward_core::domain::revocation::Revoked;
use doorward_core::domain::second_factor::SecondFactorPolicy;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Roles, Stored};
use sqlx::types::Json;

use super::row::Fields;
use super::{Row, SqlTx, at};

fn read(row: &Row) -> Stored<Role> {
    let fields = Fields::new(row, "roles");
    Ok(Role {
        id: fields.id("id")?,
        tenant: fields.maybe_id("tenant_id")?,
        name: fields.get("name")?,
        permissions: fields.words("permissions")?,
        second_factor: fields.maybe_word("second_factor", SecondFactorPolicy::parse)?,
    })
}

#[async_trait]
impl Roles for SqlTx {
    async fn role_by_name(&mut self, name: &str, tenant: Option<TenantId>) -> Stored<Option<Role>> {
        let statement = match tenant {
            Some(tenant) => sqlx::query(
                "SELECT id, tenant_id, name, permissions, second_factor FROM roles WHERE name = $1 AND tenant_id = $2",
            )
            .bind(name)
            .bind(tenant.uuid()),
            None => sqlx::query(
                "SELECT id, tenant_id, name, permissions, second_factor FROM roles WHERE name = $1 AND tenant_id IS NULL",
            )
            .bind(name),
        };
        self.maybe(statement).await?.as_ref().map(read).transpose()
    }

    async fn add_role(&mut self, role: &Role, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO roles (id, tenant_id, name, permissions, created_at, updated_at, second_factor)
             VALUES ($1, $2, $3, $4, $5, $5, $6)",
        )
        .bind(role.id.uuid())
        .bind(role.tenant.map(TenantId::uuid))
        .bind(&role.name)
        .bind(Json(&role.permissions))
        .bind(at(now))
        .bind(role.second_factor.map(SecondFactorPolicy::as_str));
        self.run(statement).await.map(|_| ())
    }

    async fn save_role_permissions(&mut self, role: &Role, now: Timestamp) -> Stored<Vec<Revoked>> {
        let statement = sqlx::query(
            "UPDATE roles SET permissions = $2, updated_at = $3, second_factor = $4 WHERE id = $1",
        )
        .bind(role.id.uuid())
        .bind(Json(&role.permissions))
        .bind(at(now))
        .bind(role.second_factor.map(SecondFactorPolicy::as_str));
        self.run(statement).await?;
        let statement =
            sqlx::query("UPDATE memberships SET epoch = epoch + 1 WHERE role_id = $1 RETURNING id, epoch")
                .bind(role.id.uuid());
        let rows = self.all(statement).await?;
        rows.iter()
            .map(|row| {
                let fields = Fields::new(row, "memberships");
                Ok(Revoked::MembershipEpoch(fields.id("id")?, fields.get("epoch")?))
            })
            .collect()
    }
}
