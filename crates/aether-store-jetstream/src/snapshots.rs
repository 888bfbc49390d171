//! Snapshots: in a stream of their own, the latest of each actor, replaced by expected sequence.

use std::time::Duration;

use aether_core::{ActorId, Consistency, Position, ReplayError, Snapshot, SnapshotError, SnapshotOutcome};
use async_nats::HeaderMap;
use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::error::Failure;
use crate::frame::Stored;
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
        understand(&message, actor).map(Some)
    }

    /// Saves a snapshot unless a newer one is there, however many others are at it.
    pub(crate) async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotOutcome, SnapshotError> {
        self.layout.check_snapshot(&snapshot.actor, &snapshot.state)?;
        let payload = Bytes::from(snapshot.to_json());
        let (bytes, limit) = (payload.len() as u64 + HEADERS, self.max_message_bytes());
        if bytes > limit {
            return Err(SnapshotError::TooLarge { bytes, limit });
        }
        let deadline = Instant::now() + self.deadline;
        let mut consistency = Consistency::Any;
        loop {
            let there = self.snapshot_message(&snapshot.actor, consistency).await;
            let there = there.map_err(|failure| failure.snapshot("save_snapshot"))?;
            let base = there.as_ref().map_or(0, |message| message.sequence);
            // An attempt whose answer was lost.
            if there.as_ref().is_some_and(|there| there.payload == payload) {
                return Ok(SnapshotOutcome::Saved);
            }
            // What cannot be read is not newer: it is replaced.
            let there = there.and_then(|message| understand(&message, &snapshot.actor).ok());
            if let Some(newer) = there.filter(|there| there.version > snapshot.version) {
                return Ok(SnapshotOutcome::Superseded { by: newer.version });
            }
            match self.publish_snapshot(&snapshot.actor, base, payload.clone(), deadline).await {
                Ok(_) => return Ok(SnapshotOutcome::Saved),
                Err(failure) if failure.is_unknown() || failure.is_conflict() => {
                    if Instant::now() >= deadline {
                        let (actor, version) = (snapshot.actor, snapshot.version);
                        return Err(SnapshotError::Unknown { actor, version, source: Some(failure.into()) });
                    }
                }
                Err(failure) => return Err(failure.snapshot("save_snapshot")),
            }
            consistency = Consistency::Leader;
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn publish_snapshot(
        &self,
        actor: &ActorId,
        base: u64,
        payload: Bytes,
        deadline: Instant,
    ) -> Result<u64, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, base.to_string());
        let left = deadline.saturating_duration_since(Instant::now());
        self.api.publish(&self.snapshots, &self.snapshots_subject(actor), headers, payload, left).await
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

fn understand(message: &Stored, actor: &ActorId) -> Result<Snapshot, SnapshotError> {
    let malformed = |source| {
        let position = Some(Position::new(0, message.sequence, 0, None));
        let (actor, raw) = (actor.clone(), message.payload.clone());
        SnapshotError::Malformed(Box::new(ReplayError { actor, position, raw, source }))
    };
    let snapshot = Snapshot::from_json(&message.payload).map_err(|error| malformed(error.into()))?;
    if snapshot.actor != *actor {
        return Err(malformed(format!("it belongs to actor {}", snapshot.actor).into()));
    }
    Ok(snapshot)
}
