//! What a sign-up needs to know of the place it leads to.

use async_trait::async_trait;
use doorward_core::domain::ids::{ClientKey, Id as _, TenantId, UserId};
use doorward_core::domain::tenant::Tenant;
use doorward_core::ports::store::{SignUps, Stored, Tenants as _};

use super::SqlTx;
use super::row::Fields;

#[async_trait]
impl SignUps for SqlTx {
    async fn only_tenant(&mut self) -> Stored<Option<Tenant>> {
        let rows = self.all(sqlx::query("SELECT id FROM tenants LIMIT 2")).await?;
        match rows.as_slice() {
            [row] => self.tenant(Fields::new(row, "tenants").id("id")?).await,
            _ => Ok(None),
        }
    }

    async fn clients_of_people(&mut self, tenant: TenantId) -> Stored<Vec<ClientKey>> {
        let statement = sqlx::query(
            "SELECT key FROM clients
             WHERE enabled AND client_type IN ('web', 'spa') AND (tenant_id IS NULL OR tenant_id = $1) ORDER BY key",
        );
        let rows = self.all(statement.bind(tenant.uuid())).await?;
        rows.iter().map(|row| Fields::new(row, "clients").id("key")).collect()
    }

    async fn keep_sign_up_data(&mut self, user: UserId, data: &str) -> Stored<()> {
        let statement = sqlx::query("UPDATE users SET sign_up_data = $2 WHERE id = $1");
        self.run(statement.bind(user.uuid()).bind(data)).await.map(|_| ())
    }

    async fn sign_up_data(&mut self, user: UserId) -> Stored<Option<String>> {
        let statement = sqlx::query("SELECT sign_up_data FROM users WHERE id = $1");
        let row = self.maybe(statement.bind(user.uuid())).await?;
        Ok(row.map(|row| Fields::new(&row, "users").get("sign_up_data")).transpose()?.flatten())
    }
}
