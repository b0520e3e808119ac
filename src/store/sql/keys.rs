//! Signing keys and server keys.

use async_trait::async_trait;
use doorward_core::domain::key::{Algorithm, SigningKey};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Keys, Stored};
use sqlx::types::Json;

use super::row::Fields;
use super::{Row, SqlTx, at, maybe_at};

fn read(row: &Row) -> Stored<SigningKey> {
    let fields = Fields::new(row, "signing_keys");
    let Json(public_jwk) = fields.get("public_jwk")?;
    Ok(SigningKey {
        kid: fields.get("kid")?,
        algorithm: fields.word("algorithm", Algorithm::parse)?,
        public_jwk,
        sealed_private: fields.get("sealed_private")?,
        created_at: fields.time("created_at")?,
        signs_from: fields.maybe_time("signs_from")?,
        retired_at: fields.maybe_time("retired_at")?,
    })
}

#[async_trait]
impl Keys for SqlTx {
    async fn signing_keys(&mut self) -> Stored<Vec<SigningKey>> {
        let statement = sqlx::query(
            "SELECT kid, algorithm, public_jwk, sealed_private, created_at, signs_from, retired_at
             FROM signing_keys ORDER BY created_at, kid",
        );
        self.all(statement).await?.iter().map(read).collect()
    }

    async fn add_signing_key(&mut self, key: &SigningKey, first: bool) -> Stored<bool> {
        // The unique index over `is_first` decides between two nodes that both see no key.
        let statement = sqlx::query(
            "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private, is_first, created_at,
                 signs_from, retired_at)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8
             WHERE NOT ($5 AND EXISTS (SELECT 1 FROM signing_keys WHERE algorithm = $2))
             ON CONFLICT DO NOTHING",
        )
        .bind(&key.kid)
        .bind(key.algorithm.as_str())
        .bind(Json(&key.public_jwk))
        .bind(&key.sealed_private)
        .bind(first)
        .bind(at(key.created_at))
        .bind(maybe_at(key.signs_from))
        .bind(maybe_at(key.retired_at));
        Ok(self.run(statement).await? > 0)
    }

    async fn schedule_signing_key(&mut self, kid: &str, from: Timestamp) -> Stored<bool> {
        let statement = sqlx::query(
            "UPDATE signing_keys SET signs_from = $2
             WHERE kid = $1 AND signs_from IS NULL AND retired_at IS NULL",
        );
        Ok(self.run(statement.bind(kid).bind(at(from))).await? > 0)
    }

    async fn retire_signing_key(&mut self, kid: &str, from: Timestamp) -> Stored<bool> {
        let statement =
            sqlx::query("UPDATE signing_keys SET retired_at = $2 WHERE kid = $1 AND retired_at IS NULL");
        Ok(self.run(statement.bind(kid).bind(at(from))).await? > 0)
    }

    async fn purge_signing_keys(&mut self, algorithm: Algorithm, retired_before: Timestamp) -> Stored<u64> {
        let statement = sqlx::query("DELETE FROM signing_keys WHERE algorithm = $1 AND retired_at < $2");
        self.run(statement.bind(algorithm.as_str()).bind(at(retired_before))).await
    }

    async fn server_key(&mut self, version: Option<i64>) -> Stored<Option<(i64, Vec<u8>)>> {
        let statement = sqlx::query(
            "SELECT version, sealed FROM server_keys WHERE $1 IS NULL OR version = $1
             ORDER BY version DESC LIMIT 1",
        );
        let row = self.maybe(statement.bind(version)).await?;
        row.map(|row| {
            let fields = Fields::new(&row, "server_keys");
            Ok((fields.get("version")?, fields.get("sealed")?))
        })
        .transpose()
    }

    async fn add_server_key(&mut self, version: i64, sealed: &[u8], now: Timestamp) -> Stored<bool> {
        let statement = sqlx::query(
            "INSERT INTO server_keys (version, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        );
        Ok(self.run(statement.bind(version).bind(sealed).bind(at(now))).await? > 0)
    }
}
