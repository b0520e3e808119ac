//! Rotation of refresh tokens: those that come while one transaction is being written share the next. One round trip each
//! to the writer's thread, and one wait for the disk together.

use std::sync::Arc;

use super::LONG_TIMEOUT;
use super::sql::rotations::{NAME, bind};
use super::sql::{Link, SqlStore, Timed, within};
use crate::group::{Asker, Queue, Shift};
use crate::meter::{Section, Wait};
use doorward_core::ports::store::{RefreshRotation, StoreError, Stored};

/// Each part looks at what the one before it changed.
const ROTATE: &str = "
    UPDATE refreshes SET consumed_at = $2, consumed_operation = $3, consumed_tenant_id = $4, consumed_ip_address = $5
    WHERE id = $1 AND consumed_at IS NULL AND expires_at > $2 AND session_id = $6
        AND EXISTS (SELECT 1 FROM sessions WHERE id = $6 AND ended_at IS NULL AND expires_at > $2);
    UPDATE sessions SET last_used_at = $2, tenant_id = $4, membership_id = $7 WHERE id = $6 AND changes() = 1;
    INSERT INTO refreshes (id, session_id, token_hash, parent_id, key_version, access_token_id, access_issued_at,
        access_expires_at, created_at, expires_at)
    SELECT $8, $6, $9, $1, $10, $11, $12, $13, $2, $14 WHERE changes() = 1;
    INSERT INTO revocations (kind, subject, until, created_at) SELECT 'token', $15, $16, $2 WHERE changes() = 1;
    INSERT INTO login_activity (id, actor, tenant_id, login_time, token_payload, login_type, device_info, ip_address)
    SELECT $17, $18, $19, $20, $21, $22, $23, $24 WHERE changes() = 1
    RETURNING 1 AS rotated";
/// Most that share a transaction: the first is answered when the last is written.
pub(super) const GROUP: usize = 64;

type Work = (Arc<RefreshRotation>, Wait);
type Outcome = Stored<bool>;

/// Those that wait for the writer.
#[derive(Clone, Default)]
pub(crate) struct Rotations(Arc<Queue<Work, Outcome>>);

impl Rotations {
    /// Answered when the transaction it was written in is durable. A group is written beside the requests: one that is
    /// dropped must not take its neighbours with it.
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with the queue; who waits for it is on the task tracker"
    )]
    pub(crate) async fn rotate(&self, store: &SqlStore, rotation: Arc<RefreshRotation>) -> Outcome {
        let (outcome, shift) = self.0.join((rotation, Wait::begins(NAME)));
        if let Some(shift) = shift {
            tokio::spawn(write_groups(store.clone(), shift));
        }
        outcome.await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable { transaction: NAME, source: "the writer was given up".into() })
        })
    }
}

async fn write_groups(store: SqlStore, mut shift: Shift<Work, Outcome>) {
    while !shift.is_over() {
        // Those that come while it waits for its turn are in.
        let begun = store.write(NAME).await;
        let members = shift.take(GROUP).into_iter().map(|member| {
            let ((rotation, wait), asker) = member.split();
            wait.is_over();
            (rotation, asker)
        });
        let (rotations, askers): (Vec<_>, Vec<_>) = members.unzip();
        match write_group(&store, begun, &rotations).await {
            Ok(outcomes) => {
                for (asker, outcome) in askers.into_iter().zip(outcomes) {
                    answer(asker, Ok(outcome));
                }
            }
            Err(error) if concerns_one(&error) => {
                for (asker, rotation) in askers.into_iter().zip(rotations) {
                    answer(asker, write_alone(&store, rotation).await);
                }
            }
            Err(error) => {
                for asker in askers {
                    answer(asker, Err(same(&error)));
                }
            }
        }
    }
}

/// Writes all or none.
async fn write_group(
    store: &SqlStore,
    begun: Stored<Link>,
    rotations: &[Arc<RefreshRotation>],
) -> Stored<Vec<bool>> {
    let failed = |error: Timed| error.noted_by(&store.suspicion).into_store(NAME);
    let Link::Writing(transaction, permit) = begun? else {
        return Ok(Vec::new());
    };
    // The next writer is let in when the transaction is over: what is declared last is dropped first.
    let _permit = permit;
    let mut transaction = transaction;
    let mut outcomes = Vec::with_capacity(rotations.len());
    for rotation in rotations {
        let rows = within(LONG_TIMEOUT, bind(ROTATE, rotation).fetch_all(&mut *transaction)).await;
        outcomes.push(!rows.map_err(failed)?.is_empty());
    }
    within(LONG_TIMEOUT, transaction.commit()).await.map_err(failed)?;
    Ok(outcomes)
}

/// Whether one rotation may be to blame for what happened to its group. Written again alone, each happens once at most.
fn concerns_one(error: &StoreError) -> bool {
    match error {
        StoreError::Taken { .. } | StoreError::Inconsistency { .. } | StoreError::Other { .. } => true,
        StoreError::Conflict { .. } | StoreError::Unavailable { .. } => false,
    }
}

async fn write_alone(store: &SqlStore, rotation: Arc<RefreshRotation>) -> Outcome {
    let begun = store.write(NAME).await;
    let outcomes = write_group(store, begun, &[rotation]).await?;
    Ok(outcomes.first().is_some_and(|is_done| *is_done))
}

fn answer(asker: Asker<Outcome>, outcome: Outcome) {
    let mut section = Section::writing(NAME);
    match &outcome {
        Ok(_) => section.committed(),
        Err(error) => section.failed(error),
    }
    asker.answer(outcome);
}

/// The error of a group, for one of its members.
fn same(error: &StoreError) -> StoreError {
    let source = error.to_string().into();
    match error {
        StoreError::Conflict { .. } => StoreError::Conflict { transaction: NAME, source },
        StoreError::Unavailable { .. } => StoreError::Unavailable { transaction: NAME, source },
        StoreError::Taken { .. } | StoreError::Inconsistency { .. } | StoreError::Other { .. } => {
            StoreError::Other { transaction: NAME, source }
        }
    }
}
