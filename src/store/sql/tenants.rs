//! Tenants.

use async_trait::async_trait;
use doorward_core::domain::ids::{Id as _, TenantId};
use doorward_core::domain::tenant::{Tenant, TenantStatus};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Stored, Tenants};

use super::row::Fields;
use super::{Row, SqlTx, at};

fn read(row: &Row) -> Stored<Tenant> {
    let fields = Fields::new(row, "tenants");
    Ok(Tenant {
        id: fields.id("id")?,
        key: fields.get("key")?,
        name: fields.get("name")?,
        status: fields.word("status", TenantStatus::parse)?,
        epoch: fields.get("epoch")?,
    })
}

#[async_trait]
impl Tenants for SqlTx {
    async fn tenant(&mut self, id: TenantId) -> Stored<Option<Tenant>> {
        let statement = sqlx::query("SELECT id, key, name, status, epoch FROM tenants WHERE id = $1");
        self.maybe(statement.bind(id.uuid())).await?.as_ref().map(read).transpose()
    }

    async fn tenant_by_key(&mut self, key: &str) -> Stored<Option<Tenant>> {
        let statement = sqlx::query("SELECT id, key, name, status, epoch FROM tenants WHERE key = $1");
        self.maybe(statement.bind(key)).await?.as_ref().map(read).transpose()
    }

    async fn add_tenant(&mut self, tenant: &Tenant, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO tenants (id, key, name, status, epoch, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6)",
        )
        .bind(tenant.id.uuid())
        .bind(&tenant.key)
        .bind(&tenant.name)
        .bind(tenant.status.as_str())
        .bind(tenant.epoch)
        .bind(at(now));
        self.run(statement).await.map(|_| ())
    }

    async fn save_tenant(&mut self, tenant: &Tenant, now: Timestamp) -> Stored<()> {
        let statement =
            sqlx::query("UPDATE tenants SET name = $2, status = $3, updated_at = $4 WHERE id = $1")
                .bind(tenant.id.uuid())
                .bind(&tenant.name)
                .bind(tenant.status.as_str())
                .bind(at(now));
        self.run(statement).await.map(|_| ())
    }
}
