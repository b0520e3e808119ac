//! Refresh tokens.

use async_trait::async_trait;
use doorward_core::domain::ids::{Id as _, RefreshId, TenantId};
use doorward_core::domain::refresh::{Consumption, IssuedAccess, Operation, Refresh};
use doorward_core::domain::secret::TokenHash;
use doorward_core::ports::store::{PresentedRefresh, Refreshes, Stored};

use super::row::Fields;
use super::{SqlTx, at, presented};

fn read_consumption(fields: Fields<'_>) -> Stored<Option<Consumption>> {
    let Some(at) = fields.maybe_time("consumed_at")? else {
        return Ok(None);
    };
    Ok(Some(Consumption {
        at,
        operation: fields.word("consumed_operation", Operation::parse)?,
        tenant: fields.id("consumed_tenant_id")?,
        ip: fields.maybe_ip("consumed_ip_address")?,
    }))
}

pub(super) fn read(fields: Fields<'_>) -> Stored<Refresh> {
    Ok(Refresh {
        id: fields.id("id")?,
        session: fields.id("session_id")?,
        token_hash: fields.hash("token_hash")?,
        parent: fields.maybe_id("parent_id")?,
        key_version: fields.get("key_version")?,
        access: IssuedAccess {
            id: fields.id("access_token_id")?,
            issued_at: fields.time("access_issued_at")?,
            expires_at: fields.time("access_expires_at")?,
        },
        created_at: fields.time("created_at")?,
        expires_at: fields.time("expires_at")?,
        consumption: read_consumption(fields)?,
    })
}

#[async_trait]
impl Refreshes for SqlTx {
    async fn add_refresh(&mut self, refresh: &Refresh) -> Stored<()> {
        let used = refresh.consumption;
        let statement = sqlx::query(
            "INSERT INTO refreshes (id, session_id, token_hash, parent_id, key_version, access_token_id,
                 access_issued_at, access_expires_at, created_at, expires_at, consumed_at, consumed_operation,
                 consumed_tenant_id, consumed_ip_address)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(refresh.id.uuid())
        .bind(refresh.session.uuid())
        .bind(refresh.token_hash.as_bytes().as_slice())
        .bind(refresh.parent.map(RefreshId::uuid))
        .bind(refresh.key_version)
        .bind(refresh.access.id.uuid())
        .bind(at(refresh.access.issued_at))
        .bind(at(refresh.access.expires_at))
        .bind(at(refresh.created_at))
        .bind(at(refresh.expires_at))
        .bind(used.map(|used| at(used.at)))
        .bind(used.map(|used| used.operation.as_str()))
        .bind(used.map(|used| used.tenant.uuid()))
        .bind(used.and_then(|used| used.ip).map(|ip| ip.to_string()));
        self.run(statement).await.map(|_| ())
    }

    async fn refresh_by_token(&mut self, token: &TokenHash) -> Stored<Option<Refresh>> {
        let statement = sqlx::query(
            "SELECT id, session_id, token_hash, parent_id, key_version, access_token_id, access_issued_at,
                 access_expires_at, created_at, expires_at, consumed_at, consumed_operation, consumed_tenant_id,
                 consumed_ip_address
             FROM refreshes WHERE token_hash = $1",
        );
        let row = self.maybe(statement.bind(token.as_bytes().as_slice())).await?;
        row.map(|row| read(Fields::new(&row, "refreshes"))).transpose()
    }

    async fn presented_refresh(
        &mut self,
        token: &TokenHash,
        tenant: Option<TenantId>,
    ) -> Stored<Option<PresentedRefresh>> {
        presented::read(&self.all(presented::select(token, tenant)).await?)
    }
}
