//! One-time codes that somebody still has to give.

use async_trait::async_trait;
use doorward_core::domain::authentication::Methods;
use doorward_core::domain::challenge::{Challenge, ChallengePurpose, Expected, MAX_TRIES};
use doorward_core::domain::ids::{ChallengeId, Id as _, UserId};
use doorward_core::domain::second_factor::Channel;
use doorward_core::domain::secret::TokenHash;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Challenges, Stored};

use super::row::Fields;
use super::{Row, SqlTx, at};
use crate::PURGE_BATCH;

/// What a [`Challenge`] is read from.
macro_rules! columns {
    () => {
        "id, purpose, handle_hash, client_key, user_id, tenant_id, membership_id, credential_version, methods, channel,
         code_mac, key_version, tries, created_at, expires_at"
    };
}

fn read(row: &Row) -> Stored<Challenge> {
    let fields = Fields::new(row, "challenges");
    Ok(Challenge {
        id: fields.id("id")?,
        purpose: fields.word("purpose", ChallengePurpose::parse)?,
        handle: fields.hash("handle_hash")?,
        client: fields.id("client_key")?,
        user: fields.maybe_id("user_id")?,
        place: fields.maybe_id("tenant_id")?.zip(fields.maybe_id("membership_id")?),
        credential_version: fields.get("credential_version")?,
        methods: fields.word("methods", Methods::parse)?,
        expected: read_expected(fields)?,
        tries: fields.get("tries")?,
        created_at: fields.time("created_at")?,
        expires_at: fields.time("expires_at")?,
    })
}

fn read_expected(fields: Fields<'_>) -> Stored<Expected> {
    let Some(channel) = fields.maybe_word("channel", Channel::parse)? else {
        return Ok(Expected::Totp);
    };
    let mac = fields.get::<Vec<u8>>("code_mac")?.try_into().map_err(|_| fields.broken("code_mac"))?;
    Ok(Expected::Sent { channel, mac, key_version: fields.get("key_version")? })
}

#[async_trait]
impl Challenges for SqlTx {
    async fn put_challenge(&mut self, challenge: &Challenge) -> Stored<()> {
        let (channel, mac, key_version) = match &challenge.expected {
            Expected::Sent { channel, mac, key_version } => {
                (Some(channel.as_str()), Some(mac.as_slice()), Some(*key_version))
            }
            Expected::Totp => (None, None, None),
        };
        let statement = sqlx::query(concat!(
            "INSERT INTO challenges (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             ON CONFLICT (handle_hash) DO UPDATE
             SET id = excluded.id, purpose = excluded.purpose, client_key = excluded.client_key,
                 user_id = excluded.user_id, tenant_id = excluded.tenant_id, membership_id = excluded.membership_id,
                 credential_version = excluded.credential_version, methods = excluded.methods,
                 channel = excluded.channel, code_mac = excluded.code_mac, key_version = excluded.key_version,
                 tries = excluded.tries, created_at = excluded.created_at, expires_at = excluded.expires_at"
        ))
        .bind(challenge.id.uuid())
        .bind(challenge.purpose.as_str())
        .bind(challenge.handle.as_bytes().as_slice())
        .bind(challenge.client.uuid())
        .bind(challenge.user.map(UserId::uuid))
        .bind(challenge.place.map(|(tenant, _)| tenant.uuid()))
        .bind(challenge.place.map(|(_, membership)| membership.uuid()))
        .bind(challenge.credential_version)
        .bind(challenge.methods.to_text())
        .bind(channel)
        .bind(mac)
        .bind(key_version)
        .bind(challenge.tries)
        .bind(at(challenge.created_at))
        .bind(at(challenge.expires_at));
        self.run(statement).await.map(|_| ())
    }

    async fn challenge(&mut self, handle: &TokenHash, now: Timestamp) -> Stored<Option<Challenge>> {
        let statement = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM challenges WHERE handle_hash = $1 AND expires_at > $2 AND tries < $3"
        ))
        .bind(handle.as_bytes().as_slice())
        .bind(at(now))
        .bind(MAX_TRIES);
        self.maybe(statement).await?.as_ref().map(read).transpose()
    }

    async fn try_challenge(&mut self, handle: &TokenHash, now: Timestamp) -> Stored<Option<Challenge>> {
        self.writes()?;
        let statement = sqlx::query(concat!(
            "UPDATE challenges SET tries = tries + 1
             WHERE handle_hash = $1 AND expires_at > $2 AND tries < $3
             RETURNING ",
            columns!()
        ))
        .bind(handle.as_bytes().as_slice())
        .bind(at(now))
        .bind(MAX_TRIES);
        self.maybe(statement).await?.as_ref().map(read).transpose()
    }

    async fn consume_challenge(&mut self, id: ChallengeId) -> Stored<bool> {
        let statement = sqlx::query("DELETE FROM challenges WHERE id = $1");
        Ok(self.run(statement.bind(id.uuid())).await? > 0)
    }

    async fn purge_challenges(&mut self, expired_before: Timestamp) -> Stored<u64> {
        let statement = sqlx::query(
            "DELETE FROM challenges WHERE id IN (SELECT id FROM challenges WHERE expires_at < $1 LIMIT $2)",
        );
        self.run(statement.bind(at(expired_before)).bind(PURGE_BATCH)).await
    }
}
