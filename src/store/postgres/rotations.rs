//! Rotation of refresh tokens: one statement, and so one round trip, for the whole act.

use std::sync::Arc;

use doorward_core::ports::store::{RefreshRotation, Stored};

use super::sql::rotations::{NAME, bind};
use super::sql::{SqlStore, Timed, within};
use super::{BEGIN_TIMEOUT, LONG_TIMEOUT};
use crate::meter::{Section, Wait};

/// What each part did decides about the next; one that waited for another transaction's row looks at it again. The session
/// is locked first, as whoever ends it does: nothing is used up when it is over.
const ROTATE: &str = "
    WITH live AS (
        SELECT id FROM sessions WHERE id = $6 AND ended_at IS NULL AND expires_at > $2 FOR NO KEY UPDATE
    ), consumed AS (
        UPDATE refreshes SET consumed_at = $2, consumed_operation = $3, consumed_tenant_id = $4,
            consumed_ip_address = $5
        WHERE id = $1 AND consumed_at IS NULL AND expires_at > $2 AND session_id = $6
            AND EXISTS (SELECT 1 FROM live)
        RETURNING id
    ), touched AS (
        UPDATE sessions SET last_used_at = $2, tenant_id = $4, membership_id = $7
        WHERE id = $6 AND EXISTS (SELECT 1 FROM consumed)
        RETURNING id
    ), added AS (
        INSERT INTO refreshes (id, session_id, token_hash, parent_id, key_version, access_token_id,
            access_issued_at, access_expires_at, created_at, expires_at)
        SELECT $8, $6, $9, $1, $10, $11, $12, $13, $2, $14 FROM touched
    ), revoked AS (
        INSERT INTO revocations (kind, subject, until, created_at) SELECT 'token', $15, $16, $2 FROM touched
    ), noted AS (
        INSERT INTO login_activity (id, actor, tenant_id, login_time, token_payload, login_type, device_info,
            ip_address)
        SELECT $17, $18, $19, $20, $21, $22, $23, $24 FROM touched
    )
    SELECT id FROM touched";

/// Nothing to keep.
#[derive(Clone, Default)]
pub(crate) struct Rotations;

impl Rotations {
    /// Done twice it happens once, so a connection that died is no reason to refuse.
    pub(crate) async fn rotate(&self, store: &SqlStore, rotation: Arc<RefreshRotation>) -> Stored<bool> {
        let outcome = match once(store, &rotation).await {
            Err(error) if error.is_broken_connection() => {
                error.noted_by(&store.suspicion);
                once(store, &rotation).await
            }
            other => other,
        };
        let mut section = Section::writing(NAME);
        let outcome = outcome.map_err(|error| error.noted_by(&store.suspicion).into_store(NAME));
        match outcome {
            Ok(is_done) => {
                section.committed();
                Ok(is_done)
            }
            Err(error) => {
                section.failed(&error);
                Err(error)
            }
        }
    }
}

async fn once(store: &SqlStore, rotation: &RefreshRotation) -> Result<bool, Timed> {
    let wait = Wait::begins(NAME);
    let acquired = within(BEGIN_TIMEOUT, store.writers.acquire()).await;
    wait.is_over();
    let row = within(LONG_TIMEOUT, bind(ROTATE, rotation).fetch_optional(&mut *acquired?)).await?;
    Ok(row.is_some())
}
