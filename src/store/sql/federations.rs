//! Sign-ins at identity providers that are under way, and what they leave behind.

use async_trait::async_trait;
use doorward_core::domain::federation::{Intent, LoginAttempt, UpstreamSession};
use doorward_core::domain::ids::{GrantId, Id as _, SessionId, UserId};
use doorward_core::domain::secret::TokenHash;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Federations, Stored, UpstreamHolder};

use super::row::Fields;
use super::{Row, SqlTx, at};
use crate::PURGE_BATCH;

/// What a [`LoginAttempt`] is read from.
macro_rules! attempt_columns {
    () => {
        "id, state_hash, browser_hash, provider, client_key, intent, user_id, sealed_memo, page_transaction,
         created_at, expires_at"
    };
}

fn read_attempt(row: &Row) -> Stored<LoginAttempt> {
    let fields = Fields::new(row, "login_attempts");
    let word: String = fields.get("intent")?;
    let has_browser = fields.get::<Option<Vec<u8>>>("browser_hash")?.is_some();
    Ok(LoginAttempt {
        id: fields.id("id")?,
        state_hash: fields.hash("state_hash")?,
        browser_hash: if has_browser { Some(fields.hash("browser_hash")?) } else { None },
        provider: fields.get("provider")?,
        client: fields.id("client_key")?,
        intent: Intent::from_columns(&word, fields.maybe_id("user_id")?)
            .ok_or_else(|| fields.broken("intent"))?,
        sealed_memo: fields.get("sealed_memo")?,
        transaction: fields.get("page_transaction")?,
        created_at: fields.time("created_at")?,
        expires_at: fields.time("expires_at")?,
    })
}

fn read_upstream(row: &Row) -> Stored<UpstreamSession> {
    let fields = Fields::new(row, "upstream_sessions");
    Ok(UpstreamSession {
        id: fields.id("id")?,
        provider: fields.get("provider")?,
        identity: fields.id("identity_id")?,
        sealed_tokens: fields.get("sealed_tokens")?,
    })
}

#[async_trait]
impl Federations for SqlTx {
    async fn add_login_attempt(&mut self, attempt: &LoginAttempt) -> Stored<()> {
        let (intent, user) = attempt.intent.to_columns();
        let statement = sqlx::query(concat!(
            "INSERT INTO login_attempts (",
            attempt_columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ))
        .bind(attempt.id.uuid())
        .bind(attempt.state_hash.as_bytes().as_slice())
        .bind(attempt.browser_hash.as_ref().map(|hash| hash.as_bytes().as_slice()))
        .bind(&attempt.provider)
        .bind(attempt.client.uuid())
        .bind(intent)
        .bind(user.map(UserId::uuid))
        .bind(attempt.sealed_memo.as_slice())
        .bind(attempt.transaction.as_deref())
        .bind(at(attempt.created_at))
        .bind(at(attempt.expires_at));
        self.run(statement).await.map(|_| ())
    }

    async fn knows_login_attempt(&mut self, state: &TokenHash) -> Stored<bool> {
        let statement = sqlx::query("SELECT id FROM login_attempts WHERE state_hash = $1");
        Ok(self.maybe(statement.bind(state.as_bytes().as_slice())).await?.is_some())
    }

    async fn consume_login_attempt(
        &mut self,
        state: &TokenHash,
        browser: Option<&TokenHash>,
        provider: &str,
        now: Timestamp,
    ) -> Stored<Option<LoginAttempt>> {
        self.writes()?;
        let statement = sqlx::query(concat!(
            "DELETE FROM login_attempts
             WHERE state_hash = $1 AND browser_hash IS NOT DISTINCT FROM $2 AND provider = $3 AND expires_at > $4
             RETURNING ",
            attempt_columns!()
        ))
        .bind(state.as_bytes().as_slice())
        .bind(browser.map(|hash| hash.as_bytes().as_slice()))
        .bind(provider)
        .bind(at(now));
        self.maybe(statement).await?.as_ref().map(read_attempt).transpose()
    }

    async fn waiting_login_attempt(
        &mut self,
        state: &TokenHash,
        provider: &str,
        now: Timestamp,
    ) -> Stored<Option<LoginAttempt>> {
        let statement = sqlx::query(concat!(
            "SELECT ",
            attempt_columns!(),
            " FROM login_attempts
             WHERE state_hash = $1 AND browser_hash IS NULL AND provider = $2 AND expires_at > $3"
        ))
        .bind(state.as_bytes().as_slice())
        .bind(provider)
        .bind(at(now));
        self.maybe(statement).await?.as_ref().map(read_attempt).transpose()
    }

    async fn purge_login_attempts(&mut self, expired_before: Timestamp) -> Stored<u64> {
        let statement = sqlx::query(
            "DELETE FROM login_attempts
             WHERE id IN (SELECT id FROM login_attempts WHERE expires_at < $1 LIMIT $2)",
        );
        self.run(statement.bind(at(expired_before)).bind(PURGE_BATCH)).await
    }

    async fn add_upstream_session(
        &mut self,
        upstream: &UpstreamSession,
        holder: UpstreamHolder,
    ) -> Stored<()> {
        let (grant, session, challenge) = match holder {
            UpstreamHolder::Grant(grant) => (Some(grant.uuid()), None, None),
            UpstreamHolder::Session(session) => (None, Some(session.uuid()), None),
            UpstreamHolder::Challenge(challenge) => (None, None, Some(challenge.uuid())),
        };
        let statement = sqlx::query(
            "INSERT INTO upstream_sessions
                 (id, grant_id, session_id, challenge_id, identity_id, provider, sealed_tokens)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(upstream.id.uuid())
        .bind(grant)
        .bind(session)
        .bind(challenge)
        .bind(upstream.identity.uuid())
        .bind(&upstream.provider)
        .bind(upstream.sealed_tokens.as_slice());
        self.run(statement).await.map(|_| ())
    }

    async fn pass_upstream_session(&mut self, holder: UpstreamHolder, grant: GrantId) -> Stored<()> {
        let (statement, held_by) = match holder {
            UpstreamHolder::Grant(held_by) => {
                ("UPDATE upstream_sessions SET grant_id = $2 WHERE grant_id = $1", held_by.uuid())
            }
            UpstreamHolder::Session(held_by) => (
                "UPDATE upstream_sessions SET grant_id = $2, session_id = NULL WHERE session_id = $1",
                held_by.uuid(),
            ),
            UpstreamHolder::Challenge(held_by) => (
                "UPDATE upstream_sessions SET grant_id = $2, challenge_id = NULL WHERE challenge_id = $1",
                held_by.uuid(),
            ),
        };
        self.run(sqlx::query(statement).bind(held_by).bind(grant.uuid())).await.map(|_| ())
    }

    async fn hand_over_upstream_session(&mut self, grant: GrantId, session: SessionId) -> Stored<()> {
        let statement =
            sqlx::query("UPDATE upstream_sessions SET grant_id = NULL, session_id = $2 WHERE grant_id = $1");
        self.run(statement.bind(grant.uuid()).bind(session.uuid())).await.map(|_| ())
    }

    async fn take_upstream_session(&mut self, session: SessionId) -> Stored<Option<UpstreamSession>> {
        self.writes()?;
        let statement = sqlx::query(
            "DELETE FROM upstream_sessions WHERE session_id = $1
             RETURNING id, provider, identity_id, sealed_tokens",
        );
        self.maybe(statement.bind(session.uuid())).await?.as_ref().map(read_upstream).transpose()
    }

    async fn mark_replay(&mut self, mark: &TokenHash, until: Timestamp) -> Stored<bool> {
        let statement = sqlx::query(
            "INSERT INTO replay_marks (mark_hash, until) VALUES ($1, $2) ON CONFLICT (mark_hash) DO NOTHING",
        );
        Ok(self.run(statement.bind(mark.as_bytes().as_slice()).bind(at(until))).await? > 0)
    }

    async fn purge_replay_marks(&mut self, until_before: Timestamp) -> Stored<u64> {
        let statement = sqlx::query(
            "DELETE FROM replay_marks
             WHERE mark_hash IN (SELECT mark_hash FROM replay_marks WHERE until < $1 LIMIT $2)",
        );
        self.run(statement.bind(at(until_before)).bind(PURGE_BATCH)).await
    }
}
