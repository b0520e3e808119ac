//! OAuth clients.

use async_trait::async_trait;
use doorward_core::domain::client::{Client, ClientType};
use doorward_core::domain::ids::{ClientKey, Id as _, TenantId};
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::second_factor::SecondFactorPolicy;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Clients, Stored};
use sqlx::types::Json;

use super::row::{Fields, as_millis};
use super::{Row, SqlTx, Statement, at};

macro_rules! client_where {
    ($condition:literal) => {
        concat!(
            "SELECT key, key AS id, client_id, secret_hash, name, client_type, tenant_id, redirect_uris,
                    logout_redirect_uris, grant_types, scopes, access_token_ttl_ms, refresh_token_ttl_ms,
                    auth_code_ttl_ms, algorithm, hs256_secret, second_factor, oauth, enabled, epoch
             FROM clients WHERE ",
            $condition
        )
    };
}

pub(super) fn read(fields: Fields<'_>) -> Stored<Client> {
    Ok(Client {
        key: fields.id("key")?,
        client_id: fields.get("client_id")?,
        secret_hash: fields.get("secret_hash")?,
        name: fields.get("name")?,
        client_type: fields.word("client_type", ClientType::parse)?,
        tenant: fields.maybe_id("tenant_id")?,
        redirect_uris: fields.words("redirect_uris")?,
        logout_redirect_uris: fields.words("logout_redirect_uris")?,
        grants: fields.words("grant_types")?,
        scopes: fields.words("scopes")?,
        access_token_ttl: fields.millis("access_token_ttl_ms")?,
        refresh_token_ttl: fields.millis("refresh_token_ttl_ms")?,
        auth_code_ttl: fields.millis("auth_code_ttl_ms")?,
        algorithm: fields.maybe_word("algorithm", Algorithm::parse)?,
        hs256_secret: fields.get("hs256_secret")?,
        second_factor: fields.maybe_word("second_factor", SecondFactorPolicy::parse)?,
        oauth: fields.json("oauth")?,
        enabled: fields.get("enabled")?,
        epoch: fields.get("epoch")?,
    })
}

fn read_row(row: &Row) -> Stored<Client> {
    read(Fields::new(row, "clients"))
}

fn bind<'q>(statement: Statement<'q>, client: &'q Client, now: Timestamp) -> Statement<'q> {
    statement
        .bind(client.key.uuid())
        .bind(client.secret_hash.as_deref())
        .bind(&client.name)
        .bind(client.client_type.as_str())
        .bind(client.tenant.map(TenantId::uuid))
        .bind(Json(&client.redirect_uris))
        .bind(Json(&client.logout_redirect_uris))
        .bind(Json(&client.grants))
        .bind(Json(&client.scopes))
        .bind(as_millis(client.access_token_ttl))
        .bind(as_millis(client.refresh_token_ttl))
        .bind(as_millis(client.auth_code_ttl))
        .bind(client.algorithm.map(Algorithm::as_str))
        .bind(client.hs256_secret.as_deref())
        .bind(client.enabled)
        .bind(at(now))
        .bind(client.second_factor.map(SecondFactorPolicy::as_str))
        .bind(Json(&client.oauth))
}

#[async_trait]
impl Clients for SqlTx {
    async fn client_by_client_id(&mut self, client_id: &str) -> Stored<Option<Client>> {
        let statement = sqlx::query(client_where!("client_id = $1"));
        self.maybe(statement.bind(client_id)).await?.as_ref().map(read_row).transpose()
    }

    async fn client(&mut self, key: ClientKey) -> Stored<Option<Client>> {
        let statement = sqlx::query(client_where!("key = $1"));
        self.maybe(statement.bind(key.uuid())).await?.as_ref().map(read_row).transpose()
    }

    async fn add_client(&mut self, client: &Client, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO clients (key, secret_hash, name, client_type, tenant_id, redirect_uris,
                 logout_redirect_uris, grant_types, scopes, access_token_ttl_ms, refresh_token_ttl_ms,
                 auth_code_ttl_ms, algorithm, hs256_secret, enabled, created_at, updated_at, second_factor, oauth, client_id,
                 epoch)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17, $18, $19, $20)",
        );
        let statement = bind(statement, client, now).bind(&client.client_id).bind(client.epoch);
        self.run(statement).await.map(|_| ())
    }

    async fn save_client(&mut self, client: &Client, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "UPDATE clients SET secret_hash = $2, name = $3, client_type = $4, tenant_id = $5, redirect_uris = $6,
                 logout_redirect_uris = $7, grant_types = $8, scopes = $9, access_token_ttl_ms = $10,
                 refresh_token_ttl_ms = $11, auth_code_ttl_ms = $12, algorithm = $13, hs256_secret = $14,
                 enabled = $15, updated_at = $16, second_factor = $17, oauth = $18
             WHERE key = $1",
        );
        self.run(bind(statement, client, now)).await.map(|_| ())
    }

    async fn bump_client_epoch(&mut self, client: ClientKey) -> Stored<i64> {
        self.bump("UPDATE clients SET epoch = epoch + 1 WHERE key = $1 RETURNING epoch", client.uuid()).await
    }
}
