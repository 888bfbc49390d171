//! Snapshots: in a stream of their own, the latest of each actor, replaced by expected sequence.

use aether_core::{ActorId, Consistency, Position, ReplayError, Snapshot, SnapshotError, SnapshotOutcome};
use bytes::Bytes;
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::error::Failure;
use crate::frame::Stored;
use crate::headers;
use crate::store::Inner;

impl Inner {
    pub(crate) async fn latest_snapshot(
        &self,
        actor: &ActorId,
        consistency: Consistency,
    ) -> Result<Option<Snapshot>, SnapshotError> {
        let message = self.snapshot_message(actor, consistency).await;
        let Some(message) = message.map_err(|failure| failure.snapshot("latest_snapshot"))? else {
            return Ok(None);
        };
        understand(&message, actor, self.partition).map(Some)
    }

    /// Saves a snapshot unless a newer one is there, however many others are at it.
    pub(crate) async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotOutcome, SnapshotError> {
        self.layout.check_snapshot(&snapshot.actor, &snapshot.state)?;
        let payload = Bytes::from(snapshot.to_json());
        let (bytes, limit) = (payload.len() as u64 + HEADERS, self.max_message_bytes());
        if bytes > limit {
            return Err(SnapshotError::TooLarge { bytes, limit });
        }
        let mut deadline = Deadline::after(self.deadline);
        let mut unanswered = false;
        let mut consistency = Consistency::Any;
        loop {
            let there = self.snapshot_message(&snapshot.actor, consistency).await;
            let there = match there {
                Ok(there) => there,
                Err(failure) if failure.is_passing() && deadline.pause().await => continue,
                Err(failure) => return Err(unsaved(snapshot, unanswered, failure)),
            };
            let base = there.as_ref().map_or(0, |message| message.sequence);
            // An attempt whose answer was lost.
            if there.as_ref().is_some_and(|there| there.payload == payload) {
                return Ok(SnapshotOutcome::Saved);
            }
            // What cannot be read is not newer: it is replaced.
            let there = there.and_then(|message| understand(&message, &snapshot.actor, self.partition).ok());
            if let Some(newer) = there.filter(|there| there.version > snapshot.version) {
                return Ok(SnapshotOutcome::Superseded { by: newer.version });
            }
            match self.publish_snapshot(&snapshot.actor, base, payload.clone(), deadline.at).await {
                Ok(_) => return Ok(SnapshotOutcome::Saved),
                Err(failure) if failure.is_passing() || failure.is_conflict() => {
                    unanswered |= failure.is_unknown();
                    if !deadline.pause().await {
                        return Err(unsaved(snapshot, unanswered, failure));
                    }
                }
                Err(failure) if failure.is_too_large() => {
                    return Err(SnapshotError::TooLarge { bytes, limit });
                }
                Err(failure) => return Err(unsaved(snapshot, unanswered, failure)),
            }
            consistency = Consistency::Leader;
        }
    }

    async fn publish_snapshot(
        &self,
        actor: &ActorId,
        base: u64,
        payload: Bytes,
        until: Instant,
    ) -> Result<u64, Failure> {
        self.api
            .publish(
                &self.snapshots,
                &self.snapshots_subject(actor),
                headers::expecting(base),
                payload,
                until,
            )
            .await
    }

    async fn snapshot_message(
        &self,
        actor: &ActorId,
        consistency: Consistency,
    ) -> Result<Option<Stored>, Failure> {
        let subject = self.snapshots_subject(actor);
        match consistency {
            Consistency::Any if !self.is_go() => self.api.direct_last(&self.snapshots, &subject).await,
            _ => self.api.leader_last(&self.snapshots, &subject).await,
        }
    }
}

/// More than the one header of a snapshot takes.
const HEADERS: u64 = 96;

/// Says that a snapshot was not saved, or, after an attempt without an answer, that this is not known.
fn unsaved(snapshot: Snapshot, unanswered: bool, failure: Failure) -> SnapshotError {
    if unanswered {
        let (actor, version) = (snapshot.actor, snapshot.version);
        return SnapshotError::Unknown { actor, version, source: Some(failure.into()) };
    }
    failure.snapshot("save_snapshot")
}

fn understand(message: &Stored, actor: &ActorId, partition: u32) -> Result<Snapshot, SnapshotError> {
    let malformed = |source| {
        let position = Some(Position::new(partition, message.sequence, 0, None));
        let (actor, raw) = (Some(actor.clone()), message.payload.clone());
        SnapshotError::Malformed(Box::new(ReplayError { actor, position, raw, source }))
    };
    let snapshot = Snapshot::from_json(&message.payload).map_err(|error| malformed(error.into()))?;
    if snapshot.actor != *actor {
        return Err(malformed(format!("it belongs to actor {}", snapshot.actor).into()));
    }
    Ok(snapshot)
}
